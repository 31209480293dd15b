"""The words of rules on keys: KH-01 twice in the file, KH-02 stored already, KH-03 refers to what is not there."""


def duplicate_words(key: str, first: int) -> tuple[str, str]:
    """Return the message of a key that row ``first`` has as well, Vietnamese and English."""
    return f"Trùng với dòng {first}: {key}.", f"Row {first} has the same key: {key}."


def stored_words(key: str) -> tuple[str, str]:
    """Return the message of a key that is stored, Vietnamese and English."""
    return f"Đã có: {key}.", f"Stored already: {key}."


def reference_words(column: str, value: str, table: str) -> tuple[str, str]:
    """Return the message of a reference that leads nowhere, Vietnamese and English."""
    return f"«{column}» {value} không có trong {table}.", f"“{column}” {value} is not in {table}."
