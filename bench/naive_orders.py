"""The baseline of the order benchmark: what one writes first. FastAPI, the SQLAlchemy ORM, SELECT … FOR UPDATE on the stock row.

The work of an order is what an order cannot do without: idempotency key, stock, order, line and outbox row, in one transaction.
There is no login, address, attribution, timer or history here, which Kaibo's path has.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from pydantic import BaseModel, Field
from sqlalchemy import JSON, BigInteger, CheckConstraint, DateTime, ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

POOL_SIZE = 10
"""As many connections as Kaibo's web process has by default."""


class Base(DeclarativeBase):
    pass


class Stock(Base):
    __tablename__ = "stock"
    sku_id: Mapped[UUID] = mapped_column(primary_key=True)
    price_fen: Mapped[int] = mapped_column(BigInteger)
    left: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (CheckConstraint('"left" >= 0', name="left_not_negative"),)


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    buyer_id: Mapped[UUID]
    state: Mapped[str]
    total_fen: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class OrderLine(Base):
    __tablename__ = "order_lines"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    sku_id: Mapped[UUID]
    quantity: Mapped[int]
    line_fen: Mapped[int] = mapped_column(BigInteger)


class Outbox(Base):
    __tablename__ = "outbox"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    subject: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSON)


class Idempotency(Base):
    __tablename__ = "idempotency"
    key: Mapped[str] = mapped_column(primary_key=True)
    response: Mapped[dict[str, Any]] = mapped_column(JSON)


class PlaceIn(BaseModel):
    sku_id: UUID
    quantity: int = Field(ge=1, le=999)


class Placed(BaseModel):
    id: UUID
    state: str
    total_fen: int


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    engine = create_async_engine(sys.argv[2], pool_size=POOL_SIZE, max_overflow=0)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as opened:
        yield opened


@app.get("/")
async def ready() -> dict[str, bool]:
    return {"ready": True}


@app.post("/orders", status_code=201)
async def place(
    body: PlaceIn,
    db: Annotated[AsyncSession, Depends(session)],
    idempotency_key: Annotated[str, Header()],
    buyer_id: Annotated[UUID, Header()],
) -> Placed:
    seen = await db.get(Idempotency, idempotency_key)
    if seen is not None:
        return Placed.model_validate(seen.response)
    stock = (await db.execute(select(Stock).where(Stock.sku_id == body.sku_id).with_for_update())).scalar_one_or_none()
    if stock is None:
        raise HTTPException(404, "no such SKU")
    if stock.left < body.quantity:
        raise HTTPException(409, "sold out")
    stock.left -= body.quantity
    total = stock.price_fen * body.quantity
    order = Order(id=uuid4(), buyer_id=buyer_id, state="placed", total_fen=total, created_at=datetime.now(UTC))
    db.add(order)
    await db.flush()
    db.add(OrderLine(order_id=order.id, sku_id=body.sku_id, quantity=body.quantity, line_fen=total))
    placed = Placed(id=order.id, state=order.state, total_fen=total)
    db.add(Outbox(subject="order.placed", body=placed.model_dump(mode="json")))
    db.add(Idempotency(key=idempotency_key, response=placed.model_dump(mode="json")))
    await db.commit()
    return placed


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
