"""The application over a clone of the sample province."""

from collections.abc import Callable, Iterator

import pytest
from werkzeug.test import Client

from core.settings import Settings
from server.app import Application, create


@pytest.fixture(scope="module")
def application(
    sample_db: str, as_app: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Application]:
    made = create(Settings(database_url=as_app(sample_db), home=tmp_path_factory.mktemp("home")))
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(application: Application) -> Client:
    return Client(application)
