"""A publisher made by hand, in the order OBS speaks, so that tests can break every rule on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any

from kaibo.stage.media import amf0, chunks
from kaibo.stage.media.chunks import ChunkReader, Message

CHUNK_BYTES = 4_096
# 64 x 48 baseline picture: configuration record with one SPS and one PPS
SPS = bytes.fromhex("6742c00ad90846c044000003000400000300083c489e")
PPS = bytes.fromhex("68ce06e2")
AVC_RECORD = (
    b"\x01\x42\xc0\x0a\xff\xe1" + len(SPS).to_bytes(2, "big") + SPS + b"\x01" + len(PPS).to_bytes(2, "big") + PPS
)
AAC_RECORD = bytes.fromhex("1210")  # AAC-LC, 44,100 Hz, stereo


class RtmpClient:
    """`statuses` collects the onStatus codes with their descriptions."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.statuses: list[tuple[str, str]] = []
        self.replies: list[list[amf0.Value]] = []
        self.closed = asyncio.Event()
        self._heard = asyncio.Event()

    async def open(self) -> RtmpClient:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def handshake(self) -> None:
        c1 = bytes(8) + os.urandom(1_528)
        self.writer.write(b"\x03" + c1)
        answer = await self.reader.readexactly(1 + 2 * 1_536)
        assert answer[0] == 3
        assert answer[1 + 1_536 :] == c1
        self.writer.write(answer[1 : 1 + 1_536])
        self._listener = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        reader = ChunkReader(1 << 20, 1 << 20)
        try:
            while data := await self.reader.read(65_536):
                for message in reader.feed(data):
                    if message.type_id == chunks.COMMAND:
                        self._command(amf0.decode(message.payload))
        except ConnectionError:
            pass
        finally:
            self.closed.set()
            self._heard.set()

    def _command(self, values: list[amf0.Value]) -> None:
        if values[0] == "onStatus":
            info: Any = values[3]
            self.statuses.append((info["code"], info["description"]))
        else:
            self.replies.append(values)
        self._heard.set()

    def send(self, kind: int, payload: bytes, stamp: int = 0, lane: int = 3, stream_id: int = 0) -> None:
        size = CHUNK_BYTES if getattr(self, "sized", False) else 128
        self.writer.write(chunks.encode(lane, Message(kind, stamp, stream_id, payload), size))

    def command(self, name: str, transaction: float, *values: amf0.Value) -> None:
        self.send(chunks.COMMAND, amf0.encode(name, transaction, *values))

    def set_chunk_size(self, size: int) -> None:
        self.send(chunks.SET_CHUNK_SIZE, size.to_bytes(4, "big"), lane=2)
        self.sized = True

    async def publish(self, key: str, app: str = "live") -> tuple[str, str]:
        """Everything OBS does up to media; the status that answered the publish command."""
        await self.open()
        await self.handshake()
        self.set_chunk_size(CHUNK_BYTES)
        self.command("connect", 1.0, {"app": app, "type": "nonprivate", "tcUrl": f"rtmp://127.0.0.1/{app}"})
        self.command("releaseStream", 2.0, None, key)
        self.command("FCPublish", 3.0, None, key)
        self.command("createStream", 4.0, None)
        self.command("publish", 5.0, None, key, "live")
        return await self.status()

    async def status(self, seconds: float = 5) -> tuple[str, str]:
        async with asyncio.timeout(seconds):
            while not self.statuses:
                assert not self.closed.is_set(), "closed without a status"
                self._heard.clear()
                await self._heard.wait()
        return self.statuses[-1]

    def configure(self) -> None:
        """onMetaData, then the H.264 and AAC configurations."""
        self.send(chunks.DATA, amf0.encode("@setDataFrame", "onMetaData", {"width": 64.0}), lane=4, stream_id=1)
        self.video(0, b"\x17\x00\0\0\0" + AVC_RECORD)
        self.audio(0, b"\xaf\x00" + AAC_RECORD)

    def video(self, stamp: int, payload: bytes) -> None:
        self.send(chunks.VIDEO, payload, stamp & 0xFFFFFFFF, 4, 1)

    def audio(self, stamp: int, payload: bytes) -> None:
        self.send(chunks.AUDIO, payload, stamp & 0xFFFFFFFF, 4, 1)

    def frame(self, stamp: int, key: bool, size: int = 200) -> None:
        """A frame that only containers look at: one NAL unit of `size` bytes."""
        nal = size.to_bytes(4, "big") + bytes((0x65 if key else 0x41,)) + os.urandom(size - 1)
        self.video(stamp, (b"\x17" if key else b"\x27") + b"\x01\0\0\0" + nal)

    def seconds_of_media(self, start_ms: int, seconds: float, fps: int = 25) -> int:
        """Frames and sound of `seconds`, a keyframe each second, sent at once; the next free timestamp."""
        frames = int(seconds * fps)
        for index in range(frames):
            stamp = start_ms + index * 1_000 // fps
            self.frame(stamp, index % fps == 0)
            self.audio(stamp, b"\xaf\x01" + os.urandom(30))
        return start_ms + frames * 1_000 // fps

    async def close(self) -> None:
        self.writer.close()
        listener = getattr(self, "_listener", None)
        if listener is not None:
            await listener
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()
