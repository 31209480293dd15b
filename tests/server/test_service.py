"""What the service says of itself: by its own file, and that data are a sample only where they are."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from core.errors import CatalogueError
from core.settings import Settings
from server.app import create

SHIPPED = Path(__file__).parents[2] / "config" / "service.yml"
SAMPLE = "dữ liệu mẫu, không phải dữ liệu thật"


def landing(settings: Settings) -> dict[str, Any]:
    application = create(settings)
    try:
        return Client(application).get("/?f=json").get_json(force=True)
    finally:
        application.close()


def test_a_database_without_the_sample_is_not_told_to_be_one(
    empty_db: str, as_app: Callable[[str], str], tmp_path: Path
):
    said = landing(Settings(database_url=as_app(empty_db), home=tmp_path))

    assert said["title"] == "Cơ sở dữ liệu đất đai tỉnh Bình Phước"
    assert SAMPLE not in said["description"]


def test_the_sample_province_is_told_to_be_one_whatever_file_names_the_service(
    sample_db: str, as_app: Callable[[str], str], tmp_path: Path
):
    file = tmp_path / "service.yml"
    file.write_text(SHIPPED.read_text(encoding="utf-8").replace("Bình Phước", "Đồng Nai"), encoding="utf-8")

    shipped, own = (
        landing(Settings(database_url=as_app(sample_db), home=tmp_path, service=each)) for each in (None, file)
    )

    assert SAMPLE in shipped["description"]
    assert SAMPLE in own["description"]
    assert own["title"] == "Cơ sở dữ liệu đất đai tỉnh Đồng Nai"


@pytest.mark.parametrize("text", ["", "title: {vi: A, en: B}\n", "\0"], ids=["empty", "lacks keys", "no YAML"])
def test_a_file_that_does_not_name_the_service_stops_the_server(
    empty_db: str, as_app: Callable[[str], str], tmp_path: Path, text: str
):
    file = tmp_path / "cua-tinh.yml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(CatalogueError, match=r"cua-tinh\.yml"):
        create(Settings(database_url=as_app(empty_db), home=tmp_path, service=file))
    with pytest.raises(CatalogueError, match=r"khong-co\.yml"):
        create(Settings(database_url=as_app(empty_db), home=tmp_path, service=tmp_path / "khong-co.yml"))
