"""The first deployment, followed word for word: an empty database, two administrators, the first publication."""

import json
from collections.abc import Callable

from werkzeug.test import Client

from core.settings import Settings
from server import app
from tests.docs.conftest import DOCS, Reader, blocks

PAGE = "how-to/first-deployment.md"


def test_a_province_names_itself_and_nothing_says_that_its_data_are_a_sample(
    empty_db: str, reader_of: Callable[..., Reader]
) -> None:
    reader = reader_of(empty_db)
    (reader.folder / "service.yml").write_text(blocks(PAGE, "yaml")[0], encoding="utf-8")
    before = Client(reader.application).get("/", headers={"Accept": "text/html"}).text
    assert "export DATDAI_SERVICE=service.yml" in (DOCS / PAGE).read_text(encoding="utf-8")

    application = app.create(Settings.from_env(reader.environ | {"DATDAI_SERVICE": "service.yml"}))
    shown = Client(application).get("/", headers={"Accept": "text/html"}).text
    application.close()

    assert "dữ liệu mẫu" not in before + shown
    assert "Cơ sở dữ liệu đất đai tỉnh Đồng Nai" in shown


def test_nothing_is_public_until_two_officers_publish_it_and_after_they_revoke_it(
    empty_db: str, reader_of: Callable[..., Reader]
) -> None:
    reader = reader_of(empty_db)
    public = Client(reader.application)
    commands = iter([line for block in blocks(PAGE, "sh") for line in block.splitlines()])
    _, document = blocks(PAGE, "yaml")
    (reader.folder / "cong-khai.yml").write_text(document, encoding="utf-8")

    codes = json.loads(reader.run(bootstrap := next(commands)))
    assert "There is a system admin already" in reader.refused(bootstrap)
    draft = next(commands)
    assert "This account may not act now" in reader.refused(draft)
    for each in codes:
        reader.activate(each["account"], each["activation_code"])
    assert {
        public.get(path).status_code for path in ("/collections", "/collections/thua-dat", "/api", "/khong-co")
    } == {401}
    assert public.get("/conformance").status_code == 200
    assert "không có lớp dữ liệu nào được công khai" in public.get("/", headers={"Accept": "text/html"}).text

    reader.variables["HASH"] = json.loads(reader.run(draft))["body_hash"]
    for _ in range(4):
        reader.run(next(commands))
    assert public.get("/collections").status_code == 401
    reader.run(next(commands))
    assert [each["id"] for each in public.get("/collections?f=json").get_json(force=True)["collections"]] == [
        "don-vi-hanh-chinh",
        "sieu-du-lieu",
    ]
    assert public.get("/collections/thua-dat").status_code == 404

    reader.run(next(commands))
    assert public.get("/collections").status_code == 401
    assert list(commands) == []
