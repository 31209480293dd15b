"""The API from outside: the WSGI application in this process, over one sample province."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest
from werkzeug.test import Client, TestResponse

BASE = "http://land.test"
SECRET = "a secret that only the tests know, long enough"

if TYPE_CHECKING:
    from tests.api.records_stock import Records

type Parameters = Mapping[str, object] | str


@dataclass(frozen=True, slots=True)
class Api:
    """Asks the application as a client on the network would."""

    client: Client

    def ask(self, method: str, target: str, parameters: Parameters = "", **headers: str) -> TestResponse:
        """Send one request; ``target`` is a path or an absolute link of an answer."""
        parts = urlsplit(target)
        query = parameters if isinstance(parameters, str) else urlencode(parameters)
        return self.client.open(
            parts.path,
            method=method,
            base_url=BASE,
            query_string="&".join(each for each in (parts.query, query) if each),
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            buffered=True,
        )

    def get(self, target: str, parameters: Parameters = "", **headers: str) -> TestResponse:
        return self.ask("GET", target, parameters, **headers)

    def json(self, target: str, parameters: Parameters = "", **headers: str) -> Any:
        """Return the JSON of an answer that must be 200."""
        answer = self.get(target, parameters, **({"Accept": "application/json, */*;q=0.1"} | headers))
        assert answer.status_code == 200, answer.text
        return answer.get_json(force=True)

    def ids(self, target: str, parameters: Parameters = "") -> list[str]:
        """Return the ids of one page, in order."""
        return [each["id"] for each in self.json(target, parameters)["features"]]

    def all_pages(self, target: str, parameters: Parameters = "") -> Iterator[Any]:
        """Follow ``next`` from the first page to the last."""
        page = self.json(target, parameters)
        yield page
        while following := link(page, "next"):
            page = self.json(following)
            yield page

    def problem(self, target: str, parameters: Parameters = "", *, status: int = 400, method: str = "GET") -> Any:
        """Return the body of a refusal after a look at its shape."""
        answer = self.ask(method, target, parameters)
        assert answer.status_code == status, (answer.status, answer.text[:500])
        assert answer.mimetype == "application/problem+json"
        body = answer.get_json(force=True)
        assert body["status"] == status
        assert body["title"]
        assert body["code"]
        assert body["description"]
        return body


def link(document: Any, rel: str, media_type: str | None = None) -> str | None:
    """Return the address of the first link with that relation and media type."""
    for each in document["links"]:
        if each["rel"] == rel and (media_type is None or each.get("type") == media_type):
            return str(each["href"])
    return None


@pytest.fixture(scope="session")
def find_link() -> Callable[..., str | None]:
    return link


@pytest.fixture(scope="session")
def api(api_db: str, as_app: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The application over the sample province."""
    yield from _api(as_app(api_db), tmp_path_factory.mktemp("home"))


@pytest.fixture
def own_api(open_db: str, as_app: Callable[[str], str], tmp_path: Path) -> Iterator[Api]:
    """The application over an empty province that one test may fill as it likes."""
    yield from _api(as_app(open_db), tmp_path)


def _api(dsn: str, home: Path) -> Iterator[Api]:
    from core.settings import Settings
    from server import app

    settings = Settings(database_url=dsn, home=home, base_url=BASE, secret=SECRET)
    application = app.create(settings)
    yield Api(Client(application))
    application.close()


@pytest.fixture(scope="module")
def catalogue(
    sample_db: str, as_app: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator["Records"]:
    """The application over a sample province with a catalogue of records."""
    from tests.api.records_stock import catalogued

    with catalogued(sample_db, as_app, tmp_path_factory.mktemp("home")) as made:
        yield made
