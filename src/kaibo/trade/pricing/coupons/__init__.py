"""Coupons of merchants and of the platform: issued, claimed, held by an order, spent at payment, released, returned."""

from kaibo.trade.pricing.coupons.checkout import (
    forget,
    give_back,
    held_among,
    held_by,
    lock,
    release,
    release_all,
    retake,
    spent,
    use,
)

__all__ = ["forget", "give_back", "held_among", "held_by", "lock", "release", "release_all", "retake", "spent", "use"]
