"""How far the making of the sample province is: a bar on a terminal, lines elsewhere; never on standard output."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, NoReturn, Protocol, TextIO

from tqdm import tqdm

_SHARE: Final = 10
"""Lines that a stage with many steps gives where there is no terminal."""


class Progress(Protocol):
    """Is told how far the work is."""

    def reached(self, stage: str, done: int, total: int) -> None: ...
    def filled(self, table: str, rows: int) -> None: ...


class _Silent:
    def reached(self, stage: str, done: int, total: int) -> None: ...
    def filled(self, table: str, rows: int) -> None: ...


SILENT: Final = _Silent()


@contextmanager
def shown_on(stream: TextIO) -> Generator[Progress]:
    """Show progress on a stream for the time of a block: bars on a terminal, else one line a table and some a stage."""
    if not stream.isatty():
        yield Lines(stream)
        return
    bars = Bars(stream)
    try:
        yield bars
    finally:
        bars.close()


@dataclass(frozen=True, slots=True)
class Lines:
    """Writes a line for each tenth of a stage, and one for each table."""

    out: TextIO

    def reached(self, stage: str, done: int, total: int) -> None:
        """Write a line where another tenth is reached."""
        if done * _SHARE // total > (done - 1) * _SHARE // total:
            self.out.write(f"{stage}: {done} of {total}\n")
            self.out.flush()

    def filled(self, table: str, rows: int) -> None:
        """Write a line."""
        self.out.write(f"{table}: {rows} rows\n")
        self.out.flush()


@dataclass(slots=True)
class Bars:
    """Draws one bar for the stage that is under way."""

    out: TextIO
    _bars: "dict[str, tqdm[NoReturn]]" = field(default_factory=dict)

    def reached(self, stage: str, done: int, total: int) -> None:
        """Draw the bar of the stage; another stage begins another bar."""
        if stage not in self._bars:
            self.close()
            self._bars[stage] = tqdm(total=total, desc=stage, file=self.out, unit="", leave=False)
        self._bars[stage].update(done - self._bars[stage].n)

    def filled(self, table: str, rows: int) -> None:
        """Show nothing: the bars told enough."""

    def close(self) -> None:
        """End the bar."""
        for bar in self._bars.values():
            bar.close()
        self._bars.clear()
