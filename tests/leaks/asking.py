"""Fill a shape, ask both worlds, compare."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Template
from typing import Any
from urllib.parse import urlencode, urlsplit

from werkzeug.test import Client

from server.app import Application
from tests.leaks.shapes import Shape
from tests.leaks.worlds import BASE

_BARE = re.compile(r'"#([^"]*)"')
_LINK = re.compile(r'<([^>]+)>; rel="(\w+)"')
_TOKEN = re.compile(r"<resumptionToken[^>]*>([^<]+)<")
_PAGE_LINK = re.compile(r'<a[^>]+rel="(\w+)"[^>]+href="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it is sent."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer: all of it but its date."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for each, value in self.headers if each.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Difference:
    """A request that two worlds answer differently."""

    shape: str
    asked: Asked
    one: Answered
    other: Answered

    def __str__(self) -> str:
        places = [n for n, (a, b) in enumerate(zip(self.one.body, self.other.body, strict=False)) if a != b] or [
            min(len(self.one.body), len(self.other.body))
        ]
        start = max(0, places[0] - 120)
        return (
            f"{self.shape}: {self.asked.method} {self.asked.target} {dict(self.asked.headers)} "
            f"{self.asked.body or ''}\n"
            f"  one:   {self.one.status} {sorted(set(self.one.headers) - set(self.other.headers))} "
            f"...{self.one.body[start : start + 260]!r}\n"
            f"  other: {self.other.status} {sorted(set(self.other.headers) - set(self.one.headers))} "
            f"...{self.other.body[start : start + 260]!r}"
        )


def fill(shape: Shape, words: Mapping[str, str], headers: Mapping[str, str]) -> Asked:
    """Return the request that a shape becomes with these words."""
    pairs = [(_filled(name, words), _value(name, value, words)) for name, value in shape.parameters]
    target, sent = _filled(shape.path, words), dict(headers) | shape.headers
    query = urlencode(pairs)
    if shape.form:
        sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return Asked(shape.method, target, sent, query)
    return Asked(shape.method, f"{target}?{query}" if query else target, sent)


def _filled(text: str, words: Mapping[str, str]) -> str:
    return Template(text).substitute(words) if "$" in text else text


def _value(name: str, text: str, words: Mapping[str, str]) -> str:
    if name == "filter" and text.startswith("{"):
        escaped = {key: json.dumps(each, ensure_ascii=False)[1:-1] for key, each in words.items()}
        return _BARE.sub(r"\1", _filled(text, escaped))
    return _filled(text, words)


def send(application: Application, asked: Asked) -> Answered:
    """Send a request to an application."""
    parts = urlsplit(asked.target)
    answer = Client(application).open(
        parts.path,
        method=asked.method,
        base_url=BASE,
        query_string=parts.query,
        headers=dict(asked.headers),
        data=asked.body,
        buffered=True,
    )
    headers = tuple((name, value) for name, value in answer.headers if name != "Date")
    return Answered(answer.status_code, headers, answer.data)


def exchange(
    shape: Shape, asked: Asked, applications: tuple[Application, ...]
) -> Iterator[tuple[Asked, list[Answered]]]:
    """Ask every application the same, and go on from the first one's answers as the shape's steps say."""
    answers = [send(each, asked) for each in applications]
    yield asked, answers
    for step in shape.steps:
        following = _following(step, asked, answers[0])
        if following is None:
            return
        asked = following
        answers = [send(each, asked) for each in applications]
        yield asked, answers


def differences(
    shape: Shape, asked: Asked, one: Application, other: Application
) -> Iterator[tuple[int, Difference | None]]:
    """Yield for each request sent the status of its answer, and the difference if there is one."""
    for sent, (first, second) in exchange(shape, asked, (one, other)):
        yield first.status, None if first == second else Difference(shape.name, sent, first, second)


def _following(step: str, asked: Asked, answer: Answered) -> Asked | None:
    if step == "etag":
        tag = answer.header("ETag")
        return Asked(asked.method, asked.target, {**asked.headers, "If-None-Match": tag}, asked.body) if tag else None
    if step == "token":
        token = _TOKEN.search(answer.body.decode())
        verb = asked.target.partition("verb=")[2].partition("&")[0]
        query = urlencode({"verb": verb, "resumptionToken": token[1]}) if token else ""
        return Asked("GET", f"/oai?{query}", asked.headers) if query else None
    link = links_of(answer).get(step)
    return (
        Asked("GET", link.removeprefix(BASE), {k: v for k, v in asked.headers.items() if k != "Content-Type"})
        if link
        else None
    )


def links_of(answer: Answered) -> dict[str, str]:
    """Return the links of an answer by relation: of its body, of its header, or of its page."""
    media_type = answer.header("Content-Type") or ""
    if "json" in media_type and answer.status == 200:
        document: Any = json.loads(answer.body)
        return {each["rel"]: each["href"] for each in document.get("links", [])} if isinstance(document, dict) else {}
    if "html" in media_type:
        return {rel: href.replace("&amp;", "&") for rel, href in _PAGE_LINK.findall(answer.body.decode())}
    return {rel: href for href, rel in _LINK.findall(answer.header("Link") or "")}
