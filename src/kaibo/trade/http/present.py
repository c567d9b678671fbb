"""Orders as JSON, for the one who looks at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from kaibo.kernel import clock
from kaibo.kernel.db import Db
from kaibo.kernel.i18n import Locale, say
from kaibo.kernel.web import Caller, Cursor, Page
from kaibo.trade.contracts import OrderState
from kaibo.trade.http.present_parcels import present_parcel
from kaibo.trade.orders import rules
from kaibo.trade.orders.annotate import ShopNote, notes_of
from kaibo.trade.orders.lookup import Which, history_of, list_orders
from kaibo.trade.orders.model import HistoryLine, Order, OrderLine, Viewer
from kaibo.trade.orders.terms import terms
from kaibo.trade.payment.lookup import refunds_of
from kaibo.trade.payment.model import Refund
from kaibo.trade.presales.lookup import parts_of
from kaibo.trade.presales.model import PresaleOrder
from kaibo.trade.presales.part_wire import part_wire
from kaibo.trade.pricing.wire import stored_steps
from kaibo.trade.shipping.lookup import orders_with_number, parcels_of
from kaibo.trade.shipping.model import Parcel
from kaibo.trade.shipping.rules import left_of, shipped_of
from kaibo.trade.wire import (
    HistoryWire,
    OrderAddress,
    OrderLineWire,
    OrderWire,
    RefundWire,
    ShopNoteWire,
    ShopRef,
    SourceWire,
)

TO_DELIVER = frozenset({OrderState.PAID, OrderState.SHIPPED})


async def present_orders(db: Db, orders: Sequence[Order], viewer: Viewer, locale: Locale) -> list[OrderWire]:
    """A handful of statements for any number of orders."""
    ids = [order.id for order in orders]
    if not ids:
        return []
    history, refunds, parcels = await history_of(db, ids), await refunds_of(db, ids), await parcels_of(db, ids)
    notes = await notes_of(db, ids) if viewer == "shop" else {}
    presales = await parts_of(db, orders)
    return [
        _order(
            order,
            history.get(order.id, []),
            refunds.get(order.id),
            parcels.get(order.id, []),
            notes.get(order.id, []),
            presales.get(order.id),
            viewer,
            locale,
        )
        for order in orders
    ]


async def present_order(db: Db, order: Order, viewer: Viewer, caller: Caller) -> OrderWire:
    return (await present_orders(db, [order], viewer, caller.locale))[0]


async def present_page(db: Db, which: Which, page: Cursor, viewer: Viewer, caller: Caller) -> Page[OrderWire]:
    """One page, newest first."""
    before = page.uuid(0)
    which = replace(which, tracked=tuple(await orders_with_number(db, which.q)))
    found = await list_orders(db, which, before=before, limit=page.limit + 1)
    shown = found[: page.limit]
    return Page[OrderWire](items=await present_orders(db, shown, viewer, caller.locale), next_cursor=page.next(found))


def present_new(order: Order, locale: Locale) -> OrderWire:
    """An order that was placed this moment, for its buyer."""
    return _order(order, [], None, [], [], None, "buyer", locale)


def _order(
    order: Order,
    history: Sequence[HistoryLine],
    refund: Refund | None,
    parcels: Sequence[Parcel],
    notes: Sequence[ShopNote],
    presale: PresaleOrder | None,
    viewer: Viewer,
    locale: Locale,
) -> OrderWire:
    now, shipped = clock.now(), shipped_of(parcels)
    return OrderWire(
        id=order.id,
        checkout_id=order.checkout_id,
        number=order.number,
        state=order.state,
        shop=ShopRef(id=order.shop_id, name=order.shop_name),
        lines=[_line(line, left_of(line, shipped)) for line in order.lines],
        goods_fen=order.goods_fen,
        discount_fen=order.discount_fen,
        platform_discount_fen=order.platform_discount_fen,
        freight_fen=order.freight_fen,
        total_fen=order.total_fen,
        deposit_fen=order.deposit_fen,
        due_fen=rules.due_fen(order),
        presale=None if presale is None else part_wire(presale, order.total_fen),
        steps=stored_steps(order.explanation, locale),
        address=_address(order, viewer),
        source=None if order.source is None else SourceWire(**vars(order.source)),
        note=order.note,
        created_at=order.created_at,
        pay_before=order.pay_before,
        paid_at=order.paid_at,
        ship_before=order.ship_before,
        first_shipped_at=order.first_shipped_at,
        reminded_at=order.reminded_at,
        shipped_at=order.shipped_at,
        parcels=[present_parcel(parcel, viewer, locale, now) for parcel in parcels],
        receive_before=order.receive_before,
        received_at=order.received_at,
        after_sales_until=order.after_sales_until,
        settled_at=order.settled_at,
        refund=None if refund is None else _refund(refund, locale),
        extend_from=_extend_from(order),
        flag=order.flag if viewer == "shop" else None,
        shop_notes=[ShopNoteWire(at=note.at, by_name=note.by_name, text=note.text) for note in notes],
        actions=rules.actions(order, viewer, now),
        history=[_history(line, locale) for line in (_placed(order), *history)],
    )


def _line(line: OrderLine, to_ship: int) -> OrderLineWire:
    return OrderLineWire(
        id=line.id,
        sku_id=line.sku_id,
        product_id=line.product_id,
        title=line.title,
        sku_name=line.sku_name,
        picture_url=line.picture_url,
        unit_price_fen=line.unit_price_fen,
        quantity=line.quantity,
        line_fen=line.line_fen,
        to_ship=to_ship,
    )


def _address(order: Order, viewer: Viewer) -> OrderAddress:
    shown = viewer == "buyer" or (viewer == "shop" and order.state in TO_DELIVER)
    return OrderAddress(**{**vars(order.address), "phone": order.address.phone if shown else None})


def _extend_from(order: Order) -> datetime | None:
    if order.state is not OrderState.SHIPPED or order.receive_before is None or order.extended_seconds:
        return None
    return rules.extend_opens_at(order.receive_before, terms())


def _refund(refund: Refund, locale: Locale) -> RefundWire:
    reason = say("trade.why.paid_late", locale, {}) if refund.kind == "late_payment" else refund.reason
    return RefundWire(fen=refund.fen, state=refund.state.value, reason=reason)


def _placed(order: Order) -> HistoryLine:
    return HistoryLine(order.id, order.created_at, OrderState.PLACED, "buyer", "trade.why.placed", None)


def _history(line: HistoryLine, locale: Locale) -> HistoryWire:
    words = say(line.why, locale, {})
    why = f"{words}{'：' if locale == 'zh' else ': '}{line.said}" if line.said else words
    return HistoryWire(at=line.at, state=line.state, actor=line.actor, why=why)
