"""A catalogue of records written by hand: one for each key that any caller holds, and keys and lives of others."""

from collections.abc import Iterable, Iterator
from typing import Any

import psycopg

from catalogue.key_names import COMPONENTS
from catalogue.profile import Operation
from catalogue.record_keys import RECORDS, frame_of, full_of, of_component
from tests.harvest.stock import Stock, at, record
from tests.leaks.viewpoints import LAYERS, VIEWPOINTS, Places

_PUBLISHED, _NOW = at(86_400), at(10 * 86_400)
_GONE_AT = 3_600
_SEARCHED = (
    "UPDATE mt.ban_ghi SET tim = dm.de_tim(title || ' ' || description), keywords = ARRAY['thửa đất', thanh_phan]"
)
_HELD = """
    INSERT INTO cb.khoa_cua (chu_the, khoa, tu, dau_tien)
    SELECT f.subject, k.khoa, %(since)s::timestamptz + (hashtext(k.khoa) & 4095) * interval '1 second',
           mod(hashtext(k.khoa), 3) <> 0
    FROM acl.profile_in_force f
    JOIN acl.profile p ON p.hash = f.hash
    CROSS JOIN jsonb_array_elements(p.body->'collections') AS c (found)
    CROSS JOIN jsonb_array_elements(c.found->'rows') AS r (term)
    CROSS JOIN jsonb_array_elements_text(r.term->'one_of') AS k (khoa)
    WHERE c.found->>'layer' = 'sieu-du-lieu' AND r.term->>'column' = 'khoa'"""


def stock(connection: psycopg.Connection[Any], places: Places) -> None:
    """Write the records, publish them at an instant, and stop the clock of the catalogue."""
    connection.execute("DELETE FROM mt.ban_ghi; DELETE FROM cb.doi_song; DELETE FROM cb.khoa_cua")
    written = Stock(connection)
    units = sorted({*places.district, *places.other})
    for name, component, keys in _records(units):
        each = record(name, component)
        for number, key in enumerate(keys):
            shown = record(name, component, f"Bản ghi {name} {'đầy đủ' if number else 'khung'} cho {key}")
            written.put(shown, at(len(name) * 60 + number), key)
        if len(name) % 9 == 0:  # what some keys showed once
            written.remove(each.id, at(_GONE_AT + len(name)), keys[0])
    connection.execute(_SEARCHED)
    connection.execute(_HELD, {"since": at(0)})
    connection.execute(_OTHERS_KEYS)
    written.publish(_PUBLISHED)
    connection.execute(_CLOCK.format(now=_NOW.isoformat()).encode())


def _records(units: Iterable[int]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield the name of each record, its component and the keys that show it, the frame first."""
    for each in LAYERS.values():
        if each.id != RECORDS:
            full = full_of(each.id, with_access=False), full_of(each.id, with_access=True)
            yield each.id, each.component.value, (frame_of(each.id), *full)
    for each in sorted(_special()):
        yield each, LAYERS[each.partition("~")[0]].component.value, (frame_of(each),)
    for component in COMPONENTS:
        for unit in units:
            yield f"{component}-{unit}", component, (of_component(component, unit), of_component(component))


def _special() -> set[str]:
    places = Places(commune=1, above=(2, 3), district=(1,), other=(4,))
    profiles = (each.profile(places) for each in VIEWPOINTS)
    return {id_ for each in profiles for id_, operation in each.facets if "~" in id_ and operation is Operation.READ}


_OTHERS_KEYS = """
    INSERT INTO cb.khoa_cua (chu_the, khoa, tu, den, dau_tien)
    SELECT DISTINCT 'account:999001', s.khoa, '2026-01-01 05:00Z'::timestamptz, '2026-01-01 09:00Z'::timestamptz, false
    FROM cb.doi_song s"""
_CLOCK = """
    CREATE OR REPLACE FUNCTION cb.dong_ho_nay()
    RETURNS TABLE (cong_bo timestamptz, nhip timestamptz, bay_gio timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
        RETURN QUERY SELECT d.cong_bo, d.nhip, timestamptz '{now}' FROM cb.dong_ho d;
    END $$"""
