"""All live streams of this process: who may publish under which name, how long a stream waits, when it is cut."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from structlog.stdlib import get_logger

from kaibo.stage.media.faults import Refused
from kaibo.stage.media.hooks import Client, Hooks
from kaibo.stage.media.live import LiveStream, monotonic_ms
from kaibo.stage.media.metrics import Metrics
from kaibo.stage.media.recording_file import Disk
from kaibo.stage.media.settings import MediaSettings

log = get_logger(__name__)

BAD_NAME = "NetStream.Publish.BadName"
UNAUTHORIZED = "NetStream.Publish.Unauthorized"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
RECORDING_THREADS = 4


class Publisher(Protocol):
    """The ingest connection behind a stream."""

    def dismiss(self, code: str, reason: str) -> None:
        """Say why and close, without waiting for the other side."""


class Registry:
    """Streams by public name. Everything runs on one event loop, so a check and the act after it are one step."""

    def __init__(self, settings: MediaSettings, hooks: Hooks, metrics: Metrics, disk: Disk) -> None:
        self.settings = settings
        self.streams: dict[str, LiveStream] = {}
        self.hls_viewers: Callable[[str], int] = lambda _stream: 0
        self._hooks = hooks
        self._metrics = metrics
        self._disk = disk
        self._threads = ThreadPoolExecutor(RECORDING_THREADS, "recording")
        self._publishers: dict[str, Publisher] = {}
        self._keys_in_use: set[str] = set()
        self._closing: set[asyncio.Task[None]] = set()

    async def publish(self, client: Client, publisher: Publisher, is_open: Callable[[], bool]) -> LiveStream:
        """Ask the platform and take the publisher on. `client.stream` is the stream key. Raises Refused.

        A key is held from the question on: of two publishers with one key, the second is refused unasked.
        """
        key = client.stream
        if not _NAME.fullmatch(key):
            self._refuse("bad_name", BAD_NAME, "the stream key must be 1 to 128 letters, digits, '.', '_' or '-'")
        if key in self._keys_in_use:
            self._refuse("key_in_use", BAD_NAME, "this stream key is already publishing; stop the other encoder first")
        if len(self._keys_in_use) >= self.settings.publishers_max:
            self._refuse("full", BAD_NAME, f"this server carries {self.settings.publishers_max} streams and is full")
        self._keys_in_use.add(key)
        try:
            verdict = await self._hooks.ask("on_publish", client)
            if not verdict.allowed:
                self._refuse("platform", UNAUTHORIZED, verdict.reason)
            name = str(verdict.data.get("stream") or key)
            try:
                stream = self._admit(name, is_open())
            except Refused as refusal:
                self._hooks.tell("on_unpublish", client, public_stream="", reason=refusal.reason)
                raise
        except BaseException:
            self._keys_in_use.discard(key)
            raise
        stream.attach(client)
        self._publishers[name] = publisher
        log.info("stream_published", stream=name, ip=client.ip, client_id=client.client_id)
        return stream

    def _admit(self, name: str, still_there: bool) -> LiveStream:
        if not _NAME.fullmatch(name):
            self._refuse("bad_name", BAD_NAME, "the platform gave this stream a name that cannot be used")
        if not still_there:
            self._refuse("gone", BAD_NAME, "the encoder went away before it was let in")
        stream = self.streams.get(name)
        if stream is not None and stream.publisher is not None:
            self._refuse("second_publisher", BAD_NAME, "this room already has a publisher; stop the other one first")
        if stream is not None and stream.ended:
            self._drop(stream)
            stream = None
        if stream is None:
            stream = LiveStream(self.settings, name, self._hooks, self._metrics, self._disk, self._threads)
            self.streams[name] = stream
        return stream

    def _refuse(self, label: str, code: str, reason: str) -> None:
        self._metrics.refused.labels(label).inc()
        raise Refused(code, reason)

    def unpublish(self, stream: LiveStream, reason: str) -> None:
        """The publisher's connection is over. Viewers wait for it to come back, if the grace period allows."""
        client = stream.publisher
        if client is None:
            return
        self._publishers.pop(stream.name, None)
        self._keys_in_use.discard(client.stream)
        stream.detach()
        self._hooks.tell("on_unpublish", client, public_stream=stream.name, reason=reason)
        log.info("stream_unpublished", stream=stream.name, client_id=client.client_id, reason=reason)

    def kick(self, name: str, reason: str) -> bool:
        """Cut a stream at once, publisher and viewers. False when there is none of that name."""
        stream = self.streams.get(name)
        if stream is None:
            return False
        publisher = self._publishers.get(name)
        if publisher is not None:
            publisher.dismiss(UNAUTHORIZED, reason)
            self.unpublish(stream, reason)
        stream.end(cut=True)
        self._drop(stream)
        log.warning("stream_cut", stream=name, reason=reason)
        return True

    def _drop(self, stream: LiveStream) -> None:
        if self.streams.get(stream.name) is stream:
            del self.streams[stream.name]
        task = asyncio.create_task(stream.close(), name=f"close {stream.name}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def check(self) -> None:
        """Once a second: silent publishers leave, streams without one end after their time."""
        now_ms = monotonic_ms()
        for stream in list(self.streams.values()):
            if stream.publisher is not None:
                reason = stream.check(now_ms)
                if reason is not None:
                    self._publishers[stream.name].dismiss("NetStream.Publish.Idle", reason)
                    self.unpublish(stream, reason)
                continue
            gone_seconds = (now_ms - stream.gone_at_ms) / 1_000
            if not stream.ended and gone_seconds >= self.settings.reconnect_grace_seconds:
                stream.end()
            if gone_seconds >= self.settings.reconnect_grace_seconds + self.settings.ended_keep_seconds:
                self._drop(stream)

    def report(self) -> None:
        """Every reporting interval: figures of all streams with a publisher."""
        now_ms = monotonic_ms()
        for stream in self.streams.values():
            if stream.publisher is not None:
                stream.report(now_ms, self.hls_viewers(stream.name))

    def gauge(self) -> None:
        """Bring the gauges up to date before somebody reads them."""
        streams = list(self.streams.values())
        self._metrics.streams.set(sum(stream.publisher is not None for stream in streams))
        self._metrics.recordings.set(sum(stream.recorder.recording for stream in streams))
        self._metrics.viewers.labels("flv").set(sum(len(stream.fanout.viewers) for stream in streams))
        self._metrics.viewers.labels("hls").set(sum(self.hls_viewers(stream.name) for stream in streams))
        self._metrics.hook_failures.set(self._hooks.failures)

    async def close(self) -> None:
        """Let every publisher go, end every response, wait for recordings to be on the disk."""
        for stream in list(self.streams.values()):
            publisher = self._publishers.get(stream.name)
            if publisher is not None:
                publisher.dismiss("NetStream.Publish.Idle", "the media server is stopping")
                self.unpublish(stream, "the media server is stopping")
            stream.end()
            self._drop(stream)
        await asyncio.gather(*self._closing)
        self._threads.shutdown(wait=True)
