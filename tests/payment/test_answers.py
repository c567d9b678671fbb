"""Somebody between us and the gateway: what a verified answer is worth."""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from tests.payment.world import World

from kaibo.trade.payment.gateway import ChargeStatus, ForgedAnswer, GatewayRefused, GatewayTimeout
from kaibo.trade.payment.wechatpay import WechatPayGateway, read_merchant_file
from kaibo.trade.payment.wechatpay.client import ANSWER_BYTES_MAX


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Middleman:
    """A real HTTP server that hands every request on to the gateway and may change the answer."""

    def __init__(self, upstream: str) -> None:
        self.change: Callable[[Answer], Answer] = lambda answer: answer
        self.seen: list[str] = []
        middleman = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                middleman.seen.append(self.path)
                headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if self.headers[name]}
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                real = httpx.request(self.command, upstream + self.path, headers=headers, content=body, trust_env=False)
                kept = {name: value for name, value in real.headers.items() if name.startswith("wechatpay")}
                answer = middleman.change(Answer(real.status_code, kept, real.content))
                self.send_response(answer.status)
                for name, value in (answer.headers | {"Content-Length": str(len(answer.body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def gateway(self, world: World, **options: Any) -> WechatPayGateway:
        config = read_merchant_file(world.sandbox.data_dir / "merchant.json")
        base_url = f"http://127.0.0.1:{self.server.server_port}"
        return WechatPayGateway(dataclasses.replace(config, base_url=base_url), **options)


@pytest.fixture
def middleman(world: World) -> Iterator[Middleman]:
    middleman = Middleman(world.sandbox.base_url)
    yield middleman
    middleman.server.shutdown()
    middleman.server.server_close()
    middleman.thread.join()


async def test_an_honest_middleman_changes_nothing(world: World, middleman: Middleman) -> None:
    request = await world.paid(500)
    async with middleman.gateway(world) as gateway:
        assert (await gateway.query(request.out_trade_no)).amount_fen == 500


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: dataclasses.replace(answer, body=answer.body.replace(b'"total":500', b'"total":501')),
        lambda answer: dataclasses.replace(answer, headers={}),
        lambda answer: dataclasses.replace(answer, headers=answer.headers | {"wechatpay-serial": "ABC"}),
        lambda answer: dataclasses.replace(answer, headers=answer.headers | {"wechatpay-timestamp": "1554208460"}),
    ],
    ids=["amount changed", "signature removed", "unknown serial", "time changed"],
)
async def test_a_changed_answer_is_never_believed(
    world: World, middleman: Middleman, change: Callable[[Answer], Answer]
) -> None:
    request = await world.paid(500)
    middleman.change = change
    async with middleman.gateway(world) as gateway:
        with pytest.raises(GatewayTimeout, match="outcome unknown"):
            await gateway.query(request.out_trade_no)


async def test_a_genuine_answer_to_another_question_is_not_believed(world: World, middleman: Middleman) -> None:
    paid, unpaid = await world.paid(500), world.charge(500)
    await world.gateway.create(unpaid)
    kept: list[Answer] = []
    async with middleman.gateway(world) as gateway:
        middleman.change = lambda answer: kept.append(answer) or answer  # type: ignore[func-returns-value]
        await gateway.query(paid.out_trade_no)
        middleman.change = lambda answer: kept[0]
        with pytest.raises(ForgedAnswer, match="is about"):
            await gateway.query(unpaid.out_trade_no)


async def test_an_old_genuine_answer_is_not_believed(world: World, middleman: Middleman) -> None:
    request = await world.paid(500)
    later = datetime.now(UTC) + timedelta(minutes=6)
    moments = [datetime.now(UTC)]
    async with middleman.gateway(world, clock=lambda: moments[-1]) as gateway:
        assert (await gateway.query(request.out_trade_no)).status is ChargeStatus.PAID
        middleman.change = lambda answer: moments.append(later) or answer  # type: ignore[func-returns-value]
        with pytest.raises(ForgedAnswer, match="too far from now"):
            await gateway.query(request.out_trade_no)


async def test_a_refusal_with_a_broken_signature_decides_nothing(world: World, middleman: Middleman) -> None:
    middleman.change = lambda answer: dataclasses.replace(answer, body=answer.body + b" ")
    async with middleman.gateway(world) as gateway:
        with pytest.raises(ForgedAnswer):
            await gateway.query("never-made-1")


@pytest.mark.parametrize("status", [500, 502, 503, 400, 404])
async def test_an_error_page_of_a_proxy_decides_nothing(world: World, middleman: Middleman, status: int) -> None:
    middleman.change = lambda answer: Answer(status, {}, b"<html>Bad Gateway</html>")
    async with middleman.gateway(world) as gateway:
        with pytest.raises(GatewayTimeout, match=str(status)):
            await gateway.query("never-made-1")


async def test_an_endless_answer_is_cut_off(world: World, middleman: Middleman) -> None:
    middleman.change = lambda answer: Answer(200, {}, b"x" * (ANSWER_BYTES_MAX + 1))
    async with middleman.gateway(world) as gateway:
        with pytest.raises(GatewayTimeout, match="longer than"):
            await gateway.query("never-made-1")


async def test_an_unknown_serial_in_answers_costs_one_download_a_minute(world: World, middleman: Middleman) -> None:
    request = await world.paid(500)
    middleman.change = lambda a: dataclasses.replace(a, headers=a.headers | {"wechatpay-serial": "ABC"})
    moments = [datetime.now(UTC)]
    async with middleman.gateway(world, clock=lambda: moments[-1]) as gateway:
        for seconds in (0, 1, 59, 61, 62):
            moments.append(moments[0] + timedelta(seconds=seconds))
            with pytest.raises(GatewayTimeout):
                await gateway.query(request.out_trade_no)
    assert middleman.seen.count("/v3/certificates") == 2


async def test_a_wrong_merchant_key_is_refused_as_a_sign_error(world: World) -> None:
    config = dataclasses.replace(read_merchant_file(world.sandbox.data_dir / "merchant.json"), serial_no="ABC")
    async with WechatPayGateway(config) as gateway:
        with pytest.raises(GatewayRefused) as refused:
            await gateway.query("never-made-1")
    assert (refused.value.code, refused.value.http_status) == ("SIGN_ERROR", 401)
