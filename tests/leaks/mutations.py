"""Change what a profile does not show, and nothing else: cells, rows, counts, boxes, and the papers of others.

What a change would touch is never reasoned about: each is made, the sight of the profile is looked at again, and a
change that is seen is taken back. So triggers may carry a change wherever they like.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from catalogue.profile import Between, OneOf
from tests.leaks.sight import Sight, literal
from tests.leaks.viewpoints import LAYERS

_ROWS = 8
_ROWS_BESIDE = 10
_NUMERIC = ("smallint", "integer", "bigint", "double precision", "numeric")
_TABLES = """
    SELECT n.nspname || '.' || c.relname, a.attname, format_type(a.atttypid, NULL),
           a.attgenerated <> '', a.attidentity <> '',
           EXISTS (SELECT FROM pg_constraint k
                   WHERE k.conrelid = c.oid AND k.contype IN ('p', 'f') AND a.attnum = ANY (k.conkey))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('hc', 'dc', 'tk', 'qh', 'gd', 'hs', 'mt') AND c.relkind = 'r'
      AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY 1, a.attnum"""
_UNIQUE = {
    "dc.thua_dat": {"so_thua": "so_thua + 5000 + {n}", "ma_dinh_danh": "NULL"},
    "dc.giay_chung_nhan": {"so_phat_hanh": "so_phat_hanh || {n}"},
    "dc.muc_dich": {"stt": "stt + 50 + {n}"},
    "dc.bien_dong": {"ma_bien_dong": "ma_bien_dong || {n}"},
    "hc.don_vi": {"ma": "lpad((10000 + ({n} * 7919) % 80000)::text, 5, '0')", "cap": "3"},
    "hs.ho_so": {"ma_ho_so": "ma_ho_so || {n}"},
    "gd.vi_tri": {"vi_tri": "vi_tri + 50 + {n}"},
    "mt.ban_ghi": {"id": "gen_random_uuid()"},
    "gd.gia_thua": {"thoi_diem": "thoi_diem - 400 - {n}"},
}
"""What a copy of a row must have of its own."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; ``linked`` is a key of this or of another table."""

    name: str
    type: str
    generated: bool
    identity: bool
    linked: bool


type Tables = Mapping[str, tuple[Column, ...]]
type Change = Callable[[], str]


def read_tables(connection: psycopg.Connection[Any]) -> Tables:
    """Return every table of land data with its columns."""
    tables: dict[str, list[Column]] = {}
    for table, *column in connection.execute(_TABLES):
        tables.setdefault(table, []).append(Column(*column))
    return {name: tuple(columns) for name, columns in tables.items()}


@dataclass(frozen=True, slots=True)
class Mutator:
    """Changes one database by a seed."""

    connection: psycopg.Connection[Any]
    sight: Sight
    tables: Tables
    seed: int

    def mutate(self, changes: int = 18) -> Counter[str]:
        """Change every hidden cell of some rows that are seen, make up to so many other changes, and change what others
        hold; return how many changes of each kind stood.
        """
        chance = random.Random(f"world {self.seed}")
        before = self.sight.digest(self.connection)
        done = Counter(beside=self._stood(list(self._beside(chance)), before))
        for kind, statement in self._changes(chance, changes):
            done[kind] += self._tried(statement, before)
        assert self.sight.digest(self.connection) == before
        self._others(chance)
        self.connection.commit()
        self._tidied(chance)
        return done

    def _tried(self, statement: str, before: str) -> bool:
        self.connection.execute("SAVEPOINT change")
        try:
            self.connection.execute(statement.encode())
            stood = self.sight.digest(self.connection) == before
        except psycopg.errors.IntegrityError:
            stood = False
        self.connection.execute("RELEASE change" if stood else "ROLLBACK TO change")
        return stood

    def _stood(self, statements: list[str], before: str) -> int:
        """Try statements together, and by halves where they are seen together; return how many stood."""
        if not statements:
            return 0
        if self._tried(";".join(statements), before):
            return len(statements)
        half = len(statements) // 2
        return self._stood(statements[:half], before) + self._stood(statements[half:], before) if half else 0

    def _beside(self, chance: random.Random) -> Iterator[str]:
        """Write other values into every hidden column of rows of which something else is seen."""
        for table in sorted({each.table for each in self.sight.seen}):
            for column in self._hideable(table):
                if column.linked:
                    continue
                where = f"{self.sight.hidden_cells(table, column.name)} AND NOT ({self.sight.hidden_rows(table)})"
                yield _several(table, column, where, _another(column, chance, table), chance)

    def _changes(self, chance: random.Random, count: int) -> Iterator[tuple[str, str]]:
        """Draw changes: tables that the profile shows in part are three of four."""
        shown = sorted({each.table for each in self.sight.seen})
        near = sorted({*shown, *self.sight.near})
        for number in range(count):
            table = chance.choice(near) if near and chance.random() < 0.75 else chance.choice(sorted(self.tables))
            makers = [
                self._cells,
                self._cells,
                self._all_cells,
                self._deleted,
                self._inserted,
                self._moved,
                self._covering,
            ]
            if table in shown:
                makers += [self._twins, self._twins]
            if number == 0 and shown:
                makers, table = [self._crowd], chance.choice(shown)
            maker = chance.choice(makers)
            statement = maker(table, chance)
            if statement:
                yield maker.__name__.strip("_"), statement

    def _hideable(self, table: str) -> list[Column]:
        """Return the columns of which some cell may be hidden, and that can be written."""
        return [
            each
            for each in self.tables[table]
            if not (each.generated or each.identity)
            and each.name != "id"
            and each.type != "jsonb"
            and not (each.name == "geom" and any(one.name == "geom_goc" for one in self.tables[table]))
            and self.sight.hidden_cells(table, each.name) != "((true) IS NOT TRUE)"
        ]

    def _cells(self, table: str, chance: random.Random) -> str:
        """Write other values into hidden cells of a few rows, each for itself."""
        columns = self._hideable(table)
        if not columns:
            return ""
        column = _drawn(columns, table, chance)
        other = f"(SELECT o.{column.name} FROM {table} o ORDER BY md5(o.ctid::text || '{self.seed}') LIMIT 1)"
        value = other if column.linked or chance.random() < 0.4 else _another(column, chance, table)
        where = self.sight.hidden_cells(table, column.name)
        if any(each.table == table for each in self.sight.seen) and chance.random() < 0.7:
            where = f"{where} AND NOT ({self.sight.hidden_rows(table)})"  # of rows that are seen otherwise
        statement = f"UPDATE {table} t SET {column.name} = {value} WHERE t.ctid = r.ctid"
        return _each(table, where, chance, statement, rows=2 * _ROWS)

    def _all_cells(self, table: str, chance: random.Random) -> str:
        """Write other values into all hidden cells of a column."""
        columns = [each for each in self._hideable(table) if not each.linked and each.name != "xa_id"]
        if not columns:
            return ""
        column = _drawn(columns, table, chance)
        where = self.sight.hidden_cells(table, column.name)
        return f"UPDATE {table} t SET {column.name} = {_another(column, chance, table)} WHERE {where}"

    def _deleted(self, table: str, chance: random.Random) -> str:
        return _each(table, self.sight.hidden_rows(table), chance, f"DELETE FROM {table} t WHERE t.ctid = r.ctid")

    def _inserted(self, table: str, chance: random.Random) -> str:
        """Insert copies of hidden rows."""
        return _each(table, self.sight.hidden_rows(table), chance, self._copy(table, chance, {}))

    def _twins(self, table: str, chance: random.Random) -> str:
        """Insert copies of rows that are seen, each beyond what the profile shows by one of its terms."""
        seen = chance.choice([each for each in self.sight.seen if each.table == table])
        aside = self._aside(seen, chance)
        return _each(table, seen.rows, chance, self._copy(table, chance, aside)) if aside else ""

    def _crowd(self, table: str, chance: random.Random) -> str:
        """Insert many copies of hidden rows."""
        return _each(table, self.sight.hidden_rows(table), chance, self._copy(table, chance, {}), rows=60)

    def _moved(self, table: str, chance: random.Random) -> str:
        """Move hidden rows to other administrative units."""
        if not any(each.name == "xa_id" and not each.generated for each in self.tables[table]):
            return ""
        unit = "(SELECT d.id FROM hc.don_vi d WHERE d.cap = 3 ORDER BY md5(d.id::text || r.n) LIMIT 1)"
        return _each(
            table, self.sight.hidden_rows(table), chance, f"UPDATE {table} t SET xa_id = {unit} WHERE t.ctid = r.ctid"
        )

    def _covering(self, table: str, chance: random.Random) -> str:
        """Lay hidden rows over rows that are seen."""
        seen = [each for each in self.sight.seen if each.table == table and each.collection.geometry]
        if not seen or not any(each.name == "geom_goc" for each in self.tables[table]):
            return ""
        over = f"(SELECT t.geom_goc FROM {table} t WHERE {seen[0].rows} ORDER BY md5(t.id::text || r.n) LIMIT 1)"
        return _each(
            table,
            self.sight.hidden_rows(table),
            chance,
            f"UPDATE {table} t SET geom_goc = {over} WHERE t.ctid = r.ctid AND {over} IS NOT NULL",
        )

    def _aside(self, seen: Any, chance: random.Random) -> dict[str, str]:
        """Return what a row must say instead to lie beyond a scope."""
        columns = {each.name for each in self.tables[seen.table]}
        ways: list[dict[str, str]] = []
        if "hieu_luc_den IS NULL" in seen.rows:
            ways.append({"hieu_luc_den": "hieu_luc_tu + 1 + (r.n % 900)::int"})
        for term in seen.collection.scope.terms:
            match term:
                case OneOf("xa_id", values):
                    if seen.table == "hc.don_vi":
                        continue  # a unit that is new lies beyond them
                    inside = ", ".join(map(literal, values))
                    ways.append({"xa_id": f"(SELECT d.id FROM hc.don_vi d WHERE d.cap = 3 AND d.id NOT IN ({inside})"
                                          " ORDER BY md5(d.id::text || r.n) LIMIT 1)"})  # fmt: skip
                case OneOf(column, (int() as value, *_)) if column in columns and not isinstance(value, bool):
                    ways.append({column: f"{value} + 1 + (r.n % 60)::int"})
                case OneOf(column, values) if column in columns and column != "xa_id":
                    inside = ", ".join(map(literal, values))
                    ways.append({column: f"(SELECT o.{column} FROM {seen.table} o WHERE o.{column} NOT IN ({inside})"
                                         " ORDER BY md5(o.ctid::text || r.n) LIMIT 1)"})  # fmt: skip
                case Between(column, begin, end):
                    ways += [{column: f"{literal(begin)}::{self._type(seen.table, column)} - 1"}] if begin else []
                    ways += [{column: literal(end)}] if end else []
                case _:
                    pass
        return chance.choice(ways) if ways else {}

    def _type(self, table: str, column: str) -> str:
        return next(each.type for each in self.tables[table] if each.name == column)

    def _copy(self, table: str, chance: random.Random, own: Mapping[str, str]) -> str:
        number = chance.randrange(1_000)
        own = {name: text.format(n="r.n::int") for name, text in _UNIQUE.get(table, {}).items()} | dict(own)
        if table == "hc.don_vi":
            own["id"] = "(SELECT max(d.id) + 1 FROM hc.don_vi d)"
        elif any(each.name == "id" and each.type == "uuid" for each in self.tables[table]):
            own["id"] = f"md5(t.id::text || '{self.seed} {number} ' || r.n)::uuid"
        columns = [
            each.name for each in self.tables[table] if not each.generated and (not each.identity or each.name in own)
        ]
        values = [own.get(each, f"t.{each}") for each in columns]
        selected = f"SELECT {', '.join(values)} FROM {table} t WHERE t.ctid = r.ctid"
        return f"INSERT INTO {table} ({', '.join(columns)}) {selected}"

    def _others(self, chance: random.Random) -> None:
        """Found another unit, with an account, a token, an agreement and acts on record; end what others had."""
        code = f"khac-{self.seed}"
        values = {"code": code, "hash": hashlib.sha256(code.encode()).hexdigest(), "n": chance.randrange(1, 90)}
        for statement in (*_OTHERS, *_OTHERS_RECORDS):
            self.connection.execute(statement.encode(), values)

    def _tidied(self, chance: random.Random) -> None:
        """Fold the log, look at the tables anew, clear what is dead: as the database does by itself at any time."""
        self.connection.autocommit = True
        tables = ", ".join({"dc.thua_dat", *(each.table for each in self.sight.seen)})
        for statement in ("SELECT lg.don_dem()", f"ANALYZE {tables}", f"VACUUM {tables}"):
            if chance.random() < 0.5:
                self.connection.execute(statement.encode())
        self.connection.autocommit = False


_OTHERS = (
    "INSERT INTO acl.unit (code, name, kind, valid_from) VALUES (%(code)s, 'Đơn vị khác', 'khac', '2020-01-01')",
    """INSERT INTO acl.account (code, unit_id, kind, person, state, password_until)
       SELECT %(code)s || n, u.id, 'individual', 'Người khác', 'active', now() + interval '60 days'
       FROM acl.unit u, generate_series(1, %(n)s) n WHERE u.code = %(code)s""",
    """INSERT INTO oauth.token (hash, kind, account_id, scopes, family, expires_at)
       SELECT %(hash)s, 'personal', max(a.id), '{features:read}', gen_random_uuid(), now() + interval '30 days'
       FROM acl.account a WHERE a.code LIKE %(code)s || '%%'""",
    """INSERT INTO acl.profile_in_force (subject, valid_from, valid_until, hash)
       SELECT 'account:' || max(a.id), '2020-01-01', NULL,
              (SELECT p.hash FROM acl.profile p ORDER BY md5(p.hash || %(code)s) LIMIT 1)
       FROM acl.account a WHERE a.code LIKE %(code)s || '%%'""",
    """INSERT INTO audit.act (subject, entered, act, about) SELECT 'public', 'test', 'test', %(code)s || n
       FROM generate_series(1, %(n)s) n""",
    "UPDATE oauth.token SET used_at = now()",
)

_OTHERS_RECORDS = (
    """INSERT INTO cb.khoa_cua (chu_the, khoa, tu, dau_tien)
       SELECT DISTINCT 'account:' || (990000 + %(n)s), s.khoa, now(), false FROM cb.doi_song s
       ON CONFLICT DO NOTHING""",
    "UPDATE cb.khoa_cua SET den = now() WHERE chu_the = 'account:999001' AND den IS NULL",
    """INSERT INTO cb.doi_song (id, khoa, thanh_phan, tu, den)
       SELECT gen_random_uuid(), 'khung:cua-nguoi-khac', 'dia-chinh', '2026-01-01', '2026-01-02'
       FROM generate_series(1, %(n)s)""",
    "UPDATE cb.dong_ho SET nhip = now(), giao_dich = pg_current_xact_id()",
)
"""What the publisher notes of others."""


def _drawn(columns: list[Column], table: str, chance: random.Random) -> Column:
    """Draw a column, mostly one that some layer publishes: others are what a profile could not show anyway."""
    published = {one.name for each in LAYERS.values() if each.qualified_table == table for one in each.columns}
    preferred = [each for each in columns if each.name in published]
    return chance.choice(preferred if preferred and chance.random() < 0.8 else columns)


def _each(table: str, where: str, chance: random.Random, statement: str, *, rows: int = _ROWS) -> str:
    """Return a block that does a statement for a few rows, each for itself: what a constraint refuses stays so."""
    salt = chance.randrange(10**9)
    return (
        f"DO $$ DECLARE r record; BEGIN FOR r IN SELECT s.ctid, {salt % 900} + row_number() OVER () AS n FROM "
        f"(SELECT t.ctid FROM {table} t WHERE {where} ORDER BY md5(t.ctid::text || '{salt}') LIMIT {rows}) AS s LOOP "
        f"BEGIN {statement}; "
        f"EXCEPTION WHEN integrity_constraint_violation OR data_exception OR raise_exception THEN NULL; "
        f"END; END LOOP; END $$"
    )


def _several(table: str, column: Column, where: str, value: str, chance: random.Random) -> str:
    """Return a block that writes into some rows at once, or into each for itself where one of them is refused."""
    picked = (
        f"SELECT array_agg(s.ctid) FROM (SELECT t.ctid FROM {table} t WHERE {where} "
        f"ORDER BY md5(t.ctid::text || '{chance.randrange(10**9)}') LIMIT {_ROWS_BESIDE}) AS s"
    )
    update = f"UPDATE {table} t SET {column.name} = {value} WHERE t.ctid"
    refused = "integrity_constraint_violation OR data_exception OR raise_exception"
    return (
        f"DO $$ DECLARE picked tid[] := ({picked}); one tid; BEGIN {update} = ANY (picked); "
        f"EXCEPTION WHEN {refused} THEN FOREACH one IN ARRAY picked LOOP "
        f"BEGIN {update} = one; EXCEPTION WHEN {refused} THEN NULL; END; END LOOP; END $$"
    )


def _another(column: Column, chance: random.Random, table: str) -> str:
    """Return SQL for another value of a column."""
    salt = chance.randrange(10**6)
    if column.type in _NUMERIC:
        return f"(1 + (hashtext(t.ctid::text || '{salt}') & 2047))"
    match column.type:
        case "boolean":
            return f"NOT t.{column.name}"
        case "date":
            return f"(date '2008-01-01' + (hashtext(t.ctid::text || '{salt}') & 8191))"
        case "text" if chance.random() < 0.5:
            return f"'bí mật ' || left(md5(t.ctid::text || '{salt}'), 6)"
        case "geometry":
            return f"ST_Translate(t.{column.name}, {chance.uniform(-500, 500):.3f}, {chance.uniform(-500, 500):.3f})"
        case "text[]":
            return f"(SELECT o.{column.name} FROM {table} o ORDER BY md5(o.ctid::text || '{salt}') LIMIT 1)"
        case _:
            values = f"SELECT o.{column.name} AS v FROM {table} o ORDER BY md5(o.ctid::text || '{salt}') LIMIT 8"
            return f"(SELECT array_agg(v) FROM ({values}) s)[1 + (hashtext(t.ctid::text || '{salt}') & 7)]"
