"""HTTP-FLV: one long response a viewer."""

from __future__ import annotations

import asyncio
import secrets

from kaibo.stage.media.answers import NO_STORE, Request
from kaibo.stage.media.fanout import FlvViewer
from kaibo.stage.media.hooks import Client, Hooks
from kaibo.stage.media.live import LiveStream
from kaibo.stage.media.metrics import Metrics

LAST_SECONDS = 0.5
"""What an ended response gets to leave a slow socket, before it is cut."""


async def play_flv(request: Request, stream: LiveStream, hooks: Hooks, metrics: Metrics) -> None:
    """Ask the platform, then send what the stream brings until it ends, the viewer leaves or stops reading."""
    settings = stream.settings
    if stream.ended:
        await request.problem(404, f"no stream named {stream.name} is live")
        return
    param = f"?{request.query}" if request.query else ""
    client = Client(secrets.token_hex(8), request.ip, settings.app, stream.name, param)
    headers = ((b"content-type", b"video/x-flv"), NO_STORE, (b"connection", b"close"))
    if request.method == "HEAD":
        await request.start(200, headers)
        await request.body(b"", False)
        return
    verdict = await hooks.ask("on_play", client)
    if not verdict.allowed:
        await request.problem(403 if verdict.reached else 503, verdict.reason)
        return
    loop = asyncio.get_running_loop()
    viewer = stream.fanout.join(stream.packager.audio is not None, loop.time())
    watcher = asyncio.create_task(_watch(request, viewer, settings.viewer_stall_seconds))
    try:
        if stream.ended:  # it ended while the platform was asked
            viewer.close()
        await request.start(200, headers)
        while data := await viewer.take(loop.time):
            await request.body(data, True)
            metrics.flv_bytes += len(data)
        await request.body(b"", False)
    finally:
        stream.fanout.viewers.discard(viewer)
        watcher.cancel()
        hooks.tell("on_stop", client)


async def _watch(request: Request, viewer: FlvViewer, stall_seconds: float) -> None:
    """End the response when the viewer has left or has not read for too long; cut it when it does not end by itself."""
    loop = asyncio.get_running_loop()
    left = asyncio.ensure_future(_left(request))
    over = asyncio.ensure_future(viewer.over.wait())
    try:
        while not left.done() and not over.done():
            await asyncio.wait((left, over), timeout=stall_seconds / 4, return_when=asyncio.FIRST_COMPLETED)
            if not viewer.waiting and loop.time() - viewer.taken_at > stall_seconds:
                break
        viewer.close()
        await asyncio.wait((left,), timeout=LAST_SECONDS)
        request.abort()  # the writer still waits for a socket that takes nothing; else it has cancelled this task
    finally:
        left.cancel()
        over.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
