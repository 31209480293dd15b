"""What agreements and packages have in common as commands: they are listed, drafted, and drafted anew."""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

from auth.cli.desk import add_action, add_page, at_desk, known, read_file, say
from auth.policy.clauses import AgreementDocument, PackageDocument, read_document
from auth.sharing import agreements, drafting
from core.settings import Settings

type Kind = type[AgreementDocument] | type[PackageDocument]


def add_drafts(kinds: Any, kind: Kind) -> None:
    """Add the actions ``list``, ``draft`` and ``redraft`` of one kind of document."""
    package = kind is PackageDocument
    one = "a package" if package else "an agreement"
    listing = add_action(kinds, "list", "list packages" if package else "list agreements")
    add_page(listing)
    listing.set_defaults(run=partial(_list, package))
    drafter = add_action(kinds, "draft", f"draft {one} or its next version", "file")
    drafter.set_defaults(run=partial(_write, drafting.draft, kind))
    redrafter = add_action(kinds, "redraft", "write the version in work anew", "file")
    redrafter.set_defaults(run=partial(_write, drafting.redraft, kind))


def _list(package: bool, chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        found = agreements.listed(
            desk.connection, desk.actor, day=desk.day, after=chosen.after, limit=chosen.limit, package=package
        )
    return say(found)


def _write(act: Callable[..., drafting.Drafted], kind: Kind, chosen: argparse.Namespace, settings: Settings) -> int:
    document = read_document(kind, read_file(chosen.file))
    with at_desk(chosen, settings) as desk:
        drafted = act(desk.connection, desk.actor, document, vocabulary=known(), day=desk.day)
    return say(drafted)
