"""Follows a page of the documentation word for word, as its reader would."""

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyotp
import pytest
from werkzeug.test import Client, TestResponse

from core.settings import Settings
from server import app
from server.cli import main

DOCS = Path(__file__).parents[2] / "docs"
PASSWORD = "Suối#Đá9Trầm"
ORIGIN = "http://127.0.0.1:8000"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a page of the documentation in one language."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [content for found, content in _BLOCK.findall(text) if found == language]


@dataclass
class Reader:
    """Somebody with a terminal and a browser.

    Attributes:
        variables: what the reader noted, by the name that commands use.
    """

    folder: Path
    environ: dict[str, str]
    application: app.Application
    capsys: pytest.CaptureFixture[str]
    variables: dict[str, str] = field(default_factory=dict[str, str])

    def run(self, line: str) -> str:
        """Type one command of ``datdai`` that goes well; return what it writes."""
        words = shlex.split(self._filled(line), comments=True)
        assert words[0] == "datdai", line
        status = main(words[1:], self.environ)
        said = self.capsys.readouterr()
        assert status == 0, f"{line}\n{said.err}"
        return said.out

    def refused(self, line: str) -> str:
        """Type one command that is refused; return its sentence."""
        assert main(shlex.split(self._filled(line))[1:], self.environ) == 2
        return self.capsys.readouterr().err

    def curl(self, line: str) -> TestResponse:
        """Ask as the command ``curl`` does."""
        words = shlex.split(self._filled(line))
        headers = [words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H"]
        return Client(self.application).get(words[-1].removeprefix(ORIGIN), headers=headers)

    def activate(self, account: str, code: str) -> "Browser":
        """Use an activation code and sign in, with a second step where one is asked for."""
        browser = Browser(Client(self.application))
        browser.fill("/account/activate", name=account, code=code, new=PASSWORD, again=PASSWORD)
        browser.sign_in(account)
        return browser

    def _filled(self, line: str) -> str:
        return re.sub(r"\$([A-Z]+[0-9]*)", lambda found: self.variables[found[1]], line)


@dataclass
class Browser:
    """Keeps cookies and fills forms."""

    client: Client
    secret: str = ""

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, base_url=ORIGIN, headers={"Accept": "text/html"}, follow_redirects=True)

    def fill(self, path: str, **form: str) -> TestResponse:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get(path).text)
        assert token, path
        form["csrf_token"] = token[1]
        return self.client.post(path, base_url=ORIGIN, data=form, follow_redirects=True)

    def sign_in(self, account: str) -> None:
        answer = self.fill("/signin", name=account, password=PASSWORD)
        if "Xác thực hai bước" in answer.text and answer.request.path == "/account/second-factor":
            self.enrol()

    def enrol(self) -> None:
        """Set up the second step as the page says, and keep what the app would keep."""
        shown = self.fill("/account/second-factor", act="begin")
        secret = re.search(r'name="secret" value="([A-Z2-7]+)"', shown.text)
        assert secret, shown.text
        self.secret = secret[1]
        code = pyotp.TOTP(self.secret).now()
        token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
        assert token
        form = {"csrf_token": token[1], "secret": self.secret, "code": code, "act": "confirm"}
        done = self.client.post("/account/second-factor", base_url=ORIGIN, data=form, follow_redirects=True)
        assert "Mã khôi phục" in done.text


@pytest.fixture
def reader_of(
    as_app: Callable[[str], str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Reader]]:
    """Sit a reader down before a database."""
    made: list[Any] = []

    def sit_down(dsn: str) -> Reader:
        monkeypatch.chdir(tmp_path)
        environ = {
            "DATDAI_DATABASE_URL": as_app(dsn),
            "DATDAI_ADMIN_DATABASE_URL": dsn,
            "DATDAI_HOME": str(tmp_path),
            "DATDAI_SECRET": "s" * 32,
        }
        application = app.create(Settings.from_env(environ | {"DATDAI_AUDIT": "off"}))
        made.append(application)
        return Reader(tmp_path, environ, application, capsys)

    yield sit_down
    for each in made:
        each.close()
