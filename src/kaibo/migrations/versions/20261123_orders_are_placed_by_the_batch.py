"""Orders are placed by the batch: functions, the index that is the timer of unpaid orders, what tells one wish from another.

The functions are frozen copies of kaibo.goods.inventory.functions and kaibo.trade.orders.functions at this revision. Unpaid orders
no longer have a timer each, and that an order was placed is no longer a line of its history: the order itself says it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8c1f0e6a2d47"
down_revision = "5bd94a59c626"
branch_labels = None
depends_on = None

FUNCTIONS = (
    """CREATE OR REPLACE FUNCTION goods.lock_stock(wanted uuid[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    PERFORM 1 FROM goods.stock WHERE sku_id = ANY (wanted) ORDER BY sku_id FOR NO KEY UPDATE;
END $$
    """,
    """CREATE OR REPLACE FUNCTION goods.refuse_in_turn(places int[], sku_ids uuid[], buyer_ids uuid[], quantities bigint[])
RETURNS TABLE (place int, refusal text, sku_id uuid, available bigint, cap bigint, had bigint)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    line record;
    -- pieces left of each SKU and pieces that each buyer has of each SKU with a limit, by the numbers given to them below
    pieces_left bigint[];
    pieces_had bigint[];
    taken_by int := 0;
    given_up int := 0;
    first_line int;
    lines record;
    skus_of int[] := '{}';
    pairs_of int[] := '{}';
    wanted_of bigint[] := '{}';
BEGIN
    FOR line IN
        WITH asked AS (
            SELECT u.*, dense_rank() OVER (ORDER BY u.sku) AS sku_no,
                   CASE WHEN k.limit_per_buyer IS NULL OR u.buyer IS NULL THEN 0
                        ELSE dense_rank() OVER (ORDER BY u.sku, u.buyer) END AS pair_no,
                   k.limit_per_buyer, s.stock - s.held AS free, s.sku_id IS NULL AS missing
            FROM unnest(places, sku_ids, buyer_ids, quantities) WITH ORDINALITY u(place, sku, buyer, quantity, position)
            LEFT JOIN goods.stock s ON s.sku_id = u.sku LEFT JOIN goods.skus k ON k.id = u.sku
        ), before AS (
            SELECT p.pair_no, coalesce(sum(h.quantity), 0)::bigint AS had
            FROM (SELECT DISTINCT a.pair_no, a.sku, a.buyer FROM asked a WHERE a.pair_no > 0) p
            LEFT JOIN goods.holds h ON h.sku_id = p.sku AND h.buyer_id = p.buyer AND h.state IN ('held', 'consumed')
            GROUP BY p.pair_no
        )
        SELECT a.place, a.sku, a.sku_no, a.pair_no, a.quantity, a.limit_per_buyer, a.free, a.missing, b.had
        FROM asked a LEFT JOIN before b ON b.pair_no = a.pair_no ORDER BY a.position
    LOOP
        IF line.place = given_up THEN
            CONTINUE;
        END IF;
        IF line.place <> taken_by THEN
            taken_by := line.place;
            skus_of := '{}'; pairs_of := '{}'; wanted_of := '{}';
        END IF;
        pieces_left[line.sku_no] := coalesce(pieces_left[line.sku_no], line.free);
        IF line.pair_no > 0 THEN
            pieces_had[line.pair_no] := coalesce(pieces_had[line.pair_no], line.had);
        END IF;
        refusal := CASE
            WHEN line.missing THEN 'sku_missing'
            WHEN line.quantity > pieces_left[line.sku_no] THEN 'out_of_stock'
            WHEN line.pair_no > 0 AND pieces_had[line.pair_no] + line.quantity > line.limit_per_buyer THEN 'limit_reached'
        END;
        IF refusal IS NULL THEN
            pieces_left[line.sku_no] := pieces_left[line.sku_no] - line.quantity;
            skus_of := skus_of || line.sku_no::int; wanted_of := wanted_of || line.quantity;
            pairs_of := pairs_of || line.pair_no::int;
            IF line.pair_no > 0 THEN
                pieces_had[line.pair_no] := pieces_had[line.pair_no] + line.quantity;
            END IF;
            CONTINUE;
        END IF;
        place := line.place; sku_id := line.sku; available := pieces_left[line.sku_no];
        cap := line.limit_per_buyer; had := CASE WHEN line.pair_no > 0 THEN pieces_had[line.pair_no] END;
        given_up := line.place;
        -- all or nothing: what its earlier lines had taken goes back before the next place is looked at
        FOR first_line IN 1 .. cardinality(skus_of) LOOP
            pieces_left[skus_of[first_line]] := pieces_left[skus_of[first_line]] + wanted_of[first_line];
            IF pairs_of[first_line] > 0 THEN
                pieces_had[pairs_of[first_line]] := pieces_had[pairs_of[first_line]] - wanted_of[first_line];
            END IF;
        END LOOP;
        RETURN NEXT;
    END LOOP;
END $$
    """,
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
    INSERT INTO goods.holds (order_id, sku_id, quantity, buyer_id, state, created_at)
    SELECT u.order_id, u.sku, u.quantity, u.buyer, 'held', at
    FROM unnest(places, order_ids, sku_ids, buyer_ids, quantities) u(place, order_id, sku, buyer, quantity)
    WHERE NOT refused[u.place];
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
END $$
    """,
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
        RETURNING id
    )
    SELECT array_agg(m.id ORDER BY m.id) INTO placed FROM made m;
    IF placed IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO trade.order_lines (
        id, order_id, position, sku_id, product_id, title, sku_name, picture_url, unit_price_fen, quantity, line_fen,
        discount_fen, platform_discount_fen, paid_fen, freight_fen, freight_paid_fen, commission_bps, platform_fee_bps, plan_id
    )
    SELECT l.id, order_ids[l.o], s.position, l.sku, s.product_id, s.title, s.sku_name, s.picture_url, s.unit_price_fen,
           l.quantity::int, s.line_fen, s.discount_fen, s.platform_discount_fen, s.paid_fen, s.freight_fen,
           s.freight_paid_fen, s.commission_bps, s.platform_fee_bps, s.plan_id
    FROM unnest(line_orders, line_ids, line_shapes_of, line_skus, line_quantities) l(o, id, shape, sku, quantity)
    JOIN (SELECT row_number() OVER () AS shape, r.* FROM jsonb_populate_recordset(NULL::trade.order_lines, line_shapes) r) s
         ON s.shape = l.shape
    WHERE NOT gone[order_places[l.o]];
    INSERT INTO kernel.outbox (event_id, subject, aggregate_id, body, created_at)
    VALUES (uuidv7(), 'trade.orders.placed_together', placed[1]::text, jsonb_build_object('order_ids', placed), at);
END $$
    """,
)


def upgrade() -> None:
    op.add_column("orders", sa.Column("request_digest", sa.LargeBinary(), nullable=True), schema="trade")
    op.create_index(
        "ix_orders_unpaid",
        "orders",
        ["pay_before"],
        unique=False,
        schema="trade",
        postgresql_where=sa.text("state = 'placed' AND closing IS NULL"),
    )
    for function in FUNCTIONS:
        op.get_bind().exec_driver_sql(function)
    op.execute("DELETE FROM kernel.timers WHERE kind = 'trade.order.expire'")
    op.execute("DELETE FROM trade.order_history WHERE why = 'trade.why.placed'")


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
