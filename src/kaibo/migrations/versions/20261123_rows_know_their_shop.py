"""Rows that stand beside a shop's orders know the shop, so that they can be spread over several machines by it (ADR 11).

Lines, history, notes, stock, holds and settlements by line get the shop; the ledger's transactions and entries get their book: the
shop whose order or account it is, else the first owner, else the house (the nil UUID). The functions are frozen copies of
kaibo.goods.inventory.functions and kaibo.trade.orders.functions at this revision.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "405eeeadfbe0"
down_revision = "93172cf840e1"
branch_labels = None
depends_on = None

FUNCTIONS = (
    """CREATE OR REPLACE FUNCTION goods.hold_batch(
    places int[], order_ids uuid[], sku_ids uuid[], buyer_ids uuid[], quantities bigint[], at timestamptz
) RETURNS TABLE (place int, refusal text, sku_id uuid, available bigint, cap bigint, had bigint)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    contended boolean;
    refused boolean[] := array_fill(false, ARRAY[greatest(1, (SELECT max(p) FROM unnest(places) p))]);
BEGIN
    SELECT bool_or(s.sku_id IS NULL OR k.limit_per_buyer IS NOT NULL OR d.wanted > s.stock - s.held) INTO contended
    FROM (SELECT u.sku, sum(u.quantity) AS wanted FROM unnest(sku_ids, quantities) u(sku, quantity) GROUP BY u.sku) d
    LEFT JOIN goods.stock s ON s.sku_id = d.sku LEFT JOIN goods.skus k ON k.id = d.sku;
    IF contended THEN
        FOR place, refusal, sku_id, available, cap, had IN
            SELECT r.* FROM goods.refuse_in_turn(places, sku_ids, buyer_ids, quantities) r
        LOOP
            refused[place] := true;
            RETURN NEXT;
        END LOOP;
    END IF;
    INSERT INTO goods.holds (order_id, sku_id, shop_id, quantity, buyer_id, state, created_at)
    SELECT u.order_id, u.sku, s.shop_id, u.quantity, u.buyer, 'held', at
    FROM unnest(places, order_ids, sku_ids, buyer_ids, quantities) u(place, order_id, sku, buyer, quantity)
    JOIN goods.stock s ON s.sku_id = u.sku WHERE NOT refused[u.place];
    WITH taken AS (
        SELECT u.sku, sum(u.quantity)::bigint AS pieces
        FROM unnest(places, sku_ids, quantities) u(place, sku, quantity) WHERE NOT refused[u.place] GROUP BY u.sku
    ), changed AS (
        UPDATE goods.stock s SET held = s.held + t.pieces FROM taken t WHERE s.sku_id = t.sku
        RETURNING s.sku_id, s.product_id, s.stock - s.held AS available
    )
    INSERT INTO kernel.outbox (event_id, subject, aggregate_id, body, created_at)
    SELECT uuidv7(), 'goods.stock.changed', c.sku_id::text,
           jsonb_build_object('sku_id', c.sku_id, 'product_id', c.product_id, 'available', c.available), at
    FROM changed c ORDER BY c.sku_id;
END $$""",
    """CREATE OR REPLACE FUNCTION trade.place_batch(
    buyer_ids uuid[], keys text[], digests bytea[],
    order_places int[], order_ids uuid[], checkout_ids uuid[], numbers text[], shapes int[], nicknames text[],
    addresses text[], notes text[],
    line_orders int[], line_ids uuid[], line_shapes_of int[], line_skus uuid[], line_quantities bigint[],
    order_shapes jsonb, line_shapes jsonb, at timestamptz, due timestamptz
) RETURNS TABLE (place int, refusal text, sku_id uuid, available bigint, cap bigint, had bigint, checkout_id uuid, digest bytea)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    gone boolean[] := array_fill(false, ARRAY[cardinality(buyer_ids)]);
    held record;
    placed uuid[];
    sources uuid[];
BEGIN
    PERFORM goods.lock_stock(ARRAY(SELECT DISTINCT u.s FROM unnest(line_skus) u(s)));
    FOR place, checkout_id, digest IN
        SELECT u.place, o.checkout_id, o.request_digest
        FROM unnest(buyer_ids, keys) WITH ORDINALITY u(buyer, key, place)
        JOIN trade.orders o ON o.buyer_id = u.buyer AND o.idempotency_key = u.key
    LOOP
        gone[place] := true;
        refusal := 'duplicate';
        RETURN NEXT;
    END LOOP;
    checkout_id := NULL;
    digest := NULL;
    SELECT array_agg(order_places[u.o] ORDER BY u.n) AS places, array_agg(order_ids[u.o] ORDER BY u.n) AS orders,
           array_agg(u.sku ORDER BY u.n) AS skus, array_agg(buyer_ids[order_places[u.o]] ORDER BY u.n) AS buyers,
           array_agg(u.quantity ORDER BY u.n) AS quantities
    INTO held
    FROM unnest(line_orders, line_skus, line_quantities) WITH ORDINALITY u(o, sku, quantity, n)
    WHERE NOT gone[order_places[u.o]];
    IF held.places IS NULL THEN
        RETURN;
    END IF;
    FOR place, refusal, sku_id, available, cap, had IN
        SELECT h.* FROM goods.hold_batch(held.places, held.orders, held.skus, held.buyers, held.quantities, at) h
    LOOP
        gone[place] := true;
        RETURN NEXT;
    END LOOP;
    WITH made AS (
        INSERT INTO trade.orders (
            id, checkout_id, idempotency_key, request_digest, number, buyer_id, buyer_nickname, address, note,
            shop_id, shop_name, state, currency, goods_fen, discount_fen, platform_discount_fen, freight_fen, total_fen,
            explanation, commission_fen, platform_fee_fen, source_kind, source_id, source_item, source_title, creator_id,
            agency_id, agency_bps, leader_id, leader_bps, created_at, pay_before
        )
        SELECT o.id, o.checkout, CASE WHEN o.id = o.checkout THEN keys[o.place] END,
               CASE WHEN o.id = o.checkout THEN digests[o.place] END, o.number, buyer_ids[o.place], o.nickname,
               o.address::jsonb, o.note,
               s.shop_id, s.shop_name, 'placed', s.currency, s.goods_fen, s.discount_fen, s.platform_discount_fen,
               s.freight_fen, s.total_fen, s.explanation, s.commission_fen, s.platform_fee_fen, s.source_kind, s.source_id,
               s.source_item, s.source_title, s.creator_id, s.agency_id, s.agency_bps, s.leader_id, s.leader_bps, at, due
        FROM unnest(order_places, order_ids, checkout_ids, numbers, shapes, nicknames, addresses, notes)
             o(place, id, checkout, number, shape, nickname, address, note)
        JOIN (SELECT row_number() OVER () AS shape, r.* FROM jsonb_populate_recordset(NULL::trade.orders, order_shapes) r) s
             ON s.shape = o.shape
        WHERE NOT gone[o.place]
        RETURNING id, source_id
    )
    SELECT array_agg(m.id ORDER BY m.id), coalesce(array_agg(DISTINCT m.source_id) FILTER (WHERE m.source_id IS NOT NULL), '{}')
    INTO placed, sources FROM made m;
    IF placed IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO trade.order_lines (
        id, order_id, shop_id, position, sku_id, product_id, title, sku_name, picture_url, unit_price_fen, quantity, line_fen,
        discount_fen, platform_discount_fen, paid_fen, freight_fen, freight_paid_fen, commission_bps, platform_fee_bps, plan_id,
        seven_day_exclusion
    )
    SELECT l.id, order_ids[l.o], s.shop_id, s.position, l.sku, s.product_id, s.title, s.sku_name, s.picture_url, s.unit_price_fen,
           l.quantity::int, s.line_fen, s.discount_fen, s.platform_discount_fen, s.paid_fen, s.freight_fen,
           s.freight_paid_fen, s.commission_bps, s.platform_fee_bps, s.plan_id, s.seven_day_exclusion
    FROM unnest(line_orders, line_ids, line_shapes_of, line_skus, line_quantities) l(o, id, shape, sku, quantity)
    JOIN (SELECT row_number() OVER () AS shape, r.* FROM jsonb_populate_recordset(NULL::trade.order_lines, line_shapes) r) s
         ON s.shape = l.shape
    WHERE NOT gone[order_places[l.o]];
    INSERT INTO kernel.outbox (event_id, subject, aggregate_id, body, created_at)
    VALUES (uuidv7(), 'trade.orders.placed', placed[1]::text,
            jsonb_build_object('order_ids', placed, 'source_ids', sources, 'at', at), at);
END $$""",
)

NEW = (
    ("goods", "stock", "shop_id"),
    ("goods", "holds", "shop_id"),
    ("goods", "stock_entries", "shop_id"),
    ("trade", "order_lines", "shop_id"),
    ("trade", "order_history", "shop_id"),
    ("trade", "order_notes", "shop_id"),
    ("trade", "settlement_lines", "shop_id"),
    ("trade", "settlement_take_backs", "shop_id"),
    ("trade", "ledger_transactions", "book_id"),
    ("trade", "ledger_entries", "book_id"),
)

FILL = (
    "UPDATE goods.stock s SET shop_id = k.shop_id FROM goods.skus k WHERE k.id = s.sku_id",
    "UPDATE goods.holds h SET shop_id = k.shop_id FROM goods.skus k WHERE k.id = h.sku_id",
    "UPDATE goods.stock_entries e SET shop_id = k.shop_id FROM goods.skus k WHERE k.id = e.sku_id",
    *(
        f"UPDATE trade.{table} x SET shop_id = o.shop_id FROM trade.orders o WHERE o.id = x.order_id"  # noqa: S608 (our own names)
        for table in ("order_lines", "order_history", "order_notes", "settlement_lines", "settlement_take_backs")
    ),
    """
    UPDATE trade.ledger_transactions t SET book_id = coalesce(
        (SELECT o.shop_id FROM trade.orders o WHERE o.id = t.order_id),
        (SELECT a.owner_id FROM trade.ledger_entries e JOIN trade.ledger_accounts a ON a.id = e.account_id
         WHERE e.transaction_id = t.id AND a.owner_id IS NOT NULL
         ORDER BY a.kind NOT IN ('escrow', 'merchant_payable', 'deposit'), a.owner_id::text LIMIT 1),
        '00000000-0000-0000-0000-000000000000')
    """,
    "UPDATE trade.ledger_entries e SET book_id = t.book_id FROM trade.ledger_transactions t WHERE t.id = e.transaction_id",
)


def upgrade() -> None:
    for schema, table, column in NEW:
        op.add_column(table, sa.Column(column, sa.Uuid(), nullable=True), schema=schema)
    for table in ("ledger_transactions", "ledger_entries"):
        op.execute(f"ALTER TABLE trade.{table} DISABLE TRIGGER {table}_append_only")
    for statement in FILL:
        op.execute(statement)
    for table in ("ledger_transactions", "ledger_entries"):
        op.execute(f"ALTER TABLE trade.{table} ENABLE TRIGGER {table}_append_only")
    for schema, table, column in NEW:
        op.alter_column(table, column, nullable=False, schema=schema)
    op.drop_constraint(
        op.f("fk_ledger_entries_transaction_id_currency_ledger_transactions"),
        "ledger_entries",
        schema="trade",
        type_="foreignkey",
    )
    op.drop_constraint(
        op.f("uq_ledger_transactions_id_currency"), "ledger_transactions", schema="trade", type_="unique"
    )
    op.create_unique_constraint(
        op.f("uq_ledger_transactions_id_currency_book_id"),
        "ledger_transactions",
        ["id", "currency", "book_id"],
        schema="trade",
    )
    op.create_foreign_key(
        "fk_ledger_entries_transaction",
        "ledger_entries",
        "ledger_transactions",
        ["transaction_id", "currency", "book_id"],
        ["id", "currency", "book_id"],
        source_schema="trade",
        referent_schema="trade",
    )
    for statement in FUNCTIONS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
