"""The small verbs: a buyer changes the address, extends, buys again, clears away; a shop flags and notes."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import StringConstraints

from kaibo.kernel.web import CallerDep, DbDep, Fen, Id, Idempotent, Wire, auth
from kaibo.kernel.web.wire import Text
from kaibo.trade.http.present import present_order
from kaibo.trade.orders import rules
from kaibo.trade.orders.annotate import add_note, set_flag
from kaibo.trade.orders.change_address import change_address
from kaibo.trade.orders.extend import extend_receiving
from kaibo.trade.orders.hide import hide_order
from kaibo.trade.orders.lookup import find_order, require_buyer
from kaibo.trade.orders.model import Flag, OrderLine
from kaibo.trade.orders.rebuy import buy_again
from kaibo.trade.orders.remind import remind_shop
from kaibo.trade.wire import OrderWire

router = APIRouter(tags=["orders"])

ORDER = "/api/shops/{shop_id}/orders/{order_id}"


class AddressChangeIn(Wire):
    address_id: Id


class FlagIn(Wire):
    """null takes the flag away."""

    flag: Flag | None


class NoteIn(Wire):
    text: Annotated[Text, StringConstraints(min_length=1, max_length=rules.SHOP_NOTE_CHARS_MAX)]


class AgainLine(Wire):
    """`was_fen` is what a piece cost when it was bought."""

    sku_id: Id
    product_id: Id
    title: str
    sku_name: str
    picture_url: str | None
    quantity: int
    unit_price_fen: Fen
    was_fen: Fen


class GoneLine(Wire):
    product_id: Id
    title: str
    sku_name: str
    picture_url: str | None
    why: Literal["not_sold", "sold_out", "fewer"]
    left: int


class AgainWire(Wire):
    lines: list[AgainLine]
    gone: list[GoneLine]


@router.post("/api/orders/{order_id}/address", dependencies=[auth.signed_in])
async def change_order_address(order_id: Id, body: AddressChangeIn, db: DbDep, caller: CallerDep) -> OrderWire:
    """Another address of the buyer's book, while nothing is on its way; three times at most. The freight stays."""
    order = await change_address(db, order_id, buyer_id=caller.id, address_id=body.address_id)
    return await present_order(db, order, "buyer", caller)


@router.post("/api/orders/{order_id}/extend", dependencies=[auth.signed_in])
async def extend_order(order_id: Id, db: DbDep, caller: CallerDep, idem: Idempotent) -> OrderWire:
    """Three more days to receive: once, within the last three days."""
    async with idem.guard(db, caller) as seen:
        if seen.response is not None:
            return OrderWire.model_validate(seen.response)
        order = await extend_receiving(db, order_id, buyer_id=caller.id)
        return seen.keep(await present_order(db, order, "buyer", caller))


@router.post("/api/orders/{order_id}/hide", status_code=204, dependencies=[auth.signed_in])
async def hide_my_order(order_id: Id, db: DbDep, caller: CallerDep) -> Response:
    """Out of the buyer's list. Repeating it changes nothing."""
    await hide_order(db, order_id, buyer_id=caller.id)
    return Response(status_code=204)


@router.post("/api/orders/{order_id}/remind", dependencies=[auth.signed_in])
async def remind_of_my_order(order_id: Id, db: DbDep, caller: CallerDep) -> OrderWire:
    """Ask the merchant to ship, once a day: a message to the shop's owner (one an hour a shop), and a mark in its order list."""
    return await present_order(db, await remind_shop(db, order_id, buyer_id=caller.id), "buyer", caller)


@router.get("/api/orders/{order_id}/rebuy", dependencies=[auth.signed_in])
async def rebuy_order(order_id: Id, db: DbDep, caller: CallerDep) -> AgainWire:
    """What of this order can be had again at today's price, and what cannot. Nothing is placed."""
    again, gone = await buy_again(db, require_buyer(await find_order(db, order_id), caller.id))
    return AgainWire(
        lines=[
            AgainLine(
                sku_id=one.line.sku_id,
                quantity=one.quantity,
                unit_price_fen=one.unit_price_fen,
                was_fen=one.was_fen,
                **_named(one.line),
            )
            for one in again
        ],
        gone=[GoneLine(why=one.why, left=one.left, **_named(one.line)) for one in gone],
    )


@router.put(ORDER + "/flag", dependencies=[auth.shop_staff, auth.scope("orders:write")])
async def flag_order(shop_id: Id, order_id: Id, body: FlagIn, db: DbDep, caller: CallerDep) -> OrderWire:
    order = await set_flag(db, order_id, shop_id=shop_id, flag=body.flag)
    return await present_order(db, order, "shop", caller)


@router.post(ORDER + "/notes", status_code=201, dependencies=[auth.shop_staff, auth.scope("orders:write")])
async def note_order(
    shop_id: Id, order_id: Id, body: NoteIn, db: DbDep, caller: CallerDep, idem: Idempotent
) -> OrderWire:
    """A private note; the buyer never sees it."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return OrderWire.model_validate(seen.response)
        order = await add_note(db, order_id, shop_id=shop_id, by=caller.id, by_name=caller.nickname, text=body.text)
        return seen.keep(await present_order(db, order, "shop", caller))


def _named(line: OrderLine) -> dict[str, str | None]:
    return {
        "product_id": str(line.product_id),
        "title": line.title,
        "sku_name": line.sku_name,
        "picture_url": line.picture_url,
    }
