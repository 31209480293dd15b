"""The commands of permission, one module of ``auth.cli`` for each topic."""

from types import ModuleType

from auth.cli import agreements, audit, clients, outside, packages, requests, tokens
from core.commands import Subparsers

TOPICS: tuple[ModuleType, ...] = (
    agreements,
    audit,
    clients,
    outside,
    packages,
    requests,
    tokens,
)
"""Modules with ``register(subparsers)``."""


def register(commands: Subparsers) -> None:
    """Add the commands of every topic."""
    for topic in TOPICS:
        topic.register(commands)
