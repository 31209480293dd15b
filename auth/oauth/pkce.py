"""Proof Key for Code Exchange (RFC 7636), of every client and by S256 alone."""

# The stubs describe an older Authlib, and types that it does not ask for.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

import re
from typing import Any, override

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # SHA-256 in base64url without padding


class S256(CodeChallenge):
    """Refuse at the authorization endpoint whoever brings no challenge, or a plain one.

    Authlib's own takes ``plain``, which is its default too, and asks public clients alone for a verifier.
    """

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 - Authlib's
    CODE_CHALLENGE_METHODS = {"S256": compare_s256_code_challenge}  # noqa: RUF012 - Authlib's

    @override
    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        asked = grant.request.payload.data
        if asked.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(asked.get("code_challenge", "")):
            raise InvalidRequestError

    @override
    def validate_code_verifier(self, grant: Any, result: object) -> None:
        if not grant.request.form.get("code_verifier"):
            raise InvalidRequestError
        super().validate_code_verifier(grant, result)

    @override
    def get_authorization_code_challenge_method(self, authorization_code: object) -> str:
        return "S256"
