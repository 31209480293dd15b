"""Names of units: read once a minute."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from database.lines import Entry
from server.codelists import UnitNames

if TYPE_CHECKING:
    from database.reader import Reader

ENTRY = Entry("public", "", "hash")
STATEMENT = ("SELECT", ())
OLD = (7, "Xã Tân Lập", "25360", "2022-10-01", "2025-07-01")
NEW = (90, "Xã Tân Lợi", "25360", "2025-07-01", "infinity")


@dataclass
class Units:
    """A reader that knows these rows and counts how often it is asked."""

    rows: list[Any] = field(default_factory=lambda: [OLD])
    asked: int = 0

    def read(self, *_: object) -> list[list[Any]]:
        self.asked += 1
        return [self.rows]


def names_of(units: Units, seconds: list[float] | None = None) -> UnitNames:
    moments = seconds or [0.0]
    return UnitNames(cast("Reader", units), lambda: moments[-1])


def test_known_units_are_read_once():
    units = Units()
    names = names_of(units)

    assert names.of([7, None, 7], ENTRY, STATEMENT) == {"7": "Xã Tân Lập (25360)"}
    assert names.of([7], ENTRY, STATEMENT) == {"7": "Xã Tân Lập (25360)"}
    assert units.asked == 1


def test_a_unit_that_came_later_is_found_within_a_minute():
    units, seconds = Units(), [0.0]
    names = names_of(units, seconds)
    names.of([7], ENTRY, STATEMENT)

    units.rows.append(NEW)
    seconds.append(59.0)
    soon = names.of([7, 90], ENTRY, STATEMENT)
    seconds.append(61.0)

    assert soon == {"7": "Xã Tân Lập (25360)"}
    assert names.of([7, 90], ENTRY, STATEMENT) == {"7": "Xã Tân Lập (25360)", "90": "Xã Tân Lợi (25360)"}
    assert units.asked == 2


def test_an_id_that_stays_unknown_is_not_looked_for_at_every_request():
    units = Units()
    names = names_of(units)

    for _ in range(5):
        names.of([8], ENTRY, STATEMENT)

    assert units.asked == 1


def test_an_id_that_is_none_has_no_name():
    assert names_of(Units()).of([8], ENTRY, STATEMENT) == {}


def test_the_form_offers_the_units_of_the_day():
    names = names_of(Units([OLD, NEW]))

    assert names.on("2025-06-30", ENTRY, STATEMENT) == {"7": "Xã Tân Lập (25360)"}
    assert names.on("2025-07-01", ENTRY, STATEMENT) == {"90": "Xã Tân Lợi (25360)"}
