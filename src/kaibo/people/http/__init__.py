"""The people wing's routes."""

from fastapi import APIRouter

from kaibo.people.http import addresses, agencies, crew, local, login, merchants, realname, reviews, shop_staff, tokens

routers: tuple[APIRouter, ...] = (
    login.router,
    addresses.router,
    merchants.router,
    realname.router,
    reviews.router,
    crew.router,
    tokens.router,
    shop_staff.router,
    agencies.router,
    local.router,
)
