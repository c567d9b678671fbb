"""The open wing's routes, and the calls it makes."""

from fastapi import APIRouter

from kaibo.open.http import exports, webhooks
from kaibo.open.http.outgoing import webhooks as outgoing

routers: tuple[APIRouter, ...] = (webhooks.router, exports.router)

__all__ = ["outgoing", "routers"]
