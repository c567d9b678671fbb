"""Who follows whom is known to a wing above; it says here how to ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from kaibo.kernel.db import Db

FollowsSeller = Callable[[Db, UUID, UUID | None], Awaitable[bool]]

_asked: list[FollowsSeller] = []


def register_followers(follows_seller: FollowsSeller) -> None:
    """`follows_seller(db, person_id, shop_id)`: do they follow a room that sells this shop's goods (None: any)? At start-up."""
    _asked[:] = [follows_seller]


async def follows_seller(db: Db, person_id: UUID, shop_id: UUID | None) -> bool:
    """False where nobody can say: a coupon for followers is then nobody's."""
    return any([await ask(db, person_id, shop_id) for ask in _asked])
