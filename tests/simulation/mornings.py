"""The operator's mornings: yesterday's statement of each provider is held against the books, and every difference is worked off."""

from __future__ import annotations

from datetime import timedelta

from kaibo.trade.bills.days import today
from kaibo.trade.reconciliation.fetch import ask_comparison
from kaibo.trade.reconciliation.work_off import accept_difference, close_day, link_difference, note_difference
from tests.simulation.clients import Scene


async def compare_again(scene: Scene) -> None:
    """A day that is not closed; or one of the last, which may not have been compared."""
    row = await scene.some(
        "SELECT provider, day FROM trade.reconciliation_days WHERE closed_at IS NULL ORDER BY day, provider LIMIT 5"
    )
    if row is None or scene.dice.random() < 0.3:
        provider, day = scene.dice.choice(sorted(scene.gateways)), today() - timedelta(days=scene.dice.randint(1, 3))
    else:
        provider, day = row["provider"], row["day"]
    await scene.do("compare day", ask_comparison, provider, day)


async def work_off(scene: Scene) -> None:
    row = await scene.some(
        "SELECT id, difference_fen, out_no FROM trade.reconciliation_differences WHERE state = 'open' ORDER BY id LIMIT 9"
    )
    if row is None:
        return
    by, lot = scene.world.operator_id, scene.dice.random()
    if lot < 0.1 and not scene.house.closing:
        await scene.do("note difference", note_difference, row["id"], note="已问")
    elif row["difference_fen"] == 0 or lot < 0.3:
        await scene.do("link difference", link_difference, row["id"], linked_to="隔日", note="已核对", by=by)
    else:
        await scene.do("accept difference", accept_difference, row["id"], note="已核对", by=by)


async def shut_day(scene: Scene) -> None:
    row = await scene.some(
        "SELECT provider, day FROM trade.reconciliation_days WHERE closed_at IS NULL ORDER BY day, provider LIMIT 3"
    )
    if row is not None:
        await scene.do("close day", close_day, row["provider"], row["day"], by=scene.world.operator_id)
