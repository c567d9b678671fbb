"""What must hold at any instant, and what must hold when everything has come to its end. Read from the tables themselves, and
from the books of those outside: the providers, and what the buyers were told."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import asyncpg

from kaibo.kernel.db import Database
from kaibo.trade.funds.rules import BEIJING
from kaibo.trade.ledger.check import check_ledger
from tests.simulation.clients import Scene
from tests.simulation.world import PIECES

ALWAYS: dict[str, str] = {
    "pieces were made or lost": f"""
        SELECT s.sku_id, s.stock, s.sold, e.* FROM goods.stock s LEFT JOIN LATERAL (
            SELECT coalesce(sum(delta) FILTER (WHERE kind NOT IN ('opened')), 0) AS moved,
                   coalesce(sum(delta) FILTER (WHERE kind = 'adjusted'), 0) AS adjusted,
                   coalesce(sum(-delta) FILTER (WHERE kind = 'replaced'), 0) AS replaced
            FROM goods.stock_entries e WHERE e.sku_id = s.sku_id) e ON true
        WHERE s.stock <> {PIECES} + e.moved OR s.stock + s.sold + e.replaced <> {PIECES} + e.adjusted
    """,
    "stock is not what the holds say": """
        SELECT s.sku_id, s.held, s.sold, h.* FROM goods.stock s LEFT JOIN LATERAL (
            SELECT coalesce(sum(quantity) FILTER (WHERE state = 'held'), 0) AS held_,
                   coalesce(sum(quantity - returned) FILTER (WHERE state = 'consumed'), 0) AS sold_
            FROM goods.holds h WHERE h.sku_id = s.sku_id) h ON true
        WHERE s.held <> h.held_ OR s.sold <> h.sold_ OR s.held > s.stock
    """,
    "an order has other pieces than its state says": """
        SELECT o.id, o.state, h.state, l.quantity, h.quantity FROM trade.orders o
        JOIN (SELECT order_id, sku_id, sum(quantity) AS quantity FROM trade.order_lines GROUP BY 1, 2) l ON l.order_id = o.id
        LEFT JOIN goods.holds h ON h.order_id = o.id AND h.sku_id = l.sku_id
        WHERE h.quantity IS DISTINCT FROM l.quantity OR NOT CASE
            WHEN o.state = 'placed' THEN h.state = 'held'
            WHEN o.state IN ('cancelled', 'expired') THEN h.state = 'released'
            WHEN o.state IN ('paid', 'shipped', 'received', 'settled') THEN h.state = 'consumed'
            ELSE h.state IN ('consumed', 'returned') END
    """,
    "a coupon lowers two checkouts": """
        SELECT claim_id, array_agg(checkout_id) FROM trade.coupon_uses WHERE state IN ('held', 'spent')
        GROUP BY 1 HAVING count(*) > 1
    """,
    "a coupon is in another state than its use": """
        SELECT k.id, k.state, u.state FROM trade.coupon_claims k
        LEFT JOIN trade.coupon_uses u ON u.claim_id = k.id AND u.state IN ('held', 'spent')
        WHERE k.state IS DISTINCT FROM coalesce(u.state, 'usable')
    """,
    "a budget is not what its uses say": """
        SELECT c.id, c.committed_fen, u.fen FROM trade.coupons c LEFT JOIN LATERAL (
            SELECT coalesce(sum(fen) FILTER (WHERE state IN ('held', 'spent')), 0) AS fen
            FROM trade.coupon_uses u WHERE u.coupon_id = c.id) u ON true
        WHERE c.budget_fen IS NOT NULL AND c.committed_fen <> u.fen
    """,
    "a coupon's use does not fit its checkout": """
        SELECT u.checkout_id, u.state, array_agg(o.state) FROM trade.coupon_uses u
        JOIN trade.orders o ON o.checkout_id = u.checkout_id GROUP BY u.checkout_id, u.claim_id, u.state
        HAVING (u.state = 'held' AND NOT bool_or(o.state = 'placed'))
            OR (u.state = 'spent' AND bool_or(o.state IN ('placed', 'cancelled', 'expired')))
            OR (u.state = 'released' AND bool_or(o.state NOT IN ('cancelled', 'expired')))
    """,
    "more was refunded than paid": """
        SELECT o.id, o.total_fen, r.fen FROM trade.orders o JOIN (
            SELECT order_id, sum(fen) AS fen FROM trade.refunds WHERE state <> 'closed' GROUP BY 1) r ON r.order_id = o.id
        WHERE r.fen > o.total_fen OR o.refunded_fen > o.total_fen
    """,
    "an order's refunds are not what its lines and promises say": """
        SELECT o.id, o.refunded_fen, r.fen FROM trade.orders o LEFT JOIN (
            SELECT order_id, sum(fen) AS fen FROM trade.refunds WHERE state <> 'closed' AND kind <> 'late_payment'
            GROUP BY 1) r ON r.order_id = o.id
        WHERE o.refunded_fen <> coalesce(r.fen, 0)
    """,
    "a checkout was paid in part": """
        SELECT checkout_id, array_agg(state) FROM trade.orders GROUP BY 1
        HAVING bool_or(state = 'placed') AND bool_or(paid_at IS NOT NULL)
    """,
    "a checkout is paid without, or with two, charges": """
        SELECT o.checkout_id, count(DISTINCT c.id) FROM trade.orders o
        LEFT JOIN trade.charges c ON c.checkout_id = o.checkout_id AND c.state = 'paid'
        WHERE o.paid_at IS NOT NULL GROUP BY 1 HAVING count(DISTINCT c.id) <> 1
    """,
    "open cases are miscounted": """
        SELECT o.id, o.open_cases, c.n FROM trade.orders o LEFT JOIN LATERAL (
            SELECT count(*) AS n FROM trade.aftersales_cases c WHERE c.order_id = o.id
            AND c.state NOT IN ('refunding', 'done', 'dismissed', 'withdrawn', 'expired')) c ON true
        WHERE o.open_cases <> c.n
    """,
    "a live charge has no timer": """
        SELECT c.id FROM trade.charges c WHERE state IN ('creating', 'pending')
        AND NOT EXISTS (SELECT FROM kernel.timers t WHERE t.kind = 'trade.payment.query' AND t.key = c.id::text)
    """,
    "a refund under way has no timer": """
        SELECT r.id FROM trade.refunds r WHERE state IN ('asked', 'processing')
        AND NOT EXISTS (SELECT FROM kernel.timers t WHERE t.kind = 'trade.payment.refund' AND t.key = r.id::text)
    """,
    "a timer failed for a reason that does not pass": """
        SELECT kind, key, last_error FROM kernel.timers WHERE last_error IS NOT NULL
        AND last_error !~ 'ConnectionDoesNotExist'
    """,
    "a creator is with two agencies, or under two terms, at once": """
        SELECT a.id, b.id FROM people.agency_agreements a JOIN people.agency_agreements b
        ON b.person_id = a.person_id AND a.id < b.id AND a.state = 'agreed' AND b.state = 'agreed'
        WHERE tstzrange(a.valid_from, a.valid_until) && tstzrange(b.valid_from, b.valid_until)
    """,
    "an order owes an agency what nobody agreed on": """
        SELECT o.id, o.agency_bps FROM trade.orders o WHERE o.agency_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM people.agency_agreements a WHERE a.agency_id = o.agency_id AND a.person_id = o.creator_id
            AND a.state = 'agreed' AND a.share_bps = o.agency_bps)
    """,
    "an order owes a leader more than any plan does": """
        SELECT o.id, o.leader_bps FROM trade.orders o WHERE o.leader_bps > (SELECT max(leader_bps) FROM goods.affiliate_plans)
        OR (o.leader_id IS NOT NULL
            AND NOT EXISTS (SELECT FROM trade.order_lines l WHERE l.order_id = o.id AND l.plan_id IS NOT NULL))
    """,
    "a side shows more pictures than it may, or a case none that needs one": """
        SELECT c.id, e.side, count(e.picture_id) FROM trade.aftersales_cases c
        LEFT JOIN trade.aftersales_evidence e ON e.case_id = c.id AND e.picture_id IS NOT NULL
        GROUP BY c.id, e.side HAVING count(e.picture_id) > 9 OR (c.reason IN ('missing', 'damaged') AND e.side IS NULL)
    """,
    "a difference is open on a day that is closed": """
        SELECT d.id FROM trade.reconciliation_differences d
        JOIN trade.reconciliation_days y ON y.provider = d.provider AND y.day = d.day
        WHERE d.state = 'open' AND y.closed_at IS NOT NULL
    """,
    "a difference was taken into the books otherwise than it says": """
        SELECT d.id, d.difference_fen, t.fen FROM trade.reconciliation_differences d LEFT JOIN LATERAL (
            SELECT sum(e.fen) AS fen FROM trade.ledger_transactions t JOIN trade.ledger_entries e ON e.transaction_id = t.id
            JOIN trade.ledger_accounts a ON a.id = e.account_id
            WHERE t.key = 'reconciliation:' || d.id AND a.kind = 'reconciliation_difference') t ON true
        WHERE (d.state = 'accepted') IS DISTINCT FROM (t.fen IS NOT NULL) OR t.fen <> d.difference_fen
    """,
}

AT_THE_END: dict[str, str] = {
    "an order has not come to its end": """
        SELECT id, state, closing FROM trade.orders WHERE state NOT IN ('settled', 'cancelled', 'expired', 'refunded')
        AND NOT (state = 'received' AND refunded_fen = total_fen)
    """,
    "a charge is still open": "SELECT id, state FROM trade.charges WHERE state IN ('creating', 'pending')",
    "a refund is still open": "SELECT id, state FROM trade.refunds WHERE state NOT IN ('done', 'closed')",
    "a case is still open": "SELECT id, state FROM trade.aftersales_cases WHERE state NOT IN"
    " ('done', 'dismissed', 'withdrawn', 'expired')",
    "a withdrawal is still open": "SELECT id, state FROM trade.withdrawals WHERE state IN ('asked', 'approved')",
    "a difference is still open": "SELECT id, wrong FROM trade.reconciliation_differences WHERE state = 'open'",
    "an event was never told": "SELECT position, subject FROM kernel.outbox",
    "a job was never done": "SELECT id, task_name FROM jobs.procrastinate_jobs",
    "a coupon is still held": "SELECT id FROM trade.coupon_claims WHERE state = 'held'",
    "points are still held": "SELECT order_id FROM trade.point_uses WHERE state = 'held'",
    "pieces are still held": "SELECT order_id FROM goods.holds WHERE state = 'held'",
    "an effect did not happen exactly once": """
        SELECT event_id, n FROM simulation.effects WHERE n <> 1
    """,
    "money lies in escrow": """
        SELECT a.owner_id, sum(e.fen) FROM trade.ledger_accounts a JOIN trade.ledger_entries e ON e.account_id = a.id
        WHERE a.kind IN ('escrow', 'refunds_payable', 'buyer_payable') GROUP BY a.id HAVING sum(e.fen) <> 0
    """,
}


async def broken_now(scene: Scene, database: Database, admin: asyncpg.Connection) -> list[str]:
    """What does not hold, in words."""
    async with admin.transaction(isolation="repeatable_read", readonly=True):
        found = await rows(admin, ALWAYS)
        there = {(r["buyer_id"], r["idempotency_key"]): r["checkout_id"] for r in await _keys(admin)}
    for key, checkout in scene.placed.items():
        if there.get(key) != checkout:
            found.append(f"an acknowledged order is lost: {key} {checkout}")
    async with database.transaction() as db:
        report = await check_ledger(db)
    if report.sum_fen:
        found.append(f"the ledger sums to {report.sum_fen} fen")
    found += [f"ledger: {fault.rule} {fault.what}" for fault in report.faults]
    found += await divided_wrongly(admin)
    return found


async def broken_at_the_end(scene: Scene, admin: asyncpg.Connection) -> list[str]:
    found = await rows(admin, AT_THE_END)
    found += await charged_wrongly(scene, admin)
    found += await _told_otherwise(scene, admin)
    told = {row["event_id"] for row in await admin.fetch("SELECT event_id FROM simulation.effects")}
    heard = {one.event.subject for one in scene.house.reactions}
    logged = {one for one, subject in scene.house.bus.known.items() if subject in heard}
    return found + [f"an event was logged and not handled: {one}" for one in sorted(logged - told)[:3]]


async def rows(admin: asyncpg.Connection, queries: dict[str, str]) -> list[str]:
    return [f"{what}: {tuple(row)}" for what, query in queries.items() for row in await admin.fetch(f"{query} LIMIT 3")]


async def _keys(admin: asyncpg.Connection) -> list[asyncpg.Record]:
    query = "SELECT buyer_id, idempotency_key, checkout_id FROM trade.orders WHERE idempotency_key IS NOT NULL"
    return list(await admin.fetch(query))


async def charged_wrongly(scene: Scene, admin: asyncpg.Connection) -> list[str]:
    """What each provider has kept of a checkout is what its orders cost, less what went back; by the providers' own books."""
    kept: Counter[str] = Counter()
    numbers = {row["out_trade_no"]: str(row["checkout_id"]) for row in await admin.fetch("SELECT * FROM trade.charges")}
    found = []
    for gateway in scene.gateways.values():
        for charged in gateway.book.values():
            if charged.kept_fen and charged.out_trade_no not in numbers:
                found.append(f"a payment belongs to nothing: {charged}")
            kept[numbers.get(charged.out_trade_no, "")] += charged.kept_fen
    owed: Counter[str] = Counter()
    for row in await admin.fetch(
        "SELECT checkout_id, total_fen, refunded_fen FROM trade.orders WHERE paid_at IS NOT NULL"
    ):
        owed[str(row["checkout_id"])] += row["total_fen"] - row["refunded_fen"]
    by_hand = "SELECT out_trade_no, r.fen FROM trade.refunds r JOIN trade.charges c ON c.id = r.charge_id WHERE r.state = 'done'"
    for row in await admin.fetch(f"{by_hand} AND r.handled_by IS NOT NULL AND r.refund_id IS NULL"):
        owed[numbers[row["out_trade_no"]]] += row["fen"]  # went out of the platform's own account, not out of this one
    return found + [
        f"checkout {one}: providers kept {kept[one]} fen, its orders owe {owed[one]}"
        for one in sorted(set(kept) | set(owed))
        if kept[one] != owed[one]
    ]


async def _told_otherwise(scene: Scene, admin: asyncpg.Connection) -> list[str]:
    """Each provider's true statement and the house's books name the same payments and refunds, on the same day in Beijing."""
    ours = {
        (row["kind"], row["number"], row["fen"], row["at"].astimezone(BEIJING).date())
        for row in await admin.fetch(
            """
            SELECT 'charge' AS kind, out_trade_no AS number, amount_fen AS fen, paid_at AS at FROM trade.charges
            WHERE state IN ('paid', 'paid_late')
            UNION ALL SELECT 'refund', out_refund_no, fen, done_at FROM trade.refunds
            WHERE state = 'done' AND refund_id IS NOT NULL
            """
        )
    }
    said = [row for gateway in scene.gateways.values() for row in gateway.rows()]
    theirs = {(row.kind, row.out_no, row.fen, row.at.astimezone(BEIJING).date()) for row in said}
    return [f"one book has it, the other has not: {one}" for one in sorted(ours ^ theirs)[:3]]


async def divided_wrongly(admin: asyncpg.Connection) -> list[str]:
    """Every settled line, divided again by a second implementation of the same rule, in fractions."""
    lines = await admin.fetch(
        """
        SELECT s.*, l.paid_fen, l.commission_bps, l.platform_fee_bps, l.freight_paid_fen, l.refunded_fen AS back,
            o.creator_id, o.agency_bps, o.leader_bps,
            coalesce((SELECT sum(t.merchant_fen + t.creator_fen + t.agency_fen + t.leader_fen + t.platform_fen
                + t.freight_fen) FROM trade.settlement_take_backs t WHERE t.line_id = s.line_id), 0)::bigint AS later
        FROM trade.settlement_lines s JOIN trade.order_lines l ON l.id = s.line_id JOIN trade.orders o ON o.id = s.order_id
        """
    )
    found = []
    for row in lines:
        back = row["back"] - row["later"]
        goods = row["paid_fen"] - min(back, row["paid_fen"])
        commission = row["commission_bps"] if row["creator_id"] else 0
        leader = min(row["leader_bps"], 10_000 - commission - row["platform_fee_bps"])
        weights = [commission, row["platform_fee_bps"], leader]
        earned, *parts = _largest_remainder(goods, [*weights, 10_000 - sum(weights)])
        agency = _largest_remainder(earned, [row["agency_bps"], 10_000 - row["agency_bps"]])
        parts += reversed(agency)
        if parts != [row[f"{who}_fen"] for who in ("platform", "leader", "merchant", "creator", "agency")]:
            found.append(f"line {row['line_id']} was divided into {tuple(row)}, not {parts}")
        if row["freight_fen"] != row["freight_paid_fen"] - max(0, back - row["paid_fen"]):
            found.append(f"line {row['line_id']}: freight {row['freight_fen']}")
    return found


def _largest_remainder(total: int, weights: list[int]) -> list[int]:
    exact = [Fraction(total * weight, sum(weights)) for weight in weights]
    parts = [int(one) for one in exact]
    rank = sorted(range(len(exact)), key=lambda at: (parts[at] - exact[at], at))
    for at in rank[: total - sum(parts)]:
        parts[at] += 1
    return parts
