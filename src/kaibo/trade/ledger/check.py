"""Recompute the whole ledger from its entries and hold it against the orders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.trade.ledger.accounts import NEVER_BELOW_ZERO, OUTSIDE

FAULTS_MAX = 100


@dataclass(frozen=True)
class Fault:
    """`rule` is the key of a rule below (and of a word, "trade.ledger_fault.<rule>"), `what` says where it is broken."""

    rule: str
    what: str


@dataclass(frozen=True)
class LedgerReport:
    """`sum_fen` of everything must be 0 and `faults` empty."""

    sum_fen: int
    transactions: int
    faults: tuple[Fault, ...]
    checked_at: datetime


_BY_ORDER = """
    WITH moved AS (
        SELECT t.order_id, a.kind, sum(e.fen)::bigint AS fen,
               sum(e.fen) FILTER (WHERE t.kind IN ('payment', 'late_payment')) AS came,
               sum(e.fen) FILTER (WHERE t.kind = 'refund_paid') AS went
        FROM trade.ledger_entries e
        JOIN trade.ledger_transactions t ON t.id = e.transaction_id
        JOIN trade.ledger_accounts a ON a.id = e.account_id
        GROUP BY t.order_id, a.kind
    )
"""


def _kinds(kinds: Iterable[str]) -> str:
    return ", ".join(f"'{kind}'" for kind in sorted(kinds))


RULES: dict[str, tuple[str, ...]] = {
    # a transaction has two entries or more that sum to zero
    "balanced": (
        """
        SELECT t.id FROM trade.ledger_transactions t LEFT JOIN trade.ledger_entries e ON e.transaction_id = t.id
        GROUP BY t.id HAVING count(e.position) < 2 OR sum(e.fen) <> 0
    """,
    ),
    # money of others is never below zero, and the world outside is never above
    "no_debt": (
        f"""
        SELECT a.kind || ' ' || coalesce(a.owner_id::text, a.scope, '') FROM trade.ledger_accounts a
        JOIN trade.ledger_entries e ON e.account_id = a.id
        GROUP BY a.id HAVING (a.kind IN ({_kinds(NEVER_BELOW_ZERO)}) AND sum(e.fen) < 0)
                          OR (a.kind IN ({_kinds(OUTSIDE)}) AND sum(e.fen) > 0)
    """,  # noqa: S608 (our own kinds)
    ),
    # an entry, its account and its transaction are of one currency
    "one_currency": (
        """
        SELECT t.id FROM trade.ledger_entries e JOIN trade.ledger_transactions t ON t.id = e.transaction_id
        JOIN trade.ledger_accounts a ON a.id = e.account_id
        WHERE e.currency <> t.currency OR e.currency <> a.currency
    """,
    ),
    # a roll-up is the sum of the entries it stands for, and they follow one another without a gap or an overlap
    "rollups": (
        """
        SELECT 'account ' || r.account_id || ' at ' || r.upto FROM (
            SELECT r.*, lag(r.balance_fen, 1, 0::bigint) OVER w AS last_fen, lag(r.upto, 1, 0::bigint) OVER w AS last_upto
            FROM trade.ledger_rollups r WINDOW w AS (PARTITION BY r.account_id ORDER BY r.upto)
        ) r LEFT JOIN LATERAL (
            SELECT coalesce(sum(e.fen), 0) AS fen FROM trade.ledger_entries e
            WHERE e.account_id = r.account_id AND e.position > r.last_upto AND e.position <= r.upto
        ) e ON true
        WHERE e.fen <> r.moved_fen OR r.balance_fen <> r.last_fen + r.moved_fen OR r.after < r.last_upto
    """,
    ),
    # a hold sums to zero, and was posted exactly where its transaction stands in the books
    "holds": (
        """
        SELECT h.key FROM trade.ledger_holds h LEFT JOIN trade.ledger_hold_ends x ON x.hold_id = h.id
        LEFT JOIN trade.ledger_transactions t ON t.key = h.posting_key
        WHERE (coalesce(x.outcome, '') = 'posted') <> (t.id IS NOT NULL)
           OR (SELECT sum(e.fen) FROM trade.ledger_hold_entries e WHERE e.hold_id = h.id) <> 0
    """,
    ),
    # an order's refunds never exceed what was paid for it
    "refunds_within_paid": (
        _BY_ORDER,
        "SELECT order_id FROM moved WHERE kind = 'gateway' AND coalesce(went, 0) > -coalesce(came, 0)",
    ),
    # escrow holds exactly the paid, unsettled orders, without what was promised back
    "escrow": (
        _BY_ORDER,
        """
        SELECT o.number FROM trade.orders o LEFT JOIN moved m ON m.order_id = o.id AND m.kind = 'escrow'
        WHERE coalesce(m.fen, 0)
           <> CASE WHEN o.state IN ('paid', 'shipped', 'received') THEN o.total_fen - o.refunded_fen ELSE 0 END
    """,
    ),
    # a settled order's creator and platform got their frozen shares
    "shares": (
        _BY_ORDER,
        """
        SELECT o.number FROM trade.orders o
        LEFT JOIN moved c ON c.order_id = o.id AND c.kind = 'creator_commission'
        LEFT JOIN moved p ON p.order_id = o.id AND p.kind = 'platform_fee'
        WHERE coalesce(c.fen, 0) <> CASE WHEN o.state = 'settled' THEN o.commission_fen ELSE 0 END
           OR coalesce(p.fen, 0) <> CASE WHEN o.state = 'settled' THEN o.platform_fee_fen ELSE 0 END
    """,
    ),
    # promised refunds are exactly the refunds under way
    "promises": (
        """
        SELECT 'refunds_payable' WHERE
            (SELECT coalesce(sum(e.fen), 0) FROM trade.ledger_entries e JOIN trade.ledger_accounts a
                ON a.id = e.account_id AND a.kind = 'refunds_payable')
            <> (SELECT coalesce(sum(fen), 0) FROM trade.refunds WHERE state NOT IN ('done', 'closed'))
    """,
    ),
}


async def check_ledger(db: Db) -> LedgerReport:
    """Reads every entry: for the operator's page, the tests and a nightly look, not for every request."""
    faults: list[Fault] = []
    for rule, query in RULES.items():
        rows = await db.execute(text("\n".join(query)))
        faults += [Fault(rule, str(row[0])) for row in rows.fetchmany(FAULTS_MAX)]
    total = await db.scalar(text("SELECT coalesce(sum(fen), 0)::bigint FROM trade.ledger_entries"))
    number = await db.scalar(text("SELECT count(*) FROM trade.ledger_transactions"))
    return LedgerReport(int(total or 0), int(number or 0), tuple(faults[:FAULTS_MAX]), clock.now())
