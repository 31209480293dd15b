"""Which keys came and went, whatever profiles a subject had between two looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest.publishing.keys import Opened, _closed, _opened

profiles = st.sets(st.sampled_from("abcd"))
ways = st.tuples(st.none() | profiles, st.lists(profiles, min_size=1, max_size=5)).map(lambda way: [way[0], *way[1]])


@given(ways)
def test_in_the_end_a_subject_holds_the_keys_of_its_last_profile(way):
    held = set(way[0] or ())

    held -= set(_closed(way))
    held |= {each.key for each in _opened("public", way) if not each.lost}

    assert held == way[-1]


@given(ways)
def test_whatever_was_held_for_a_while_leaves_a_mark(way):
    before, *after = way
    opened, closed = {each.key: each for each in _opened("public", way)}, set(_closed(way))

    for key in set().union(*after) - (before or set()):
        assert key in opened
        assert opened[key].lost is (key not in after[-1])
    for key in before or set():
        assert (key in closed) is any(key not in each for each in after)
    assert not [each for each in opened.values() if each.lost and each.key in after[-1]]


@given(ways)
def test_only_who_was_noted_for_the_first_time_has_keys_that_did_not_come(way):
    for each in _opened("public", way):
        assert not each.first or (way[0] is None and each.key in way[1])
        if way[0] is None and all(each.key in profile for profile in way[1:]):
            assert each.first


@pytest.mark.parametrize(
    ("way", "opened", "closed"),
    [
        ([{"a"}, {"a"}], [], []),
        ([{"a"}, {"b"}], [Opened("public", "b", lost=False, first=False)], ["a"]),
        ([{"a"}, {"b"}, {"a"}],
         [Opened("public", "a", lost=False, first=False), Opened("public", "b", lost=True, first=False)], ["a"]),
        ([None, {"a"}], [Opened("public", "a", lost=False, first=True)], []),
        ([None, {"a"}, {"b"}],
         [Opened("public", "a", lost=True, first=True), Opened("public", "b", lost=False, first=False)], []),
    ],
)  # fmt: skip
def test_some_ways(way, opened, closed):
    assert (list(_opened("public", way)), _closed(way)) == (opened, closed)
