"""Forms of the pages of an account. Each carries a token against forgery; what it says is judged where it is used."""

import hmac
from typing import Any, override

import flask
from flask_wtf import FlaskForm
from flask_wtf.csrf import generate_csrf, validate_csrf
from wtforms import HiddenField, IntegerField, PasswordField, StringField

from auth.credentials.sessions import COOKIE, SECURE_COOKIE
from core.phrases import Phrase

STALE = Phrase("The form is too old, or was not made here. Send it again.")
DIFFERENT = Phrase("The two are not the same.")
DAYS = (7, 30, 90)
"""For how long a personal token can be made here."""
PURPOSE_MAX, NETWORKS_MAX = 200, 1_000
"""Letters that the form of a token takes; what it keeps over a proof fits into a cookie."""
TYPED = "token"
"""Where the signed cookie of forms keeps what an account typed there, without any secret."""


def _secret() -> str:
    """Return what tokens are signed with: a token is good with the session or sign-in that its page was shown to."""
    given = [flask.request.cookies.get(name, "") for name in (COOKIE, SECURE_COOKIE)]
    secret = flask.current_app.secret_key or ""
    key = secret.encode() if isinstance(secret, str) else secret
    return hmac.digest(key, "\n".join(["datdai form", *given]).encode("utf-8", "surrogateescape"), "sha256").hex()


class _Form(FlaskForm):
    class Meta(FlaskForm.Meta):
        @property
        @override
        def csrf_secret(self) -> str:
            return _secret()


class Confirmation(_Form):
    """A button: nothing but the token against forgery, and what the button says."""

    act = HiddenField()
    mark = HiddenField()
    decision = HiddenField()


class SignInForm(_Form):
    name = StringField()
    password = PasswordField()


class CodeForm(_Form):
    code = StringField()


class ActivationForm(_Form):
    name = StringField()
    code = StringField()
    totp = StringField()
    new = PasswordField()
    again = PasswordField()


class PasswordForm(_Form):
    old = PasswordField()
    new = PasswordField()
    again = PasswordField()


class SecondFactorForm(_Form):
    act = HiddenField()
    code = StringField()
    secret = HiddenField()


class ProofForm(_Form):
    code = StringField()
    password = PasswordField()


class TokenForm(_Form):
    purpose = StringField()
    days = IntegerField(default=DAYS[1])
    networks = StringField()


def is_ours(form: FlaskForm) -> bool:
    """Tell whether a posted form was made for this browser and who is signed in there, not long ago.

    What a browser says to come from a page of another site is not, whatever it carries.
    """
    form.validate()
    return "csrf_token" not in form.errors and flask.request.headers.get("Sec-Fetch-Site") != "cross-site"


def token() -> str:
    """Return the token that a form of this answer carries."""
    return generate_csrf(secret_key=_secret())


def check_token(given: str | None) -> None:
    """Raise ``wtforms.validators.ValidationError`` unless a token is one that a form of this browser may carry."""
    validate_csrf(given, secret_key=_secret())


def text(field: Any) -> str:
    """Return what a field carries; PostgreSQL keeps no NUL, which no keyboard has."""
    return str(field.data or "").replace("\0", "\ufffd")
