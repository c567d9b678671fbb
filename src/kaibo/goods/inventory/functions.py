"""Holding stock for a whole batch of orders, inside PostgreSQL: the facade of goods for other wings' SQL.

Plain DDL, one statement a string; a migration creates the functions, and a frozen copy stands in it.

`goods.lock_stock` is called first: everybody who wants one of these SKUs waits here, in SKU order, so that nobody waits in a
circle.
`goods.hold_batch` then decides with the rows in hand. The places (1, 2, 3 … in order of arrival) are all or nothing: a place with
several lines gets all of its pieces or none. What comes back is one row for each place that was refused, with the first reason:
`out_of_stock` (available = pieces left when its turn came), `limit_reached` (cap, had) or `sku_missing`. The others hold their
pieces when it returns. Where there is enough for everybody and no limit is set, it is a handful of set-based statements; otherwise
the places are gone through one by one, so that a place that asks for too much does not keep smaller ones behind it from the rest.

`enable_seqscan` is off because a plan that was made while a table was nearly empty is kept by the connection for hours.
"""

from __future__ import annotations

LOCK_STOCK = """
CREATE OR REPLACE FUNCTION goods.lock_stock(wanted uuid[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    PERFORM 1 FROM goods.stock WHERE sku_id = ANY (wanted) ORDER BY sku_id FOR NO KEY UPDATE;
END $$
"""

HOLD_BATCH = """
CREATE OR REPLACE FUNCTION goods.hold_batch(
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
    -- looked up once a SKU: a hot row has many versions, and five hundred look-ups would walk them all
    WITH mine AS MATERIALIZED (SELECT s.sku_id, s.shop_id FROM goods.stock s WHERE s.sku_id = ANY (sku_ids))
    INSERT INTO goods.holds (order_id, sku_id, shop_id, quantity, buyer_id, state, created_at)
    SELECT u.order_id, u.sku, m.shop_id, u.quantity, u.buyer, 'held', at
    FROM unnest(places, order_ids, sku_ids, buyer_ids, quantities) u(place, order_id, sku, buyer, quantity)
    JOIN mine m ON m.sku_id = u.sku WHERE NOT refused[u.place];
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
"""

REFUSE_IN_TURN = """
CREATE OR REPLACE FUNCTION goods.refuse_in_turn(places int[], sku_ids uuid[], buyer_ids uuid[], quantities bigint[])
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
"""

GOODS_FUNCTIONS: tuple[str, ...] = (LOCK_STOCK, REFUSE_IN_TURN, HOLD_BATCH)
