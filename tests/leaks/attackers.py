"""Attackers that look for a hidden number by searching: what they ask next depends on what was answered."""

import random
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.leaks.asking import Answered, Asked, links_of
from tests.leaks.worlds import BASE

type Attack = Generator[Asked, Answered, int]
"""Yields requests, is sent the answers, and returns the number that it found."""

BITS = 30


@dataclass(frozen=True, slots=True)
class Attacker:
    """Searches a collection for what it hides; words are drawn as for shapes."""

    words: Mapping[str, str]
    headers: Mapping[str, str]
    seed: int

    def attacks(self) -> list[Callable[[], Attack]]:
        """Return every strategy."""
        hidden, shown = self.words["hnum"], self.words["vnum"]
        export = f"/collections/{self.words['c']}/export"
        return [
            lambda: self.by(f"{hidden} < {{n}}", resulttype="hits"),
            lambda: self.by(f"{hidden} BETWEEN 0 AND {{n}}"),
            lambda: self.by(f"{hidden} + 0 < {{n}}", limit="1"),
            lambda: self.by(f"NOT ({hidden} >= {{n}}) OR {shown} < 0", resulttype="hits"),
            lambda: self.by(f"1 / ({hidden} - {{n}}) > 0"),
            lambda: self.by(f"{shown} < {{n}}", resulttype="hits"),
            lambda: self.by(f"{shown} < {{n}}", bbox=self.words["hbox"], resulttype="hits"),
            lambda: self.by(f"{shown} > {{n}}", sortby=f"-{shown}", limit="1"),
            lambda: self.by(f"{shown} * 2 < {{n}}", f="csv"),
            lambda: self._halving(lambda n: self._asked(export, filter=f"{hidden} < {n}", f="csv")),
            lambda: self._halving(lambda n: self._asked(export, filter=f"{shown} < {n}", f="csv")),
            lambda: self._halving(lambda n: self._asked(**{hidden: str(n)})),
            lambda: self._halving(lambda n: self._asked(**{shown: str(n), "resulttype": "hits"})),
            lambda: self._halving(lambda n: self._asked(offset=str(n % 10_000), limit="1")),
            lambda: self._halving(lambda n: self._asked(datetime=f"{1950 + n % 80}-01-01/..", resulttype="hits")),
            self.in_order,
            self.by_tag,
            self.by_box,
            self.by_word,
            self.by_key,
        ]

    def by(self, template: str, **more: str) -> Attack:
        """Search by a filter."""
        return self._halving(lambda n: self._asked(filter=template.format(n=n), **more))

    def in_order(self) -> Attack:
        """Follow the order of a column page by page, and come back wherever an answer has an odd length."""
        chance = random.Random(f"order {self.seed}")
        answer = yield self._asked(sortby=chance.choice([self.words["vnum"], self.words["hnum"]]), limit="1")
        for _ in range(BITS):
            links = links_of(answer)
            link = links.get("prev" if len(answer.body) % 2 else "next") or links.get("next")
            if link is None:
                break
            answer = yield Asked("GET", link.removeprefix(BASE), self.headers)
        return 0

    def by_tag(self) -> Attack:
        """Ask again with the tag of the last answer, for one row more wherever nothing changed."""
        tag, limit = '"none"', 1
        for _ in range(BITS):
            asked = self._asked(limit=str(limit))
            answer = yield Asked("GET", asked.target, {**self.headers, "If-None-Match": tag})
            tag, limit = answer.header("ETag") or tag, limit + (answer.status == 304)
        return limit

    def by_box(self) -> Attack:
        """Halve a box around what is hidden, by whichever half holds anything."""
        west, south, east, north = map(float, self.words["hbox"].split(","))
        for _ in range(BITS):
            middle = (west + east) / 2
            answer = yield self._asked(bbox=f"{west},{south},{middle},{north}", resulttype="hits")
            west, east = (west, middle) if _found(answer) else (middle, east)
        return 0

    def by_word(self) -> Attack:
        """Lengthen a word digit by digit."""
        chance, word = random.Random(f"word {self.seed}"), ""
        for _ in range(BITS):
            digit = chance.choice("0123456789")
            answer = yield self._asked(q=word + digit, resulttype="hits")
            word = word + digit if _found(answer) else word
        return int(word or "0")

    def by_key(self) -> Attack:
        """Ask for keys that are hidden, and for one that nothing has."""
        found = 0
        for _ in range(BITS // 3):
            for key in ("hid", "hid2", "nid"):
                answer = yield self._asked(f"/collections/{self.words['c']}/items/{self.words[key]}")
                found += answer.status == 200
        return found

    def _halving(self, query: Callable[[int], Asked]) -> Attack:
        """Search the least number below 2^30 for which nothing is found any more below it."""
        low, high = 0, 2**BITS
        for _ in range(BITS):
            middle = (low + high) // 2
            answer = yield query(middle)
            low, high = (low, middle) if _found(answer) else (middle, high)
        return low

    def _asked(self, target: str = "", **parameters: str) -> Asked:
        path = target or f"/collections/{self.words['c']}/items"
        return Asked("GET", f"{path}?{urlencode(parameters)}" if parameters else path, self.headers)


def _found(answer: Answered) -> bool:
    """Read one bit: anything was found. That it failed is a bit as well."""
    return answer.status == 200 and b'"numberMatched":0' not in answer.body
