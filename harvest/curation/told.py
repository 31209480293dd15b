"""Records that are completed, as lists and single answers tell of them."""

from catalogue.record import body_of
from harvest.curation.completeness import GROUPS, completeness_of
from harvest.curation.store import Kept


def listed(kept: Kept) -> dict[str, object]:
    """Return a record in a list: what it is of, and how complete it is."""
    told, found = kept.record.description, completeness_of(kept.record)
    return {
        "id": str(kept.record.id),
        "title": told.title,
        "component": told.component,
        "layer": told.layer,
        "area": told.area,
        "edition": told.edition,
        "updated": kept.updated,
        "version": kept.version,
        "mandatory": found.mandatory,
        "recommended": found.recommended,
        "missing": [each.code for each in found.missing],
    }


def shown(kept: Kept) -> dict[str, object]:
    """Return a record whole, with what it lacks."""
    return {
        "record": body_of(kept.record),
        "created": kept.created,
        "updated": kept.updated,
        "version": kept.version,
        "groups": {group.value: name for group, name in GROUPS.items()},
        "completeness": completeness_of(kept.record),
    }
