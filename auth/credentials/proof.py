"""How fresh the proof of a person is: they signed in, or showed their second factor or password again, not long ago."""

from datetime import datetime, timedelta

from core.limits import LIMITS

PROOF_PAGE = "/account/proof"
"""Path of the page on which somebody who is signed in proves anew who they are."""


def is_fresh(proved_at: datetime | None, now: datetime, *, max_age_s: int = LIMITS.proof_max_age_s) -> bool:
    """Tell whether a proof is not older than so many seconds; ``None`` is no proof."""
    return proved_at is not None and now - proved_at <= timedelta(seconds=max_age_s)
