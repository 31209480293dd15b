"""Rules on keys: KH-01 twice in the file, KH-02 stored already, KH-03 refers to what is not there."""

from collections.abc import Collection, Iterator, Sequence

from quality.rules import DUPLICATE_KEY, STORED_KEY, Batch, Finding

type Key = tuple[object, ...]


def keys_of(batch: Batch, columns: Sequence[str]) -> list[Key | None]:
    """Return each row's key; ``None`` where a part of it is missing."""
    parts = zip(*(batch.values[column] for column in columns), strict=True)
    return [None if None in key else key for key in parts]


def duplicates(batch: Batch, columns: Sequence[str], *, seen: dict[Key, int]) -> Iterator[Finding]:
    """Yield rows whose key an earlier row has; ``seen`` (key to row) goes on from batch to batch."""
    for i, key in enumerate(keys_of(batch, columns)):
        if key is None:
            continue
        first = seen.setdefault(key, int(batch.rows[i]))
        if first != batch.rows[i]:
            vi, en = duplicate_words(batch.keys[i], first)
            yield batch.finding(DUPLICATE_KEY, i, vi, en)


def duplicate_words(key: str, first: int) -> tuple[str, str]:
    """Return the message of a key that row ``first`` has as well, Vietnamese and English."""
    return f"Trùng với dòng {first}: {key}.", f"Row {first} has the same key: {key}."


def stored_already(batch: Batch, columns: Sequence[str], *, stored: Collection[Key]) -> Iterator[Finding]:
    """Yield rows whose key is stored."""
    for i, key in enumerate(keys_of(batch, columns)):
        if key is not None and key in stored:
            yield batch.finding(STORED_KEY, i, f"Đã có: {batch.keys[i]}.", f"Stored already: {batch.keys[i]}.")


def reference_words(column: str, value: str, table: str) -> tuple[str, str]:
    """Return the message of a reference that leads nowhere, Vietnamese and English."""
    return f"«{column}» {value} không có trong {table}.", f"“{column}” {value} is not in {table}."
