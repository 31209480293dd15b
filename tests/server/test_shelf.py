"""What is kept for profiles: made once, apart for each, and bounded for the whole process."""

from catalogue.profile import Profile
from server.shelf import Documents, Shelf


def _shelf(hash_: str, documents: Documents) -> Shelf:
    return Shelf(Profile(hash_, {}, {}), documents)


def test_a_document_is_made_once_for_each_profile():
    documents, made = Documents(), list[str]()
    shelves = [_shelf(each, documents) for each in "aab"]

    kept = [each.keep("x", lambda each=each: made.append(each.profile.hash) or each.profile.hash) for each in shelves]

    assert kept == ["a", "a", "b"]
    assert made == ["a", "b"]


def test_what_was_used_longest_ago_is_pushed_out_and_definitions_have_room_of_their_own():
    documents = Documents(most=2, most_definitions=1)
    shelf, made = _shelf("a", documents), list[object]()

    def ask(key: object) -> None:
        shelf.keep(key, lambda: made.append(key) or key)

    for key in ("x", "y", "x", "z", ("/api", "vi"), "x", "y", ("/api", "vi"), ("/api", "en"), ("/api", "vi")):
        ask(key)

    assert made == ["x", "y", "z", ("/api", "vi"), "y", ("/api", "en"), ("/api", "vi")]
