"""Trade over HTTP."""

from fastapi import APIRouter

from kaibo.goods import facade as goods
from kaibo.kernel.web import State
from kaibo.kernel.web.thin import Thin
from kaibo.people import facade as people
from kaibo.trade.funds.deposit import require_deposit
from kaibo.trade.http import (
    aftersales_buyer,
    aftersales_operator,
    aftersales_shop,
    agency_money,
    buyer,
    carrier_notices,
    coupons,
    creator,
    creator_money,
    invoices,
    money,
    operator,
    operator_ledger,
    operator_money,
    parcels,
    paying,
    payments,
    placing,
    plan_figures,
    points,
    presales,
    reconciliation,
    refunds,
    ship_file,
    shop,
    small_verbs,
    touches,
)
from kaibo.trade.http.thin_place import PATH, place_thin
from kaibo.trade.orders.leave import open_orders
from kaibo.trade.orders.till import Till

routers: tuple[APIRouter, ...] = (
    placing.router,
    buyer.router,
    shop.router,
    parcels.router,
    ship_file.router,
    small_verbs.router,
    invoices.router,
    creator.router,
    operator.router,
    paying.router,
    payments.router,
    refunds.router,
    carrier_notices.router,
    touches.router,
    coupons.router,
    points.router,
    presales.router,
    aftersales_buyer.router,
    aftersales_shop.router,
    aftersales_operator.router,
    money.router,
    creator_money.router,
    agency_money.router,
    plan_figures.router,
    operator_ledger.router,
    operator_money.router,
    reconciliation.router,
)

THIN: dict[tuple[str, str], Thin] = {("POST", PATH): place_thin}


def open_till(state: State) -> None:
    """Called once when a web process starts."""
    state.parts[Till] = Till(state.database, state.limiter)


people.register_leave_check(open_orders)
goods.register_listing_check(require_deposit)
