"""The tutorial on sharing a layer, followed word for word over the demo."""

import json
from collections.abc import Callable

from tests.docs.conftest import Reader, blocks

PAGE = "tutorials/share-a-layer.md"


def test_the_tutorial_leads_from_a_unit_to_a_token_and_back(demo_db: str, reader_of: Callable[..., Reader]) -> None:
    reader = reader_of(demo_db)
    commands = iter([line for block in blocks(PAGE, "sh") for line in block.splitlines()])
    texts = iter(blocks(PAGE, "text"))
    (document,) = blocks(PAGE, "yaml")
    (reader.folder / "sxd-2025-01.yml").write_text(document, encoding="utf-8")

    reader.run(next(commands))
    reader.variables["NUMBER"] = _told(reader.run(next(commands)), "number")
    reader.run(next(commands))
    reader.variables["NUMBER"] = _told(reader.run(next(commands)), "number")
    halves = [_told(reader.run(next(commands)), "half") for _ in range(2)]
    head = reader.activate("sxd.lanhdao", " ".join(halves))
    for _ in range(2):
        reader.run(next(commands))
    officer = reader.activate("sxd.canbo", _told(reader.run(next(commands)), "activation_code"))
    reader.run(next(commands))
    assert "đơn vị chưa có thỏa thuận, hoặc bạn chưa được giao chức năng" in officer.get("/").text
    assert reader.run(next(commands)) == next(texts)

    reader.variables["HASH"] = json.loads(reader.run(next(commands)))["body_hash"]
    parties = json.loads(reader.run(next(commands)))
    assert [each["role"] for each in parties] == ["recipient", "managing"]
    shown, by_head, by_officer, effect, publish, explain = (next(commands) for _ in range(6))
    reader.run(shown)
    assert "would have to be accepted" in reader.refused(publish)
    assert json.loads(reader.run(by_head)) == {"state": "proposed"}
    assert json.loads(reader.run(by_officer)) == {"state": "accepted"}
    assert json.loads(reader.run(effect))["classes"][1]["accounts"] == ["sxd.canbo"]
    assert "/collections/thua-dat" not in officer.get("/collections").text
    reader.run(publish)
    assert reader.run(explain) == next(texts)

    assert "/collections/thua-dat" in officer.get("/").text
    assert "/collections/thua-dat" not in head.get("/collections").text
    items = officer.get("/collections/thua-dat/items?limit=5").text
    assert "sxd.canbo" in items
    assert "/signout" in items

    reader.variables["TOKEN"] = json.loads(reader.run(next(commands)))["token"]
    with_token = reader.curl(next(commands)).get_json(force=True)
    assert len(with_token["features"]) == 5
    assert set(with_token["features"][0]["properties"]) == {
        "xa_id", "ma_xa", "so_to", "so_thua", "dien_tich", "nhom_dat_chinh",
    }  # fmt: skip
    assert reader.curl(next(commands)).status_code == 404
    assert reader.curl(next(commands)).status_code == 400

    acts = {each["act"] for each in json.loads(reader.run(next(commands)))}
    assert {"agreement.draft", "agreement.accept", "agreement.publish"} <= acts
    reader.run(next(commands))
    reader.run(next(commands))
    assert reader.curl(next(commands)).status_code == 404
    reader.run(next(commands))
    assert list(commands) == []
    assert list(texts) == []


def _told(said: str, member: str) -> str:
    return str(json.loads(said)[member])
