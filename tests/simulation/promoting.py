"""The agency, its creator and the merchants who promote: shares and rates change while orders are placed under them."""

from __future__ import annotations

from datetime import timedelta

from kaibo.goods.affiliate.set_rates import set_rate
from kaibo.kernel import clock
from kaibo.people.agencies.agree import answer, part, propose
from tests.simulation.clients import Scene
from tests.simulation.world import CREATOR_PHONE


async def offer_share(scene: Scene) -> None:
    """The agency offers its creator other terms."""
    agency, dice = scene.world.agency, scene.dice
    share, days = dice.choice([0, 1_000, 3_333, 9_000]), dice.choice([0, 30])
    await scene.do(
        "offer share", propose, agency.id, CREATOR_PHONE, share_bps=share, notice_days=days, by=agency.boss_id
    )


async def answer_share(scene: Scene) -> None:
    row = await scene.some("SELECT id FROM people.agency_agreements WHERE state = 'proposed'")
    if row is not None:
        yes = scene.dice.random() < 0.8
        await scene.do("answer share", answer, scene.world.creator_id, row["id"], accept=yes)


async def leave_agency(scene: Scene) -> None:
    agency, creator = scene.world.agency, scene.world.creator_id
    await scene.do("part", part, agency.id, creator, by=scene.dice.choice([creator, agency.boss_id]))


async def change_rate(scene: Scene) -> None:
    """A shop pays another rate in the plan that a leader brought, now or only for a while."""
    shelf, dice = scene.dice.choice(scene.world.shelf), scene.dice
    end = clock.now() + timedelta(days=3) if dice.random() < 0.3 else None
    await scene.do(
        "change rate", set_rate, shelf.shop_id, scene.world.plans[shelf.shop_id], [shelf.product_id],
        dice.choice([None, 500, 2_000]), end=end, by=scene.world.owners[shelf.shop_id],
    )  # fmt: skip
