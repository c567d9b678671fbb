"""Which price counts, what may stand struck beside it, and whether a window may be set. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from kaibo.goods.contracts import LimitReached, OutOfStock, QuotedLine, SkuId, SkuView
from kaibo.goods.contracts.windows import OpenWindow, WindowId, WindowState, WindowWish
from kaibo.kernel.errors import Refused

TITLE_CHARS_MAX = 20
LINES_MAX = 50
WINDOW_DAYS_MAX = 90
AHEAD_DAYS_MAX = 180
WINDOWS_OPEN_MAX = 2_000
"""Windows of a shop that are coming or open."""
LOOK_BACK = timedelta(days=7)
"""明码标价和禁止价格欺诈规定 (SAMR Order 56) art. 16: 前七日内."""


@dataclass(frozen=True)
class Trades:
    """What a SKU was sold for before an instant: a piece, after what the merchant and the platform gave off.

    `lowest_fen` is over all sales of the seven days before it; `stands` says that one of them was not taken back whole.
    `last_fen` is the last sale ever that stands.
    """

    lowest_fen: int | None = None
    stands: bool = False
    last_fen: int | None = None


def struck_fen_max(trades: Trades) -> int | None:
    """The highest price that may stand struck; None where none may.

    Art. 16: not above the lowest price traded in the seven days before; without a trade in them not above the last traded price.
    A sale that came back whole justifies nothing, so that nobody buys from themselves for a day; but it still lowers.
    """
    if trades.lowest_fen is not None and trades.stands:
        return trades.lowest_fen
    known = [fen for fen in (trades.lowest_fen, trades.last_fen) if fen is not None]
    return min(known) if trades.last_fen is not None else None


def period_faults(starts_at: datetime, ends_at: datetime, now: datetime) -> list[str]:
    found = []
    if ends_at <= starts_at:
        found.append("ends_before_start")
    if ends_at <= now:
        found.append("in_the_past")
    if ends_at - starts_at > timedelta(days=WINDOW_DAYS_MAX):
        found.append("too_long")
    if starts_at - now > timedelta(days=AHEAD_DAYS_MAX):
        found.append("too_far_ahead")
    return found


def price_faults(price_fen: int, list_fen: int, struck_fen: int | None) -> list[str]:
    found = []
    if price_fen >= list_fen:
        found.append("not_below_list")
    if struck_fen is not None and struck_fen <= price_fen:
        found.append("struck_not_above")
    return found


def state_of(starts_at: datetime, ends_at: datetime, stopped_at: datetime | None, now: datetime) -> WindowState:
    if stopped_at is not None or ends_at <= now:
        return "over"
    return "coming" if starts_at > now else "open"


def best(windows: Iterable[OpenWindow], list_fen: int, room_id: UUID | None) -> OpenWindow | None:
    """The cheapest window that counts here and is below the list price; of equally cheap ones the room's."""
    here = [w for w in windows if w.room_id in (None, room_id) and w.price_fen < list_fen]
    return min(here, key=lambda w: (w.price_fen, w.room_id is None, w.id), default=None)


def quoted_at(line: QuotedLine, list_fen: int, room_id: UUID | None) -> QuotedLine:
    """The line at what it costs in this room (None: on the shelf). `line.windows` are those that count now."""
    window = best(line.windows, list_fen, room_id)
    if window is None:
        return line
    return replace(
        line,
        unit_price_fen=window.price_fen,
        price_kind="window",
        list_price_fen=list_fen,
        price_ref=window.id,
        stock_left=line.stock_left if window.left is None else min(line.stock_left, window.left),
    )


def in_room(line: QuotedLine, room_id: UUID | None) -> QuotedLine:
    """A line as quoted for the shelf, at what it costs in this room. Nothing is dearer in a room than on the shelf."""
    if room_id is None or not any(window.room_id == room_id for window in line.windows):
        return line
    list_fen = line.unit_price_fen if line.list_price_fen is None else line.list_price_fen
    return quoted_at(line, list_fen, room_id)


def view_at(sku: SkuView, windows: Sequence[OpenWindow], room_id: UUID | None) -> SkuView:
    """The SKU at what it costs here, with what a buyer should know about that price."""
    window = best(windows, sku.price_fen, room_id)
    if window is None:
        return sku
    limits = [one for one in (sku.limit_per_buyer, window.per_buyer_max) if one is not None]
    return replace(
        sku,
        price_fen=window.price_fen,
        stock_left=sku.stock_left if window.left is None else min(sku.stock_left, window.left),
        limit_per_buyer=min(limits, default=None),
        struck_fen=window.struck_fen,
        price_until=window.ends_at,
        price_pieces_left=window.left,
    )


@dataclass
class Pool:
    """What is left of a window while a batch is admitted. `had` are the pieces each buyer has."""

    left: int | None
    per_buyer_max: int | None
    had: dict[UUID, int]


Asked = tuple[UUID, Sequence[WindowWish]]
"""A buyer and what they would take."""


def admit(asked: Mapping[int, Asked], pools: Mapping[WindowId, Pool]) -> dict[int, Refused]:
    """Who does not get a window's price, in the order of arrival; everybody else gets all they asked for."""
    refused: dict[int, Refused] = {}
    for place, (buyer_id, wishes) in sorted(asked.items()):
        wrong = next((found for wish in wishes if (found := _lacks(pools.get(wish.window_id), buyer_id, wish))), None)
        if wrong is not None:
            refused[place] = wrong
            continue
        for wish in wishes:
            pool = pools[wish.window_id]
            pool.had[buyer_id] = pool.had.get(buyer_id, 0) + wish.quantity
            pool.left = None if pool.left is None else pool.left - wish.quantity
    return refused


def _lacks(pool: Pool | None, buyer_id: UUID, wish: WindowWish) -> Refused | None:
    sku_id = SkuId(wish.sku_id)
    if pool is None:
        return OutOfStock(sku_id=sku_id, left=0)
    had = pool.had.get(buyer_id, 0)
    if pool.per_buyer_max is not None and had + wish.quantity > pool.per_buyer_max:
        return LimitReached(sku_id=sku_id, limit=pool.per_buyer_max, had=had)
    if pool.left is not None and wish.quantity > pool.left:
        return OutOfStock(sku_id=sku_id, left=pool.left)
    return None
