"""Phrases: one text in any language, its values apart."""

import pytest

from core.errors import BadFilter, BadParameter, DatdaiError, MethodNotAllowed
from core.phrases import Phrase, alternatives

VIETNAMESE = {
    "a number": "số",
    "{} or {}": "{} hoặc {}",
    "{} is wanted, not {}.": "cần {}, không phải {}.",
    "{} to {}": "{1} về {0}",
}


@pytest.mark.parametrize(
    ("phrase", "english", "vietnamese"),
    [
        (Phrase("a number"), "a number", "số"),
        (Phrase("{} is wanted, not {}.", (Phrase("a number"), "a text")), "a number is wanted, not a text.",
         "cần số, không phải a text."),
        (Phrase("{} to {}", (1, 10)), "1 to 10", "10 về 1"),
        (Phrase("never {translated}"), "never {translated}", "never {translated}"),
    ],
)  # fmt: skip
def test_a_phrase_is_said_in_both_languages(phrase, english, vietnamese):
    assert str(phrase) == english
    assert phrase.said(VIETNAMESE) == vietnamese


def test_alternatives_are_joined_from_left_to_right():
    joined = alternatives([Phrase("a"), Phrase("b"), Phrase("a number")])

    assert str(joined) == "a or b or a number"
    assert joined.said(VIETNAMESE) == "a hoặc b hoặc số"
    assert alternatives([Phrase("a number")]) == Phrase("a number")


def test_an_error_is_english_as_text_and_keeps_its_phrase():
    error = BadParameter("limit", "not a whole number in range.", Phrase("{} to {}", (1, 10)))

    assert str(error) == "limit: not a whole number in range. Allowed: 1 to 10."
    assert str(error.reason) == "not a whole number in range. Allowed: 1 to 10."
    assert str(error.allowed) == "1 to 10"


def test_a_parameter_without_alternatives_says_only_what_is_wrong():
    assert str(BadParameter("bbox", "the parameter comes twice.")) == "bbox: the parameter comes twice."


def test_a_filter_tells_the_place_counted_from_one():
    assert str(BadFilter("{} is not expected here.", '"x"', position=4)) == (
        'filter: "x" is not expected here. (at character 5)'
    )


def test_braces_in_a_text_without_values_are_braces():
    assert str(DatdaiError("{a} {}")) == "{a} {}"


def test_methods_are_listed():
    assert str(MethodNotAllowed(("GET", "HEAD"))) == "This resource takes GET, HEAD only."
