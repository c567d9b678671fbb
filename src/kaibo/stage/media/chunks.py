"""The RTMP chunk stream (Adobe, "RTMP 1.0", section 5.3): bytes in, whole messages out, and back.

Pure and incremental: no I/O. A chunk's payload is taken as it comes, so no chunk size, however large, makes the
reader wait or copy twice; what bounds memory is `message_bytes_max`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from kaibo.stage.media.faults import ProtocolFault

SET_CHUNK_SIZE, ABORT, ACKNOWLEDGEMENT, USER_CONTROL = 1, 2, 3, 4
WINDOW_ACK_SIZE, SET_PEER_BANDWIDTH = 5, 6
AUDIO, VIDEO, DATA_AMF3, COMMAND_AMF3, DATA, COMMAND, AGGREGATE = 8, 9, 15, 17, 18, 20, 22

CHUNK_BYTES_AT_START = 128
CHUNK_STREAMS_MAX = 64
COMMAND_BYTES_MAX = 64 * 1024
"""Everything that is not audio, video or an aggregate of them."""
_HEADER_BYTES = (11, 7, 3, 0)
_EXTENDED = 0xFFFFFF
_U32 = struct.Struct(">I")


class Message(NamedTuple):
    """One RTMP message. `timestamp` is in milliseconds modulo 2**32."""

    type_id: int
    timestamp: int
    stream_id: int
    payload: bytes


class _Lane:
    """What one chunk stream id remembers between its chunks."""

    __slots__ = ("delta", "extended", "got", "length", "pieces", "stream_id", "timestamp", "type_id")

    def __init__(self) -> None:
        self.timestamp = self.delta = self.length = self.type_id = self.stream_id = self.got = 0
        self.extended: int | None = None
        self.pieces: list[bytes] = []


class ChunkReader:
    """Turns received bytes into messages. After a ProtocolFault the reader must be thrown away."""

    def __init__(self, chunk_bytes_max: int, message_bytes_max: int) -> None:
        self.chunk_bytes = CHUNK_BYTES_AT_START
        self._chunk_bytes_max = chunk_bytes_max
        self._message_bytes_max = message_bytes_max
        self._lanes: dict[int, _Lane] = {}
        self._tail = b""  # the start of a chunk header that has not arrived whole: under 20 bytes
        self._lane: _Lane | None = None  # the chunk whose payload is being received, and how much of it is missing
        self._missing = 0
        self._held = 0  # bytes of unfinished messages over all lanes

    def feed(self, data: bytes) -> list[Message]:
        """The messages completed by `data`. Raises ProtocolFault."""
        if self._tail:
            data = self._tail + data
            self._tail = b""
        messages: list[Message] = []
        at, end = 0, len(data)
        while at < end:
            lane = self._lane
            if lane is None:
                after = self._header(data, at, end)
                if after < 0:
                    self._tail = data[at:]
                    break
                at = after
                lane = self._lane
                assert lane is not None
            take = min(self._missing, end - at)
            if take:
                lane.pieces.append(data[at : at + take])
                lane.got += take
                self._missing -= take
                self._held += take
                at += take
            if not self._missing:
                self._lane = None
                if lane.got == lane.length:
                    self._finish(lane, messages)
        return messages

    def _header(self, data: bytes, at: int, end: int) -> int:
        """Parse a chunk header at `at`; the offset after it, or -1 when it has not arrived whole."""
        first = data[at]
        kind, lane_id = first >> 6, first & 0x3F
        at += 1
        if lane_id < 2:
            width = lane_id + 1
            if at + width > end:
                return -1
            lane_id = 64 + data[at] + (data[at + 1] << 8 if width == 2 else 0)
            at += width
        size = _HEADER_BYTES[kind]
        if at + size > end:
            return -1
        known = self._lanes.get(lane_id)
        lane = known or _Lane()
        if known is None and kind > 1:  # librtmp may open a lane with type 1; 2 and 3 have nothing to refer to
            raise ProtocolFault(f"chunk stream {lane_id} begins with a type {kind} header")
        if lane.got and kind != 3:
            raise ProtocolFault(f"chunk stream {lane_id}: a new message begins inside an unfinished one")
        stamp = int.from_bytes(data[at : at + 3], "big") if kind != 3 else -1
        body = at
        at += size
        at, stamp = self._timestamp(lane, data, at, end, stamp)
        if at < 0:
            return -1
        if known is None:
            if len(self._lanes) >= CHUNK_STREAMS_MAX:
                raise ProtocolFault(f"more than {CHUNK_STREAMS_MAX} chunk streams on one connection")
            self._lanes[lane_id] = lane
        if kind < 2:
            lane.length = int.from_bytes(data[body + 3 : body + 6], "big")
            lane.type_id = data[body + 6]
            if kind == 0:
                lane.stream_id = int.from_bytes(data[body + 7 : body + 11], "little")
        if not lane.got:
            self._begin(lane, kind, stamp)
        self._lane = lane
        self._missing = min(self.chunk_bytes, lane.length - lane.got)
        return at

    def _timestamp(self, lane: _Lane, data: bytes, at: int, end: int, stamp: int) -> tuple[int, int]:
        """The offset after an extended timestamp, if any, and the timestamp field; offset -1 when not whole.

        A type 3 chunk repeats the extended timestamp of its message, except from encoders that do not: it is taken
        for one only when the four bytes are the expected ones (as SRS does).
        """
        if stamp < 0:
            if lane.extended is None:
                return at, stamp
            if at + 4 > end:
                return -1, stamp
            return (at + 4 if _U32.unpack_from(data, at)[0] == lane.extended else at), stamp
        if stamp != _EXTENDED:
            lane.extended = None
            return at, stamp
        if at + 4 > end:
            return -1, stamp
        lane.extended = _U32.unpack_from(data, at)[0]
        return at + 4, lane.extended

    def _begin(self, lane: _Lane, kind: int, stamp: int) -> None:
        # A type 3 header opening a message repeats the last delta; after a type 0 header that is no time at all, as
        # librtmp writes it and nginx-rtmp reads it (the specification's wording would double the timestamp).
        if kind == 0:
            lane.timestamp, lane.delta = stamp, 0
        else:
            if kind != 3:
                lane.delta = stamp
            lane.timestamp = (lane.timestamp + lane.delta) & 0xFFFFFFFF
        limit = self._message_bytes_max if lane.type_id in (AUDIO, VIDEO, AGGREGATE) else COMMAND_BYTES_MAX
        if lane.length > limit:
            raise ProtocolFault(f"a message of {lane.length} bytes (type {lane.type_id}); at most {limit} are taken")
        if self._held > 2 * self._message_bytes_max:
            raise ProtocolFault(f"{self._held} bytes of unfinished messages on one connection")

    def _finish(self, lane: _Lane, messages: list[Message]) -> None:
        payload = lane.pieces[0] if len(lane.pieces) == 1 else b"".join(lane.pieces)
        self._held -= lane.got
        lane.pieces = []
        lane.got = 0
        if lane.type_id == SET_CHUNK_SIZE:
            self._set_chunk_size(payload)
        elif lane.type_id == ABORT:
            self._abort(payload)
        else:
            messages.append(Message(lane.type_id, lane.timestamp, lane.stream_id, payload))

    def _set_chunk_size(self, payload: bytes) -> None:
        size = _U32.unpack(payload)[0] if len(payload) == 4 else 0
        if not 1 <= size <= self._chunk_bytes_max:
            raise ProtocolFault(f"chunk size {size} bytes; allowed is 1 to {self._chunk_bytes_max}")
        self.chunk_bytes = size

    def _abort(self, payload: bytes) -> None:
        lane = self._lanes.get(_U32.unpack(payload)[0]) if len(payload) == 4 else None
        if lane is not None:
            self._held -= lane.got
            lane.pieces = []
            lane.got = 0


def encode(lane_id: int, message: Message, chunk_bytes: int) -> bytes:
    """`message` as chunks on chunk stream `lane_id` (2 to 63): one type 0 header, then type 3."""
    stamp = message.timestamp
    extended = _U32.pack(stamp) if stamp >= _EXTENDED else b""
    payload = message.payload
    out = [
        bytes((lane_id,)),
        min(stamp, _EXTENDED).to_bytes(3, "big"),
        len(payload).to_bytes(3, "big"),
        bytes((message.type_id,)),
        message.stream_id.to_bytes(4, "little"),
        extended,
        payload[:chunk_bytes],
    ]
    for at in range(chunk_bytes, len(payload), chunk_bytes):
        out += (bytes((0xC0 | lane_id,)), extended, payload[at : at + chunk_bytes])
    return b"".join(out)


def split_aggregate(message: Message) -> Iterator[Message]:
    """The messages inside an aggregate (RTMP 1.0, 7.1.6): FLV tags whose times count from the first one's."""
    data, at = message.payload, 0
    first: int | None = None
    while at < len(data):
        if at + 11 > len(data):
            raise ProtocolFault("aggregate message cut short")
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        stamp = int.from_bytes(data[at + 4 : at + 7], "big") | data[at + 7] << 24
        if at + 11 + size > len(data):
            raise ProtocolFault("aggregate message holds a tag longer than itself")
        if data[at] == AGGREGATE:
            raise ProtocolFault("aggregate message inside an aggregate message")
        first = stamp if first is None else first
        when = (message.timestamp + stamp - first) & 0xFFFFFFFF
        yield Message(data[at], when, message.stream_id, data[at + 11 : at + 11 + size])
        at += 11 + size + 4
