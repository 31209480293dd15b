"""What a package that has commands knows of the command line."""

import argparse
from collections.abc import Sequence
from typing import Any, Protocol


class Subparsers(Protocol):
    """What ``argparse`` returns from ``add_subparsers``; it has no public name there."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser: ...  # noqa: A002 - argparse's word


class CommandParser(argparse.ArgumentParser):
    """Parses one command, and says by its own usage what it does not know.

    Without it the parser of all commands speaks, whose usage helps nobody who mistyped an option of one.
    """

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Parse the arguments, and refuse those that are unknown."""
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unknown: {' '.join(unknown)}")
        return parsed, unknown
