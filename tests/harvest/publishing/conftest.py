"""A sample province of each test's own, with a published catalogue."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from catalogue.files import read_layers
from catalogue.profile import compile_profile, whole
from catalogue.record_keys import records_of
from catalogue.service import read_service
from database.profiles import Segment
from database.profiles import publish as publish_profiles
from harvest.publishing.tick import Sources

type Connection = psycopg.Connection[Any]


@pytest.fixture(scope="session")
def sources() -> Sources:
    return Sources(read_layers(), read_service(Path(__file__).parents[3] / "config" / "service.yml"))


@pytest.fixture
def own_db(clone_of: Callable[[str], AbstractContextManager[str]], sample_template: str) -> Iterator[str]:
    with clone_of(sample_template) as dsn:
        yield dsn


@pytest.fixture
def owner(own_db: str) -> Iterator[Connection]:
    with psycopg.connect(own_db, autocommit=True) as connection:
        yield connection


@pytest.fixture
def another(own_db: str) -> Callable[[], AbstractContextManager[Connection]]:
    """Open a further connection of the publisher's login."""
    return lambda: psycopg.connect(make_conninfo(own_db, user="datdai_mau_publisher"), autocommit=True)


@pytest.fixture
def publisher(another: Callable[[], AbstractContextManager[Connection]]) -> Iterator[Connection]:
    with another() as connection:
        yield connection


@pytest.fixture
def limited(owner: Connection, sources: Sources) -> Callable[..., None]:
    """Let everybody read just one layer, and the frame of its record: ``limited(layer, since=day)``."""
    layers = {each.id: each for each in sources.layers}

    def limit(layer: str, since: date = date(2000, 1, 1)) -> None:
        read = whole(layers[layer])
        records = records_of([read], (), layers)
        profile = compile_profile([read, *([records] if records else [])])
        with owner.transaction():
            publish_profiles(owner, {"public": [Segment(since, None, profile)]})

    return limit
