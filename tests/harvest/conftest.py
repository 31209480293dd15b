"""A catalogue in a database of its own, and the reading of it as the public."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from catalogue.files import read_layers
from catalogue.parts import part_names
from catalogue.profile import Operation
from catalogue.record_keys import RECORDS
from database.lines import Entry
from database.profiles import profile_hash, read_profile
from database.reader import Reader, Tuning
from harvest.reading import Catalogue
from query.view import view_of
from tests.harvest.stock import CADASTRE, PLANS, Stock, records_only


@pytest.fixture
def stock(empty_db: str, publish: Callable[..., None]) -> Iterator[Stock]:
    """A published catalogue without a record; the public holds the keys of two components."""
    publish(empty_db, records_only(CADASTRE, PLANS))
    with psycopg.connect(empty_db, autocommit=True) as connection:
        stock = Stock(connection)
        stock.publish()
        stock.hold(CADASTRE, PLANS)
        yield stock


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
