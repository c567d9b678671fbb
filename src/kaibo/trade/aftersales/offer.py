"""What can be asked for about an order: which kinds, which pieces, until when. The page asks this before it asks the buyer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.aftersales import rules
from kaibo.trade.aftersales.amounts import Balance
from kaibo.trade.aftersales.lookup import Which, balances_of, list_cases
from kaibo.trade.aftersales.model import Case, CaseKind
from kaibo.trade.aftersales.refusals import NotOffered
from kaibo.trade.aftersales.shop_terms import terms_of
from kaibo.trade.aftersales.way_back import cover_of
from kaibo.trade.orders.model import Order
from kaibo.trade.orders.terms import terms

CASES_MAX = 50


@dataclass(frozen=True)
class Kind:
    """`refused` is a key of trade.not_offered; `reasons` are keys of rules.REASONS."""

    kind: CaseKind
    refused: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Offer:
    balances: Sequence[Balance]
    kinds: Sequence[Kind]
    seven_days_until: datetime | None
    cover_limit_fen: int
    open_cases: Sequence[Case]


async def offer(db: Db, order: Order) -> Offer:
    """For the buyer of the order."""
    now, house = clock.now(), terms()
    promised = (await terms_of(db, order.shop_id)).price_protection_days
    kinds = []
    for kind in CaseKind:
        refused = None
        try:
            rules.check_time(kind, order.state, order.received_at, now, house)
            if kind is CaseKind.PRICE_PROTECTION:
                rules.check_price_protection(promised, order.paid_at, now, house)
        except NotOffered as why:
            refused = why.why[0]
        kinds.append(Kind(kind, refused, () if refused else await _reasons(db, order, kind, now)))
    cover = await cover_of(db, order.id)
    received = order.received_at
    return Offer(
        balances=await balances_of(db, order),
        kinds=kinds,
        seven_days_until=None if received is None else rules.no_reason_until(received, house),
        cover_limit_fen=0 if cover is None else cover.limit_fen - cover.paid_fen,
        open_cases=await list_cases(db, Which(order_id=order.id, open=True), before=None, limit=CASES_MAX),
    )


async def _reasons(db: Db, order: Order, kind: CaseKind, now: datetime) -> tuple[str, ...]:
    partly = order.first_shipped_at is not None
    found = [
        key
        for key, reason in rules.REASONS.items()
        if kind in reason.kinds
        and reason.before_shipping == rules.is_before_shipping(kind, order.state, key, partly_shipped=partly)
    ]
    if "no_reason" in found and not _some_without_reason(order, now):
        found.remove("no_reason")
    return tuple(found)


def _some_without_reason(order: Order, now: datetime) -> bool:
    """Whether any line of the order may still go back without a reason; each is checked again when it is chosen."""
    for line in order.lines:
        try:
            rules.check_no_reason([line.seven_day_exclusion], order.received_at, now, terms())
        except NotOffered:
            continue
        return True
    return False
