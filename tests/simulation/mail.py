"""The callbacks of the providers, and of people who pretend to be one. They come late, twice, in any order, or never."""

from __future__ import annotations

from typing import Any

from kaibo.kernel.web.problems import is_temporary
from kaibo.trade.payment.hear import hear_notice
from kaibo.trade.payment.model import Outcome
from tests.simulation.clients import Scene
from tests.simulation.house import Wrong
from tests.simulation.provider import STALE_SECONDS, TELL_TIMES_MAX, Charged, Letter, charge_body
from tests.simulation.scheduler import Gone

HARMLESS = {
    Outcome.FORGED,
    Outcome.STALE,
    Outcome.FOREIGN,
    Outcome.UNKNOWN_ORDER,
    Outcome.WRONG_AMOUNT,
    Outcome.WRONG_CURRENCY,
    Outcome.CONFLICTING,
}
"""What a lie may be answered with; anything else means that it was believed."""


async def carry(scene: Scene, post: list[Letter]) -> bool:
    """Deliver one letter that is due. False where there is none."""
    now = scene.house.scheduler.now
    due = [letter for letter in post if letter.due <= now]
    if not due:
        return False
    letter = scene.dice.choice(due)
    post.remove(letter)
    gateway = scene.gateways[letter.provider]
    headers, body = gateway.sign(letter.body)
    status = await _post(scene, letter.provider, headers, body)
    letter.told += 1
    scene.done[f"callback {status}"] += 1
    if status != 200 and letter.told < TELL_TIMES_MAX:
        letter.due = scene.house.scheduler.now + 15 * 2**letter.told
        post.append(letter)
    return True


async def lie(scene: Scene) -> None:
    """Something that is not true about a charge, or not from the provider, or from long ago."""
    gateway = scene.gateways[scene.dice.choice(sorted(scene.gateways))]
    if not gateway.book:
        return
    known: Charged = gateway.book[scene.dice.choice(sorted(gateway.book))]
    said = {
        "id": f"lie{scene.number()}",
        "kind": "charge",
        "merchant": "kaibo",
        "number": known.out_trade_no,
        "transaction_id": f"lie{scene.numbers}",
        "fen": known.fen,
        "currency": known.currency,
        "at": scene.house.scheduler.now,
    }
    lie = scene.dice.choice(["forged", "stale", "foreign", "unknown", "amount", "currency", "transaction"])
    changes: dict[str, dict[str, Any]] = {
        "foreign": {"merchant": "another"},
        "unknown": {"number": "20261111000000000000P01"},
        "amount": {"fen": known.fen + 1},
        "currency": {"currency": "USD"},
    }
    if lie == "transaction":
        if known.paid_at is None:
            return
        row = await scene.some("SELECT state FROM trade.charges WHERE out_trade_no = $1", known.out_trade_no)
        if row is None or row["state"] not in ("paid", "paid_late"):
            return
        said = charge_body(known) | {"transaction_id": f"another{scene.numbers}"}
    headers, body = gateway.sign(said | changes.get(lie, {}), forged=lie == "forged")
    if lie == "stale":
        headers, body = _old(gateway, said)
    status = await _post(scene, gateway.name, headers, body, lie=lie)
    scene.done[f"lie {lie} {status}"] += 1


def _old(gateway: Any, said: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    before = gateway._scheduler.clock.now()
    gateway._scheduler.clock.advance(seconds=-STALE_SECONDS - 10)
    try:
        signed: tuple[dict[str, str], bytes] = gateway.sign(said)
        return signed
    finally:
        gateway._scheduler.clock.advance(seconds=(before - gateway._scheduler.clock.now()).total_seconds())


async def _post(scene: Scene, provider: Any, headers: dict[str, str], body: bytes, *, lie: str = "") -> int:
    house = scene.house
    process = house.some_web()
    try:
        answer = await house.scheduler.call(
            process, hear_notice(house.database, house.limiter, provider, headers, body)
        )
    except Gone:
        return 0
    except Exception as wrong:
        if not is_temporary(wrong):
            raise
        house.forgive(wrong)
        return 503
    finally:
        await scene.think()
    if lie and answer.outcome not in HARMLESS:
        raise Wrong(f"a callback that lied ({lie}) was believed: {answer}")
    return answer.status
