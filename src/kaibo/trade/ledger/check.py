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
    # what settlements and refunds after them moved is what is written about each order
    "shares": (
        """
        WITH moved AS (
            SELECT t.order_id, sum(e.fen) FILTER (WHERE a.kind = 'merchant_payable') AS merchant,
                sum(e.fen) FILTER (WHERE a.kind = 'creator_commission') AS creator,
                sum(e.fen) FILTER (WHERE a.kind = 'agency_commission') AS agency,
                sum(e.fen) FILTER (WHERE a.kind = 'leader_commission') AS leader,
                sum(e.fen) FILTER (WHERE a.kind = 'platform_fee') AS platform,
                sum(e.fen) FILTER (WHERE a.kind = 'coupons_platform') AS coupons
            FROM trade.ledger_transactions t JOIN trade.ledger_entries e ON e.transaction_id = t.id
            JOIN trade.ledger_accounts a ON a.id = e.account_id
            WHERE t.kind IN ('settlement', 'take_back') GROUP BY t.order_id
        ), gone AS (
            SELECT order_id, sum(merchant_fen + freight_fen + subsidy_fen) AS merchant, sum(creator_fen) AS creator,
                sum(agency_fen) AS agency, sum(leader_fen) AS leader, sum(platform_fen) AS platform, sum(subsidy_fen) AS subsidy
            FROM trade.settlement_take_backs GROUP BY order_id
        )
        SELECT coalesce(s.order_id, m.order_id) FROM trade.settlements s
        FULL JOIN moved m ON m.order_id = s.order_id LEFT JOIN gone g ON g.order_id = s.order_id
        WHERE (coalesce(m.merchant, 0), coalesce(m.creator, 0), coalesce(m.agency, 0), coalesce(m.leader, 0),
               coalesce(m.platform, 0), coalesce(-m.coupons, 0))
            IS DISTINCT FROM (s.merchant_fen - coalesce(g.merchant, 0), s.creator_fen - coalesce(g.creator, 0),
               s.agency_fen - coalesce(g.agency, 0), s.leader_fen - coalesce(g.leader, 0),
               s.platform_fen - coalesce(g.platform, 0), s.subsidy_fen - coalesce(g.subsidy, 0))
    """,
    ),
    # exactly the settled orders have a settlement
    "settled": (
        """
        SELECT coalesce(o.number, s.order_id::text) FROM trade.settlements s
        FULL JOIN (SELECT id, number FROM trade.orders WHERE state = 'settled') o ON o.id = s.order_id
        WHERE o.id IS NULL OR s.order_id IS NULL
    """,
    ),
    # every line was divided at its frozen rates: largest remainder keeps each part within one fen of the exact share
    "frozen_rates": (
        """
        SELECT o.number FROM trade.settlement_lines s JOIN trade.order_lines l ON l.id = s.line_id
        JOIN trade.orders o ON o.id = s.order_id
        CROSS JOIN LATERAL (SELECT
            s.merchant_fen + s.creator_fen + s.agency_fen + s.leader_fen + s.platform_fen AS goods,
            s.creator_fen + s.agency_fen AS earned,
            CASE WHEN o.creator_id IS NULL THEN 0 ELSE l.commission_bps END AS bps,
            CASE WHEN o.agency_id IS NULL THEN 0 ELSE o.agency_bps END AS agency_bps,
            CASE WHEN o.leader_id IS NULL THEN 0 ELSE o.leader_bps END AS leader_bps) x
        WHERE abs(x.earned * 10000 - x.goods * x.bps) >= 10000
           OR abs(s.platform_fen * 10000 - x.goods * l.platform_fee_bps) >= 10000
           OR abs(s.leader_fen * 10000 - x.goods * least(x.leader_bps, 10000 - x.bps - l.platform_fee_bps)) >= 10000
           OR abs(s.agency_fen * 10000 - x.earned * x.agency_bps) >= 10000
           OR x.goods > l.paid_fen OR s.freight_fen > l.freight_paid_fen OR s.subsidy_fen > l.platform_discount_fen
    """,
    ),
    # a settlement is the sum of its lines, and no line gives back more than it had
    "settlement_lines": (
        """
        SELECT s.order_id FROM trade.settlements s JOIN (
            SELECT order_id, sum(merchant_fen + freight_fen + subsidy_fen) AS merchant, sum(creator_fen) AS creator,
                sum(agency_fen) AS agency, sum(leader_fen) AS leader, sum(platform_fen) AS platform
            FROM trade.settlement_lines GROUP BY order_id
        ) l ON l.order_id = s.order_id
        WHERE (l.merchant, l.creator, l.agency, l.leader, l.platform)
            IS DISTINCT FROM (s.merchant_fen, s.creator_fen, s.agency_fen, s.leader_fen, s.platform_fen)
        UNION ALL
        SELECT l.order_id FROM trade.settlement_lines l JOIN (
            SELECT line_id, sum(merchant_fen) AS merchant, sum(creator_fen) AS creator, sum(agency_fen) AS agency,
                sum(leader_fen) AS leader, sum(platform_fen) AS platform, sum(freight_fen) AS freight, sum(subsidy_fen) AS subsidy
            FROM trade.settlement_take_backs GROUP BY line_id
        ) g ON g.line_id = l.line_id
        WHERE g.merchant > l.merchant_fen OR g.creator > l.creator_fen OR g.agency > l.agency_fen
           OR g.leader > l.leader_fen OR g.platform > l.platform_fen OR g.freight > l.freight_fen OR g.subsidy > l.subsidy_fen
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
