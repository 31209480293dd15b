"""Numbers, ids and days drawn from one seeded generator."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np

_BATCH = 512


class Draw:
    """Draws values one after the other; equal seeds give equal values.

    Args:
        seed: the seed of the sample, then whatever tells this draw from the others.
    """

    def __init__(self, *seed: int) -> None:
        self.rng = np.random.default_rng(list(seed))
        self._floats = _floats(self.rng)
        self._ids = _ids(np.random.default_rng([*seed, 4]))

    @property
    def numbers(self) -> Iterator[float]:
        """Uniform numbers from 0 up to 1."""
        return self._floats

    def number(self) -> float:
        return next(self._floats)

    def chance(self, share: float) -> bool:
        return next(self._floats) < share

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return low + int(next(self._floats) * (high - low + 1))

    def pick[T](self, values: Sequence[T]) -> T:
        return values[int(next(self._floats) * len(values))]

    def uuid(self) -> str:
        """Return the text of a UUID of version 4."""
        return next(self._ids)

    def working_day(self, low: date, high: date) -> date:
        """Return a day from Monday to Friday, ``low`` and ``high`` included when they are such."""
        return to_working_day(low + timedelta(days=self.whole(0, (high - low).days)), low, high)


def to_working_day(day: date, low: date, high: date) -> date:
    """Return the working day at or next to a day that lies in a period."""
    while day.weekday() > 4:
        day += timedelta(days=1)
    while day > high and day > low:
        day -= timedelta(days=1)
        while day.weekday() > 4:
            day -= timedelta(days=1)
    return day


def add_working_days(day: date, count: int) -> date:
    """Return the day that lies ``count`` working days later; public holidays are not known here."""
    while count > 0:
        day += timedelta(days=1)
        if day.weekday() < 5:
            count -= 1
    return day


def _floats(rng: np.random.Generator) -> Iterator[float]:
    while True:
        yield from rng.random(_BATCH).tolist()


def _ids(rng: np.random.Generator) -> Iterator[str]:
    while True:
        digits = rng.bytes(16 * _BATCH).hex()
        for at in range(0, len(digits), 32):
            h = digits[at : at + 32]
            variant = "89ab"[int(h[16], 16) & 3]
            yield f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{variant}{h[17:20]}-{h[20:]}"
