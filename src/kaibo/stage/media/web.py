"""The HTTP face of the media engine: playback, and on the loopback interface control, health and figures.

GET  /live/<stream>.flv             HTTP-FLV
GET  /live/<stream>/index.m3u8      LL-HLS entry; leads to media.m3u8, init-, seg- and part-*.mp4 beside it
POST /control/kick                  {"stream": ..., "reason": ...}: cut a stream at once (bearer secret, loopback)
GET  /healthz                       200 while the process serves
GET  /metrics                       Prometheus (loopback, or bearer secret)
"""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import unquote

import orjson
from structlog.stdlib import get_logger

from kaibo.stage.media.answers import Header, Receive, Request, Scope, Send, request_of
from kaibo.stage.media.hooks import Hooks
from kaibo.stage.media.metrics import Metrics
from kaibo.stage.media.registry import Registry
from kaibo.stage.media.settings import MediaSettings
from kaibo.stage.media.web_flv import play_flv
from kaibo.stage.media.web_hls import HlsDesk

log = get_logger(__name__)

CONTROL_BYTES_MAX = 4_096
QUERY_CHARS_MAX = 2_048
_PREFLIGHT: tuple[Header, ...] = (
    (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
    (b"access-control-allow-headers", b"range"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
)


class WebFace:
    """The ASGI application."""

    def __init__(
        self, settings: MediaSettings, registry: Registry, hooks: Hooks, metrics: Metrics, hls: HlsDesk
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._hooks = hooks
        self._metrics = metrics
        self._hls = hls
        self._prefix = f"/{settings.app}/"
        self._authorization = f"Bearer {settings.hook_secret}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = request_of(scope, receive, send, self._settings.cors_origins)
        if request.path == "/control/kick":
            await self._kick(request)
        elif request.method == "OPTIONS":
            await request.start(204, _PREFLIGHT)
            await request.body(b"", False)
        elif request.method not in ("GET", "HEAD"):
            await request.problem(405, f"{request.method} is not offered here")
        elif request.path.startswith(self._prefix):
            await self._play(request, unquote(request.path[len(self._prefix) :]))
        elif request.path == "/healthz":
            await request.answer(200, b"application/json", b'{"status":"ok"}')
        elif request.path == "/metrics":
            await self._figures(request)
        else:
            await request.problem(404, f"nothing is at {request.path[:200]}")

    async def _play(self, request: Request, rest: str) -> None:
        name, slash, file = rest.partition("/")
        flv = not slash and name.endswith(".flv")
        stream = self._registry.streams.get(name.removesuffix(".flv") if flv else name)
        if stream is None:
            await request.problem(404, f"no stream named {name.removesuffix('.flv')[:128]} is live")
        elif len(request.query) > QUERY_CHARS_MAX:
            await request.problem(414, f"the query is longer than {QUERY_CHARS_MAX} characters")
        elif flv or file == "index.m3u8":
            if self._is_full(stream.name):
                await request.problem(503, "this stream has as many viewers as the server may carry")
            elif flv:
                await play_flv(request, stream, self._hooks, self._metrics)
            else:
                await self._hls.enter(request, stream)
        elif file == "media.m3u8":
            await self._hls.media(request, stream)
        else:
            await self._hls.file(request, stream, file)

    def _is_full(self, name: str) -> bool:
        here = len(self._registry.streams[name].fanout.viewers) + self._hls.viewers(name)
        if here >= self._settings.viewers_per_stream_max:
            return True
        everywhere = sum(len(stream.fanout.viewers) for stream in self._registry.streams.values())
        return everywhere + self._hls.sessions >= self._settings.viewers_max

    def _has_secret(self, request: Request) -> bool:
        return hmac.compare_digest(request.headers.get(b"authorization", b""), self._authorization)

    async def _figures(self, request: Request) -> None:
        if not _is_loopback(request.ip) and not self._has_secret(request):
            await request.problem(403, "figures are for this machine, or with the bearer secret")
            return
        self._registry.gauge()
        await request.answer(200, b"text/plain; version=0.0.4; charset=utf-8", self._metrics.text())

    async def _kick(self, request: Request) -> None:
        if request.method != "POST":
            await request.problem(405, "use POST")
            return
        if not _is_loopback(request.ip) or not self._has_secret(request):
            log.warning("control_refused", ip=request.ip)
            await request.problem(403, "control calls come from this machine and carry the bearer secret")
            return
        body = bytearray()
        while True:
            message = await request.receive()
            body += message.get("body", b"")
            if message["type"] == "http.disconnect" or len(body) > CONTROL_BYTES_MAX:
                await request.problem(413, f"more than {CONTROL_BYTES_MAX} bytes")
                return
            if not message.get("more_body"):
                break
        try:
            order = orjson.loads(body)
        except ValueError:
            order = None
        if not isinstance(order, dict) or not isinstance(order.get("stream"), str):
            await request.problem(400, 'the body must be JSON: {"stream": "<public stream name>"}')
            return
        reason = order.get("reason")
        reason = reason[:200] if isinstance(reason, str) and reason else "the stream was cut by the platform"
        if self._registry.kick(order["stream"], reason):
            await request.answer(200, b"application/json", b'{"code":0}')
        else:
            await request.problem(404, f"no stream named {order['stream'][:128]} is live")


def _is_loopback(ip: str) -> bool:
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return False
