"""The people wing's routes."""

from fastapi import APIRouter

from kaibo.people.http import addresses, crew, local, login, merchants, realname, reviews

routers: tuple[APIRouter, ...] = (
    login.router,
    addresses.router,
    merchants.router,
    realname.router,
    reviews.router,
    crew.router,
    local.router,
)
