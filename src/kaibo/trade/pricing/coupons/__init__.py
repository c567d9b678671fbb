"""Coupons of merchants and of the platform: issued, claimed, held by an order, spent at payment, released, returned."""

from kaibo.trade.pricing.coupons.checkout import give_back, held_among, lock, release, release_all, retake, spent, use

__all__ = ["give_back", "held_among", "lock", "release", "release_all", "retake", "spent", "use"]
