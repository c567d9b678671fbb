"""The JSON of price windows and of the record of prices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from kaibo.goods.catalog.rules import LIMIT_PER_BUYER_MAX, PRICE_FEN_MAX, STOCK_MAX
from kaibo.goods.contracts.windows import WindowState
from kaibo.goods.windows import rules
from kaibo.goods.windows.lookup import PriceEntry, Window, state
from kaibo.goods.windows.set_windows import Campaign, WindowLine
from kaibo.kernel.web import Fen, Id, Instant, Wire
from kaibo.kernel.web.wire import Text

Price = Annotated[int, Field(strict=True, ge=1, le=PRICE_FEN_MAX)]


class WindowLineIn(Wire):
    """`struck_fen` at most the SKU's `struck_fen_max`; `pieces` a pool of its own out of the SKU's stock."""

    sku_id: Id
    price_fen: Price
    struck_fen: Price | None = None
    pieces: Annotated[int, Field(strict=True, ge=1, le=STOCK_MAX)] | None = None


class WindowsIn(Wire):
    """One price for a period of each of these SKUs; `room_id` null counts on the shelf, which is everywhere."""

    title: Annotated[Text, StringConstraints(min_length=1, max_length=rules.TITLE_CHARS_MAX)]
    room_id: Id | None = None
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    per_buyer_max: Annotated[int, Field(strict=True, ge=1, le=LIMIT_PER_BUYER_MAX)] | None = None
    lines: Annotated[list[WindowLineIn], Field(min_length=1, max_length=rules.LINES_MAX)]

    def campaign(self) -> Campaign:
        return Campaign(self.title, self.starts_at, self.ends_at, self.room_id, self.per_buyer_max)

    def window_lines(self) -> list[WindowLine]:
        return [WindowLine(line.sku_id, line.price_fen, line.struck_fen, line.pieces) for line in self.lines]


class RoomNameWire(Wire):
    id: Id
    name: str


class PriceRooms(Wire):
    items: list[RoomNameWire]


class WindowWire(Wire):
    """`struck_shown`: found lawful at the opening, so that buyers see it. `sold`: pieces in orders that stand; null where no cap
    and no pieces of its own make the house count.
    """

    id: Id
    product_id: Id
    product_title: str
    sku_id: Id
    sku_name: str
    title: str
    room: RoomNameWire | None
    list_price_fen: Fen
    price_fen: Fen
    struck_fen: Fen | None
    struck_shown: bool
    per_buyer_max: int | None
    pieces: int | None
    sold: int | None
    starts_at: Instant
    ends_at: Instant
    stopped_at: Instant | None
    state: WindowState

    @classmethod
    def of(cls, one: Window, now: datetime, rooms: Mapping[UUID, str], sold: Mapping[UUID, int]) -> WindowWire:
        counted = one.pieces is not None or one.per_buyer_max is not None
        return cls(
            id=one.id,
            product_id=one.product_id,
            product_title=one.product_title,
            sku_id=one.sku_id,
            sku_name=one.sku_name,
            title=one.title,
            room=None if one.room_id is None else RoomNameWire(id=one.room_id, name=rooms.get(one.room_id, "")),
            list_price_fen=one.list_price_fen,
            price_fen=one.price_fen,
            struck_fen=one.struck_fen,
            struck_shown=one.struck_checked,
            per_buyer_max=one.per_buyer_max,
            pieces=one.pieces,
            sold=sold.get(one.id, 0) if counted else None,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            stopped_at=one.stopped_at,
            state=state(one, now),
        )


class Windows(Wire):
    items: list[WindowWire]


class StruckBasis(Wire):
    """What a struck price may be at most, and out of what: the lowest trade of the last seven days, else the last one."""

    sku_id: Id
    sku_name: str
    price_fen: Fen
    traded_7d_lowest_fen: Fen | None
    traded_last_fen: Fen | None
    struck_fen_max: Fen | None


class PriceEntryWire(Wire):
    """`what`: list, set, opened, struck_dropped, stopped, ended. `by_clock`: nobody did it, the time had come."""

    at: Instant
    sku_id: Id
    sku_name: str
    what: str
    title: str | None
    price_fen: Fen
    struck_fen: Fen | None
    starts_at: Instant | None
    ends_at: Instant | None
    by_clock: bool

    @classmethod
    def of(cls, one: PriceEntry) -> PriceEntryWire:
        members = {name: value for name, value in vars(one).items() if name != "actor_id"}
        return cls.model_validate(members | {"by_clock": one.actor_id is None})


class PriceRecord(Wire):
    """A product's prices: what may stand struck now, and every change, newest first."""

    product_id: Id
    product_title: str
    basis: list[StruckBasis]
    entries: list[PriceEntryWire]
