"""HTTP-FLV viewers of one stream: a keyframe cache for those who join, bounded queues for those who are slow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kaibo.stage.media import flv
from kaibo.stage.media.settings import MediaSettings

AUDIO_TAGS_PER_WAKE = 8
"""Audio waits for the next picture, so that a viewer costs one write a frame; without pictures, this many at a time."""


class FlvViewer:
    """One viewer's queue. The writer awaits `take`; an empty answer means the stream is over for this viewer."""

    __slots__ = ("_bytes", "_limit", "_skipping", "_tags", "_wake", "drops", "on_drop", "over", "taken_at")

    def __init__(self, queue_bytes_max: int, opening: list[bytes], from_keyframe: bool, now: float) -> None:
        self._tags = opening
        self._bytes = sum(map(len, opening))
        self._limit = queue_bytes_max
        self._skipping = from_keyframe  # behind, or joined without pictures: nothing more until a keyframe
        self._wake: asyncio.Future[None] | None = None
        self.over = asyncio.Event()
        self.drops = 0
        self.on_drop: Callable[[], None] | None = None
        self.taken_at = now
        """Monotonic seconds when the viewer last took what was queued."""

    def push(self, tag: bytes, wake: bool, key: bool, head: list[bytes]) -> None:
        """Queue a tag. When the queue is full it is emptied, and goes on from the next keyframe with `head`."""
        if self._skipping:
            if not key:
                return
            self._skipping = False
            for config in head:
                self._append(config)
        elif self._bytes + len(tag) > self._limit:
            self._tags, self._bytes, self._skipping = [], 0, True
            self.drops += 1
            if self.on_drop is not None:
                self.on_drop()
            return
        self._append(tag)
        if wake:
            self.wake()

    def _append(self, tag: bytes) -> None:
        self._tags.append(tag)
        self._bytes += len(tag)

    def wake(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def close(self) -> None:
        self.over.set()
        self.wake()

    @property
    def closed(self) -> bool:
        return self.over.is_set()

    @property
    def waiting(self) -> bool:
        """Everything queued has been taken: the viewer keeps up."""
        return self._wake is not None

    async def take(self, now: Callable[[], float]) -> bytes:
        """What is queued, waiting for at least one tag; b"" once closed."""
        while not self._tags and not self.closed:
            self._wake = asyncio.get_running_loop().create_future()
            try:
                await self._wake
            finally:
                self._wake = None
        self.taken_at = now()
        if self.closed:
            return b""
        tags, self._tags, self._bytes = self._tags, [], 0
        return tags[0] if len(tags) == 1 else b"".join(tags)


class FlvFanout:
    """Tags of one stream to all its FLV viewers."""

    def __init__(self, settings: MediaSettings, on_drop: Callable[[], None]) -> None:
        self.viewers: set[FlvViewer] = set()
        self._settings = settings
        self._on_drop = on_drop
        self._head: dict[int, bytes] = {}  # script, video and audio configuration tags by FLV tag type
        self._gop: list[bytes] = []
        self._gop_bytes = 0
        self._sounds = 0

    def join(self, with_audio: bool, now: float) -> FlvViewer:
        """A new viewer, its queue opened with the file header, the configuration and the pictures since a keyframe."""
        header = flv.FILE_HEADER if with_audio else flv.FILE_HEADER_VIDEO_ONLY
        opening = [header, *self._head.values(), *self._gop] if self._gop else [header]
        viewer = FlvViewer(self._settings.viewer_queue_bytes_max + self._gop_bytes, opening, not self._gop, now)
        viewer.on_drop = self._on_drop
        self.viewers.add(viewer)
        return viewer

    def configure(self, kind: int, tag: bytes) -> None:
        """A configuration tag (script, video or audio): for those here now and for all who join later."""
        self._head[kind] = tag
        if kind == flv.TAG_VIDEO:
            self._gop, self._gop_bytes = [], 0
        for viewer in self.viewers:
            viewer.push(tag, True, False, [])

    def reset(self) -> None:
        """A new publisher: configuration and pictures of the last one mean nothing any more."""
        self._head.clear()
        self._gop, self._gop_bytes = [], 0

    def video(self, tag: bytes, key: bool) -> None:
        if key:
            self._gop, self._gop_bytes = [], 0
        self._remember(tag, key)
        self._sounds = 0
        head = list(self._head.values()) if key else []
        for viewer in self.viewers:
            viewer.push(tag, True, key, head)

    def audio(self, tag: bytes) -> None:
        self._remember(tag, False)
        self._sounds += 1
        wake = self._sounds >= AUDIO_TAGS_PER_WAKE
        if wake:
            self._sounds = 0
        for viewer in self.viewers:
            viewer.push(tag, wake, False, [])

    def _remember(self, tag: bytes, key: bool) -> None:
        # too long a group of pictures is not kept at all: half of one would show nothing but errors
        if not key and not self._gop:
            return
        self._gop.append(tag)
        self._gop_bytes += len(tag)
        if self._gop_bytes > self._settings.gop_cache_bytes_max:
            self._gop, self._gop_bytes = [], 0

    def close(self) -> None:
        """End every viewer's response."""
        for viewer in self.viewers:
            viewer.close()
