"""Numbers in Vietnamese messages: a comma before the decimals."""


def comma(number: str) -> str:
    """Return a written number as Vietnamese readers expect it: ``20.94`` is ``20,94``."""
    return number.replace(".", ",")
