"""Forms of the pages of an account. Each carries a token against forgery; what it says is judged where it is used."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField, PasswordField, StringField

from core.phrases import Phrase

STALE = Phrase("The form is too old, or was not made here. Send it again.")
DIFFERENT = Phrase("The two are not the same.")
DAYS = (7, 30, 90)
"""For how long a personal token can be made here."""
PURPOSE_MAX, NETWORKS_MAX = 200, 1_000
"""Letters that the form of a token takes; what it keeps over a proof fits into a cookie."""
TYPED = "token"
"""Where the signed cookie of forms keeps what an account typed there, without any secret."""


class Confirmation(FlaskForm):
    """A button: nothing but the token against forgery, and what the button says."""

    act = HiddenField()
    mark = HiddenField()
    decision = HiddenField()


class SignInForm(FlaskForm):
    name = StringField()
    password = PasswordField()


class CodeForm(FlaskForm):
    code = StringField()


class ActivationForm(FlaskForm):
    name = StringField()
    code = StringField()
    totp = StringField()
    new = PasswordField()
    again = PasswordField()


class PasswordForm(FlaskForm):
    old = PasswordField()
    new = PasswordField()
    again = PasswordField()


class SecondFactorForm(FlaskForm):
    act = HiddenField()
    code = StringField()
    secret = HiddenField()


class ProofForm(FlaskForm):
    code = StringField()
    password = PasswordField()


class TokenForm(FlaskForm):
    purpose = StringField()
    days = IntegerField(default=DAYS[1])
    networks = StringField()


def is_ours(form: FlaskForm) -> bool:
    """Tell whether a posted form was made for this browser, not long ago."""
    form.validate()
    return "csrf_token" not in form.errors


def text(field: Any) -> str:
    """Return what a field carries; PostgreSQL keeps no NUL, which no keyboard has."""
    return str(field.data or "").replace("\0", "\ufffd")
