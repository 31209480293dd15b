"""The database away: 503 with Retry-After at once, nothing hangs, and service again when it returns."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg
import pytest

from database.cluster import Cluster, temporary_folder
from database.migrate import migrate

ITEMS = "/collections/don-vi-hanh-chinh/items"
HARVESTED = ("/oai?verb=ListRecords&metadataPrefix=oai_dc", "/oai?verb=Identify", "/changes", "/sitemap.xml")


@pytest.fixture(scope="module")
def own_cluster(publish: Callable[..., None]) -> Iterator[Cluster]:
    """A cluster that this module alone stops and starts."""
    private = Cluster(temporary_folder() / "pg", durable=False)
    private.start()
    with psycopg.connect(private.dsn(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE dat")
    migrate(private.dsn("dat"))
    publish(private.dsn("dat"))
    yield private
    private.destroy()


@pytest.fixture(scope="module")
def away(own_cluster: Cluster, serve: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server over that cluster."""
    with serve(own_cluster.dsn("dat", "dat_app"), tmp_path_factory.mktemp("away")) as running:
        yield running


def test_it_is_503_with_retry_after_and_works_again_when_the_database_returns(away: Any, own_cluster: Cluster) -> None:
    assert _status(away, ITEMS) == 200

    own_cluster.stop()
    begin = time.monotonic()
    refusals = [_refusal(away, path) for path in (*[ITEMS] * 5, *HARVESTED)]
    ready, live = _status(away, "/health/ready"), _status(away, "/health/live")
    landing = _status(away, "/")
    took = time.monotonic() - begin
    own_cluster.start()

    for status, retry_after, problem in refusals:
        assert status == 503
        assert int(retry_after) > 0
        assert problem["status"] == 503
        assert problem["code"]
        assert "host" not in problem["description"], "where the database lies is nobody's business"
    assert (ready, live) == (503, 200)
    assert landing in {200, 503}
    assert took < 20
    assert _status(away, ITEMS) == 200, "the very first request after the return"
    assert _status(away, "/health/ready") == 200


def test_connections_that_the_database_dropped_are_not_used_again(away: Any, own_cluster: Cluster) -> None:
    for _ in range(3):
        assert _status(away, ITEMS) == 200
        with psycopg.connect(own_cluster.dsn(), autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'dat'")

    assert [_status(away, ITEMS) for _ in range(5)] == [200] * 5


def _status(away: Any, target: str) -> int:
    try:
        with urlopen(away.url + target, timeout=30) as answer:
            return int(answer.status)
    except HTTPError as error:
        with closing(error):
            return error.code


def _refusal(away: Any, target: str) -> tuple[int, str, Any]:
    with pytest.raises(HTTPError) as caught:
        urlopen(away.url + target, timeout=30)
    with closing(caught.value) as answer:
        return answer.code, answer.headers["Retry-After"], json.loads(answer.read())
