"""Recordings that an earlier process left: files it could not close, and closed files whose hook was never taken."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import orjson
from structlog.stdlib import get_logger

from kaibo.stage.media.boxes import VIDEO_TIMESCALE, VIDEO_TRACK
from kaibo.stage.media.recording_file import FINAL_SUFFIX, NOTE_SUFFIX, OPEN_SUFFIX, FinishedFile

log = get_logger(__name__)

READ_BYTES = 1 << 20


def recover(record_dir: Path) -> list[FinishedFile]:
    """Close the open files under `record_dir` and collect what no hook has taken. Blocking; raises nothing for a
    file that cannot be read, which is logged and left alone."""
    found: list[FinishedFile] = []
    for path in sorted(record_dir.glob(f"*/*{OPEN_SUFFIX}")):
        try:
            closed = _close(record_dir, path)
        except (OSError, ValueError) as error:
            log.error("recording_not_recovered", file=str(path), error=str(error))
            continue
        if closed is not None:
            closed.leave_note()
    for note in sorted(record_dir.glob(f"*/*{NOTE_SUFFIX}")):
        try:
            found.append(FinishedFile(**orjson.loads(note.read_bytes())))
        except (OSError, ValueError, TypeError) as error:
            log.error("recording_note_not_read", file=str(note), error=str(error))
    return found


def _close(record_dir: Path, path: Path) -> FinishedFile | None:
    """Cut off a half-written fragment, hash, rename. None, and the file removed, when it holds no fragment."""
    started_at_ms = int(path.name.removesuffix(OPEN_SUFFIX).rpartition("-")[2])
    with open(path, "r+b") as handle:
        whole = end = 0
        for kind, at, size in _boxes(handle):
            if kind == b"mdat":
                whole = at + size
        if not whole:
            path.unlink()
            return None
        handle.truncate(whole)
        for kind, at, size in _boxes(handle):
            if kind == b"moof":
                handle.seek(at)
                end = max(end, video_end(handle.read(size)))
        digest = hashlib.sha256()
        handle.seek(0)
        while piece := handle.read(READ_BYTES):
            digest.update(piece)
        os.fsync(handle.fileno())
    final = path.with_name(path.name.removesuffix(OPEN_SUFFIX) + FINAL_SUFFIX)
    os.replace(path, final)
    log.warning("recording_recovered", file=str(final), bytes=whole)
    return FinishedFile(
        path.parent.name, str(record_dir), str(final), digest.hexdigest(), whole, started_at_ms,
        end * 1_000 // VIDEO_TIMESCALE, recovered=True,
    )  # fmt: skip


def _boxes(handle: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """The whole top-level boxes of a file: kind, offset, size."""
    length = handle.seek(0, os.SEEK_END)
    at = 0
    while at + 8 <= length:
        handle.seek(at)
        size, kind = struct.unpack(">I4s", handle.read(8))
        if size < 8 or at + size > length:
            return
        yield kind, at, size
        at += size


def video_end(moof: bytes) -> int:
    """Where the video of one of our own fragments ends, in ticks; 0 when it holds none. Layout as in fragment.py."""
    track = struct.unpack_from(">I", moof, 24 + 8 + 12)[0]
    if track != VIDEO_TRACK:
        return 0
    time: int = struct.unpack_from(">Q", moof, 24 + 36)[0]
    count = struct.unpack_from(">I", moof, 24 + 44 + 12)[0]
    durations: list[int] = [struct.unpack_from(">I", moof, 24 + 64 + 16 * index)[0] for index in range(count)]
    return time + sum(durations)
