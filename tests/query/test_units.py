"""Names of administrative units are read by the rows of the profile."""

from catalogue.files import read_layers
from catalogue.profile import Collection, OneOf, RowScope
from query.units import unit_names_statement
from query.view import view_of


def test_only_the_units_of_the_scope_are_named():
    layer = next(each for each in read_layers() if each.id == "don-vi-hanh-chinh")

    sql, params = unit_names_statement(
        view_of(Collection(layer.id, layer, layer.columns, RowScope((OneOf("xa_id", (7, 9)),))))
    )

    assert "t.\"xa_id\" = ANY ('{7,9}'::int[])" in sql
    assert params == ()
