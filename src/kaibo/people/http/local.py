"""Pages for the person at this machine only: the last messages of the embedded SMS provider."""

from __future__ import annotations

import ipaddress
from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from kaibo.kernel.web import DbDep, auth
from kaibo.kernel.web.wire import rfc3339
from kaibo.people.contracts import OnlyFromHere
from kaibo.people.sms.provider import provider
from kaibo.people.sms.send import last_messages
from kaibo.people.wire import LocalMessage, LocalMessages

router = APIRouter()

FORWARDED_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via", "cf-connecting-ip")


@router.get("/local/sms", dependencies=[auth.public], response_class=HTMLResponse)
async def show_local_messages(request: Request, db: DbDep) -> HTMLResponse:
    """The last messages, for people."""
    _refuse_strangers(request)
    rows = "".join(
        f"<li><b>{escape(phone)}</b> <time>{rfc3339(at)}</time><p>{escape(text)}</p></li>"
        for phone, text, at in await last_messages(db)
    )
    page = (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3">'
        '<meta name="viewport" content="width=device-width"><title>本机短信 · Local messages</title></head><body>'
        "<h1>本机短信 <small lang=en>Local messages</small></h1>"
        "<p>只有在这台机器上才能打开。<span lang=en>Opens on this machine only.</span></p>"
        f"<ol>{rows or '<li>还没有短信 <span lang=en>No messages yet</span></li>'}</ol></body></html>"
    )
    return HTMLResponse(page, headers={"Cache-Control": "no-store"})


@router.get("/local/sms.json", dependencies=[auth.public])
async def list_local_messages(request: Request, db: DbDep) -> LocalMessages:
    """The last messages, for programs on this machine."""
    _refuse_strangers(request)
    return LocalMessages(items=[LocalMessage(phone=p, text=t, sent_at=at) for p, t, at in await last_messages(db)])


def _refuse_strangers(request: Request) -> None:
    """The peer must be this machine, with no proxy in between, asking for it by a local name (else a page elsewhere could
    point its own name here and read the codes: DNS rebinding)."""
    here = _is_loopback(request.client.host if request.client else "")
    named = request.url.hostname or ""
    forwarded = any(name in request.headers for name in FORWARDED_HEADERS)
    if not provider().keeps_ring or not here or forwarded or not (named == "localhost" or _is_loopback(named)):
        raise OnlyFromHere()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
