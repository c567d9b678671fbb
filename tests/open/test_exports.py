"""Orders and products as files: whole, safe, and able to come back."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from sqlalchemy import select

from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.kernel.sheets import read
from kaibo.kernel.tables import timers
from kaibo.open.exports.lookup import file_of
from kaibo.open.exports.make import BATCH, EXPIRE, expire_export, make_export
from tests.conftest import SignIn
from tests.trade.world import Buyer, Shop, key, ok


async def export(here: Context, shop: Shop, **body: Any) -> tuple[dict[str, Any], bytes]:
    """Ask, have the job run, fetch."""
    base = f"/api/shops/{shop.id}/exports"
    asked = ok(await shop.staff.client.post(base, json=body, headers=key()))
    assert asked["state"] == "waiting"
    assert (await shop.staff.client.get(f"{base}/{asked['id']}/file")).status_code == 404
    await make_export(here.database, UUID(asked["id"]))
    done = ok(await shop.staff.client.get(f"{base}/{asked['id']}"))
    answer = await shop.staff.client.get(f"{base}/{asked['id']}/file")
    assert answer.status_code == 200
    return done, answer.content


async def test_orders_come_as_csv_line_by_line(here: Context, shop: Shop, buyer: Buyer) -> None:
    sku = await shop.sku(price_fen=2990)
    first = await buyer.place(sku, 2, note="=HYPERLINK(1)")
    await buyer.place(sku)
    done, content = await export(here, shop, kind="orders")
    assert (done["state"], done["rows_done"], done["rows_total"]) == ("done", 2, 2)
    (_, header), *rows = read.lines(content)
    row = dict(zip(header, rows[0][1], strict=True))
    number = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/orders"))["items"][-1]["number"]
    assert (row["订单号"], row["数量"], row["单价（元）"], row["小计（元）"]) == (number, "2", "29.90", "59.80")
    assert (row["状态"], row["买家留言"]) == ("待付款", "=HYPERLINK(1)")
    assert b"'=HYPERLINK(1)" in content
    assert "13800138000" not in content.decode("utf-8-sig")  # nothing to deliver yet
    assert first


async def test_orders_are_filtered_by_time_and_state(here: Context, shop: Shop, buyer: Buyer) -> None:
    await buyer.place(await shop.sku())
    later = (clock.now() + timedelta(hours=1)).isoformat()
    for filters, rows in (
        ({"since": later}, 0), ({"until": later}, 1), ({"states": ["paid"]}, 0), ({"states": ["placed", "paid"]}, 1),
    ):  # fmt: skip
        done, content = await export(here, shop, kind="orders", format="xlsx", **filters)
        assert done["rows_done"] == rows
        book = openpyxl.load_workbook(io.BytesIO(content))
        assert book.worksheets[0].max_row == rows + 1


async def everything(shop: Shop) -> list[dict[str, Any]]:
    """The shop's products in full, but for when they were last written."""
    base = f"/api/shops/{shop.id}/products"
    listed = ok(await shop.staff.client.get(base))["items"]
    found = [ok(await shop.staff.client.get(f"{base}/{product['id']}")) for product in listed]
    return [{name: value for name, value in product.items() if name != "updated_at"} for product in found]


@pytest.mark.parametrize("format", ["csv", "xlsx"])
async def test_exported_products_import_again_without_a_change(here: Context, shop: Shop, format: str) -> None:
    """Also full-width signs, separators inside a text, formulas, long codes, and SKUs without a code."""
    odd = await shop.product(code="00753123456789012345", freight_fen=800)
    await shop.product(limit_per_buyer=3)
    base = f"/api/shops/{shop.id}/products"
    change = {
        "title": "=大蒜（新）+1",
        "selling_points": ["当季；现挖", "蒜香|浓郁"],
        "attributes": [{"name": "净含量=总", "value": "２.5kg；袋"}, {"name": "保存", "value": "阴凉（通风）"}],
        "description": "第一行\n'第二行",
        "commission_bps": 1250,
        "service_tags": ["seven_day_return", "damage_compensation"],
    }
    ok(await shop.staff.client.patch(f"{base}/{odd['id']}", json=change))
    before = await everything(shop)
    _, content = await export(here, shop, kind="products", format=format)
    report = ok(
        await shop.staff.client.post(
            f"{base}/import", files={"file": (f"p.{format}", content, "application/octet-stream")}, headers=key()
        )
    )
    assert report == {"created": 0, "updated": 2, "rows": 2, "errors": []}
    after = await everything(shop)
    assert after == before


async def test_an_export_longer_than_a_batch_is_whole(
    here: Context, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kaibo.open.exports.make.BATCH", 2)
    for _ in range(5):
        await shop.product()
    done, content = await export(here, shop, kind="products")
    assert done["rows_done"] == 5
    assert len(list(read.lines(content))) == 6
    assert BATCH > 2


async def test_a_job_that_is_run_twice_makes_the_same_file(here: Context, shop: Shop) -> None:
    await shop.product()
    done, content = await export(here, shop, kind="products")
    await make_export(here.database, UUID(done["id"]))
    assert file_of(UUID(done["id"]), "csv").read_bytes() == content


async def test_the_file_expires(here: Context, shop: Shop) -> None:
    done, _ = await export(here, shop, kind="products")
    async with here.database.transaction() as db:
        timer = (await db.execute(select(timers).where(timers.c.kind == EXPIRE, timers.c.key == done["id"]))).one()
        await expire_export(db, timer.key, timer.payload)
    assert (await shop.staff.client.get(f"/api/shops/{shop.id}/exports/{done['id']}/file")).status_code == 404
    listed = ok(await shop.staff.client.get(f"/api/shops/{shop.id}/exports"))["items"]
    assert [one["state"] for one in listed] == ["expired"]


async def test_no_other_shop_fetches_it(here: Context, shop: Shop, sign_in: SignIn) -> None:
    done, _ = await export(here, shop, kind="products")
    stranger = await sign_in(roles=[("staff", "shop", UUID(int=1))])
    path = f"exports/{done['id']}/file"
    assert (await stranger.client.get(f"/api/shops/{shop.id}/{path}")).status_code == 403
    assert (await stranger.client.get(f"/api/shops/{UUID(int=1)}/{path}")).status_code == 404


async def test_wrong_wishes_are_refused(shop: Shop) -> None:
    base = f"/api/shops/{shop.id}/exports"
    body = {"kind": "orders", "since": "2026-11-02T00:00:00Z", "until": "2026-11-01T00:00:00Z"}
    assert (await shop.staff.client.post(base, json=body, headers=key())).json()["code"] == "open.export_range_wrong"
    body["since"] = "2026-11-02T00:00:00"
    assert (await shop.staff.client.post(base, json=body, headers=key())).status_code == 422
    for _ in range(3):
        ok(await shop.staff.client.post(base, json={"kind": "products"}, headers=key()))
    full = await shop.staff.client.post(base, json={"kind": "products"}, headers=key())
    assert (full.status_code, full.json()["code"]) == (409, "open.exports_running")
