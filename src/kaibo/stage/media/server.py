"""The media process: start everything, keep it ticking, stop it in an order that loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Generator

import uvicorn
from structlog.stdlib import get_logger
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kaibo.stage.media.hooks import Client, Hooks
from kaibo.stage.media.ingest import Connections
from kaibo.stage.media.live import tell_of_file
from kaibo.stage.media.metrics import Metrics
from kaibo.stage.media.recording_file import Disk
from kaibo.stage.media.recovery import recover
from kaibo.stage.media.registry import Registry
from kaibo.stage.media.settings import MediaSettings
from kaibo.stage.media.web import WebFace
from kaibo.stage.media.web_hls import HlsDesk

log = get_logger(__name__)

CHECK_SECONDS = 0.5
LISTEN_BACKLOG = 1_024
GRACEFUL_SECONDS = 2
HOOKS_LAST_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 30


class _HttpConnection(HttpToolsProtocol):
    """uvicorn's connection; the application may cut it, which ASGI has no word for."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["kaibo.abort"] = self.transport.abort  # type: ignore[typeddict-unknown-key]


class _Web(uvicorn.Server):
    """uvicorn inside our loop: the process's signals belong to whoever runs us."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class MediaServer:
    """A running media engine. `rtmp_port` and `http_port` are the real ones once `start` has returned."""

    def __init__(self, settings: MediaSettings, disk: Disk | None = None) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.hooks = Hooks(settings)
        self.registry = Registry(settings, self.hooks, self.metrics, disk or Disk())
        self.hls = HlsDesk(settings, self.hooks, self.metrics)
        self.registry.hls_viewers = self.hls.viewers
        self.rtmp_port = self.http_port = 0
        self._connections = Connections(settings, self.registry, self.metrics)
        self._rtmp: asyncio.Server | None = None
        self._web: _Web | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Listen. Raises OSError naming the address when a port is taken or the recordings cannot be kept."""
        settings = self.settings
        settings.record_dir.mkdir(parents=True, exist_ok=True)
        if not os.access(settings.record_dir, os.W_OK):
            raise PermissionError(f"recordings cannot be written to {settings.record_dir}")
        rtmp = _listen("RTMP", settings.rtmp_host, settings.rtmp_port)
        try:
            http = _listen("HTTP", settings.http_host, settings.http_port)
        except OSError:
            rtmp.close()
            raise
        self.rtmp_port, self.http_port = rtmp.getsockname()[1], http.getsockname()[1]
        self.hooks.start()
        for finished in await asyncio.to_thread(recover, settings.record_dir):
            tell_of_file(self.hooks, Client("", "", settings.app, finished.stream), finished)
        face = WebFace(settings, self.registry, self.hooks, self.metrics, self.hls)
        self._web = _Web(
            uvicorn.Config(
                face,
                http=_HttpConnection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACEFUL_SECONDS,
            )
        )
        loop = asyncio.get_running_loop()
        self._rtmp = await loop.create_server(self._connections.accept, sock=rtmp, backlog=LISTEN_BACKLOG)
        self._tasks = [
            asyncio.create_task(self._web.serve([http]), name="media http"),
            asyncio.create_task(self._tick(), name="media tick"),
        ]
        await self._web.listening.wait()
        log.info("media_started", rtmp_port=self.rtmp_port, http_port=self.http_port)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        report_at = loop.time() + self.settings.stats_seconds
        while True:
            await asyncio.sleep(min(CHECK_SECONDS, self.settings.stats_seconds))
            try:
                self.registry.check()
                self.hls.check()
                if loop.time() >= report_at:
                    report_at = loop.time() + self.settings.stats_seconds
                    self.registry.report()
            except Exception:
                log.exception("media_tick_failed")  # one stream's trouble must not stop the others' checks

    async def close(self) -> None:
        """Publishers go, files are closed, hooks are sent, then the ports are free."""
        if self._rtmp is not None:
            self._rtmp.close()
        await self.registry.close()
        self._connections.close()
        if self._web is not None:
            self._web.should_exit = True
            web, tick = self._tasks
            tick.cancel()
            await asyncio.gather(web, tick, return_exceptions=True)
        await self.hooks.close(HOOKS_LAST_SECONDS)
        log.info("media_stopped")


async def serve(settings: MediaSettings, *, stop: asyncio.Event) -> None:
    """Run the media engine until `stop` is set. Raises OSError when it cannot start."""
    server = MediaServer(settings)
    await server.start()
    try:
        await stop.wait()
    finally:
        await server.close()


def _listen(what: str, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(
            error.errno,
            f"{what} cannot listen on {host} port {port}: {error.strerror}; choose another port or stop "
            "the program that uses it",
        ) from error
    listener.setblocking(False)
    return listener
