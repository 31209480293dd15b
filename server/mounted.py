"""Everything of permission behind one door: OAuth endpoints, sign-in pages and the admin API, in one Flask application.

The answers of the service itself take a lane of their own (``server.app``); this one is mounted beside it.
"""

from collections.abc import Iterable

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

BODY_MAX = 1_048_576
"""Bytes of a body; more is refused before it is read."""
PATHS = ("/oauth/", "/.well-known/", "/signin", "/signout", "/account", "/admin")
"""Where paths that are answered here begin."""


def assemble(blueprints: Iterable[Blueprint], *, secret: bytes, proxy_hops: int = 0) -> Flask:
    """Return the application.

    Args:
        secret: what forms are signed with; sessions are rows of the database.
        proxy_hops: proxies in front of the server, each of which adds one address to X-Forwarded-For and one word to
            X-Forwarded-Proto; with 0 those headers are not read.
    """
    flask = Flask("datdai", static_folder=None, template_folder=None)
    flask.config.update(SECRET_KEY=secret, MAX_CONTENT_LENGTH=BODY_MAX, MAX_FORM_PARTS=100, PROPAGATE_EXCEPTIONS=False)
    for blueprint in blueprints:
        flask.register_blueprint(blueprint)
    if proxy_hops:
        flask.wsgi_app = ProxyFix(flask.wsgi_app, x_for=proxy_hops, x_proto=proxy_hops)
    return flask


def belongs_here(path: str) -> bool:
    """Tell whether a path is answered by this application."""
    return any(path == prefix.rstrip("/") or path.startswith(prefix.rstrip("/") + "/") for prefix in PATHS)
