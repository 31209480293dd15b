"""One look of the publisher."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from catalogue.files import read_layers
from catalogue.service import read_service
from harvest.publishing.tick import Outcome, Sources, tick

SERVICE = read_service(Path(__file__).parents[3] / "config" / "service.yml")


@pytest.fixture(scope="session")
def sources() -> Sources:
    return Sources(read_layers(), SERVICE)


@pytest.fixture
def own_db(cluster: str, sample_template: str) -> Iterator[str]:
    """A clone of the sample province for one test."""
    from tests.conftest import _database

    with _database(cluster, sample_template) as dsn:
        yield dsn


@pytest.fixture
def publisher(own_db: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(make_conninfo(own_db, user="datdai_mau_publisher"), autocommit=True) as connection:
        yield connection


def test_nothing_new_is_no_publication(publisher: psycopg.Connection[Any], sources: Sources):
    assert tick(publisher, sources) == Outcome()
