"""A recording file is verified against its SHA-256 and moved to the blobs, where replays are served from."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, update

from kaibo.kernel import context
from kaibo.kernel.blobs import Blobs
from kaibo.kernel.outbox import publish
from kaibo.kernel.telemetry import get_logger
from kaibo.stage.contracts import RecordingKept
from kaibo.stage.ingest.prune_recordings import prune_recordings
from kaibo.stage.ingest.tables import recordings
from kaibo.stage.live.announce import announce

log = get_logger(__name__)

READ_BYTES = 1 << 20


async def keep_recording(recording_id: str) -> None:
    """Repeating it changes nothing. A file that differs from its hash is marked damaged and left where it lies."""
    blobs = context.blobs()
    async with context.database().transaction() as db:
        row = (await db.execute(select(recordings).where(recordings.c.id == UUID(recording_id)))).one()
    if row.state == "kept":
        return
    state, sha256, url = await asyncio.to_thread(_store, blobs, row.room_id, Path(row.file), row.sha256)
    async with context.database().transaction() as db:
        values = {"state": state, "sha256": sha256, "url": url}
        await db.execute(update(recordings).where(recordings.c.id == row.id).values(**values))
        if url is None:
            log.error("recording.not_kept", recording_id=recording_id, state=state, file=row.file)
            return
        await publish(
            db,
            RecordingKept(
                recording_id=row.id,
                room_id=row.room_id,
                broadcast_id=row.broadcast_id,
                url=url,
                sha256=sha256,
                started_at=row.started_at,
                duration_ms=row.duration_ms,
            ),
        )
        await prune_recordings(db, blobs)
        await announce(db, row.room_id, "bag")  # its pitches can be seen again


def _store(blobs: Blobs, room_id: UUID, file: Path, promised: str) -> tuple[str, str, str | None]:
    """State, SHA-256 and URL. The name is the hash: nobody guesses a rehearsal's."""
    if not file.exists():
        name = _name(room_id, promised)
        moved = bool(promised) and blobs.path(name).exists()  # a run that was cut after the move
        return ("kept", promised, blobs.url(name)) if moved else ("lost", promised, None)
    sha256 = _sha256(file)
    if promised and sha256 != promised:
        return "damaged", promised, None
    name = _name(room_id, sha256)
    _move(file, blobs.path(name))
    return "kept", sha256, blobs.url(name)


def _name(room_id: UUID, sha256: str) -> str:
    return f"recordings/{room_id.hex}/{sha256}.mp4"


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _move(file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.replace(file, target)
    except OSError:  # another file system
        part = target.with_suffix(".part")
        shutil.copyfile(file, part)
        with part.open("rb+") as copied:
            os.fsync(copied.fileno())
        part.replace(target)
        file.unlink()
