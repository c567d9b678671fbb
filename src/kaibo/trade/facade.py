"""What other wings may ask of trade.

The floors above trade know where an order came from; trade must not know them. So they register a resolver at start-up, and
trade asks it while an order is placed (see docs/adr/0004-order-source-and-attribution.md), and again, for evidence, where a case
is opened about the order.
"""

from __future__ import annotations

from kaibo.trade.aftersales.evidence import EvidenceResolver, register_evidence_resolver
from kaibo.trade.keep_books import keep_books
from kaibo.trade.ledger.check_books import check_books
from kaibo.trade.orders.announce import placed_orders
from kaibo.trade.orders.lookup import open_order_count
from kaibo.trade.orders.sources import SourceResolver, register_source_resolver
from kaibo.trade.points.terms import open_points
from kaibo.trade.pricing.coupons.followers import register_followers
from kaibo.trade.sheets.export_orders import count_order_rows, order_header, order_rows

__all__ = [
    "EvidenceResolver",
    "SourceResolver",
    "check_books",
    "count_order_rows",
    "keep_books",
    "open_order_count",
    "open_points",
    "order_header",
    "order_rows",
    "placed_orders",
    "register_evidence_resolver",
    "register_followers",
    "register_source_resolver",
]
