"""The content security policy of every page."""

_DIRECTIVES = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    # The map's style sheet carries its icons as data.
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    # The map makes its worker from its own text: there is no address to allow.
    "worker-src blob:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
CSP = "; ".join(_DIRECTIVES)
"""No inline script or style, nothing from another host. Value of the header ``Content-Security-Policy``."""
