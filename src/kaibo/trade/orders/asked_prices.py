"""What the lines of each different wish cost where they are wanted, in as many statements for a batch as for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from kaibo.goods import facade as goods
from kaibo.goods.contracts import QuotedLine, SkuId
from kaibo.kernel.db import Db
from kaibo.kernel.errors import Refused
from kaibo.trade.contracts import Source
from kaibo.trade.orders.draft import quote_lines
from kaibo.trade.orders.model import Wanted, WantedLine
from kaibo.trade.orders.sources import resolve

Lines = tuple[WantedLine, ...]
Wish = tuple[Lines, UUID | None]
"""Lines, and the room whose prices count for them."""
Quoted = dict[Wish, list[QuotedLine] | Refused]


async def asked_prices(db: Db, wanted: Sequence[Wanted]) -> tuple[list[Wish], Quoted]:
    """The wish behind each of these, in their order, and what each different wish costs, or why it cannot be had."""
    quotes = await goods.quotes_of(db, {line.sku_id for one in wanted for line in one.lines})
    rooms = await _rooms(db, wanted, quotes)
    wishes: list[Wish] = [(one.lines, rooms.get(one.source) if rooms else None) for one in wanted]
    found: Quoted = {}
    for lines, room_id in set(wishes):
        here = quotes if room_id is None else {sku: goods.in_room(one, room_id) for sku, one in quotes.items()}
        try:
            found[lines, room_id] = quote_lines(lines, here)
        except Refused as refused:
            found[lines, room_id] = refused
    return wishes, found


async def room_of(db: Db, source: Source) -> UUID | None:
    """The room whose prices count for who buys from there."""
    facts = await resolve(db, source)
    return facts.room_id if facts is not None and facts.allowed else None


async def _rooms(db: Db, wanted: Sequence[Wanted], quotes: Mapping[SkuId, QuotedLine]) -> dict[Source, UUID | None]:
    """Nobody is asked where no room has a price of its own."""
    if not any(window.room_id for one in quotes.values() for window in one.windows):
        return {}
    sources = {one.source for one in wanted if one.source.kind != "shelf"}
    return {source: await room_of(db, source) for source in sources}
