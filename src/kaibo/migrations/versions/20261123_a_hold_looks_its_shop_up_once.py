"""A batch of holds looks the shop up once a SKU, not once an order.

The function is a frozen copy of kaibo.goods.inventory.functions at this revision.
"""

from __future__ import annotations

from alembic import op

revision = "5d0c7b9e21f4"
down_revision = "0a9b5f7f8222"
branch_labels = None
depends_on = None

HOLD_BATCH = """CREATE OR REPLACE FUNCTION goods.hold_batch(
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
END $$"""


def upgrade() -> None:
    op.execute(HOLD_BATCH)


def downgrade() -> None:
    raise NotImplementedError("Kaibo's schema only goes forward; restore a backup to go back")
