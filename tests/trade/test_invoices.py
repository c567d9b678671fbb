"""Invoices: asked for, issued with a checked number and file, reversed after a refund."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from kaibo.kernel.context import Context
from kaibo.trade.invoices import provider as invoice_provider
from kaibo.trade.invoices import rules
from kaibo.trade.invoices.documents import documents
from kaibo.trade.invoices.errors import BadInvoiceDocument, BadInvoiceNumber
from kaibo.trade.invoices.model import Invoice
from kaibo.trade.invoices.provider import Made, ProviderError
from kaibo.trade.orders.lookup import lock_order
from kaibo.trade.payment.refund import promise_refund
from tests.conftest import SignIn
from tests.payment.world import Sandbox
from tests.trade.test_refunding import paid_order
from tests.trade.world import Buyer, Shop, key, ok

PERSON = {"kind": "personal", "name": "李小明"}
COMPANY = {"kind": "company", "name": "杭州某某科技有限公司", "tax_number": "91330106MA27XL0Y51"}
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
NUMBER = "24332000000012345678"


def ofd() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("OFD.xml", "<ofd:OFD/>")
    return out.getvalue()


async def ask(buyer: Buyer, order: dict[str, Any], title: dict[str, str] = PERSON) -> httpx.Response:
    return await buyer.client.post(f"/api/orders/{order['id']}/invoice", json=title, headers=key())


async def issue(shop: Shop, invoice: dict[str, Any], number: str = NUMBER, content: bytes = PDF) -> httpx.Response:
    path = f"/api/shops/{shop.id}/invoices/{invoice['id']}/issue"
    return await shop.staff.client.post(path, data={"number": number}, files={"file": ("fp.pdf", content)})


async def refund_some(here: Context, order: dict[str, Any], fen: int) -> None:
    """A partial refund, and what an after-sales case notes on the order's only line."""
    async with here.database.transaction() as db:
        locked = await lock_order(db, UUID(order["id"]))
        await promise_refund(db, locked, key=f"test:{uuid4()}", fen=fen, reason="少发了", by="shop")
        query = "UPDATE trade.order_lines SET refunded_fen = refunded_fen + :f WHERE order_id = :o"
        await db.execute(text(query), {"f": fen, "o": locked.id})


@pytest.fixture
async def order(provider: Sandbox, shop: Shop, buyer: Buyer) -> dict[str, Any]:
    return await paid_order(provider, buyer, await shop.sku(price_fen=2990), 2)


async def test_an_invoice_from_the_asking_to_the_download(shop: Shop, buyer: Buyer, order: dict[str, Any]) -> None:
    path = f"/api/orders/{order['id']}/invoice"
    assert ok(await buyer.client.get(path)) == {"invoice": None, "may_ask": True, "amount_fen": 5980}
    asked = ok(await ask(buyer, order))
    assert (asked["state"], asked["amount_fen"], asked["worth_fen"]) == ("asked", None, 5980)
    twice = await ask(buyer, order)
    assert (twice.status_code, twice.json()["code"]) == (409, "trade.invoice_asked_already")
    base = f"/api/shops/{shop.id}/invoices"
    assert ok(await shop.staff.client.get(f"{base}/counts")) == {"waiting": 1, "late": 0, "to_reverse": 0}
    assert ok(await shop.staff.client.post(f"{base}/{asked['id']}/take"))["state"] == "issuing"
    gone = await buyer.client.post(f"{path}/withdraw")
    assert (gone.status_code, gone.json()["code"]) == (409, "trade.wrong_invoice_state")
    assert (await buyer.client.get(f"{path}/document")).status_code == 404
    issued = ok(await issue(shop, asked))
    assert (issued["state"], issued["amount_fen"], issued["number"]) == ("issued", 5980, NUMBER)
    file = await buyer.client.get(f"{path}/document")
    assert (file.status_code, file.content, file.headers["content-type"]) == (200, PDF, "application/pdf")
    assert f'filename="{NUMBER}.pdf"' in file.headers["content-disposition"]
    assert (await shop.staff.client.get(f"{base}/{asked['id']}/document")).content == PDF
    why = [line["why"] for line in (await buyer.order(order["id"]))["history"]]
    assert why[-2:] == ["买家申请开票", f"商家开具发票：{NUMBER}"]


async def test_after_a_refund_it_is_reversed_and_asked_for_anew(
    here: Context, shop: Shop, buyer: Buyer, order: dict[str, Any]
) -> None:
    base = f"/api/shops/{shop.id}/invoices"
    first = ok(await issue(shop, ok(await ask(buyer, order, COMPANY)), content=ofd()))
    assert (first["document_kind"], first["to_reverse"]) == ("ofd", False)
    early = await shop.staff.client.post(f"{base}/{first['id']}/reverse", json={"red_number": "24332000000087654321"})
    assert early.status_code == 409
    await refund_some(here, order, 1000)
    (due,) = ok(await shop.staff.client.get(base, params={"only": "to_reverse"}))["items"]
    assert (due["to_reverse"], due["amount_fen"], due["worth_fen"]) == (True, 5980, 4980)
    assert ok(await shop.staff.client.get(f"{base}/counts"))["to_reverse"] == 1
    red = ok(await shop.staff.client.post(f"{base}/{first['id']}/reverse", json={"red_number": "24332000000087654321"}))
    assert (red["state"], red["red_number"]) == ("reversed", "24332000000087654321")
    assert ok(await buyer.client.get(f"/api/orders/{order['id']}/invoice"))["amount_fen"] == 4980
    second = ok(await ask(buyer, order))
    taken = await issue(shop, second)
    assert (taken.status_code, taken.json()["code"]) == (409, "trade.invoice_number_taken")
    assert ok(await issue(shop, second, "24332000000012345679"))["amount_fen"] == 4980


async def test_nothing_paid_nothing_invoiced(here: Context, shop: Shop, buyer: Buyer, order: dict[str, Any]) -> None:
    unpaid = await buyer.place(await shop.sku())
    assert (await ask(buyer, unpaid)).json()["code"] == "trade.nothing_to_invoice"
    asked = ok(await ask(buyer, order))
    await refund_some(here, order, 5980)
    assert (await issue(shop, asked)).json()["code"] == "trade.nothing_to_invoice"
    assert ok(await buyer.client.get(f"/api/orders/{unpaid['id']}/invoice"))["may_ask"] is False


async def test_a_company_needs_a_tax_number_that_checks(shop: Shop, buyer: Buyer, order: dict[str, Any]) -> None:
    assert (await ask(buyer, order, {"kind": "company", "name": "某公司"})).json()["code"] == "trade.tax_number_missing"
    wrong = await ask(buyer, order, COMPANY | {"tax_number": "91330106MA27XL0Y5E"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "trade.bad_tax_number")
    kept = ok(await ask(buyer, order, COMPANY | {"tax_number": "91330106 ma27xl0y51", "email": "a@b.cn"}))
    assert (kept["tax_number"], kept["email"]) == (COMPANY["tax_number"], "a@b.cn")
    withdrawn = ok(await buyer.client.post(f"/api/orders/{order['id']}/invoice/withdraw"))
    assert withdrawn["state"] == "withdrawn"
    assert (await ask(buyer, order, PERSON | {"email": "no mail"})).status_code == 422
    private = ok(await ask(buyer, order, PERSON | {"tax_number": "anything"}))
    assert private["tax_number"] is None


async def test_refused_with_a_reason_and_asked_again(shop: Shop, buyer: Buyer, order: dict[str, Any]) -> None:
    asked = ok(await ask(buyer, order))
    path = f"/api/shops/{shop.id}/invoices/{asked['id']}/refuse"
    refused = ok(await shop.staff.client.post(path, json={"why": "抬头与购买方不符"}))
    assert (refused["state"], refused["refused_why"]) == ("refused", "抬头与购买方不符")
    assert ok(await ask(buyer, order))["state"] == "asked"


async def test_strangers_neither_ask_nor_read(sign_in: SignIn, shop: Shop, buyer: Buyer, order: dict[str, Any]) -> None:
    issued = ok(await issue(shop, ok(await ask(buyer, order))))
    stranger = await sign_in()
    assert (await stranger.client.get(f"/api/orders/{order['id']}/invoice/document")).status_code == 404
    assert (await stranger.client.get(f"/api/shops/{shop.id}/invoices/{issued['id']}/document")).status_code == 403
    other = await sign_in(roles=[("shop_staff", "shop", UUID(int=7))])
    path = f"/api/shops/{UUID(int=7)}/invoices/{issued['id']}"
    assert (await other.client.get(f"{path}/document")).status_code == 404
    assert (await other.client.post(f"{path}/take")).status_code == 404
    public = await stranger.client.get(f"/blobs/invoices/{shop.id}/{issued['id']}.pdf")
    assert public.status_code == 404


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 cut", b"PK\x03\x04 no zip", b"<html>", b"MZ\x90"])
async def test_what_is_no_invoice_file_is_refused(
    shop: Shop, buyer: Buyer, order: dict[str, Any], content: bytes
) -> None:
    refused = await issue(shop, ok(await ask(buyer, order)), content=content)
    assert (refused.status_code, refused.json()["code"]) == (422, "trade.bad_invoice_document")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_refused(content: bytes) -> None:
    for start in (b"", b"%PDF-", b"PK\x03\x04"):
        try:
            assert rules.document_kind(start + content) in ("pdf", "ofd")
        except BadInvoiceDocument:
            continue


@pytest.mark.parametrize("number", [NUMBER, "033001900111-12345678", "3300190011-12345678", " 24332000000012345678 "])
def test_numbers_that_invoices_have(number: str) -> None:
    assert rules.check_number(number) == number.strip()


@pytest.mark.parametrize(
    "number", ["", "123", "2433200000001234567", "０４３３２０００００００１２３４５６７８", "a" * 20, "12345678"]
)
def test_numbers_that_no_invoice_has(number: str) -> None:
    with pytest.raises(BadInvoiceNumber):
        rules.check_number(number)


class Bureau:
    """A provider of electronic invoices that is away first, then takes its time."""

    def __init__(self) -> None:
        self.asked: list[Invoice] = []

    async def issue(self, invoice: Invoice) -> Made | None:
        self.asked.append(invoice)
        if len(self.asked) == 1:
            raise ProviderError("away")
        return None if len(self.asked) == 2 else Made("24332000000055555555", PDF)


@pytest.fixture
def bureau() -> Iterator[Bureau]:
    made = Bureau()
    invoice_provider.install(made)
    yield made
    invoice_provider.install(None)


async def test_an_installed_provider_makes_it(
    here: Context, shop: Shop, buyer: Buyer, order: dict[str, Any], bureau: Bureau
) -> None:
    asked = ok(await ask(buyer, order))
    path = f"/api/orders/{order['id']}/invoice"
    states = []
    for _ in range(4):
        await invoice_provider.issue_by_provider(here.database, documents(here.settings), UUID(asked["id"]))
        states.append(ok(await buyer.client.get(path))["invoice"]["state"])
    assert states == ["issuing", "issuing", "issued", "issued"]
    assert [one.worth_fen for one in bureau.asked] == [5980] * 3
