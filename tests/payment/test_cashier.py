"""The page on which a buyer pays: read as HTML, sent as a form."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.payment.world import World

import kaibo.sandbox
from kaibo.sandbox.addresses import is_allowed
from kaibo.sandbox.page import COLOURS, yuan
from kaibo.trade.payment.gateway import ChargeStatus

RETURN_URL = "http://127.0.0.1:8000/orders/7?from=pay&x=1"


class Page(HTMLParser):
    """Text, forms and attributes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def first(self, tag: str) -> dict[str, str | None]:
        return next(attributes for name, attributes in self.tags if name == tag)


def browser(world: World, language: str = "zh-CN") -> httpx.AsyncClient:
    headers = {"Accept-Language": language}
    return httpx.AsyncClient(base_url=world.sandbox.base_url, headers=headers, trust_env=False)


async def submit(http: httpx.AsyncClient, page: Page, outcome: str) -> httpx.Response:
    hidden = {str(a["name"]): str(a["value"]) for tag, a in page.tags if tag == "input"}
    return await http.post(str(page.first("form")["action"]), data=hidden | {"outcome": outcome})


async def test_a_buyer_pays_on_the_page_and_comes_back(world: World) -> None:
    request = world.charge(129_900, return_url=RETURN_URL, description="江山实木门 <b>“橡木”</b> {0}")
    created = await world.gateway.create(request)
    async with browser(world) as http:
        answer = await http.get(created.pay_url)
        page = Page(answer.text)
        for words in (
            "沙箱收银台，不产生真实扣款",
            "¥1,299.00",
            "江山实木门 <b>“橡木”</b> {0}",
            "开播商城",
            "确认支付",
        ):
            assert words in page.text
        assert page.first("html")["lang"] == "zh-CN"
        paid = await submit(http, page, "success")
        assert (paid.status_code, paid.headers["Location"]) == (303, RETURN_URL)
        again = await submit(http, page, "success")
        assert (again.status_code, again.headers["Location"]) == (303, RETURN_URL)
        after = Page((await http.get(created.pay_url)).text)
    assert "已支付" in after.text
    assert not [tag for tag, _ in after.tags if tag == "form"]
    assert (await world.gateway.query(request.out_trade_no)).status is ChargeStatus.PAID
    assert len(await world.receiver.wait(f"/{request.out_trade_no}")) == 1


async def test_a_buyer_who_gives_up_comes_back_unpaid(world: World) -> None:
    request = world.charge(return_url=RETURN_URL)
    created = await world.gateway.create(request)
    async with browser(world, "en-GB,en;q=0.9") as http:
        page = Page((await http.get(created.pay_url)).text)
        assert page.first("html")["lang"] == "en"
        assert "Sandbox cashier: no real money is charged" in page.text
        assert (await submit(http, page, "failure")).headers["Location"] == RETURN_URL
    assert (await world.gateway.query(request.out_trade_no)).status is ChargeStatus.NOT_PAID


async def test_the_other_language_is_one_link_away_and_keeps_the_way_back(world: World) -> None:
    created = await world.gateway.create(world.charge(return_url=RETURN_URL))
    async with browser(world) as http:
        page = Page((await http.get(created.pay_url)).text)
        link = page.first("a")
        assert (link["lang"], parse_qs(urlsplit(str(link["href"])).query)["redirect_url"]) == ("en", [RETURN_URL])
        assert "Confirm payment" in (await http.get(str(link["href"]))).text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "javascript:alert(1)",
        "//evil.example",
        "http://127.0.0.1@evil.example/",
        "http://127.0.0.1\\@evil",
    ],
)
async def test_the_cashier_sends_nobody_to_a_stranger(world: World, target: str) -> None:
    request = world.charge(return_url=target)
    created = await world.gateway.create(request)
    async with browser(world) as http:
        page = Page((await http.get(created.pay_url)).text)
        answer = await submit(http, page, "success")
    assert (answer.status_code, "Location" in answer.headers) == (200, False)
    assert "已支付" in answer.text
    assert 'class="back"' not in answer.text


async def test_an_unknown_or_closed_order_shows_why_it_cannot_be_paid(world: World) -> None:
    request = world.charge()
    created = await world.gateway.create(request)
    await world.gateway.close(request.out_trade_no)
    async with browser(world) as http:
        closed = await http.get(created.pay_url)
        unknown = await http.get("/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx0")
    assert "订单已关闭" in closed.text
    assert not re.search("<form", closed.text)
    assert (unknown.status_code, "没有找到这笔订单" in unknown.text) == (404, True)


async def test_the_page_runs_no_script_and_cannot_be_framed(world: World) -> None:
    created = await world.gateway.create(world.charge(return_url=RETURN_URL))
    async with browser(world) as http:
        answer = await http.get(created.pay_url)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:8000;" in policy
    assert "<script" not in answer.text


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("ink", "card"),
        ("muted", "card"),
        ("muted", "page"),
        ("on-go", "go"),
        ("mark", "mark-page"),
        ("bad", "card"),
        ("bad", "page"),
        ("focus", "page"),
    ],
)
def test_every_text_stands_out_by_four_and_a_half_to_one(text: str, ground: str) -> None:
    html = (Path(kaibo.sandbox.__file__).parent / "cashier.html").read_text("utf-8")
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", html))
    for go in COLOURS.values():
        check_contrast({**colours, "go": go}, text, ground)


def check_contrast(colours: dict[str, str], text: str, ground: str) -> None:
    light, dark = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize(("fen", "shown"), [(1, "¥0.01"), (2990, "¥29.90"), (123_456_789, "¥1,234,567.89")])
def test_amounts_always_show_two_decimals(fen: int, shown: str) -> None:
    assert yuan(fen) == shown


def test_configured_origins_replace_the_loopback_rule() -> None:
    origins = ("http://192.168.1.5:8000",)
    assert is_allowed("http://192.168.1.5:8000/a", origins)
    for other in (
        "https://192.168.1.5:8000/a",
        "http://192.168.1.5/a",
        "http://127.0.0.1:8000/a",
        "http://192.168.1.5:8000x",
    ):
        assert not is_allowed(other, origins)
