"""Trade over HTTP."""

from fastapi import APIRouter

from kaibo.people import facade as people
from kaibo.trade.http import buyer, coupons, creator, operator, parcels, payments, refunds, ship_file, shop, touches
from kaibo.trade.orders.leave import open_orders

routers: tuple[APIRouter, ...] = (
    buyer.router,
    shop.router,
    parcels.router,
    ship_file.router,
    creator.router,
    operator.router,
    payments.router,
    refunds.router,
    touches.router,
    coupons.router,
)

people.register_leave_check(open_orders)
