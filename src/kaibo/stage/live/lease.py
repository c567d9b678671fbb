"""Which worker owns which room: PostgreSQL advisory locks of one session, which end with the worker however it ends.

The connection also listens for what transactions announce. It is the worker's own and needs a real session (no transaction
pooler in between).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy.engine import make_url

from kaibo.kernel.db import APPLICATION_ROLE
from kaibo.stage.live.announce import CHANNEL

WORKER_CLASS = 0x6B61_6962  # "kaib": every worker holds this one shared, so that workers can be counted
ASK_SECONDS_MAX = 2.0

# A worker whose machine vanished must lose its locks soon: PostgreSQL probes the connection.
_PROBES = {"tcp_keepalives_idle": "2", "tcp_keepalives_interval": "1", "tcp_keepalives_count": "2"}


def lock_key(room_id: UUID) -> int:
    digest = hashlib.blake2b(b"kaibo.stage.room" + room_id.bytes, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class Lease:
    """One session's locks. Once `lost` is set nothing is owned any more."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()
        self.lost = asyncio.Event()

    @classmethod
    async def open(cls, database_url: str, on_notice: Callable[[str], None]) -> Lease:
        """Raises OSError or asyncpg.PostgresError where the server cannot be reached."""
        dsn = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        settings = {"application_name": "kaibo rooms", "role": APPLICATION_ROLE, "timezone": "UTC", **_PROBES}
        connection = await asyncpg.connect(dsn, timeout=10, command_timeout=ASK_SECONDS_MAX, server_settings=settings)
        lease = cls(connection)
        connection.add_termination_listener(lambda _: lease.lost.set())
        await connection.add_listener(CHANNEL, lambda _c, _pid, _channel, payload: on_notice(payload))
        await lease._ask("SELECT pg_advisory_lock_shared($1, 1)", WORKER_CLASS)
        return lease

    async def workers(self) -> int:
        """How many workers share the rooms, this one included."""
        found = await self._ask(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND objid = 1 AND objsubid = 2 "
            "AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            WORKER_CLASS,
        )
        return max(1, int(found))

    async def take(self, room_id: UUID) -> bool:
        return bool(await self._ask("SELECT pg_try_advisory_lock($1)", lock_key(room_id)))

    async def give(self, room_id: UUID) -> None:
        await self._ask("SELECT pg_advisory_unlock($1)", lock_key(room_id))

    async def close(self) -> None:
        """Gives every room back."""
        try:
            await self._connection.close(timeout=2)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._connection.terminate()

    async def _ask(self, query: str, *values: object) -> Any:
        async with self._turn:
            return await self._connection.fetchval(query, *values)
