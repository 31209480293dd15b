"""The kinds of rows that units are given: each kind of row security has one here. Pure but for ``places_in``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from catalogue.layer import Layer
from catalogue.profile import Between, Collection, OneOf, Profile, RowScope, Term, compile_profile

WHOLE, COMMUNE, FIVE, DISTRICT, EVERY = "whole province", "one commune", "five communes", "district", "every commune"
TERM, DATED, TERM_OF_DISTRICT, RARE = "term", "dates", "term of a district", "rare term"
TERRITORIAL = (WHOLE, COMMUNE, FIVE, DISTRICT, EVERY)
_COMMUNES = """
SELECT t.xa_id, d.cha_id FROM dc.thua_dat AS t JOIN hc.don_vi AS d ON d.id = t.xa_id
WHERE t.hieu_luc_den IS NULL GROUP BY 1, 2 ORDER BY count(*) DESC, 1
"""
_TERMS: Mapping[str, tuple[Term, Term, Term]] = {
    "thua-dat": (
        OneOf("nhom_dat_chinh", ("PNN",)),
        Between("hieu_luc_tu", "2015-01-01", "2020-01-01"),
        OneOf("trang_thai", ("khong_co",)),
    ),
    "thua-dat-lich-su": (
        OneOf("nhom_dat_chinh", ("PNN",)),
        Between("hieu_luc_tu", "2015-01-01", "2020-01-01"),
        OneOf("trang_thai", ("khong_co",)),
    ),
    "quyen-su-dung-dat": (
        OneOf("loai_doi_tuong", ("TCQ", "TKT")),
        Between("hieu_luc_tu", "2015-01-01", "2020-01-01"),
        OneOf("loai_doi_tuong", ("khong_co",)),
    ),
    "khoanh-dat": (OneOf("nhom_dat", ("PNN",)), Between("nam", "2024", "2025"), Between("nam", "1900", "1901")),
    "gia-thua": (
        Between("thoi_diem", "2025-01-01", "2025-01-03"),
        Between("thoi_diem", "2025-02-01", None),
        Between("thoi_diem", "1990-01-01", "1990-02-01"),
    ),
}
"""Of each large layer: a term that many rows meet, an interval, and a term that no row meets."""
LAYERS = tuple(_TERMS)


@dataclass(frozen=True, slots=True)
class Places:
    """Administrative units with parcels, those with most of them first; ``district`` lie in one district."""

    communes: tuple[int, ...]
    district: tuple[int, ...]

    @property
    def five(self) -> tuple[int, ...]:
        """Neighbours, so that a box often lies within them."""
        return self.district[:5]


def places_in(connection: Connection[Any]) -> Places:
    """Look up which communes have parcels; the district is that of the commune with most of them."""
    found = connection.execute(_COMMUNES.encode()).fetchall()
    return Places(tuple(xa for xa, _ in found), tuple(xa for xa, above in found if above == found[0][1]))


def scopes_of(layer: Layer, places: Places) -> dict[str, tuple[Term, ...]]:
    """Return the terms of each kind of scope on a layer."""

    def units(*ids: int) -> OneOf:
        return OneOf("xa_id", tuple(sorted(ids)))

    term, dates, rare = _TERMS[layer.id]
    return {
        WHOLE: (),
        COMMUNE: (units(places.communes[0]),),
        FIVE: (units(*places.five),),
        DISTRICT: (units(*places.district),),
        EVERY: (units(*places.communes),),
        TERM: (term,),
        DATED: (dates,),
        RARE: (rare,),
        TERM_OF_DISTRICT: (units(*places.district), term),
    }


def profile_on(layer: Layer, terms: tuple[Term, ...]) -> Profile:
    """Return the profile of who may see all columns of one layer, in some rows."""
    return compile_profile([Collection(layer.id, layer, layer.columns, RowScope(terms))])
