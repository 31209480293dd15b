"""The layers that are shipped: complete, bilingual, and locked as what partners exchange."""

import re
import unicodedata
from collections.abc import Iterator

import pytest
import yaml

from catalogue.exchange import LOCK, exchange_faults, read_lock
from catalogue.files import LAYERS as FOLDER
from catalogue.files import read_layers
from catalogue.layer import Layer, Rows, Text

LAYERS = read_layers()

PUBLISHED = set(
    """
don-vi-hanh-chinh thua-dat thua-dat-lich-su muc-dich-su-dung tai-san quyen-su-dung-dat giay-chung-nhan bien-dong
han-che moc chi-gioi khoanh-dat bieu-thong-ke phuong-an-quy-hoach vung-quy-hoach chi-tieu-su-dung-dat ke-hoach
cong-trinh-ke-hoach bang-gia doan-duong vi-tri-gia-dat vung-gia-tri gia-thua ho-so
sieu-du-lieu
""".split()  # noqa: SIM905 - a list to read
)
VIETNAMESE_MARKS = re.compile(r"[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]", re.IGNORECASE)

each_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.id)


def _texts(layer: Layer) -> Iterator[Text]:
    yield from (layer.title, layer.description, *layer.keywords, *(each.note for each in layer.exchange))
    for column in layer.columns:
        yield column.title
        if column.description:
            yield column.description


def test_every_table_of_the_land_database_is_a_layer() -> None:
    ids = [each.id for each in LAYERS]

    assert len(ids) == len(PUBLISHED)
    assert set(ids) == PUBLISHED


def test_a_file_has_the_name_of_its_layer() -> None:
    ids = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))["id"] for path in FOLDER.glob("*.yml")}

    assert all(stem == layer for stem, layer in ids.items())


def test_persons_are_published_by_no_layer() -> None:
    tables = {each.qualified_table for each in LAYERS}
    columns = {column.name for layer in LAYERS for column in layer.columns}

    assert "dc.nguoi" not in tables
    assert not columns & {"nguoi_id", "so_dien_thoai", "thu_dien_tu", "gioi_tinh", "ho_ten"}


def test_columns_of_the_holder_are_in_one_layer_only() -> None:
    holders = {"ten_chu", "nam_sinh", "so_dinh_danh", "dia_chi_chu"}

    found = {layer.id for layer in LAYERS for column in layer.columns if column.name in holders}

    assert found == {"quyen-su-dung-dat"}


def test_what_the_database_derives_for_itself_is_not_published() -> None:
    columns = {column.name for layer in LAYERS for column in layer.columns}

    assert not columns & {"tim", "geom", "geom_goc", "cap_nhat"}


@each_layer
def test_texts_are_in_nfc_and_end_as_they_should(layer: Layer) -> None:
    texts = list(_texts(layer))

    assert all(unicodedata.is_normalized("NFC", text.vi + text.en) for text in texts)
    assert layer.description.vi.endswith(".")
    assert layer.description.en.endswith(".")
    assert not any(each.title.vi.endswith(".") or each.title.en.endswith(".") for each in layer.columns)


@each_layer
def test_english_has_no_vietnamese_letters_and_differs_from_vietnamese(layer: Layer) -> None:
    texts = list(_texts(layer))

    assert not [text.en for text in texts if VIETNAMESE_MARKS.search(text.en)]
    assert not [text for text in texts if text.vi == text.en]


@each_layer
def test_titles_of_columns_are_told_apart(layer: Layer) -> None:
    vi = [each.title.vi for each in layer.columns]
    en = [each.title.en for each in layer.columns]

    assert len(set(vi)) == len(vi)
    assert len(set(en)) == len(en)


@each_layer
def test_the_key_and_the_commune_are_published_for_filters(layer: Layer) -> None:
    published = {each.name: each for each in layer.columns}
    # A record may be of the whole province, which is no administrative unit with a number: it has a code instead.
    territory = {"don-vi-hanh-chinh": "id", "sieu-du-lieu": "ma_don_vi"}.get(layer.id, "xa_id")

    assert layer.key.role == "id"
    assert published[territory].queryable
    assert territory != "xa_id" or published[territory].refers_to == "don-vi-hanh-chinh"


@each_layer
def test_roles_of_time_name_the_columns_of_the_period(layer: Layer) -> None:
    roles = {each.role: each.name for each in layer.columns if each.role and each.role.startswith("primary-")}

    if layer.time is None:
        assert roles == {}
    elif layer.time.end is None:
        assert roles == {"primary-instant": layer.time.begin}
    else:
        end = {} if layer.rows is Rows.IN_FORCE else {"primary-interval-end": layer.time.end}
        assert roles == {"primary-interval-start": layer.time.begin, **end}


@each_layer
def test_columns_in_other_tables_are_references(layer: Layer) -> None:
    ids = {each.name for each in layer.columns if each.name.endswith("_id")}

    assert ids == {each.name for each in layer.columns if each.refers_to}


@each_layer
def test_areas_and_prices_have_units(layer: Layer) -> None:
    measured = [each for each in layer.columns if each.name.startswith(("dien_tich", "don_gia", "dt_", "be_rong"))]

    assert all(each.unit for each in measured)


@pytest.mark.parametrize("id_", ["bien-dong", "han-che"])
def test_what_is_written_freely_of_a_parcel_is_personal(id_: str) -> None:
    (found,) = (each for layer in LAYERS if layer.id == id_ for each in layer.columns if each.name == "noi_dung")

    assert found.personal


def test_what_is_exchanged_changes_with_a_new_version_only() -> None:
    faults = list(exchange_faults(LAYERS, read_lock(LOCK)))

    assert faults == []
