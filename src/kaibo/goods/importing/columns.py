"""The columns of an import file and how a cell of each is read. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from kaibo.goods.catalog import rules
from kaibo.goods.catalog.categories import leaf_by_name
from kaibo.goods.contracts import ServiceTag
from kaibo.kernel.i18n import Locale


class BadCell(Exception):
    """What is wrong with one cell: a code for the word files (goods.import.<code>) and its facts."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = f"goods.import.{code}"
        self.facts = facts


TAG_NAMES: dict[str, ServiceTag] = {
    "七天无理由": "seven_day_return",
    "七天无理由退货": "seven_day_return",
    "运费险": "freight_cover",
    "坏损包赔": "damage_compensation",
    "坏单包赔": "damage_compensation",
    "48小时发货": "ship_48h",
    "产地溯源": "origin_traceable",
    "包安装": "installation",
    "送装一体": "installation",
    **{tag: tag for tag in rules.SERVICE_TAGS},
}
_LIST = re.compile(r"[;；|\n]+")


def _text(chars_max: int) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if len(cell) > chars_max:
            raise BadCell("too_long", chars=len(cell), chars_max=chars_max)
        if any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in cell):
            raise BadCell("control_characters")
        return cell

    return read


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(cell: str) -> int:
        plain = unicodedata.normalize("NFKC", cell).replace(",", "")
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", plain):
            raise BadCell("not_whole", value=cell[:40])
        number = int(plain)
        if not least <= number <= most:
            raise BadCell("out_of_range", value=number, least=least, most=most)
        return number

    return read


def _hundredths(least: int, most: int, code: str) -> Callable[[str], int]:
    """A number with at most two decimals as whole hundredths: yuan to fen, percent to basis points."""

    def read(cell: str) -> int:
        plain = unicodedata.normalize("NFKC", cell).strip("¥￥元% ").replace(",", "")
        try:
            value = Decimal(plain) * 100 if re.fullmatch(r"[+-]?[0-9]{1,14}(\.[0-9]{1,10})?", plain) else None
        except InvalidOperation:
            value = None
        if value is None or value != int(value):
            raise BadCell(code, value=cell[:40])
        if not least <= value <= most:
            raise BadCell("out_of_range", value=cell[:40], least=_decimal(least), most=_decimal(most))
        return int(value)

    return read


def _decimal(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _category(cell: str) -> str:
    key = leaf_by_name().get(re.sub(r"\s*[/>]\s*", "/", unicodedata.normalize("NFKC", cell).lower()))
    if key is None:
        raise BadCell("unknown_category", value=cell[:40])
    return key


def _tags(cell: str) -> tuple[ServiceTag, ...]:
    found: list[ServiceTag] = []
    for name in _parts(cell):
        tag = TAG_NAMES.get(name.lower())
        if tag is None:
            raise BadCell("unknown_tag", value=name[:40])
        found.append(tag)
    return tuple(dict.fromkeys(found))


def _points(cell: str) -> tuple[str, ...]:
    points = _parts(cell)
    if len(points) > rules.POINTS_MAX:
        raise BadCell("too_many", count=len(points), most=rules.POINTS_MAX)
    return tuple(_text(rules.POINT_CHARS_MAX)(point) for point in points)


def _attributes(cell: str) -> tuple[tuple[str, str], ...]:
    found = []
    if cell.startswith("[["):
        return _exact_attributes(cell)
    for part in _parts(cell):
        name, sign, value = unicodedata.normalize("NFKC", part).partition("=" if "=" in part else ":")
        if not (name.strip() and sign and value.strip()):
            raise BadCell("not_an_attribute", value=part[:40])
        read = _text(rules.ATTRIBUTE_CHARS_MAX)
        found.append((read(name.strip()), read(value.strip())))
    if len(found) > rules.ATTRIBUTES_MAX:
        raise BadCell("too_many", count=len(found), most=rules.ATTRIBUTES_MAX)
    return tuple(found)


def _exact_attributes(cell: str) -> tuple[tuple[str, str], ...]:
    """`[["净含量","2.5=2kg"]]`: how the export writes what the plain form cannot say."""
    pairs = _json(cell)
    if not all(isinstance(p, list) and len(p) == 2 and all(isinstance(t, str) and t.strip() for t in p) for p in pairs):
        raise BadCell("not_an_attribute", value=cell[:40])
    if len(pairs) > rules.ATTRIBUTES_MAX:
        raise BadCell("too_many", count=len(pairs), most=rules.ATTRIBUTES_MAX)
    read = _text(rules.ATTRIBUTE_CHARS_MAX)
    return tuple((read(name), read(value)) for name, value in pairs)


def _json(cell: str) -> list[Any]:
    try:
        found = orjson.loads(cell)
    except ValueError as wrong:
        raise BadCell("not_an_attribute", value=cell[:40]) from wrong
    return found if isinstance(found, list) else [found]


def _parts(cell: str) -> list[str]:
    if cell.startswith('["') and all(isinstance(part, str) for part in _json(cell)):
        return [str(part) for part in _json(cell)]
    return [part.strip() for part in _LIST.split(cell) if part.strip()]


@dataclass(frozen=True)
class Column:
    """`required` for every row; `of_product` columns must agree among the rows of one product, blank meaning "the same"."""

    key: str
    zh: str
    en: str
    read: Callable[[str], Any]
    required: bool = False
    of_product: bool = False
    example: tuple[str, str] = ("", "")

    def name(self, locale: Locale) -> str:
        return self.zh if locale == "zh" else self.en


COLUMNS: tuple[Column, ...] = (
    Column("code", "商家编码", "code", _text(rules.SKU_CODE_CHARS_MAX), required=True, example=("SUAN-5", "SUAN-10")),
    Column(
        "title",
        "商品标题",
        "title",
        _text(rules.TITLE_CHARS_MAX),
        required=True,
        of_product=True,
        example=("宾川紫皮大蒜 当季新蒜", "宾川紫皮大蒜 当季新蒜"),
    ),
    Column("category", "类目", "category", _category, of_product=True, example=("葱姜蒜", "")),
    Column(
        "sku_name",
        "规格名称",
        "sku name",
        _text(rules.SKU_NAME_CHARS_MAX),
        required=True,
        example=("5 斤装", "10 斤装"),
    ),
    Column(
        "price",
        "价格（元）",
        "price (yuan)",
        _hundredths(1, rules.PRICE_FEN_MAX, "not_yuan"),
        required=True,
        example=("29.90", "52.80"),
    ),
    Column("stock", "库存", "stock", _whole(0, rules.STOCK_MAX), required=True, example=("500", "300")),
    Column("limit", "每人限购", "limit per buyer", _whole(1, rules.LIMIT_PER_BUYER_MAX), example=("10", "")),
    Column("origin", "产地", "origin", _text(rules.ORIGIN_CHARS_MAX), of_product=True, example=("云南大理宾川", "")),
    Column(
        "freight",
        "运费（元）",
        "freight (yuan)",
        _hundredths(0, rules.FREIGHT_FEN_MAX, "not_yuan"),
        of_product=True,
        example=("0", ""),
    ),
    Column(
        "commission",
        "佣金（%）",
        "commission (%)",
        _hundredths(0, rules.COMMISSION_BPS_MAX, "not_percent"),
        of_product=True,
        example=("12.5", ""),
    ),
    Column("tags", "服务标签", "service tags", _tags, of_product=True, example=("48小时发货；坏损包赔", "")),
    Column("points", "卖点", "selling points", _points, of_product=True, example=("当季现挖；蒜香浓郁", "")),
    Column(
        "attributes", "属性", "attributes", _attributes, of_product=True, example=("净含量=2.5kg；保存=阴凉通风", "")
    ),
    Column(
        "description",
        "描述",
        "description",
        _text(rules.DESCRIPTION_CHARS_MAX),
        of_product=True,
        example=("产地直发。", ""),
    ),
)


def column_named(header: str) -> Column | None:
    """The column with this header in either language; brackets and spaces do not matter."""
    plain = _plain(header)
    return next((c for c in COLUMNS if plain in (_plain(c.zh), _plain(c.en), _bare(c.zh), _bare(c.en), c.key)), None)


def _plain(header: str) -> str:
    return re.sub(r"[\s_()]+", "", unicodedata.normalize("NFKC", header).lower()).strip("*")


def _bare(name: str) -> str:
    return _plain(re.sub(r"[((].*", "", unicodedata.normalize("NFKC", name)))


def template(locale: Locale) -> str:
    """The header and two example rows of one product, for a spreadsheet (UTF-8 with BOM, CRLF: Excel opens it as it is)."""
    lines = [[c.name(locale) for c in COLUMNS], *([c.example[i] for c in COLUMNS] for i in (0, 1))]
    return "\ufeff" + "".join(",".join(line) + "\r\n" for line in lines)
