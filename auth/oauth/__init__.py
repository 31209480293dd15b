"""The authorization server: the edge at which Authlib stands. Nothing else imports Authlib."""

from auth.oauth.people import Asked, People
from auth.oauth.rates import Rates
from auth.oauth.server import refuse_insecure_switch, silence_authlib
from auth.oauth.views import Parts, blueprint

__all__ = ["Asked", "Parts", "People", "Rates", "blueprint", "refuse_insecure_switch", "silence_authlib"]
