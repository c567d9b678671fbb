"""Price windows as other wings see them, and what setting one may refuse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NewType
from uuid import UUID

from kaibo.goods.contracts import SkuId
from kaibo.kernel.errors import Conflict, Invalid, NotFound, Refused, refusal

WindowId = NewType("WindowId", UUID)
WindowState = Literal["coming", "open", "over"]


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """A price that counts now. `room_id` is None on the shelf, which is everywhere; `left` are pieces of its own pool."""

    id: WindowId
    room_id: UUID | None
    price_fen: int
    struck_fen: int | None
    ends_at: datetime
    left: int | None = None
    per_buyer_max: int | None = None

    @property
    def scarce(self) -> bool:
        """Whether an order must be counted against it."""
        return self.left is not None or self.per_buyer_max is not None


@dataclass(frozen=True, slots=True)
class WindowWish:
    """Pieces that an order takes at a window's price. `sku_id` is for the words of a refusal."""

    window_id: WindowId
    sku_id: SkuId
    quantity: int


@dataclass(frozen=True)
class RoomName:
    """A room in which a shop's goods are sold."""

    id: UUID
    name: str


@refusal
class WindowMissing(NotFound):
    code = "goods.window_missing"
    id: str


@refusal
class WindowInvalid(Invalid):
    """`what` lists every fault; `sku_name` is the SKU it was found at, empty where the period is wrong."""

    code = "goods.window_invalid"
    what: list[str]
    sku_name: str


@refusal
class WindowOverlaps(Conflict):
    """The SKU has a price of its own in the same place for part of this period."""

    code = "goods.window_overlaps"
    sku_name: str
    window_title: str
    starts_at: datetime
    ends_at: datetime


@refusal
class WindowCovered(Conflict):
    """On the shelf the SKU costs as little or less in part of this period: the room's price would never count."""

    code = "goods.window_covered"
    sku_name: str
    window_title: str
    price_fen: int


@refusal
class StruckUnlawful(Invalid):
    """明码标价和禁止价格欺诈规定 art. 16: at most the lowest price traded in the seven days before, else the last traded price."""

    code = "goods.struck_unlawful"
    sku_name: str
    struck_fen: int
    struck_fen_max: int


@refusal
class StruckWithoutTrade(Invalid):
    """Never sold: there is no price that could stand struck (art. 17: no comparison without a basis)."""

    code = "goods.struck_without_trade"
    sku_name: str


@refusal
class WindowOver(Conflict):
    code = "goods.window_over"


@refusal
class RoomUnknown(Invalid):
    code = "goods.room_unknown"
    room_id: str


@refusal
class WindowsFull(Refused):
    code = "goods.windows_full"
    windows_max: int
