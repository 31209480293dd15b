"""The commands of permission, one module of ``auth.cli`` for each topic."""

from types import ModuleType

from auth.cli import (
    accounts,
    agreements,
    audit,
    clients,
    explain,
    functions,
    managers,
    outside,
    packages,
    requests,
    tokens,
    units,
)
from core.commands import Subparsers

TOPICS: tuple[ModuleType, ...] = (
    accounts,
    agreements,
    audit,
    clients,
    explain,
    functions,
    managers,
    outside,
    packages,
    requests,
    tokens,
    units,
)
"""Modules with ``register(subparsers)``."""


def register(commands: Subparsers) -> None:
    """Add the commands of every topic."""
    for topic in TOPICS:
        topic.register(commands)
