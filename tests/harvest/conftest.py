"""A catalogue in a database of its own, and what the public reads of it, with the application and without."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from werkzeug.test import Client

from catalogue.files import read_layers
from catalogue.parts import part_names
from catalogue.profile import Operation
from catalogue.record_keys import RECORDS
from database.lines import Entry
from database.profiles import profile_hash, read_profile
from database.reader import Reader, Tuning
from harvest.reading import Catalogue
from query.view import view_of
from tests.harvest.stock import BASE, CADASTRE, PLANS, Stock, records_only

SECRET = "a secret that only the tests know, long enough"


def _stocked(dsn: str, publish: Callable[..., None]) -> Iterator[Stock]:
    publish(dsn, records_only(CADASTRE, PLANS))
    with psycopg.connect(dsn, autocommit=True) as connection:
        stock = Stock(connection)
        stock.clear()
        stock.publish()
        stock.hold(CADASTRE, PLANS)
        yield stock


@pytest.fixture
def stock(empty_db: str, publish: Callable[..., None]) -> Iterator[Stock]:
    """A published catalogue without a record; the public holds the keys of two components."""
    yield from _stocked(empty_db, publish)


@pytest.fixture(scope="module")
def kept_stock(sample_db: str, publish: Callable[..., None]) -> Iterator[Stock]:
    """The same for all tests of a module, which fills it once."""
    yield from _stocked(sample_db, publish)


@pytest.fixture
def asked(stock: Stock, empty_db: str, as_app: Callable[[str], str]) -> Iterator[Callable[[], Catalogue]]:
    """Begin a request of the public."""
    del stock
    reader = Reader(as_app(empty_db), Tuning(pool_size=1))

    def begin() -> Catalogue:
        hash_ = profile_hash(reader, "public", "")
        profile = read_profile(reader, hash_, read_layers())
        entry = Entry("public", "", hash_, part_names(profile)[RECORDS, Operation.READ])
        view = view_of(profile.collections[RECORDS])
        return Catalogue(view, lambda statements: reader.read(entry, statements, repeatable=True))

    yield begin
    reader.close()


@pytest.fixture
def client(stock: Stock, empty_db: str, as_app: Callable[[str], str], tmp_path: Path) -> Iterator[Client]:
    """The application over the catalogue of one test."""
    del stock
    yield from _application(as_app(empty_db), tmp_path)


@pytest.fixture(scope="module")
def kept_client(
    kept_stock: Stock, sample_db: str, as_app: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """The application over the catalogue of a module."""
    del kept_stock
    yield from _application(as_app(sample_db), tmp_path_factory.mktemp("home"))


def _application(dsn: str, home: Path) -> Iterator[Client]:
    from core.settings import Settings
    from server import app

    application = app.create(Settings(database_url=dsn, home=home, base_url=BASE, secret=SECRET))
    yield Client(application)
    application.close()
