"""The facts: codes, names, composition."""

from loader.sample.units import Unit, read_units

UNITS = read_units()


def test_there_are_11_districts_and_111_communes_of_86_20_and_5():
    kinds = [unit.kind for unit in UNITS.communes]

    assert len(UNITS.districts) == 11
    assert (kinds.count("Xã"), kinds.count("Phường"), kinds.count("Thị trấn")) == (86, 20, 5)


def test_every_old_commune_goes_into_one_of_40_new_ones():
    assert len(UNITS.new_communes) == 40
    assert set(UNITS.successor) == {unit.id for unit in UNITS.communes}
    assert set(UNITS.successor.values()) == {unit.id for unit in UNITS.new_communes}


def test_each_new_code_was_that_of_a_part_and_half_of_them_change_their_name():
    old = {unit.code: unit for unit in UNITS.communes}

    renamed = [unit for unit in UNITS.new_communes if _bare(old[unit.code]) != _bare(unit)]

    assert all(UNITS.successor[old[unit.code].id] == unit.id for unit in UNITS.new_communes)
    assert {"25351", "25195", "25432"} <= {unit.code for unit in renamed}
    assert len([unit for unit in renamed if unit.code != "25225"]) == 20


def test_four_new_communes_cross_the_border_of_districts():
    parents: dict[int, set[int | None]] = {}
    for unit in UNITS.communes:
        parents.setdefault(UNITS.successor[unit.id], set()).add(unit.parent_id)

    crossing = {unit.code for unit in UNITS.new_communes if len(parents[unit.id]) > 1}

    assert crossing == {"25220", "25318", "25326", "25351"}


def test_codes_are_re_used_but_keys_are_not():
    units = UNITS.all()

    assert len({unit.id for unit in units}) == len(units) == 1 + 1 + 11 + 111 + 40
    assert len({unit.code for unit in units if unit.level == 3}) == 111


def _bare(unit: Unit) -> str:
    return unit.name.removeprefix(f"{unit.kind} ")
