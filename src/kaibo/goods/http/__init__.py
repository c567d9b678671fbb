"""The goods wing's routes."""

from fastapi import APIRouter

from kaibo.goods.http import (
    importing,
    pictures,
    plans,
    price_windows,
    products,
    reviews,
    samples,
    selection,
    shelf,
    slots,
)

routers: tuple[APIRouter, ...] = (
    shelf.router,
    importing.router,
    products.router,
    price_windows.router,
    reviews.router,
    pictures.router,
    plans.router,
    selection.router,
    samples.router,
    slots.router,
)
