"""Which of a buyer's coupons to use where the buyer has not said: the cheapest combination. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod

from kaibo.goods.contracts import QuotedLine
from kaibo.trade.pricing.model import NotUsed, Offers, Priced, Voucher
from kaibo.trade.pricing.rules import price_checkout

COMBINATIONS_MAX = 256
"""Up to here every combination is tried; beyond, one choice at a time is improved until none improves."""

Choice = tuple[Voucher | None, ...]


def choose(lines: Sequence[QuotedLine], offers: Offers) -> Priced:
    """The checkout with the cheapest choice among `offers.vouchers`; at least as cheap as with any single one.

    Of equally cheap choices the one with fewer coupons, then the one whose coupons end sooner. `not_used` says of every other
    coupon why it is not in: what it lacks, "same_group" where a better one took its place, "not_chosen" where another
    combination is cheaper.
    """
    if not offers.vouchers:
        return price_checkout(lines, offers)
    useful, useless = _sift(lines, offers)
    groups: dict[str, list[Voucher | None]] = {}
    for voucher in useful:
        groups.setdefault(voucher.group_key, [None]).append(voucher)
    options = list(groups.values())
    if prod(len(one) for one in options) <= COMBINATIONS_MAX:
        chosen = min((choice for choice in product(*options)), key=lambda choice: _rank(lines, offers, choice))
    else:
        chosen = _improve(lines, offers, options)
    priced = _price(lines, offers, chosen)
    kept = {one.claim_id for one in priced.used}
    return priced._replace(not_used=(*useless, *_left_out([v for v in useful if v.id not in kept], priced)))


def others(lines: Sequence[QuotedLine], vouchers: Sequence[Voucher], priced: Priced) -> tuple[NotUsed, ...]:
    """What the buyer's other coupons lack in a checkout that was priced with those they picked."""
    useful, useless = _sift(lines, Offers(vouchers=tuple(vouchers)))
    return (*useless, *_left_out(useful, priced))


def _left_out(useful: Sequence[Voucher], priced: Priced) -> list[NotUsed]:
    taken = {one.group for one in priced.used}
    return [NotUsed(v, "same_group" if v.group_key in taken else "not_chosen", {}) for v in useful]


def _sift(lines: Sequence[QuotedLine], offers: Offers) -> tuple[list[Voucher], list[NotUsed]]:
    """A coupon that does nothing by itself does nothing beside others: they only lower what it looks at.

    Except a freight coupon where the freight is free: another coupon may lower the amount below the free-freight threshold.
    """
    useful: list[Voucher] = []
    useless: list[NotUsed] = []
    for voucher in sorted(offers.vouchers, key=lambda v: v.id):
        alone = price_checkout(lines, offers._replace(vouchers=(voucher,), subsidies=(), points=None))
        if alone.used or alone.not_used[0].why == "no_freight":
            useful.append(voucher)
        else:
            useless += alone.not_used
    return useful, useless


def _price(lines: Sequence[QuotedLine], offers: Offers, choice: Choice) -> Priced:
    return price_checkout(lines, offers._replace(vouchers=tuple(v for v in choice if v is not None)))


def _rank(lines: Sequence[QuotedLine], offers: Offers, choice: Choice) -> tuple[int, int, float, list[str]]:
    priced = _price(lines, offers, choice)
    used = {one.claim_id for one in priced.used}
    kept = [v for v in choice if v is not None]
    ends = sum(v.use_until.timestamp() for v in kept if v.use_until is not None)
    # A choice that names a coupon which then does nothing is never better than the one without it.
    return (priced.total_fen, 2 * len(kept) - len(used), ends, [str(v.id) for v in kept])


def _improve(lines: Sequence[QuotedLine], offers: Offers, options: Sequence[Sequence[Voucher | None]]) -> Choice:
    """Hill climbing from the best single coupon; a step changes the choice of one group and must make the rank smaller."""
    nothing: Choice = (None,) * len(options)
    singles = [(*nothing[:at], voucher, *nothing[at + 1 :]) for at, group in enumerate(options) for voucher in group]
    best = min(singles, key=lambda choice: _rank(lines, offers, choice))
    rank = _rank(lines, offers, best)
    while True:
        around = (
            (*best[:at], v, *best[at + 1 :]) for at, group in enumerate(options) for v in group if v is not best[at]
        )
        following = min(around, key=lambda choice: _rank(lines, offers, choice))
        if (its := _rank(lines, offers, following)) >= rank:
            return best
        best, rank = following, its
