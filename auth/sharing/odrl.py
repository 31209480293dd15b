"""Agreements as ODRL 2.2 in JSON-LD, with purpose and legal basis in the words of the Data Privacy Vocabulary (DPV).

An export for whoever reads policies by machine; nothing is decided by it. What ODRL has no word for (selecting by
properties, daily quotas) stands in a vocabulary of our own.

Source: W3C ODRL Information Model 2.2, ODRL Vocabulary 2.2.
"""

from collections.abc import Iterator
from typing import Any

from auth.model import AgreementKind
from auth.policy.clauses import Json
from auth.sharing.agreements import Agreement, Version

ODRL = "http://www.w3.org/ns/odrl.jsonld"
DPV = "https://w3id.org/dpv#"
TERMS = "http://purl.org/dc/terms/"

_ACTIONS = {
    "read": "read",
    "query": "datdai:query",
    "tile": "display",
    "export": "reproduce",
    "create": "datdai:create",
    "update": "modify",
    "delete": "delete",
    "execute": "derive",
}


def odrl_of(agreement: Agreement, version: Version, *, base: str, assigner: str) -> Json:
    """Return a version as an ODRL policy: an Agreement, or an Offer where there is no recipient.

    Args:
        base: address of the service; units, agreements and collections are named below it.
        assigner: code of the Sở, which shares.
    """
    url = base.rstrip("/")
    body = version.body
    policy: Json = {
        "@context": [ODRL, {"dpv": DPV, "dct": TERMS, "datdai": f"{url}/vocabulary#"}],
        "@type": "Agreement" if agreement.recipient else "Offer",
        "uid": f"{url}/agreements/{agreement.code}/{version.number}",
        "profile": f"{url}/vocabulary",
        "dct:identifier": body["document"],
        "assigner": _unit(url, assigner),
        "permission": [_permission(agreement, each, body, url) for each in body["grants"]],
    }
    if agreement.recipient:
        policy["assignee"] = _unit(url, agreement.recipient)
    return policy


def _unit(url: str, code: str) -> str:
    return f"{url}/units/{code}"


def _permission(agreement: Agreement, grant: Json, body: Json, url: str) -> Json:
    suffix = f"~{agreement.code}" if agreement.kind == AgreementKind.SPECIAL else ""
    return {
        "target": {
            "@type": "AssetCollection",
            "source": f"{url}/collections/{grant['layer']}{suffix}",
            "refinement": [*_columns(grant), *(_rows(each) for each in grant["rows"])],
        },
        "action": [_ACTIONS[each] for each in grant["operations"]],
        "constraint": list(_constraints(grant, body)),
        "dpv:hasLegalBasis": {"@type": "dpv:LegalBasis", "dct:description": _text(body["legal_basis"])},
    }


def _columns(grant: Json) -> Iterator[Json]:
    yield _constraint("datdai:column", "isAnyOf", list(grant["columns"]))
    yield _constraint("datdai:geometry", "eq", _typed("boolean", "true" if grant["geometry"] else "false"))


def _rows(term: Json) -> Json:
    column = f"datdai:{term['column']}"
    if "one_of" in term:
        return _constraint(column, "isAnyOf", list(term["one_of"]))
    limits = [_constraint(column, operator, term[key]) for key, operator in _LIMITS if term[key] is not None]
    return limits[0] if len(limits) == 1 else {"@type": "LogicalConstraint", "and": {"@list": limits}}


_LIMITS = (("begin", "gteq"), ("end", "lt"))


def _constraints(grant: Json, body: Json) -> Iterator[Json]:
    purpose = {"@type": "dpv:Purpose", "dct:description": _text(body["purpose"])}
    yield _constraint("purpose", "isA", purpose)
    yield _constraint("dateTime", "gteq", _typed("date", body["valid_from"]))
    if body["valid_until"]:
        yield _constraint("dateTime", "lt", _typed("date", body["valid_until"]))
    if grant["formats"] is not None:
        yield _constraint("fileFormat", "isAnyOf", list(grant["formats"]))
    if grant["page_max"] is not None:
        yield _constraint("datdai:itemsOnPage", "lteq", grant["page_max"])
    if grant["daily_items"] is not None:
        yield _constraint("datdai:itemsPerDay", "lteq", grant["daily_items"])


def _constraint(left: str, operator: str, right: Any) -> Json:
    return {"leftOperand": left, "operator": operator, "rightOperand": right}


def _typed(kind: str, value: str) -> Json:
    return {"@value": value, "@type": f"http://www.w3.org/2001/XMLSchema#{kind}"}


def _text(words: str) -> Json:
    return {"@value": words, "@language": "vi"}
