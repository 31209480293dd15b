"""``datdai agreement`` and ``datdai succession``: agreements, and migrations to successors."""

import argparse
import sys

from auth.api.agreements import written_as_yaml
from auth.cli.desk import add_action, add_ending, at_desk, day_of, in_study, known, read_file, say
from auth.cli.drafts import add_drafts
from auth.policy.clauses import AgreementDocument, read_document
from auth.sharing import acceptance, agreements, drafting, publication, succession
from auth.sharing.effect import effect_of
from auth.sharing.odrl import odrl_of
from auth.sharing.succession import SuccessionDocument
from auth.standing import department_code, officer, standing
from core.clocks import RealClock
from core.commands import CommandParser, Subparsers
from core.errors import NotFound
from core.settings import Settings


def register(commands: Subparsers) -> None:
    """Add the commands."""
    _add_agreement(commands)
    _add_succession(commands)


def _add_agreement(commands: Subparsers) -> None:
    whole = commands.add_parser("agreement", help="draft, accept, publish and end agreements")
    kinds = whole.add_subparsers(title="actions", metavar="ACTION", required=True, parser_class=CommandParser)
    add_drafts(kinds, AgreementDocument)
    add_action(kinds, "show", "show an agreement with its versions", "code").set_defaults(run=_show)
    add_action(kinds, "propose", "lay a draft before its parties", "code").set_defaults(run=_propose)
    add_action(kinds, "effect", "show what publishing would do", "code").set_defaults(run=_effect)
    for name, text, run in (
        ("accept", "accept for the own unit", _accept),
        ("publish", "put in force, as the second officer", _publish),
    ):
        adder = add_action(kinds, name, text, "code")
        adder.add_argument("--hash", required=True, metavar="BODY_HASH", help="of the body that was read")
        adder.set_defaults(run=run)
    add_ending(kinds, "decline", "send back as a draft", acceptance.decline)
    add_ending(kinds, "withdraw", "give up the version in work", acceptance.withdraw)
    revoking = add_action(kinds, "revoke", "end what is published", "code")
    revoking.add_argument("--reason", required=True, metavar="TEXT", help="why")
    revoking.add_argument("--on", type=day_of, metavar="YYYY-MM-DD", help="a coming day; without it at once")
    revoking.set_defaults(run=_revoke)
    export = add_action(kinds, "export", "write a version as YAML, or as ODRL", "code")
    export.add_argument("--version", type=int, metavar="N", help="the newest without it")
    export.add_argument("--odrl", metavar="URL", help="as ODRL in JSON-LD, names below this address of the service")
    export.set_defaults(run=_export)


def _add_succession(commands: Subparsers) -> None:
    whole = commands.add_parser("succession", help="move agreements to the successors of a unit")
    kinds = whole.add_subparsers(title="actions", metavar="ACTION", required=True, parser_class=CommandParser)
    add_action(kinds, "draft", "draft a migration", "file").set_defaults(run=_draft_succession)
    add_action(kinds, "show", "show a migration", "code").set_defaults(run=_show_succession)
    add_action(kinds, "approve", "approve it, as the second officer", "code").set_defaults(run=_approve_succession)
    refuse = add_action(kinds, "refuse", "refuse it, as the second officer", "code")
    refuse.add_argument("--reason", required=True, metavar="TEXT", help="why")
    refuse.set_defaults(run=_refuse_succession)


def _show(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        who = standing(desk.connection, desk.actor, desk.day)
        agreement = agreements.visible(desk.connection, who, chosen.code)
        versions = agreements.versions(desk.connection, agreement)
    return say({"agreement": agreement, "versions": versions})


def _propose(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        parties = drafting.propose(desk.connection, desk.actor, chosen.code, vocabulary=known(), day=desk.day)
    return say(parties)


def _effect(chosen: argparse.Namespace, settings: Settings) -> int:
    with in_study(chosen, settings) as study:
        found = effect_of(
            study.transaction,
            study.actor,
            chosen.code,
            vocabulary=known(),
            day=study.day,
            vietnamese=chosen.texts("vi"),
        )
    return say(found)


def _accept(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        state = acceptance.accept(desk.connection, desk.actor, chosen.code, body_hash=chosen.hash, day=desk.day)
    return say({"state": state})


def _publish(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings, publisher=True) as desk:
        publication.publish(
            desk.connection,
            desk.actor,
            chosen.code,
            body_hash=chosen.hash,
            vocabulary=known(),
            clock=RealClock(),
            day=desk.day,
        )
    return 0


def _revoke(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings, publisher=True) as desk:
        publication.revoke(
            desk.connection,
            desk.actor,
            chosen.code,
            reason=chosen.reason,
            on=chosen.on,
            vocabulary=known(),
            day=desk.day,
        )
    return 0


def _export(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        who = standing(desk.connection, desk.actor, desk.day)
        agreement = agreements.visible(desk.connection, who, chosen.code)
        found = agreements.versions(desk.connection, agreement)
        assigner = department_code(desk.connection, desk.day)
    version = next((each for each in found if chosen.version in (None, each.number)), None)
    if version is None:
        raise NotFound
    if chosen.odrl:
        return say(odrl_of(agreement, version, base=chosen.odrl, assigner=assigner))
    sys.stdout.write(written_as_yaml(agreements.document_of(agreement, version)))
    return 0


def _draft_succession(chosen: argparse.Namespace, settings: Settings) -> int:
    document = read_document(SuccessionDocument, read_file(chosen.file))
    with at_desk(chosen, settings) as desk:
        drafted = succession.draft_succession(desk.connection, desk.actor, document, vocabulary=known(), day=desk.day)
    return say(drafted)


def _show_succession(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings) as desk:
        officer(desk.connection, desk.actor, desk.day)
        found = succession.succession_named(desk.connection, chosen.code)
    return say(found)


def _approve_succession(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings, publisher=True) as desk:
        made = succession.approve_succession(
            desk.connection, desk.actor, chosen.code, vocabulary=known(), clock=RealClock(), day=desk.day
        )
    return say({"agreements": made})


def _refuse_succession(chosen: argparse.Namespace, settings: Settings) -> int:
    with at_desk(chosen, settings, publisher=True) as desk:
        succession.refuse_succession(desk.connection, desk.actor, chosen.code, reason=chosen.reason, day=desk.day)
    return 0
