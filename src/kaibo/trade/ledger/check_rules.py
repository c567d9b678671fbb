"""What must hold in the books: every rule as the statement that finds what breaks it, for one stretch of ids at a time.

A stretch is `:after` < id <= `:upto`; the first begins at the lowest id that there can be and the last ends at the highest, so that
nothing lies between two of them. `check.py` walks through them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from kaibo.trade.ledger.accounts import NEVER_BELOW_ZERO, OUTSIDE

Over = Literal["transactions", "accounts", "holds", "orders", "buyers"]


@dataclass(frozen=True)
class Rule:
    """`parts` make one statement whose first column says what is wrong; `over` says whose ids it is cut by (None: it is not)."""

    over: Over | None
    parts: tuple[str, ...]

    def __init__(self, over: Over | None, *parts: str) -> None:
        object.__setattr__(self, "over", over)
        object.__setattr__(self, "parts", parts)

    @property
    def statement(self) -> str:
        return "\n".join(self.parts)


_BY_ORDER = """
    WITH moved AS (
        SELECT t.order_id, a.kind, sum(e.fen)::bigint AS fen,
               sum(e.fen) FILTER (WHERE t.kind IN ('payment', 'late_payment')) AS came,
               sum(e.fen) FILTER (WHERE t.kind = 'refund_paid') AS went
        FROM trade.ledger_entries e
        JOIN trade.ledger_transactions t ON t.id = e.transaction_id
        JOIN trade.ledger_accounts a ON a.id = e.account_id
        WHERE t.order_id > :after AND t.order_id <= :upto
        GROUP BY t.order_id, a.kind
    )
"""


def _kinds(kinds: Iterable[str]) -> str:
    return ", ".join(f"'{kind}'" for kind in sorted(kinds))


RULES: Mapping[str, Rule] = {
    # a transaction has two entries or more that sum to zero
    "balanced": Rule(
        "transactions",
        """
        SELECT t.id FROM trade.ledger_transactions t LEFT JOIN trade.ledger_entries e ON e.transaction_id = t.id
        WHERE t.id > :after AND t.id <= :upto
        GROUP BY t.id HAVING count(e.position) < 2 OR sum(e.fen) <> 0
    """,
    ),
    # money of others is never below zero, and the world outside is never above
    "no_debt": Rule(
        "accounts",
        f"""
        SELECT a.kind || ' ' || coalesce(a.owner_id::text, a.scope, '') FROM trade.ledger_accounts a
        JOIN trade.ledger_entries e ON e.account_id = a.id
        WHERE a.id > :after AND a.id <= :upto
        GROUP BY a.id HAVING (a.kind IN ({_kinds(NEVER_BELOW_ZERO)}) AND sum(e.fen) < 0)
                          OR (a.kind IN ({_kinds(OUTSIDE)}) AND sum(e.fen) > 0)
    """,  # noqa: S608 (our own kinds)
    ),
    # an entry, its account and its transaction are of one currency
    "one_currency": Rule(
        "transactions",
        """
        SELECT t.id FROM trade.ledger_entries e JOIN trade.ledger_transactions t ON t.id = e.transaction_id
        JOIN trade.ledger_accounts a ON a.id = e.account_id
        WHERE t.id > :after AND t.id <= :upto AND (e.currency <> t.currency OR e.currency <> a.currency)
    """,
    ),
    # a roll-up is the sum of the entries it stands for, and they follow one another without a gap or an overlap
    "rollups": Rule(
        "accounts",
        """
        SELECT 'account ' || r.account_id || ' at ' || r.upto FROM (
            SELECT r.*, lag(r.balance_fen, 1, 0::bigint) OVER w AS last_fen, lag(r.upto, 1, 0::bigint) OVER w AS last_upto
            FROM trade.ledger_rollups r WHERE r.account_id > :after AND r.account_id <= :upto
            WINDOW w AS (PARTITION BY r.account_id ORDER BY r.upto)
        ) r LEFT JOIN LATERAL (
            SELECT coalesce(sum(e.fen), 0) AS fen FROM trade.ledger_entries e
            WHERE e.account_id = r.account_id AND e.position > r.last_upto AND e.position <= r.upto
        ) e ON true
        WHERE e.fen <> r.moved_fen OR r.balance_fen <> r.last_fen + r.moved_fen OR r.after < r.last_upto
    """,
    ),
    # a hold sums to zero, and was posted exactly where its transaction stands in the books
    "holds": Rule(
        "holds",
        """
        SELECT h.key FROM trade.ledger_holds h LEFT JOIN trade.ledger_hold_ends x ON x.hold_id = h.id
        LEFT JOIN trade.ledger_transactions t ON t.key = h.posting_key
        WHERE h.id > :after AND h.id <= :upto AND ((coalesce(x.outcome, '') = 'posted') <> (t.id IS NOT NULL)
           OR (SELECT sum(e.fen) FROM trade.ledger_hold_entries e WHERE e.hold_id = h.id) <> 0)
    """,
    ),
    # an order's refunds never exceed what was paid for it
    "refunds_within_paid": Rule(
        "orders",
        _BY_ORDER,
        "SELECT order_id FROM moved WHERE kind = 'gateway' AND coalesce(went, 0) > -coalesce(came, 0)",
    ),
    # escrow holds exactly the paid, unsettled orders, without what was promised back
    "escrow": Rule(
        "orders",
        _BY_ORDER,
        """
        SELECT o.number FROM trade.orders o LEFT JOIN moved m ON m.order_id = o.id AND m.kind = 'escrow'
        WHERE o.id > :after AND o.id <= :upto AND coalesce(m.fen, 0)
           <> CASE WHEN o.state IN ('paid', 'shipped', 'received') THEN o.total_fen - o.refunded_fen
                   WHEN o.state = 'reserved' THEN o.deposit_fen ELSE 0 END
    """,
    ),
    # what settlements and refunds after them moved is what is written about each order
    "shares": Rule(
        "orders",
        """
        WITH moved AS (
            SELECT t.order_id, sum(e.fen) FILTER (WHERE a.kind = 'merchant_payable') AS merchant,
                sum(e.fen) FILTER (WHERE a.kind = 'creator_commission') AS creator,
                sum(e.fen) FILTER (WHERE a.kind = 'agency_commission') AS agency,
                sum(e.fen) FILTER (WHERE a.kind = 'leader_commission') AS leader,
                sum(e.fen) FILTER (WHERE a.kind = 'platform_fee') AS platform,
                sum(e.fen) FILTER (WHERE a.kind = 'coupons_platform') AS coupons,
                sum(e.fen) FILTER (WHERE a.kind = 'points_platform') AS points
            FROM trade.ledger_transactions t JOIN trade.ledger_entries e ON e.transaction_id = t.id
            JOIN trade.ledger_accounts a ON a.id = e.account_id
            WHERE t.kind IN ('settlement', 'take_back') AND t.order_id > :after AND t.order_id <= :upto GROUP BY t.order_id
        ), gone AS (
            SELECT order_id, sum(merchant_fen + freight_fen + subsidy_fen) AS merchant, sum(creator_fen) AS creator,
                sum(agency_fen) AS agency, sum(leader_fen) AS leader, sum(platform_fen) AS platform, sum(subsidy_fen) AS subsidy,
                sum(points_fen) AS points
            FROM trade.settlement_take_backs WHERE order_id > :after AND order_id <= :upto GROUP BY order_id
        )
        SELECT coalesce(s.order_id, m.order_id)
        FROM (SELECT * FROM trade.settlements WHERE order_id > :after AND order_id <= :upto) s
        FULL JOIN moved m ON m.order_id = s.order_id LEFT JOIN gone g ON g.order_id = s.order_id
        WHERE (coalesce(m.merchant, 0), coalesce(m.creator, 0), coalesce(m.agency, 0), coalesce(m.leader, 0),
               coalesce(m.platform, 0), coalesce(-m.coupons, 0), coalesce(-m.points, 0))
            IS DISTINCT FROM (s.merchant_fen - coalesce(g.merchant, 0), s.creator_fen - coalesce(g.creator, 0),
               s.agency_fen - coalesce(g.agency, 0), s.leader_fen - coalesce(g.leader, 0),
               s.platform_fen - coalesce(g.platform, 0),
               s.subsidy_fen - s.points_fen - coalesce(g.subsidy - g.points, 0), s.points_fen - coalesce(g.points, 0))
    """,
    ),
    # exactly the settled orders have a settlement
    "settled": Rule(
        "orders",
        """
        SELECT coalesce(o.number, s.order_id::text)
        FROM (SELECT order_id FROM trade.settlements WHERE order_id > :after AND order_id <= :upto) s
        FULL JOIN (SELECT id, number FROM trade.orders WHERE state = 'settled' AND id > :after AND id <= :upto) o
            ON o.id = s.order_id
        WHERE o.id IS NULL OR s.order_id IS NULL
    """,
    ),
    # every line was divided at its frozen rates: largest remainder keeps each part within one fen of the exact share
    "frozen_rates": Rule(
        "orders",
        """
        SELECT o.number FROM trade.settlement_lines s JOIN trade.order_lines l ON l.id = s.line_id
        JOIN trade.orders o ON o.id = s.order_id
        CROSS JOIN LATERAL (SELECT
            s.merchant_fen + s.creator_fen + s.agency_fen + s.leader_fen + s.platform_fen AS goods,
            s.creator_fen + s.agency_fen AS earned,
            CASE WHEN o.creator_id IS NULL THEN 0 ELSE l.commission_bps END AS bps,
            CASE WHEN o.agency_id IS NULL THEN 0 ELSE o.agency_bps END AS agency_bps,
            CASE WHEN o.leader_id IS NULL THEN 0 ELSE o.leader_bps END AS leader_bps) x
        WHERE s.order_id > :after AND s.order_id <= :upto AND (abs(x.earned * 10000 - x.goods * x.bps) >= 10000
           OR abs(s.platform_fen * 10000 - x.goods * l.platform_fee_bps) >= 10000
           OR abs(s.leader_fen * 10000 - x.goods * least(x.leader_bps, 10000 - x.bps - l.platform_fee_bps)) >= 10000
           OR abs(s.agency_fen * 10000 - x.earned * x.agency_bps) >= 10000
           OR x.goods > l.paid_fen OR s.freight_fen > l.freight_paid_fen OR s.subsidy_fen > l.platform_discount_fen)
    """,
    ),
    # a settlement is the sum of its lines, and no line gives back more than it had
    "settlement_lines": Rule(
        "orders",
        """
        SELECT s.order_id FROM trade.settlements s JOIN (
            SELECT order_id, sum(merchant_fen + freight_fen + subsidy_fen) AS merchant, sum(creator_fen) AS creator,
                sum(agency_fen) AS agency, sum(leader_fen) AS leader, sum(platform_fen) AS platform
            FROM trade.settlement_lines WHERE order_id > :after AND order_id <= :upto GROUP BY order_id
        ) l ON l.order_id = s.order_id
        WHERE (l.merchant, l.creator, l.agency, l.leader, l.platform)
            IS DISTINCT FROM (s.merchant_fen, s.creator_fen, s.agency_fen, s.leader_fen, s.platform_fen)
            AND s.order_id > :after AND s.order_id <= :upto
        UNION ALL
        SELECT l.order_id FROM trade.settlement_lines l JOIN (
            SELECT line_id, sum(merchant_fen) AS merchant, sum(creator_fen) AS creator, sum(agency_fen) AS agency,
                sum(leader_fen) AS leader, sum(platform_fen) AS platform, sum(freight_fen) AS freight, sum(subsidy_fen) AS subsidy
            FROM trade.settlement_take_backs WHERE order_id > :after AND order_id <= :upto GROUP BY line_id
        ) g ON g.line_id = l.line_id
        WHERE g.merchant > l.merchant_fen OR g.creator > l.creator_fen OR g.agency > l.agency_fen
           OR g.leader > l.leader_fen OR g.platform > l.platform_fen OR g.freight > l.freight_fen OR g.subsidy > l.subsidy_fen
    """,
    ),
    # what points paid of an order is the shop's or came back, and no point came from nowhere
    "points": Rule(
        "orders",
        """
        SELECT u.order_id FROM trade.point_uses u LEFT JOIN trade.orders o ON o.id = u.order_id
        LEFT JOIN trade.settlements s ON s.order_id = u.order_id
        LEFT JOIN LATERAL (SELECT coalesce(sum(g.points_fen), 0) AS fen FROM trade.settlement_take_backs g
            WHERE g.order_id = u.order_id) g ON true
        LEFT JOIN LATERAL (SELECT coalesce(sum(e.points), 0) AS points FROM trade.point_entries e
            WHERE e.order_id = u.order_id AND e.kind IN ('used', 'released', 'returned')) e ON true
        WHERE u.order_id > :after AND u.order_id <= :upto AND (
            (u.state = 'released') <> (o.id IS NULL OR o.state IN ('cancelled', 'expired'))
            OR (u.state = 'held') <> (o.id IS NOT NULL AND o.state = 'placed')
            OR (s.order_id IS NOT NULL AND s.points_fen - g.fen + u.returned_fen <> u.fen)
            OR (s.order_id IS NULL AND o.state IN ('refunding', 'refunded') AND u.returned_fen <> u.fen)
            OR -e.points <> CASE WHEN u.state = 'released' THEN 0 ELSE (u.fen - u.returned_fen) * u.points_per_fen END)
    """,
    ),
    # a lot of points holds what its entries say
    "point_lots": Rule(
        "buyers",
        """
        SELECT l.id FROM trade.point_lots l LEFT JOIN trade.point_entries e ON e.lot_id = l.id
        WHERE l.buyer_id > :after AND l.buyer_id <= :upto
        GROUP BY l.id HAVING l.left_points <> coalesce(sum(e.points), 0)
    """,
    ),
    # promised refunds are exactly the refunds under way
    "promises": Rule(
        None,
        """
        SELECT 'refunds_payable' WHERE
            (SELECT coalesce(sum(e.fen), 0) FROM trade.ledger_entries e JOIN trade.ledger_accounts a
                ON a.id = e.account_id AND a.kind = 'refunds_payable')
            <> (SELECT coalesce(sum(fen), 0) FROM trade.refunds WHERE state NOT IN ('done', 'closed'))
    """,
    ),
}
