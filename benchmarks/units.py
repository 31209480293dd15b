"""Units that have agreed, each with an account and a token: one for each kind of scope, and many for a rotation.

What they agreed to is written down as the DBA can: without officers and acts. It is compiled and published by the
service's own publisher, so that the server that starts finds what it would publish itself.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from psycopg import Connection

from auth.credentials.tokens import hash_of, new_secret
from auth.rights.publishing import republish
from benchmarks.scopes import TERM, TERRITORIAL, Places, profile_on, scopes_of
from catalogue.layer import Layer
from catalogue.profile import OneOf, Profile, body_of, compile_profile, whole

SINCE = date(2000, 1, 1)
MANY = 600
"""Units of the rotation: no two of them have the same rows."""
KINDS = (*TERRITORIAL, TERM)
_PUBLIC = "moi-nguoi"
_UNIT = """
INSERT INTO acl.unit (code, name, kind, valid_from) VALUES (%(code)s, %(code)s, 'khac', '2000-01-01')
ON CONFLICT (code) DO NOTHING RETURNING id
"""
_FUNCTION = """
WITH made AS (
    INSERT INTO acl.function (unit_id, code, name, valid_from) VALUES (%(unit)s, 'do', 'do', '2000-01-01') RETURNING id
), account AS (
    INSERT INTO acl.account (code, unit_id, kind, state) VALUES (%(code)s, %(unit)s, 'machine', 'active') RETURNING id
), given AS (
    INSERT INTO acl.account_function (account_id, function_id, valid_from)
    SELECT account.id, made.id, '2000-01-01' FROM account, made
)
INSERT INTO oauth.token (hash, kind, account_id, scopes, family, expires_at, issued_at)
SELECT %(hash)s, 'personal', account.id, '{features:read}', gen_random_uuid(), now() + interval '89 days', now()
FROM account
"""
_RENEW = "UPDATE oauth.token SET issued_at = now(), expires_at = now() + interval '89 days' WHERE purpose = ''"
_AGREEMENT = """
INSERT INTO acl.agreement (code, kind, recipient_id) VALUES (%(code)s, %(kind)s, %(unit)s)
ON CONFLICT (code) DO NOTHING RETURNING id
"""
_VERSION = """
INSERT INTO acl.agreement_version (agreement_id, number, state, valid_from, body, body_hash)
SELECT %(id)s, 1, 'published', '2000-01-01', %(body)s::text::jsonb, encode(sha256(%(body)s::text::bytea), 'hex')
"""


def token_of(code: str) -> str:
    """Return the token of the account of a unit; a benchmark's database keeps no secrets."""
    return new_secret(random=lambda count: hashlib.sha256(code.encode()).digest()[:count])


def code_of(kind: str) -> str:
    """Return the code of the unit that has a kind of scope."""
    return f"do-{KINDS.index(kind)}"


def code_of_many(number: int) -> str:
    """Return the code of a unit of the rotation."""
    return f"do-nhieu-{number}"


def agree(connection: Connection[Any], layers: Sequence[Layer], places: Places, collection: str) -> None:
    """Write down what every unit and everybody agreed to, and publish it; what stands is left as it is."""
    layer = next(each for each in layers if each.id == collection)
    scopes = scopes_of(layer, places)
    connection.execute("SET LOCAL session_replication_role = replica")  # the states of an agreement have an order
    _agreed(connection, _PUBLIC, None, compile_profile(map(whole, layers)))
    for kind in KINDS:
        _unit_agreed(connection, code_of(kind), profile_on(layer, scopes[kind]))
    for number, term in enumerate(different(places.communes)):
        _unit_agreed(connection, code_of_many(number), profile_on(layer, (term,)))
    connection.execute(_RENEW)
    connection.execute("SET LOCAL session_replication_role = origin")
    republish(connection, layers, None, SINCE)


def different(communes: Sequence[int]) -> Iterable[OneOf]:
    """Yield lists of five communes, no two equal."""
    count = len(communes)
    for number in range(min(MANY, count * ((count - 1) // 4))):
        begin, step = number % count, 1 + number // count
        yield OneOf("xa_id", tuple(sorted({communes[(begin + step * each) % count] for each in range(5)})))


def _unit_agreed(connection: Connection[Any], code: str, profile: Profile) -> None:
    found = connection.execute(_UNIT.encode(), {"code": code}).fetchone()
    if found:
        values = {"code": code, "unit": found[0], "hash": hash_of(token_of(code))}
        connection.execute(_FUNCTION.encode(), values)
        _agreed(connection, code, found[0], profile)


def _agreed(connection: Connection[Any], code: str, unit: int | None, profile: Profile) -> None:
    values: Mapping[str, object] = {"code": code, "kind": "cong_khai" if unit is None else "mac_dinh", "unit": unit}
    found = connection.execute(_AGREEMENT.encode(), values).fetchone()
    if found:
        body = json.dumps({"grants": body_of(profile)["collections"]}, ensure_ascii=False)
        connection.execute(_VERSION.encode(), {"id": found[0], "body": body})
