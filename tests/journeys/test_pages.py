"""Every page of both apps in a real Chromium, opened by the person it is for, at the size it is made for.

A page passes when nothing was said on the console, no request failed, axe-core finds nothing serious or critical, no key of a
word stands where the word should, and a phone never has to scroll sideways. The real Content-Security-Policy stays on:
axe-core comes in through the debugger.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from kaibo.demo.invented import licence_number
from kaibo.demo.person import Person, fresh_key
from tests.journeys.browsing import borrow_login
from tests.journeys.conftest import DESK, PHONE
from tests.journeys.town import Town, drawn_kiwi

pytestmark = pytest.mark.xdist_group("journeys")

WEB = Path(__file__).parents[2] / "web"
AXE = (WEB / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
PHONE_SIZE = {"width": 390, "height": 844}
READY_MS_MAX = 20_000

# By person: whose cookies, which size. Braces are filled with the town's ids.
VISITS: dict[str, list[str]] = {
    "visitor": [
        "/", "/mall", "/products/{product}", "/shops/{shop}", "/c/{creator}", "/rooms/{room}", "/me", "/login",
        "/agreement", "/privacy", "/no/such/page",
    ],
    "buyer": ["/", "/rooms/{room}", "/orders", "/orders/{order}", "/orders/{order}/parcels", "/me", "/aftersales",
        "/aftersales/new?order={order}",
        "/aftersales/{case}", "/orders/{order}/balance", "/presales", "/me/addresses", "/me/coupons", "/me/points",
        "/me/realname", "/me/leave"],
    "desk visitor": ["/desk/login", "/desk/login?as=staff"],
    "host": [
        "/desk/start", "/desk/rooms", "/desk/rooms/{room}", "/desk/rooms/{room}/board", "/desk/rooms/{room}/host",
        "/desk/realname", "/desk/earnings", "/desk/selection", "/desk/showcase", "/desk/samples", "/desk/contracts",
        "/desk/partners", "/desk/agencies", "/desk/agencies/{agency}",
        "/desk/agencies/{agency}/money", "/desk/no/such/page",
    ],
    "merchant": [
        "/desk/shops/{shop}", "/desk/shops/{shop}/products", "/desk/shops/{shop}/products/new",
        "/desk/shops/{shop}/products/{product}", "/desk/shops/{shop}/orders", "/desk/shops/{shop}/money",
        "/desk/shops/{shop}/files", "/desk/shops/{shop}/staff", "/desk/shops/{shop}/webhooks", "/desk/tokens",
        "/desk/shops/{shop}/aftersales", "/desk/shops/{shop}/aftersales?case={case}",
        "/desk/shops/{shop}/coupons", "/desk/shops/{shop}/prices", "/desk/shops/{shop}/presales",
        "/desk/shops/{shop}/parcels", "/desk/shops/{shop}/invoices",
        "/desk/shops/{shop}/plans", "/desk/shops/{shop}/plans/{plan}", "/desk/shops/{shop}/samples",
        "/desk/shops/{shop}/slots", "/desk/api-docs", "/desk/merchant",
    ],
    "reviewer": [
        "/desk/wall", "/desk/reviews", "/desk/reviews?kind=merchants", "/desk/reviews?kind=realnames",
        "/desk/reviews?kind=agencies", "/desk/find-orders",
        "/desk/coupons", "/desk/points", "/desk/price-records?product={product}",
        "/desk/ledger", "/desk/refunds", "/desk/refunds?state=all", "/desk/carrier-notices",
        "/desk/payment-notices", "/desk/parked", "/desk/failed-jobs", "/desk/webhooks",
        "/desk/arbitrations", "/desk/compensation", "/desk/withdrawals", "/desk/settlements", "/desk/reconciliation",
    ],
}  # fmt: skip
ON_PHONE = {"visitor", "buyer"}

READY = """() => {
  const root = document.querySelector('main')
  const waits = document.querySelector('.skeleton, [aria-busy="true"], .el-loading-mask, .van-loading')
  return !!root && root.innerText.trim().length > 0 && !waits && document.fonts.status === 'loaded'
}"""
SEEN = """() => {
  const shown = document.body.innerText
  // Names of events and scopes that a programmer is meant to read are no keys of words.
  const code = [...document.querySelectorAll('code, pre')].map((one) => one.innerText)
  const said = [document.title, code.sort((a, b) => b.length - a.length).reduce((text, name) => text.replaceAll(name, ' '), shown)]
  for (const name of ['aria-label', 'placeholder', 'title', 'alt'])
    for (const one of document.querySelectorAll(`[${name}]`)) said.push(one.getAttribute(name))
  return said.join('\\n')
}"""
FAULTS = """async () => {
  const found = await axe.run(document, { resultTypes: ['violations'] })
  const where = (node) => `${node.target.join(' ')} (${node.any[0]?.message ?? node.html})`
  return found.violations.filter((one) => ['serious', 'critical'].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map(where).join('; ')}`)
}"""
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
KEY = re.compile(r"(?<![\w./@:-])[a-z][a-z_]{2,}\.(?!json\b)[a-z][a-z_-]+(?:\.[a-z_-]+)*(?![\w@(])")
SLOT = re.compile(r"\{\w+\}")


@dataclass
class Watch:
    """What a page says while it is open. Streams that end with the page are no fault of it."""

    said: list[str] = field(default_factory=list)

    def __call__(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(f"script: {error}"))
        page.on("response", self._answered)
        page.on("requestfailed", self._failed)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.said.append(f"console: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.said.append(f"{response.status}: {response.request.method} {response.url}")

    def _failed(self, request: Request) -> None:
        if "ERR_ABORTED" not in (request.failure or ""):
            self.said.append(f"no answer: {request.method} {request.url} {request.failure}")

    def take(self) -> list[str]:
        said, self.said = self.said, []
        return said


@dataclass(frozen=True)
class Shopper:
    """A buyer with an address, a paid order, and a case about another one that stands before the platform."""

    person: Person
    order_id: str
    case_id: str


@pytest.fixture(scope="module")
async def shopper(town: Town) -> Shopper:
    buyer = await town.buyer(7001)
    address_id = await town.address_of(buyer)
    order = await _paid(town, buyer, address_id)
    return Shopper(buyer, order["id"], await _disputed(town, buyer, await _paid(town, buyer, address_id)))


async def _paid(town: Town, buyer: Person, address_id: str) -> dict[str, Any]:
    order = await town.place(buyer, address_id)
    await town.pay(buyer, order["id"])
    await town.until(lambda: buyer.get(f"/api/orders/{order['id']}"), lambda now: now["state"] == "paid")
    return order


async def _disputed(town: Town, buyer: Person, order: dict[str, Any]) -> str:
    """Shipped, asked about with a picture, refused, and brought before the platform."""
    parcel = {"carrier": "sf", "tracking_number": "SF1234567890123"}
    await town.merchant.post(f"/api/shops/{town.shop_id}/orders/{order['id']}/ship", parcel, key=fresh_key())
    picture = await buyer.upload("/api/pictures", "kiwi.jpg", drawn_kiwi(), "image/jpeg")
    wish = {
        "order_id": order["id"], "kind": "refund_only", "reason": "damaged", "said": "压坏了一半", "picture_ids": [picture["id"]],
        "lines": [{"line_id": order["lines"][0]["id"], "quantity": 1}],
    }  # fmt: skip
    case = await buyer.post("/api/aftersales", wish, key=fresh_key())
    refusal = {"reason": "evidence_weak", "said": "图片看不清"}
    await town.merchant.post(f"/api/shops/{town.shop_id}/aftersales/{case['id']}/refuse", refusal)
    await buyer.post(f"/api/aftersales/{case['id']}/escalate", {"said": "请平台看图片"})
    return str(case["id"])


@pytest.fixture(scope="module")
async def affiliates(town: Town) -> dict[str, str]:
    """A plan of the shop with the host's showcase, and the host's own agency."""
    plan = await town.merchant.post(
        f"/api/shops/{town.shop_id}/plans", {"kind": "open", "name": "秋果推广"}, key=fresh_key()
    )
    plan_id = plan["plan"]["id"]
    body = {"product_ids": [town.product_id], "bps": 1500}
    await town.merchant.post(f"/api/shops/{town.shop_id}/plans/{plan_id}/rates", body)
    await town.host.post("/api/creators/me/showcase", {"product_ids": [town.product_id]})
    asked = {
        "name": "秦岭星河传媒", "legal_name": "周至秦岭星河文化传媒有限公司", "licence_number": licence_number(9),
        "contact_phone": "13800002222",
    }  # fmt: skip
    agency = await town.host.post("/api/agencies", asked, key=fresh_key())
    await town.reviewer.post(f"/api/reviews/agencies/{agency['id']}", {"approve": True})
    me = await town.host.get("/api/me")
    return {"plan": plan_id, "agency": agency["id"], "creator": me["person"]["id"]}


@pytest.fixture
async def opened(
    request: pytest.FixtureRequest, town: Town, shopper: Shopper, affiliates: dict[str, str], browser: Browser
) -> AsyncIterator[Page]:
    """A page at the person's size, signed in as that person."""
    who: str = request.param
    size = PHONE if who in ON_PHONE else DESK
    context = await browser.new_context(**size, locale="zh-CN")  # type: ignore[arg-type]
    people = {"buyer": shopper.person, "host": town.host, "merchant": town.merchant, "reviewer": town.reviewer}
    if who in people:
        await borrow_login(context, town.house, people[who])
    yield await context.new_page()
    await context.close()


@pytest.mark.parametrize(("opened", "who"), [(who, who) for who in VISITS], indirect=["opened"])
async def test_every_page_is_whole(
    opened: Page, who: str, town: Town, shopper: Shopper, affiliates: dict[str, str]
) -> None:
    watch = Watch()
    watch(opened)
    ids = {"room": town.room_id, "shop": town.shop_id, "product": town.product_id, "order": shopper.order_id}
    ids |= {"case": shopper.case_id, **affiliates}
    faults = []
    for pattern in VISITS[who]:
        path = pattern.format(**ids)
        await opened.goto(town.house.url + path)
        faults += [f"{pattern}: {fault}" for fault in await faults_of(opened, who in ON_PHONE)]
        faults += [f"{pattern}: {fault}" for fault in watch.take()]
    assert not faults, "\n".join(faults)


async def faults_of(page: Page, on_phone: bool) -> list[str]:
    await page.wait_for_function(READY, timeout=READY_MS_MAX)
    await asyncio.sleep(0.25)  # colours in transition have the contrast of neither end
    seen = await page.evaluate(SEEN)
    faults = [f"a key instead of words: {key}" for key in sorted({*KEY.findall(seen), *SLOT.findall(seen)})]
    await page.evaluate(AXE)
    faults += await page.evaluate(FAULTS)
    if not on_phone:
        await page.set_viewport_size(PHONE_SIZE)  # type: ignore[arg-type]
    if (pixels := await page.evaluate(SIDEWAYS)) > 0:
        faults.append(f"{pixels} px wider than a phone")
    if not on_phone:
        await page.set_viewport_size(DESK["viewport"])  # type: ignore[arg-type]
    return faults


BROKEN = """<!doctype html><html lang="zh-CN"><meta name="viewport" content="width=device-width"><title>坏页</title>
<main style="width: 600px">
<img src="/no-such-picture.jpg"><input placeholder="{name}"><p style="color: #ccc; background: #fff">浅色字 order.paid</p>
<script>setTimeout(() => { throw new Error('broken on purpose') })</script></main>"""


async def test_a_broken_page_is_found_broken(phone: BrowserContext, town: Town) -> None:
    """The checks above can fail: each of them, on one page with every fault."""
    page, watch = await phone.new_page(), Watch()
    watch(page)
    await page.route("**/broken", lambda route: route.fulfill(body=BROKEN, content_type="text/html"))
    await page.route("**/no-such-picture.jpg", lambda route: route.fulfill(status=404, body=""))
    await page.goto(f"{town.house.url}/broken")
    found = "\n".join([*await faults_of(page, on_phone=True), *watch.take()])
    for fault in (
        "order.paid",
        "{name}",
        "image-alt",
        "color-contrast",
        "wider than a phone",
        "404: GET",
        "broken on purpose",
    ):
        assert fault in found, found


def test_no_page_is_left_out() -> None:
    """Every route of the two routers is opened above."""
    buyer = re.findall(r"\{ path: '([^']+)'", (WEB / "src/app/router.ts").read_text(encoding="utf-8"))
    desk = re.findall(r"page\('[\w-]+', '([^']+)'", (WEB / "src/desk/router.ts").read_text(encoding="utf-8"))
    assert len(buyer) > 10
    assert len(desk) > 15
    opened = [path.split("?")[0] for paths in VISITS.values() for path in paths]
    for route in [*buyer, *(f"/desk{path}" for path in desk)]:
        shape = re.sub(r":\w+(\(\.\*\)\*)?", lambda found: r".+" if found.group(1) else r"\{\w+\}", route)
        assert any(re.fullmatch(shape, path) for path in opened), f"no test opens {route}"
