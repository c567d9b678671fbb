"""One RTMP connection: handshake, commands, and media handed to its stream (Adobe, "RTMP 1.0", sections 5.2 and 7.2).

An encoder speaks connect, releaseStream, FCPublish, createStream, publish; then audio, video and data; then
deleteStream, or it just closes. Whatever breaks these rules ends this connection and nothing else.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import cast

from structlog.stdlib import get_logger

from kaibo.stage.media import amf0, chunks
from kaibo.stage.media.chunks import ChunkReader, Message
from kaibo.stage.media.faults import MediaFault, ProtocolFault, Refused
from kaibo.stage.media.hooks import Client
from kaibo.stage.media.live import LiveStream
from kaibo.stage.media.metrics import Metrics
from kaibo.stage.media.registry import BAD_NAME, Registry
from kaibo.stage.media.settings import MediaSettings

log = get_logger(__name__)

HANDSHAKE_BYTES = 1_536
RTMP_VERSION = 3
WINDOW_ACK_BYTES = 2_500_000
CHUNK_BYTES_OUT = 4_096
STREAM_ID = 1
_CONTROL_LANE, _COMMAND_LANE, _STATUS_LANE = 2, 3, 5
_UNPUBLISH = frozenset(("deleteStream", "FCUnpublish", "closeStream"))


class Connections:
    """The open RTMP connections of the process."""

    def __init__(self, settings: MediaSettings, registry: Registry, metrics: Metrics) -> None:
        self.settings = settings
        self.registry = registry
        self.metrics = metrics
        self.open: set[RtmpConnection] = set()

    def accept(self) -> RtmpConnection:
        return RtmpConnection(self)

    def close(self) -> None:
        for connection in list(self.open):
            connection.abort()


class RtmpConnection(asyncio.Protocol):
    """Bytes in by `data_received`; nothing here awaits except the question to the platform, in a task of its own."""

    def __init__(self, home: Connections) -> None:
        self._home = home
        self._settings = home.settings
        self._transport: asyncio.Transport | None = None
        self._ip = ""
        self._id = secrets.token_hex(8)
        self._greeting = bytearray()
        self._greeted = False  # S0 to S2 are sent
        self._reader: ChunkReader | None = None
        self._bytes_in = self._bytes_acked = 0
        self._window_bytes = WINDOW_ACK_BYTES
        self._app = ""
        self._app_param = ""
        self._stream: LiveStream | None = None
        self._asking: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._done = False

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._ip = str(peer[0]) if peer else ""
        if len(self._home.open) >= self._settings.rtmp_connections_max:
            log.warning("rtmp_connections_full", ip=self._ip, limit=self._settings.rtmp_connections_max)
            self._home.metrics.refused.labels("connections").inc()
            self.abort()
            return
        self._home.open.add(self)
        self._expect_publish()

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish("the encoder closed the connection")

    def data_received(self, data: bytes) -> None:
        if self._done:
            return
        self._bytes_in += len(data)
        self._home.metrics.ingest_bytes += len(data)
        try:
            if self._reader is None:
                data = self._handshake(data)
            if data:
                assert self._reader is not None
                for message in self._reader.feed(data):
                    self._take(message)
                    if self._done:
                        return
                self._acknowledge()
        except Refused as refusal:
            self.dismiss(refusal.code, refusal.reason)
        except MediaFault as fault:
            log.warning("rtmp_fault", ip=self._ip, reason=str(fault))
            self._home.metrics.refused.labels("protocol").inc()
            self.dismiss("NetConnection.Call.Failed", str(fault))

    # closing

    def dismiss(self, code: str, reason: str) -> None:
        """Say why, then close. What the other side still sends is not read."""
        transport = self._transport
        if self._done or transport is None:
            return
        log.info("rtmp_dismissed", ip=self._ip, client_id=self._id, code=code, reason=reason)
        if self._reader is not None:
            self._status("error", code, reason)
        self._finish(reason)
        transport.close()
        # a peer that does not read must not keep the socket: what was said has a second to leave
        asyncio.get_running_loop().call_later(1, transport.abort)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
        self._finish("the connection was cut")

    def _finish(self, reason: str) -> None:
        if self._done:
            return
        self._done = True
        self._home.open.discard(self)
        if self._deadline is not None:
            self._deadline.cancel()
        if self._stream is not None:
            stream, self._stream = self._stream, None
            self._home.registry.unpublish(stream, reason)

    def _expect_publish(self) -> None:
        self._deadline = asyncio.get_running_loop().call_later(self._settings.handshake_seconds, self._too_late)

    def _too_late(self) -> None:
        waited = f"{self._settings.handshake_seconds:g} s"
        self.dismiss("NetConnection.Connect.Closed", f"nothing was published for {waited} on this connection")

    # handshake

    def _handshake(self, data: bytes) -> bytes:
        """Plain handshake (5.2); digests are neither checked nor sent. Returns what follows C2."""
        greeting = self._greeting
        greeting += data
        if greeting[0] != RTMP_VERSION:
            what = "an HTTP request" if greeting[:1].isalpha() and greeting[0] > 0x40 else f"version {greeting[0]}"
            raise ProtocolFault(f"not RTMP: {what} where RTMP version {RTMP_VERSION} was expected")
        if not self._greeted and len(greeting) > HANDSHAKE_BYTES:
            c1 = bytes(greeting[1 : 1 + HANDSHAKE_BYTES])
            s1 = bytes(8) + secrets.token_bytes(HANDSHAKE_BYTES - 8)
            self._write(bytes((RTMP_VERSION,)) + s1 + c1)
            self._greeted = True
        whole = 1 + 2 * HANDSHAKE_BYTES
        if len(greeting) < whole:
            return b""
        self._reader = ChunkReader(self._settings.chunk_bytes_max, self._settings.message_bytes_max)
        rest = bytes(greeting[whole:])
        self._greeting = bytearray()
        return rest

    # messages

    def _take(self, message: Message) -> None:
        kind = message.type_id
        stream = self._stream
        if kind == chunks.VIDEO:
            if stream is not None:
                stream.on_video(message.timestamp, message.payload)
        elif kind == chunks.AUDIO:
            if stream is not None:
                stream.on_audio(message.timestamp, message.payload)
        elif kind == chunks.COMMAND:
            self._command(amf0.decode(message.payload))
        elif kind == chunks.COMMAND_AMF3:
            self._command(amf0.decode(message.payload[1:]))  # a zero byte, then AMF0: what Flash encoders send
        elif kind in (chunks.DATA, chunks.DATA_AMF3):
            self._data(message.payload[1:] if kind == chunks.DATA_AMF3 else message.payload)
        elif kind == chunks.AGGREGATE:
            for inner in chunks.split_aggregate(message):
                if not self._done:
                    self._take(inner)
        elif kind == chunks.WINDOW_ACK_SIZE and len(message.payload) == 4:
            self._window_bytes = max(1_024, int.from_bytes(message.payload, "big"))
        elif kind == chunks.USER_CONTROL and message.payload[:2] == b"\0\6":  # ping request
            self._send(_CONTROL_LANE, chunks.USER_CONTROL, b"\0\7" + message.payload[2:6], 0)

    def _data(self, payload: bytes) -> None:
        stream = self._stream
        if stream is None:
            return
        values = amf0.decode(payload)
        if values[:1] == ["@setDataFrame"]:
            values = values[1:]
        if values[:1] == ["onMetaData"]:
            stream.on_metadata(values[1:])

    def _command(self, values: Sequence[amf0.Value]) -> None:
        if not values or not isinstance(values[0], str):
            raise ProtocolFault("a command without a name")
        name, arguments = values[0], list(values[3:])
        transaction = values[1] if len(values) > 1 and isinstance(values[1], float) else 0.0
        if name == "connect":
            self._connect(transaction, values[2] if len(values) > 2 else None)
        elif not self._app:
            raise ProtocolFault(f"command {name[:40]!r} before connect")
        elif name == "createStream":
            self._reply("_result", transaction, None, float(STREAM_ID))
        elif name == "publish":
            self._publish(arguments)
        elif name == "play":
            raise Refused("NetStream.Play.Failed", "playing over RTMP is not offered; use the HTTP-FLV or HLS address")
        elif name in _UNPUBLISH and self._stream is not None:
            stream, self._stream = self._stream, None
            self._home.registry.unpublish(stream, "the encoder stopped")
            self._status("status", "NetStream.Unpublish.Success", "stopped")
            self._expect_publish()
        elif name in ("releaseStream", "FCPublish"):
            self._reply("_result", transaction, None, None)

    def _connect(self, transaction: float, details: amf0.Value) -> None:
        app = details.get("app") if isinstance(details, dict) else None
        if not isinstance(app, str):
            raise ProtocolFault("connect without an application name")
        name, mark, query = app.partition("?")
        name = name.strip("/")
        if name != self._settings.app:
            reason = f"application {name[:40]!r} does not exist here; use rtmp://.../{self._settings.app}"
            status = {"level": "error", "code": "NetConnection.Connect.Rejected", "description": reason}
            self._reply("_error", transaction, None, status)
            raise Refused("NetConnection.Connect.Rejected", reason)
        self._app, self._app_param = name, mark + query
        self._send(_CONTROL_LANE, chunks.WINDOW_ACK_SIZE, WINDOW_ACK_BYTES.to_bytes(4, "big"), 0)
        self._send(_CONTROL_LANE, chunks.SET_PEER_BANDWIDTH, WINDOW_ACK_BYTES.to_bytes(4, "big") + b"\2", 0)
        self._send(_CONTROL_LANE, chunks.SET_CHUNK_SIZE, CHUNK_BYTES_OUT.to_bytes(4, "big"), 0)
        self._reply(
            "_result",
            transaction,
            {"fmsVer": "FMS/3,0,1,123", "capabilities": 31.0},
            {
                "level": "status",
                "code": "NetConnection.Connect.Success",
                "description": "Connection succeeded.",
                "objectEncoding": 0.0,
            },
        )

    def _publish(self, arguments: Sequence[amf0.Value]) -> None:
        named = arguments[0] if arguments else None
        if not isinstance(named, str) or not named:
            raise Refused(BAD_NAME, "no stream key: put it into the encoder's stream key field")
        if self._stream is not None or self._asking is not None:
            raise Refused(BAD_NAME, "this connection already publishes a stream")
        key, mark, query = named.partition("?")
        client = Client(self._id, self._ip, self._app, key, (mark + query) or self._app_param)
        if self._deadline is not None:
            self._deadline.cancel()
        if self._transport is not None:
            self._transport.pause_reading()  # nothing is read from a publisher who has not been let in
        self._asking = asyncio.create_task(self._ask(client), name=f"publish {self._id}")

    async def _ask(self, client: Client) -> None:
        try:
            stream = await self._home.registry.publish(client, self, lambda: not self._done)
        except Refused as refusal:
            self.dismiss(refusal.code, refusal.reason)
            return
        finally:
            self._asking = None
        self._stream = stream
        self._send(_CONTROL_LANE, chunks.USER_CONTROL, b"\0\0" + STREAM_ID.to_bytes(4, "big"), 0)  # stream begins
        self._status("status", "NetStream.Publish.Start", "publishing")
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # writing

    def _acknowledge(self) -> None:
        if self._bytes_in - self._bytes_acked >= self._window_bytes:
            self._bytes_acked = self._bytes_in
            self._send(_CONTROL_LANE, chunks.ACKNOWLEDGEMENT, (self._bytes_in & 0xFFFFFFFF).to_bytes(4, "big"), 0)

    def _status(self, level: str, code: str, description: str) -> None:
        status = {"level": level, "code": code, "description": description}
        self._send(_STATUS_LANE, chunks.COMMAND, amf0.encode("onStatus", 0.0, None, status), STREAM_ID)

    def _reply(self, name: str, transaction: float, *values: amf0.Value) -> None:
        self._send(_COMMAND_LANE, chunks.COMMAND, amf0.encode(name, transaction, *values), 0)

    def _send(self, lane: int, kind: int, payload: bytes, stream_id: int) -> None:
        # before connect has been answered both sides use the first chunk size
        chunk_bytes = CHUNK_BYTES_OUT if self._app else chunks.CHUNK_BYTES_AT_START
        self._write(chunks.encode(lane, Message(kind, 0, stream_id, payload), chunk_bytes))

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
