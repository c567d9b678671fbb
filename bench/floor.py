"""The shop floor of the order benchmark: signed-in buyers with addresses, SKUs with stock, the count afterwards."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from bench.load import Ask
from kaibo.kernel.ids import new_id

PIECES = 50_000_000
"""More than anybody can buy in the time."""


@dataclass(frozen=True)
class Buyer:
    id: UUID
    token: str
    address_id: UUID


async def sign_in_many(database: asyncpg.Connection, number: int) -> list[Buyer]:
    """Buyers as the login leaves them, each with a cookie and an address of their own."""
    now = datetime.now(UTC)
    buyers = [Buyer(new_id(), secrets.token_urlsafe(32), new_id()) for _ in range(number)]
    ids = [buyer.id for buyer in buyers]
    persons = [(id, f"188{at:08d}", f"买家{at}", "zh", now, now) for at, id in enumerate(ids)]
    await database.copy_records_to_table(
        "persons",
        schema_name="people",
        records=persons,
        columns=["id", "phone", "nickname", "locale", "created_at", "agreed_at"],
    )
    until = now + timedelta(days=30)
    logins = [
        (hashlib.sha256(buyer.token.encode()).digest(), id, "127.0.0.1", now, until)
        for buyer, id in zip(buyers, ids, strict=True)
    ]
    await database.copy_records_to_table(
        "logins",
        schema_name="people",
        records=logins,
        columns=["token_sha256", "person_id", "ip", "created_at", "expires_at"],
    )
    where = ("李雷", "13800138000", "陕西省", "西安市", "雁塔区", "科技路1号3-1201", True, now)
    addresses = [(buyer.address_id, id, *where) for buyer, id in zip(buyers, ids, strict=True)]
    await database.copy_records_to_table(
        "addresses",
        schema_name="people",
        records=addresses,
        columns=[
            "id", "person_id", "name", "phone", "province", "city", "district", "detail", "is_default", "created_at"
        ],
    )  # fmt: skip
    await database.execute("ANALYZE people.persons; ANALYZE people.logins; ANALYZE people.addresses")
    return buyers


async def more_skus(database: asyncpg.Connection, sku_id: UUID, number: int) -> list[UUID]:
    """`number` SKUs of the product of `sku_id`, that one among them, each with PIECES in stock."""
    made = [sku_id, *(new_id() for _ in range(number - 1))]
    for at, one in enumerate(made[1:], 1):
        await database.execute(
            "INSERT INTO goods.skus SELECT (jsonb_populate_record(s, jsonb_build_object("
            "'id', $2::uuid, 'name', $3::text, 'code', NULL))).* FROM goods.skus s WHERE s.id = $1",
            sku_id,
            one,
            f"规格 {at}",
        )
        await database.execute(
            "INSERT INTO goods.stock (sku_id, product_id, shop_id, stock, held, sold) "
            "SELECT $2, product_id, shop_id, 0, 0, 0 FROM goods.stock WHERE sku_id = $1",
            sku_id,
            one,
        )
    await database.execute("UPDATE goods.stock SET stock = $2 WHERE sku_id = ANY($1)", made, PIECES)
    return made


def asks_of(buyers: Sequence[Buyer], skus: Sequence[UUID], price_fen: int, lines: int = 1) -> list[Ask]:
    """What each buyer sends; with several SKUs each buyer wants others."""
    asks = []
    for at, buyer in enumerate(buyers):
        wanted = [skus[(at + step) % len(skus)] for step in range(lines)]
        body = {
            "lines": [{"sku_id": str(sku), "quantity": 1, "unit_price_fen": price_fen} for sku in wanted],
            "address_id": str(buyer.address_id),
            "source": {"kind": "shelf"},
        }
        headers = {
            "Cookie": f"kaibo_login={buyer.token}; kaibo_csrf=c",
            "X-CSRF-Token": "c",
            "Accept-Language": "zh-CN",
        }
        asks.append(Ask("/api/orders", headers, json.dumps(body).encode()))
    return asks


@dataclass(frozen=True)
class Count:
    """Orders, pieces on their lines, pieces held, and all pieces of the SKUs, sold or not."""

    orders: int
    pieces: int
    held: int
    stock: int


async def count(database: asyncpg.Connection, skus: Sequence[UUID]) -> Count:
    orders = await database.fetchval("SELECT count(*) FROM trade.orders")
    pieces = await database.fetchval("SELECT coalesce(sum(quantity), 0)::bigint FROM trade.order_lines")
    held, stock = await database.fetchrow(
        "SELECT sum(held)::bigint, sum(stock)::bigint FROM goods.stock WHERE sku_id = ANY($1)", skus
    )
    return Count(orders, pieces, held, stock)


async def settled(database: asyncpg.Connection, skus: Sequence[UUID]) -> Count:
    """The count once it no longer changes: what wrk hung up on may still be under way."""
    last = await count(database, skus)
    while True:
        await asyncio.sleep(1)
        now = await count(database, skus)
        if now == last:
            return now
        last = now


def check(acknowledged: int, connections: int, before: Count, after: Count, lines: int) -> None:
    """What was acknowledged is there, once, and took its pieces. A process that counts otherwise has no figure.

    wrk hangs up when its time is over: what was under way then may be placed without having been acknowledged.
    """
    placed = after.orders - before.orders
    if not acknowledged <= placed <= acknowledged + connections:
        raise RuntimeError(f"{acknowledged} orders were acknowledged and {placed} are there")
    if after.pieces - before.pieces != placed * lines or after.held - before.held != placed * lines:
        raise RuntimeError(f"{placed} orders of {lines} pieces: {before} became {after}")
    if after.stock != before.stock or after.held > after.stock:
        raise RuntimeError(f"stock and held do not add up: {before} became {after}")
