"""The one table of limits on what a client may send or ask for. Documented in ``docs/reference/limits.md``."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings; each number is inclusive."""

    page_size_default: int = 10
    """Items on a page when the client says nothing."""
    page_size_max: int = 10_000
    offset_max: int = 100_000
    """Rows that ``offset`` may skip; beyond it follow ``next``."""
    count_max: int = 10_000
    """Filtered results are counted exactly up to here; beyond it ``numberMatched`` is absent."""
    accept_max: int = 1_024
    """Characters in a header Accept or Accept-Encoding."""
    query_string_max: int = 16_384
    """Characters in the query string of a URL."""
    filter_post_max: int = 1_048_576
    """Bytes in a filter sent as a body."""
    filter_depth_max: int = 32
    """Levels of nesting in a filter."""
    filter_nodes_max: int = 512
    """Operators, functions and names in a filter."""
    filter_cost_max: int = 250
    """What a filter may cost at each row; reading the row costs 1. At the ceiling a million rows take 10 to 60 s."""
    in_list_max: int = 1_000
    """Values in one IN list, or elements of one array."""
    vertices_max: int = 10_000
    """Vertices in all geometries of one filter."""
    pattern_wildcards_max: int = 8
    """Wildcards in one LIKE pattern."""
    text_literal_max: int = 4_096
    """Characters in one text literal."""
    search_terms_max: int = 8
    """Terms in ``q``."""
    export_spool_max: int = 4 * 1024**3
    """Bytes of one temporary export file."""
    export_stalled_s: int = 60
    """Seconds for which an export waits for a client that does not read."""
    share_of_account: int = 50
    """Percent of what answers in a process, or exports, that one account may hold; the public is one account."""
    share_of_unit: int = 75
    """The same of all accounts of a unit together."""
    admin_body_max: int = 1_048_576
    """Bytes in a body sent to the admin API."""
    admin_page_default: int = 100
    """Entries on a page of the admin API when the client says nothing."""
    admin_page_max: int = 1_000
    admin_text_max: int = 4_000
    """Characters in a text of a body sent to the admin API, or of a document."""
    admin_list_max: int = 10_000
    """Entries in a list of these."""
    request_text_max: int = 2_000
    """Characters in a text of a special request, and in the note of a step of it."""
    open_requests_of_unit_max: int = 20
    """Special requests of a unit that have not ended."""
    requests_of_unit_a_day_max: int = 40
    """Special requests that a unit sends on one day."""
    password_max: int = 256
    """Characters in a password."""

    token_requests_of_address_max: int = 600
    """Requests a minute to the token endpoint and its like from one address."""
    token_requests_of_client_max: int = 120
    """The same of one client from one address."""
    proof_max_age_s: int = 900
    """Seconds for which the proof of a person is good for acts that decide."""


LIMITS = Limits()
