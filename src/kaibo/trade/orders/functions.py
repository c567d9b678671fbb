"""Placing a whole batch of checkouts in one call, inside PostgreSQL.

Plain DDL, one statement a string; a migration creates the functions, and a frozen copy stands in it.

`trade.place_batch` gets the checkouts in order of arrival (place 1, 2, 3 …). Most columns of a batch are the same for hundreds of
orders, so they come once, as JSON records (`order_shapes`, `line_shapes`, numbered from 1), and every order says which one is
its. Only what is an order's own comes as arrays, which cost PostgreSQL a tenth of JSON.

The stock rows are locked first. The idempotency keys are looked up in a statement of its own after that: a snapshot older than the
wait for the lock would miss what the batch before us has placed. One row comes back for every place that was not placed:
`duplicate` (checkout_id, digest of the request that placed it) or a refusal of goods.hold_batch. All others are stored: orders,
lines, holds, and one event (OrdersPlaced) for the batch.
"""

from __future__ import annotations

PLACE_BATCH = """
CREATE OR REPLACE FUNCTION trade.place_batch(
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
END $$
"""

TRADE_FUNCTIONS: tuple[str, ...] = (PLACE_BATCH,)
