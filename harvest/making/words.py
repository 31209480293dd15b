"""What the records of a component database have in common: names, topics and documents of the law."""

from dataclasses import dataclass

from catalogue.layer import Component, Text

_LAW = Text("Luật Đất đai số 31/2024/QH15", "Land Law No. 31/2024/QH15")
_DATABASE = Text(
    "Thông tư 09/2024/TT-BTNMT: nội dung, cấu trúc, kiểu thông tin cơ sở dữ liệu quốc gia về đất đai",
    "Circular 09/2024/TT-BTNMT: content, structure and types of the national land database",
)
CONSTRAINT = Text(
    "Khai thác, sử dụng theo pháp luật về đất đai và thỏa thuận chia sẻ với đơn vị quản lý dữ liệu.",
    "Used by the law on land, and by what is agreed with the unit that manages the data.",
)


@dataclass(frozen=True, slots=True)
class Words:
    """A component database as its records speak of it.

    Attributes:
        topics: MD_TopicCategoryCode of ISO 19115-1.
        lineage: where its data come from, whatever they are.
    """

    title: Text
    keywords: tuple[Text, ...]
    topics: tuple[str, ...]
    legal_basis: tuple[Text, ...]
    lineage: Text


WORDS = {
    Component.ADMINISTRATIVE: Words(
        Text("Đơn vị hành chính", "Administrative units"),
        (Text("địa giới hành chính", "administrative boundaries"),),
        ("boundaries",),
        (_LAW, _DATABASE),
        Text("Danh mục và địa giới đơn vị hành chính.", "The list and the boundaries of administrative units."),
    ),
    Component.CADASTRE: Words(
        Text("Cơ sở dữ liệu địa chính", "Cadastral database"),
        (Text("địa chính", "cadastre"),),
        ("planningCadastre",),
        (_LAW, _DATABASE),
        Text("Bản đồ địa chính và hồ sơ địa chính.", "The cadastral map and the cadastral files."),
    ),
    Component.STATISTICS: Words(
        Text("Cơ sở dữ liệu thống kê, kiểm kê đất đai", "Land statistics and inventory database"),
        (Text("thống kê đất đai", "land statistics"), Text("kiểm kê đất đai", "land inventory")),
        ("planningCadastre", "environment"),
        (_LAW, _DATABASE),
        Text("Kết quả thống kê, kiểm kê đất đai.", "The results of land statistics and inventories."),
    ),
    Component.PLANNING: Words(
        Text("Cơ sở dữ liệu quy hoạch, kế hoạch sử dụng đất", "Land-use planning database"),
        (Text("quy hoạch sử dụng đất", "land-use planning"), Text("kế hoạch sử dụng đất", "land-use plan")),
        ("planningCadastre",),
        (_LAW, _DATABASE),
        Text("Quy hoạch, kế hoạch sử dụng đất đã được phê duyệt.", "The land-use planning and plans as approved."),
    ),
    Component.PRICES: Words(
        Text("Cơ sở dữ liệu giá đất", "Land price database"),
        (Text("giá đất", "land prices"),),
        ("economy", "planningCadastre"),
        (_LAW, _DATABASE),
        Text("Bảng giá đất và giá đất cụ thể.", "The tables of land prices and the prices of single parcels."),
    ),
    Component.DOSSIERS: Words(
        Text("Hồ sơ giao dịch đất đai", "Land transaction dossiers"),
        (Text("hồ sơ đất đai", "land dossiers"),),
        ("planningCadastre",),
        (_LAW, _DATABASE),
        Text("Hồ sơ thủ tục hành chính về đất đai.", "The dossiers of administrative procedures on land."),
    ),
}
"""By component database: all but metadata themselves, of which there are no records."""
EDITIONS = {
    "khoanh-dat": "nam",
    "bieu-thong-ke": "nam",
    "vung-quy-hoach": "nam_quy_hoach",
    "ke-hoach": "nam",
    "cong-trinh-ke-hoach": "nam",
    "bang-gia": "hieu_luc_tu",
    "doan-duong": "hieu_luc_tu",
    "vung-gia-tri": "hieu_luc_tu",
    "gia-thua": "thoi_diem",
}
"""Layers whose rows are of years, with the column that tells which: each one that scopes of rows may name."""
