"""NATS: the event log (JetStream, stream KAIBO) and the plain subjects of the live rooms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

STREAM = "KAIBO"
STREAM_SUBJECT = "event."
KEEP_SECONDS = 7 * 24 * 3600
DUPLICATE_WINDOW_SECONDS = 600
ACK_WAIT_SECONDS = 30.0
IN_FLIGHT_MAX = 256
CONNECT_SECONDS_MAX = 15

Handler = Callable[[Msg], Awaitable[None]]


class Bus:
    """One connection to NATS. Reconnects for ever; callers see errors only for what they asked while it was down."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.js: JetStreamContext = client.jetstream(timeout=10)

    @classmethod
    async def connect(cls, url: str, *, credentials: str = "", name: str = "kaibo") -> Bus:
        """Connect. Raises TimeoutError, naming the address, where no server answers within CONNECT_SECONDS_MAX."""
        options: dict[str, Any] = {"user_credentials": credentials} if credentials else {}

        async def lost(wrong: Exception) -> None:
            log.warning("bus.error", error=repr(wrong))

        # With endless reconnects the library would also wait for ever for the first connection.
        connecting = nats.connect(
            url,
            name=name,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.5,
            connect_timeout=5,
            ping_interval=20,
            error_cb=lost,
            pending_size=8 << 20,
            **options,
        )
        try:
            return cls(await asyncio.wait_for(connecting, CONNECT_SECONDS_MAX))
        except TimeoutError as late:
            server = urlsplit(url)  # said without the user and password that may stand in it
            raise TimeoutError(
                f"NATS did not let us in at {server.hostname}:{server.port} within {CONNECT_SECONDS_MAX} s: "
                "start it (`kaibo up`), or check KAIBO_NATS_URL and KAIBO_NATS_CREDENTIALS"
            ) from late

    async def prepare(self) -> None:
        """Create or update the event stream. Idempotent."""
        config = StreamConfig(
            name=STREAM,
            subjects=[f"{STREAM_SUBJECT}>"],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            discard=DiscardPolicy.OLD,
            max_age=KEEP_SECONDS,
            duplicate_window=DUPLICATE_WINDOW_SECONDS,
        )
        try:
            await self.js.stream_info(STREAM)
            await self.js.update_stream(config)
        except NotFoundError:
            await self.js.add_stream(config)

    async def log_all(self, events: Iterable[tuple[str, str, bytes]]) -> None:
        """Append (subject, message id, body) to the stream in order; returns after every one is acknowledged."""
        acks: list[asyncio.Future[Any]] = []
        for subject, message_id, body in events:
            acks.append(
                await self.js.publish_async(f"{STREAM_SUBJECT}{subject}", body, headers={"Nats-Msg-Id": message_id})
            )
        for ack in acks:
            await asyncio.wait_for(ack, timeout=10)

    async def pull(self, durable: str, subject: str) -> JetStreamContext.PullSubscription:
        """A durable pull consumer on one event subject."""
        config = ConsumerConfig(ack_wait=ACK_WAIT_SECONDS, max_ack_pending=IN_FLIGHT_MAX, max_deliver=-1)
        return await self.js.pull_subscribe(f"{STREAM_SUBJECT}{subject}", durable=durable, stream=STREAM, config=config)

    async def publish(self, subject: str, body: bytes) -> None:
        """Plain publish: room ticks and other things that may be lost."""
        await self.client.publish(subject, body)

    async def subscribe(self, subject: str, handler: Handler, *, queue: str = "") -> Any:
        return await self.client.subscribe(subject, queue=queue, cb=handler)

    @property
    def connected(self) -> bool:
        return self.client.is_connected

    async def close(self) -> None:
        await asyncio.wait_for(self.client.close(), timeout=5)
