"""Many orders shipped out of one file, and every row that cannot be, by its line."""

from __future__ import annotations

import io
from typing import Any

import httpx
import openpyxl
import pytest

from kaibo.kernel.context import Context
from tests.trade.world import Buyer, Shop, book_payment, key, ok


async def paid(here: Context, shop: Shop, buyer: Buyer, count: int) -> list[str]:
    """The numbers of orders that are to be shipped."""
    sku, numbers = await shop.sku(), []
    for _ in range(count):
        await buyer.place(sku)
    for order in ok(await shop.staff.client.get(f"/api/shops/{shop.id}/orders"))["items"]:
        await book_payment(here, order["id"])
        numbers.append(order["number"])
    return numbers


async def send(shop: Shop, content: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
    return await shop.staff.client.post(
        f"/api/shops/{shop.id}/orders/shipments/import",
        files={"file": ("s.csv", content, "text/csv")},
        headers=headers or key(),
    )


def table(*rows: Any) -> bytes:
    return "\r\n".join(",".join(map(str, row)) for row in (("订单号", "快递公司", "运单号"), *rows)).encode("utf-8-sig")


async def test_good_rows_are_shipped_and_bad_ones_named(here: Context, shop: Shop, buyer: Buyer) -> None:
    a, b, c = await paid(here, shop, buyer, 3)
    content = table(
        (f"{a}\t", "顺丰", "SF1234567890123"),
        (b, "中通快递有限公司", "12345"),
        (c, "某某快递", "75312345678901"),
        ("nothing", "sf", "SF1234567890123"),
        (c, "zto", "7.53123E+13"),
        (a, "sf", "SF1234567890124"),
        ("", "sf", "SF1234567890123"),
        (b, "ZTO Express", "75312345678901"),
    )
    once = key()
    report = ok(await send(shop, content, once))
    assert (report["rows"], report["shipped"]) == (8, 2)
    assert [(e["line"], e["column"], e["code"]) for e in report["errors"]] == [
        (3, "tracking_number", "trade.bad_tracking_number"),
        (4, "carrier", "trade.ship_row.no_carrier"),
        (5, "number", "trade.ship_row.no_order"),
        (6, "tracking_number", "trade.ship_row.rounded"),
        (7, "number", "trade.wrong_state"),
        (8, "number", "trade.ship_row.blank"),
    ]
    assert all(e["message"] and not e["message"].startswith("trade.") for e in report["errors"])
    assert ok(await send(shop, content, once)) == report
    found = {o["number"]: o for o in ok(await shop.staff.client.get(f"/api/shops/{shop.id}/orders"))["items"]}
    assert [found[n]["state"] for n in (a, b, c)] == ["shipped", "shipped", "paid"]


async def test_an_excel_file_will_do_as_well(here: Context, shop: Shop, buyer: Buyer) -> None:
    a, b = await paid(here, shop, buyer, 2)
    book = openpyxl.Workbook()
    for row in (
        ("运单号", "物流公司", "订单编号"),
        (75312345678901, "中通快递", a),
        (753123456789012345, "中通快递", b),
    ):
        book.worksheets[0].append(row)
    content = io.BytesIO()
    book.save(content)
    report = ok(await send(shop, content.getvalue()))
    assert report["shipped"] == 1
    assert [(e["line"], e["code"]) for e in report["errors"]] == [(3, "trade.ship_row.rounded")]


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (b"", "empty"),
        (table(), "empty"),
        ("订单号,快递公司\nA,B\n".encode(), "columns"),
        (b'a,"b\n', "csv"),
        (b"PK\x03\x04nothing", "xlsx"),
        ("订单号".encode("utf-16"), "encoding"),
        (table(*[("1", "sf", "2")] * 1001), "too_long"),
        (b"x" * ((2 << 20) + 1), "too_large"),
    ],
)
async def test_a_file_that_cannot_be_read_ships_nothing(shop: Shop, content: bytes, because: str) -> None:
    refused = await send(shop, content)
    assert (refused.status_code, refused.json()["code"]) == (422, "trade.ship_file_unreadable"), refused.text
    assert refused.json()["because"] == [because]


async def test_the_template_is_a_file_that_can_be_read(shop: Shop) -> None:
    path = f"/api/shops/{shop.id}/orders/shipments/import/template"
    for language in ("zh", "en"):
        answer = await shop.staff.client.get(path, headers={"Accept-Language": language})
        report = ok(await send(shop, answer.content))
        assert [(e["line"], e["code"]) for e in report["errors"]] == [(2, "trade.ship_row.no_order")]
