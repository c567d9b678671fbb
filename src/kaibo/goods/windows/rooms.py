"""Rooms belong to a wing above; it says here which there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

from kaibo.goods.contracts.windows import RoomName
from kaibo.kernel.db import Db

RoomsByShop = Callable[[Db, UUID], Awaitable[list[RoomName]]]
RoomNames = Callable[[Db, Iterable[UUID]], Awaitable[dict[UUID, str]]]

_by_shop: list[RoomsByShop] = []
_names: list[RoomNames] = []


def register_rooms(by_shop: RoomsByShop, names: RoomNames) -> None:
    """`by_shop` finds the rooms that sell a shop's goods, `names` the names of those rooms that exist. Once, at start-up."""
    _by_shop[:], _names[:] = [by_shop], [names]


async def rooms_selling(db: Db, shop_id: UUID) -> list[RoomName]:
    return [room for find in _by_shop for room in await find(db, shop_id)]


async def room_names(db: Db, room_ids: Iterable[UUID]) -> dict[UUID, str]:
    wanted = set(room_ids)
    if not wanted:
        return {}
    return {room_id: name for find in _names for room_id, name in (await find(db, wanted)).items()}
