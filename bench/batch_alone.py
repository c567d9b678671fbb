"""What PostgreSQL alone allows: the batch call and its commit, on one connection, with nothing of HTTP around it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from uuid import UUID, uuid4

from bench.floor import Buyer
from kaibo.goods.contracts import SkuId
from kaibo.kernel.db import Database
from kaibo.people.contracts import PersonId
from kaibo.trade.contracts import Source
from kaibo.trade.orders.model import Wanted, WantedLine
from kaibo.trade.orders.place import Asked, Placed, prepare
from kaibo.trade.orders.till import BATCH_CHECKOUTS_MAX


async def batches_alone(
    database_url: str, buyers: Sequence[Buyer], sku_id: UUID, price_fen: int, seconds: float
) -> float:
    """Orders a second. Only the time from the call to its commit counts, not what Python prepares before it."""
    database = Database.connect(database_url, pool_size=1)
    lines = (WantedLine(SkuId(sku_id), 1, price_fen),)
    crowd = itertools.cycle(buyers)
    placed, spent, until = 0, 0.0, time.monotonic() + seconds
    while time.monotonic() < until:
        asked = [
            Asked(PersonId(buyer.id), "买家", Wanted(lines, buyer.address_id, Source()), uuid4().hex)
            for buyer in itertools.islice(crowd, BATCH_CHECKOUTS_MAX)
        ]
        async with database.transaction() as db:
            prepared = await prepare(db, asked)
            began = time.perf_counter()
            outcomes = await prepared.place(db)
        spent += time.perf_counter() - began
        placed += sum(isinstance(outcome, Placed) for outcome in outcomes)
    await database.close()
    return placed / spent
