"""What agreements and packages have in common over HTTP: they are listed, drafted, and drafted anew."""

from collections.abc import Callable

from flask import Blueprint, Response

from auth.api.http import PREFIX, Access, acting, answer, body, legal_day, page, paging
from auth.policy.clauses import AgreementDocument, PackageDocument, vocabulary_of
from auth.sharing import agreements, drafting
from core.errors import BadParameter


class Drafts:
    """Endpoints of one kind of document."""

    def __init__(self, access: Access, kind: type[AgreementDocument] | type[PackageDocument]) -> None:
        self._access = access
        self._vocabulary = vocabulary_of(access.layers)
        self._kind = kind
        self._key = "package" if kind is PackageDocument else "agreement"

    def listed(self) -> Response:
        """Answer with one page of those that are the caller's business."""
        asked, package = paging(), self._kind is PackageDocument
        with acting(self._access) as (connection, who):
            day, after = legal_day(connection), asked.after or ""
            found = agreements.listed(connection, who, day=day, after=after, limit=asked.limit + 1, package=package)
        return page(found, asked, lambda each: each.code)

    def draft(self) -> Response:
        """Draft the first version, or the next one."""
        document = body(self._kind)
        with acting(self._access) as (connection, who):
            day = legal_day(connection)
            drafted = drafting.draft(connection, who, document, vocabulary=self._vocabulary, day=day)
        return answer(drafted, 201, location=f"{PREFIX}/agreements/{drafted.agreement}")

    def redraft(self, code: str) -> Response:
        """Write the version in work anew."""
        document = body(self._kind)
        if getattr(document, self._key) != code:
            raise BadParameter(self._key, "not the one that the address names.")
        with acting(self._access) as (connection, who):
            day = legal_day(connection)
            drafted = drafting.redraft(connection, who, document, vocabulary=self._vocabulary, day=day)
        return answer(drafted)


def add_rule(routes: Blueprint, path: str, **methods: Callable[..., Response]) -> None:
    """Add what answers each method of a path."""
    for method, view in methods.items():
        routes.add_url_rule(path, f"{method} {path}".replace(".", "_"), view, methods=[method])
