"""The provincial office sees aggregates only, who runs the data centre nothing: whatever anybody drafts."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from auth.rights.publishing import republish
from auth.sharing import acceptance, drafting, packages, publication, succession
from auth.sharing.succession import SuccessionDocument, SuccessorDocument
from core.errors import BadDocument, Conflict
from tests.auth.rights import collections_of
from tests.auth.sharing.conftest import CLOCK, DAY, LAYERS, VOCABULARY, World, clause, document, package

AGGREGATE = clause(
    layer="bieu-thong-ke", columns=["id", "xa_id", "nam"], geometry=False, rows={"territory": "province"}
)
PARCELS = clause(rows={"territory": "province"})


@pytest.fixture
def offices(world: World) -> World:
    """The provincial office and who runs the data centre, each with an account that holds a function."""
    for code, kind in (("vp-ubnd", "vp_ubnd"), ("tthdl", "trung_tam_du_lieu")):
        world.rows(
            "INSERT INTO acl.unit (code, name, kind, valid_from) VALUES (%s, %s, %s, '2023-01-01')", code, code, kind
        )
        world.rows(
            "INSERT INTO acl.account (code, unit_id, kind, person, state) "
            "SELECT %s, id, 'individual', 'Người mẫu', 'active' FROM acl.unit WHERE code = %s",
            f"{code}.canbo",
            code,
        )
        world.rows(
            "INSERT INTO acl.function (unit_id, code, name, valid_from) SELECT id, 'tat-ca', 'x', '2023-01-01' "
            "FROM acl.unit WHERE code = %s",
            code,
        )
        world.rows(
            "INSERT INTO acl.account_function (account_id, function_id, valid_from) SELECT a.id, f.id, '2023-01-01' "
            "FROM acl.account a JOIN acl.function f ON f.unit_id = a.unit_id WHERE a.code = %s",
            f"{code}.canbo",
        )
    return world


def drafted(world: World, recipient: str, *clauses: Any, code: str = "tt-1") -> drafting.Drafted:
    given = document(agreement=code, recipient=recipient, clauses=list(clauses))
    return world.act(drafting.draft, "so.mot", given, vocabulary=VOCABULARY, day=DAY)


def test_aggregates_are_statistics_targets_and_records():
    assert {each.id for each in LAYERS if each.aggregate} == {"bieu-thong-ke", "chi-tieu-su-dung-dat", "sieu-du-lieu"}


def test_the_provincial_office_may_have_aggregates(offices: World):
    drafted(offices, "vp-ubnd", AGGREGATE)


@pytest.mark.parametrize(("unit", "said"), [("vp-ubnd", "aggregates only; layer 'thua-dat'"), ("tthdl", "no row")])
def test_what_a_unit_of_such_a_kind_never_has_is_not_drafted(offices: World, unit: str, said: str):
    with pytest.raises(BadDocument, match=said) as refused:
        drafted(offices, unit, AGGREGATE, PARCELS)

    assert "clauses.1" in [where for where, _ in refused.value.faults]


def test_who_runs_the_data_centre_has_no_aggregates_either(offices: World):
    with pytest.raises(BadDocument, match="no row"):
        drafted(offices, "tthdl", AGGREGATE)


@pytest.mark.parametrize("unit", ["vp-ubnd", "tthdl"])
def test_such_a_unit_joins_no_package_of_parcels(offices: World, unit: str):
    given = package(clauses=[PARCELS])
    version = offices.act(drafting.draft, "so.mot", given, vocabulary=VOCABULARY, day=DAY)
    offices.act(drafting.propose, "so.mot", "dia-ban", vocabulary=VOCABULARY, day=DAY)
    offices.act(acceptance.accept, "so.lanhdao", "dia-ban", body_hash=version.body_hash, day=DAY)
    offices.look("dia-ban")
    words = {"vocabulary": VOCABULARY, "clock": CLOCK, "day": DAY}
    offices.publisher(publication.publish, "so.hai", "dia-ban", body_hash=version.body_hash, **words)

    with pytest.raises(BadDocument, match="sees"):
        offices.publisher(packages.join, "so.mot", "dia-ban", unit, **words)


def agreed_with_tax_office(world: World, *clauses: Any) -> None:
    version = drafted(world, "cuc-thue", *clauses)
    world.act(drafting.propose, "so.mot", "tt-1", vocabulary=VOCABULARY, day=DAY)
    for who in ("thue.lanhdao", "so.lanhdao"):
        world.act(acceptance.accept, who, "tt-1", body_hash=version.body_hash, day=DAY)
    world.look("tt-1")
    words = {"vocabulary": VOCABULARY, "clock": CLOCK, "day": DAY}
    world.publisher(publication.publish, "so.hai", "tt-1", body_hash=version.body_hash, **words)


def test_parcels_do_not_move_to_a_successor_of_such_a_kind(offices: World):
    agreed_with_tax_office(offices, PARCELS)
    offices.rows(
        "INSERT INTO acl.unit_succession (old_id, new_id, day, basis, state, proposed_by, proposed_at, decided_by, "
        "decided_at) SELECT o.id, n.id, %s, 'x', 'approved', 1, now(), 2, now() FROM acl.unit o, acl.unit n "
        "WHERE o.code = 'cuc-thue' AND n.code = 'vp-ubnd'",
        DAY,
    )
    moves = SuccessionDocument(
        succession="chuyen",
        from_unit="cuc-thue",
        takes_effect=DAY,
        legal_basis="x",
        successors=[SuccessorDocument(unit="vp-ubnd", rows="keep")],
    )

    with pytest.raises(Conflict, match="aggregates only"):
        offices.act(succession.draft_succession, "so.mot", moves, vocabulary=VOCABULARY, day=DAY)


@pytest.mark.parametrize("login", ["app", "identity", "publisher", "audit", "auditor"])
def test_no_login_of_the_server_changes_what_kind_a_unit_is_of(offices: World, login: str):
    agreed_with_tax_office(offices, PARCELS)

    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        psycopg.connect(offices.login(login)) as connection,
    ):
        connection.execute("UPDATE acl.unit SET kind = 'trung_tam_du_lieu' WHERE code = 'cuc-thue'")


@pytest.mark.parametrize("unit", ["vp-ubnd", "tthdl"])
@pytest.mark.parametrize("login", ["identity", "publisher"])
def test_postgresql_itself_keeps_no_such_version(offices: World, unit: str, login: str):
    drafted(offices, "cuc-thue", PARCELS)
    (body,) = offices.rows("SELECT body FROM acl.agreement_version")[0]
    offices.rows(
        "INSERT INTO acl.agreement (code, kind, recipient_id) SELECT 'khac', 'mac_dinh', id FROM acl.unit "
        "WHERE code = %s",
        unit,
    )

    with pytest.raises(psycopg.errors.CheckViolation), psycopg.connect(offices.login(login)) as connection:
        connection.execute(
            "INSERT INTO acl.agreement_version (agreement_id, number, valid_from, body, maker) "
            "SELECT id, 1, '2025-01-01', %s, 1 FROM acl.agreement WHERE code = 'khac'",
            [Jsonb(body)],
        )


@pytest.mark.parametrize(("unit", "seen"), [("vp-ubnd", ["bieu-thong-ke"]), ("tthdl", [])])
def test_whatever_stands_in_the_database_nothing_else_is_published_to_it(
    offices: World, unit: str, seen: list[str], around: Callable[[World, str], None]
):
    around(offices, unit)

    with psycopg.connect(offices.login("publisher")) as connection:
        republish(connection, LAYERS, None, DAY)

    ((subject,),) = offices.rows("SELECT 'account:' || id FROM acl.account WHERE code = %s", f"{unit}.canbo")
    assert collections_of(offices.rows, subject, DAY) == seen


@pytest.fixture
def around() -> Callable[[World, str], None]:
    """Write an agreement of parcels and aggregates as the DBA, around everything that guards them."""

    def write(world: World, unit: str) -> None:
        drafted(world, "cuc-thue", PARCELS, AGGREGATE)
        world.rows(
            "INSERT INTO acl.agreement (code, kind, recipient_id) SELECT 'khac', 'mac_dinh', id FROM acl.unit "
            "WHERE code = %s",
            unit,
        )
        world.rows(
            "INSERT INTO acl.agreement_version (agreement_id, number, state, valid_from, body) "
            "SELECT a.id, 1, 'published', '2025-01-01', v.body FROM acl.agreement a, acl.agreement_version v "
            "WHERE a.code = 'khac'"
        )

    return write
