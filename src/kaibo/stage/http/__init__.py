"""The stage's routes."""

from fastapi import APIRouter

from kaibo.stage.http import bag, console, crew_chat, interact, media_hooks, operator, viewer

routers: tuple[APIRouter, ...] = (
    viewer.router,
    interact.router,
    console.router,
    bag.router,
    crew_chat.router,
    operator.router,
    media_hooks.router,
)
