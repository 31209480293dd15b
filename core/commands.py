"""What a package that has commands knows of the command line."""

import argparse
from typing import Protocol


class Subparsers(Protocol):
    """What ``argparse`` returns from ``add_subparsers``; it has no public name there."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser: ...  # noqa: A002 - argparse's word
