"""The statements that our server sends, for pgbench: composed by the same modules, of the same requests."""

from urllib.parse import parse_qsl, urlsplit

from benchmarks.scenarios import Scenario
from benchmarks.world import World
from query.encoding import RowEncoding
from query.items import Statement, item_statement, page_statement
from query.paging import CursorSeal
from query.request import read_item_query, read_items_query
from query.values import read_value

SCRIPTS = 20
"""pgbench plans each script once for each connection: many of them would measure planning."""


def statement_of(world: World, path: str, seal: CursorSeal, profile: str) -> Statement:
    """Return the statement that answers a path of ours."""
    parts = urlsplit(path)
    parameters = [pair for pair in parse_qsl(parts.query) if pair[0] != "f"]
    place = parts.path.split("/")
    if place[-2] == "items":
        columns, shape = read_item_query(parameters, world.view)
        key = read_value(world.view.layer.key, place[-1])
        return item_statement(world.view, key, columns, shape, RowEncoding.GEOJSON)
    query = read_items_query(parameters, world.view, seal, profile)
    return page_statement(query, world.view, RowEncoding.GEOJSON)


def as_text(statement: str) -> str:
    """Return a statement whose JSON comes as text: pgbench asks for text, and ``bytea`` would come as hexadecimal."""
    return statement.replace("convert_to(", "(").replace(", 'UTF8')", ")")


def name_of(scenario: Scenario) -> str:
    """Return the name of the scripts of a scenario."""
    return f"sql-{scenario.key}"
