"""The gateway is killed without warning; what it acknowledged is still true afterwards."""

import asyncio
import itertools
import stat
import subprocess
import sys

import pytest
from tests.payment.world import Sandbox, World

from kaibo.trade.payment.gateway import ChargeNotice, ChargeStatus, RefundRequest, RefundStatus


async def test_nothing_acknowledged_is_lost_when_the_gateway_is_killed(own_world: World) -> None:
    sandbox, receiver = own_world.sandbox, own_world.receiver
    unpaid = own_world.charge(777)
    created = await own_world.gateway.create(unpaid)
    paid = await own_world.paid(delay_ms=600)
    refunded = await own_world.paid(100)
    refund = RefundRequest(refunded.out_trade_no, "R-before-kill", 40, 100, "少发", f"{receiver.origin}/refund-kill")
    await own_world.gateway.refund(refund)
    faults = (await sandbox.call("GET", "/sandbox/faults")).json()

    sandbox.kill()
    assert receiver.on(f"/{paid.out_trade_no}") == []
    sandbox.start()

    async with sandbox.gateway() as gateway:
        world = World(sandbox, receiver, gateway)
        assert (await gateway.query(unpaid.out_trade_no)).status is ChargeStatus.NOT_PAID
        assert (await gateway.query(paid.out_trade_no)).status is ChargeStatus.PAID
        notice = world.read((await receiver.wait(f"/{paid.out_trade_no}"))[0])
        assert isinstance(notice, ChargeNotice)
        await receiver.wait("/refund-kill")
        assert (await gateway.query_refund("R-before-kill")).status is RefundStatus.DONE
        assert (await sandbox.call("GET", "/sandbox/faults")).json() == faults
        assert (await gateway.create(unpaid)).pay_url.split("?")[1] == created.pay_url.split("?")[1]
        assert (await sandbox.pay(created.pay_url)).status_code == 200
        await receiver.wait(f"/{unpaid.out_trade_no}")


async def test_every_payment_acknowledged_through_ten_kills_is_told_in_the_end(
    own_sandbox: Sandbox, world: World
) -> None:
    receiver = world.receiver
    acknowledged: list[str] = []
    for _ in range(10):
        async with own_sandbox.gateway() as gateway:
            own = World(own_sandbox, receiver, gateway)
            calls = [asyncio.create_task(own.paid()) for _ in range(6)]
            for done in itertools.islice(asyncio.as_completed(calls), 3):
                await done
            own_sandbox.kill()
            results = await asyncio.gather(*calls, return_exceptions=True)
        acknowledged += [r.out_trade_no for r in results if not isinstance(r, BaseException)]
        own_sandbox.start()
    assert len(acknowledged) >= 30
    async with own_sandbox.gateway() as gateway:
        for number in acknowledged:
            assert (await gateway.query(number)).status is ChargeStatus.PAID
            await receiver.wait(f"/{number}")


def test_secrets_are_readable_by_their_owner_only(sandbox: Sandbox) -> None:
    secret = (
        "merchant.json",
        "admin-token",
        "identity.json",
        "gateway.sqlite3",
        "merchant.key.pem",
        "platform-0001.key.pem",
    )
    for name in secret:
        assert stat.S_IMODE((sandbox.data_dir / name).stat().st_mode) == 0o600, name


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kaibo.sandbox.wechatpay", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_second_gateway_on_the_same_data_is_refused_with_the_reason(sandbox: Sandbox) -> None:
    refused = run("--data-dir", str(sandbox.data_dir))
    assert refused.returncode == 1
    assert "in use by another payment sandbox" in refused.stderr
    assert (sandbox.data_dir / "merchant.json").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--notify-scale", "0"), "above 0 and at most 1"),
        (("--port", "70000"), "between 0 and 65535"),
        (("--return-origin", "evil"), "is no origin"),
    ],
)
def test_an_impossible_option_is_named(sandbox: Sandbox, options: tuple[str, ...], words: str) -> None:
    refused = run("--data-dir", str(sandbox.data_dir), *options)
    assert refused.returncode == 2
    assert words in refused.stderr
