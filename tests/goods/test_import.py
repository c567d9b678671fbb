"""CSV import: every bad row by line and column, the good ones in."""

from __future__ import annotations

import contextlib
import csv
import io
import uuid
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaibo.goods import facade as goods
from kaibo.goods.catalog.rules import STOCK_MAX
from kaibo.goods.contracts import (
    ImportColumnsMissing,
    ImportColumnUnknown,
    ImportEmpty,
    ImportEncoding,
    ImportNotCsv,
    ImportTooLong,
)
from kaibo.goods.importing.columns import COLUMNS, template
from kaibo.goods.importing.read import FILE_BYTES_MAX, ROWS_MAX, read_file
from kaibo.kernel.context import Context
from kaibo.kernel.errors import Refused
from tests.goods.world import Shop, approve, open_shop
from tests.people_of_tests import Person

HEADER = ["商家编码", "商品标题", "类目", "规格名称", "价格（元）", "库存", "每人限购"]
GARLIC = ["SUAN-5", "宾川紫皮大蒜", "葱姜蒜", "5 斤装", "29.90", "500", ""]


def sheet(*rows: list[str], header: list[str] | None = None) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([header or HEADER, *rows])
    return out.getvalue().encode()


async def send(shop: Shop, content: bytes, key: str | None = None, **headers: str) -> httpx.Response:
    return await shop.owner.client.post(
        f"{shop.path}/products/import",
        files={"file": ("products.csv", content, "text/csv")},
        headers={"Idempotency-Key": key or str(uuid.uuid4()), **headers},
    )


async def listed(shop: Shop) -> list[dict[str, Any]]:
    page = (await shop.owner.client.get(f"{shop.path}/products", params={"limit": 100})).json()
    items: list[dict[str, Any]] = page["items"]
    return items


async def test_rows_of_one_title_become_one_product(shop: Shop) -> None:
    report = (await send(shop, sheet(GARLIC, ["SUAN-10", "宾川紫皮大蒜", "", "10 斤装", "52.8", "300", "2"]))).json()
    assert report == {"created": 2, "updated": 0, "rows": 2, "errors": []}
    (made,) = await listed(shop)
    assert (made["state"], made["category_key"]) == ("draft", "garlic_ginger")
    assert [(s["code"], s["name"], s["price_fen"], s["stock"], s["limit_per_buyer"]) for s in made["skus"]] == [
        ("SUAN-5", "5 斤装", 2990, 500, None),
        ("SUAN-10", "10 斤装", 5280, 300, 2),
    ]


async def test_every_bad_row_is_named_and_the_good_ones_are_in(shop: Shop) -> None:
    rows = [
        GARLIC,
        ["", "宾川紫皮大蒜", "", "6 斤装", "1", "1", ""],
        ["B-2", "坏价", "葱姜蒜", "a", "29.905", "1", ""],
        ["B-3", "坏价", "葱姜蒜", "b", "免费", "-1", "0"],
        ["B-4", "无类目", "", "a", "1", "1", ""],
        ["B-5", "坏类目", "魔法", "a", "1", "1", ""],
        ["SUAN-5", "宾川紫皮大蒜", "", "7 斤装", "1", "1", ""],
        ["B-6", "宾川紫皮大蒜", "蔬菜", "8 斤装", "1", "1", ""],
        ["B-7", "宾川紫皮大蒜", "", "5 斤装", "1", "1", ""],
        ["B-8", "好的", "木门", "a", "１２．５０", "1,000", ""],
        ["B-9", "多了", "木门", "a", "1", "1", "", "多"],
        ["B-10", "两行\n标题", "木门", "a", "1", "x", ""],
        ["B-11", "长" * 61, "木门", "a", "1", "1", ""],
    ]
    report = (await send(shop, sheet(*rows))).json()
    assert (report["created"], report["updated"], report["rows"]) == (2, 0, 13)
    found = [(e["line"], e["column"], e["code"].removeprefix("goods.import.")) for e in report["errors"]]
    assert found == [
        (3, "code", "required"),
        (4, "price", "not_yuan"),
        (5, "price", "not_yuan"),
        (5, "stock", "out_of_range"),
        (5, "limit", "out_of_range"),
        (6, "category", "required"),
        (7, "category", "unknown_category"),
        (8, "code", "code_twice"),
        (9, "category", "differs"),
        (10, "sku_name", "name_twice"),
        (12, None, "too_many_cells"),
        (13, "stock", "not_whole"),
        (15, "title", "too_long"),
    ]
    assert report["errors"][1]["message"] == "“价格（元）”须为金额，最多两位小数，而不是“29.905”"
    assert {p["title"] for p in await listed(shop)} == {"宾川紫皮大蒜", "好的"}


async def test_messages_speak_the_readers_language(shop: Shop) -> None:
    bad = sheet(["A", "标题", "木门", "a", "x", "1", ""])
    report = (await send(shop, bad, **{"Accept-Language": "en"})).json()
    assert report["errors"][0]["message"] == "“price (yuan)” must be an amount with at most two decimals, not “x”"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
async def test_the_encodings_of_chinese_spreadsheets_are_read(shop: Shop, encoding: str) -> None:
    report = (await send(shop, sheet(GARLIC).decode().encode(encoding))).json()
    assert report["created"] == 1
    assert (await listed(shop))[0]["title"] == "宾川紫皮大蒜"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
async def test_a_wrong_encoding_is_told_and_changes_nothing(shop: Shop, encoding: str) -> None:
    refused = await send(shop, sheet(GARLIC).decode().encode(encoding))
    assert (refused.status_code, refused.json()["code"]) == (422, "goods.import_encoding")
    assert await listed(shop) == []


def test_bytes_of_a_latin_or_binary_file_are_no_chinese() -> None:
    for content in ("café,prix\nà,1\n".encode("latin-1"), b"\x89PNG\r\n\x1a\n\x00\x00", bytes(range(256))):
        with pytest.raises(Refused) as refused:
            read_file(content)
        assert isinstance(refused.value, ImportEncoding | ImportColumnUnknown)


def test_files_that_cannot_be_read_are_refused_by_name() -> None:
    with pytest.raises(ImportEmpty):
        read_file(b"")
    with pytest.raises(ImportEmpty):
        read_file(sheet())
    with pytest.raises(ImportColumnsMissing) as missing:
        read_file("商家编码,商品标题\nA,B\n".encode())
    assert missing.value.columns == ["规格名称", "价格（元）", "库存"]
    with pytest.raises(ImportColumnUnknown) as unknown:
        read_file(sheet(GARLIC, header=[*HEADER[:-1], "颜值"]))
    assert unknown.value.column == "颜值"
    with pytest.raises(ImportColumnUnknown):
        read_file(sheet(GARLIC, header=[*HEADER[:-1], "库存"]))
    with pytest.raises(ImportNotCsv) as broken:
        read_file(sheet(GARLIC) + b'"SUAN-6,never closed\n')
    assert broken.value.line == 3
    with pytest.raises(ImportTooLong):
        read_file(sheet(*([GARLIC] * (ROWS_MAX + 1))))


async def test_a_file_over_two_mebibytes_is_refused(shop: Shop) -> None:
    refused = await send(shop, b"a" * (FILE_BYTES_MAX + 1))
    assert (refused.status_code, refused.json()["code"]) == (413, "goods.file_too_large")


def test_headers_are_known_in_both_languages_and_with_other_separators() -> None:
    english = [c.en for c in COLUMNS]
    row = ["A", "Door", "Wooden doors", "left", "10", "5", *[""] * (len(COLUMNS) - 6)]
    for separator in (",", ";", "\t"):
        text = "\n".join(separator.join(cells) for cells in (english, row))
        read = read_file(text.encode())
        assert (read.faults, read.rows[0].cells["price"], read.rows[0].cells["category"]) == ([], 1000, "wooden_door")
    assert read_file("code,title,category,sku_name,price,stock\nA,门门,木门,x,1,1\n".encode()).rows


async def test_the_template_itself_can_be_imported(shop: Shop) -> None:
    for language in ("zh-CN", "en"):
        url = f"{shop.path}/products/import/template"
        answer = await shop.owner.client.get(url, headers={"Accept-Language": language})
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.content.startswith(b"\xef\xbb\xbf")
        read = read_file(answer.content)
        assert (read.faults, len(read.rows)) == ([], 2)
    report = (await send(shop, template("zh").encode())).json()
    assert (report["created"], report["errors"]) == (2, [])
    (made,) = await listed(shop)
    assert made["commission_bps"] == 1250
    assert made["service_tags"] == ["ship_48h", "damage_compensation"]
    assert made["attributes"] == [{"name": "净含量", "value": "2.5kg"}, {"name": "保存", "value": "阴凉通风"}]


async def test_importing_again_updates_by_code(shop: Shop, reviewer: Person, picture_id: str, here: Context) -> None:
    await send(shop, sheet(GARLIC))
    (made,) = await listed(shop)
    await shop.owner.client.patch(f"{shop.path}/products/{made['id']}", json={"picture_ids": [picture_id]})
    await approve(shop, reviewer, made["id"])
    sku_id = uuid.UUID(made["skus"][0]["id"])
    async with here.database.transaction() as db:
        await goods.hold(db, uuid.uuid4(), [(sku_id, 7)])
    cheaper = ["SUAN-5", "宾川紫皮大蒜", "", "5 斤装", "27.00", "400", "3"]
    report = (await send(shop, sheet(cheaper))).json()
    assert (report["created"], report["updated"], report["errors"]) == (0, 1, [])
    (now,) = await listed(shop)
    sku = now["skus"][0]
    assert (now["state"], sku["price_fen"], sku["stock"], sku["held"], sku["limit_per_buyer"]) == (
        "approved",
        2700,
        400,
        7,
        3,
    )
    too_few = (await send(shop, sheet([*cheaper[:5], "6", ""]))).json()
    assert [(e["column"], e["code"]) for e in too_few["errors"]] == [("stock", "goods.import.stock_below_held")]
    renamed = (await send(shop, sheet(["SUAN-5", "宾川独头蒜", "", "5 斤装", "27.00", "400", ""]))).json()
    assert renamed["updated"] == 1
    (last,) = await listed(shop)
    assert (last["state"], last["title"], last["skus"][0]["limit_per_buyer"]) == ("pending", "宾川独头蒜", 3)
    joined = (await send(shop, sheet(["SUAN-20", "宾川独头蒜", "", "20 斤装", "99", "10", ""]))).json()
    assert joined["created"] == 1
    assert [len(p["skus"]) for p in await listed(shop)] == [2]


async def test_codes_of_another_shop_are_not_touched(shop: Shop, sign_in: Any, here: Context) -> None:
    other = await sign_in()
    async with here.database.transaction() as db:
        theirs = Shop(await open_shop(db, other.id), other)
    await send(theirs, sheet(GARLIC))
    assert (await send(shop, sheet([*GARLIC[:4], "1.00", "1", ""]))).json()["created"] == 1
    assert (await listed(theirs))[0]["skus"][0]["price_fen"] == 2990
    assert (await send(Shop(theirs.id, shop.owner), sheet(GARLIC))).status_code == 403


async def test_the_same_key_imports_once(shop: Shop) -> None:
    first, second = [await send(shop, sheet(GARLIC), "import-1") for _ in range(2)]
    assert first.json() == second.json()
    assert first.json()["created"] == 1
    other = await send(shop, sheet([*GARLIC[:4], "1", "1", ""]), "import-1")
    assert other.json()["code"] == "web.idempotency_key_reused"


async def test_as_many_rows_as_are_allowed_are_imported_and_updated(shop: Shop) -> None:
    rows = [[f"C{i}", f"商品 {i // 5}", "木门", f"规格 {i}", f"{i + 1}.00", "10", ""] for i in range(ROWS_MAX)]
    created = (await send(shop, sheet(*rows))).json()
    assert (created["created"], created["errors"]) == (ROWS_MAX, [])
    changed = [[*row[:4], "9.99", "11", ""] for row in rows]
    updated = (await send(shop, sheet(*changed))).json()
    assert (updated["updated"], updated["errors"]) == (ROWS_MAX, [])
    sku = (await listed(shop))[0]["skus"][0]
    assert (sku["price_fen"], sku["stock"]) == (999, 11)


cells = st.lists(
    st.one_of(
        st.sampled_from(
            ["A-1", "A-2", "木门", "葱姜蒜", "标题一", "标题二", "a", "1", "29.90", "-1", "", "１２", "1e5", "NaN"]
        ),
        st.text(max_size=12).filter(lambda t: "\x00" not in t and not any("\ud800" <= c <= "\uf8ff" for c in t)),
    ),
    max_size=9,
)


@settings(max_examples=200)
@given(rows=st.lists(cells, min_size=1, max_size=12))
def test_a_row_is_either_read_whole_or_named(rows: list[list[str]]) -> None:
    try:
        read = read_file(sheet(*rows))
    except (ImportNotCsv, ImportEmpty, ImportEncoding):
        return
    lines = {row.line for row in read.rows}
    bad = {fault.line for fault in read.faults}
    assert not lines & bad
    assert len(lines | bad) == read.rows_in_file
    for row in read.rows:
        assert {"code", "title", "sku_name", "price", "stock"} <= set(row.cells)
        assert 1 <= row.cells["price"] <= 10**9
        assert 0 <= row.cells["stock"] <= STOCK_MAX


@given(st.binary(max_size=400))
def test_no_bytes_do_more_than_refuse(content: bytes) -> None:
    with contextlib.suppress(Refused):
        read_file(content)
