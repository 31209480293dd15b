"""Rules on codes: MA-01 in no list, MA-02 not in force at the date, MA-03 several joined."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from quality.rules import CODE_NOT_IN_FORCE, JOINED_CODES, UNKNOWN_CODE, Batch, Finding, Rule

_JOINTS: Final = re.compile(r"\s*[+;,/&]\s*|\s+")


@dataclass(frozen=True, slots=True)
class Code:
    """One code during one validity.

    Args:
        system: the code system, as ``TT08``.
        group: the code at the top of its tree, itself where it has no parent.
        valid_until: exclusive; ``None`` is open.
    """

    code: str
    system: str
    group: str
    valid_from: date
    valid_until: date | None

    def in_force(self, day: date) -> bool:
        """Say whether the code is in force on a day."""
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)


type CodeList = Mapping[str, tuple[Code, ...]]
"""Code to its validities."""


def split_codes(text: str) -> tuple[str, ...]:
    """Split joined codes, in order and in capitals, each once: ``"ODT +CLN"`` gives ODT, CLN."""
    return tuple(dict.fromkeys(part.upper() for part in _JOINTS.split(text.strip()) if part))


def code_at(codes: CodeList, code: str, day: date) -> Code | None:
    """Return the code that is in force on a day; ``None`` when there is none."""
    return next((each for each in codes.get(code, ()) if each.in_force(day)), None)


def check_codes(batch: Batch, column: str, *, codes: CodeList, day: date, joined: bool = False) -> Iterator[Finding]:
    """Yield codes that are in no list or not in force; where codes may be joined, say that they are.

    Missing values are not looked at.
    """
    for i, text in enumerate(batch.values[column]):
        if text is None:
            continue
        parts = split_codes(str(text)) if joined else (str(text),)
        for part in parts:
            if found := _fault(part, codes, day):
                yield batch.finding(*found[:1], i, *found[1:], column=column)
        if len(parts) > 1:
            said = ", ".join(parts)
            yield batch.finding(
                JOINED_CODES,
                i,
                f"«{text}» là nhiều mã: {said}.",
                f"“{text}” is several codes: {said}.",
                column=column,
            )


def _fault(code: str, codes: CodeList, day: date) -> tuple[Rule, str, str] | None:
    known = codes.get(code, ())
    if not known:
        return UNKNOWN_CODE, f"Không có mã «{code}».", f"There is no code “{code}”."
    if any(each.in_force(day) for each in known):
        return None
    spans = "; ".join(f"{each.valid_from:%d/%m/%Y} – {_end(each.valid_until)} ({each.system})" for each in known)
    return (
        CODE_NOT_IN_FORCE,
        f"Mã «{code}» không có hiệu lực ngày {day:%d/%m/%Y}; hiệu lực: {spans}.",
        f"Code “{code}” is not in force on {day:%Y-%m-%d}; in force: {spans}.",
    )


def _end(day: date | None) -> str:
    return "…" if day is None else f"{day:%d/%m/%Y}"
