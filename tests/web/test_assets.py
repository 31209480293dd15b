"""Static files and the policy of pages."""

import hashlib
from pathlib import Path

import pytest

from web import assets
from web.csp import CSP


def test_the_map_library_comes_from_its_wheel_with_a_licence():
    script = assets.find("maplibre-gl.js")
    licence = assets.find("maplibre-gl.LICENSE.txt")

    assert script.media_type.startswith("text/javascript")
    assert b"maplibre-gl-js/blob/v5." in script.content[:400]
    assert b"Redistributions in binary form" in licence.content


def test_every_file_of_the_folder_is_listed():
    folder = Path(assets.__file__).parent / "static"

    assert {each.name for each in folder.iterdir()} | {"maplibre-gl.js", "maplibre-gl.css"} == set(assets.versions())


@pytest.mark.parametrize("name", ["", ".", "../pages.py", "site.css/", "SITE.CSS", "%2e%2e/pages.py", "site.css\x00"])
def test_what_is_not_listed_does_not_exist(name):
    assert assets.find(name) is None


def test_tag_and_version_follow_the_content():
    style = assets.find("site.css")
    digest = hashlib.sha256(style.content).hexdigest()

    assert style.etag == f'"{digest[:32]}"'
    assert digest.startswith(style.version)


def test_our_files_name_no_other_host():
    for name in ("site.css", "site.js", "map.js"):
        assert b"//" not in assets.find(name).content.replace(b"// ", b"")


def test_the_policy_allows_nothing_inline_and_no_other_host():
    directives = dict(each.split(" ", 1) for each in CSP.split("; "))

    assert directives["default-src"] == directives["frame-ancestors"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["connect-src"] == "'self'"
    assert "unsafe" not in CSP
    assert "http" not in CSP
