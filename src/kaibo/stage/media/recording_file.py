"""One file of a recording: written fragment by fragment, hashed on the way, closed under its final name.

Runs in the recorder's threads. A fragment is whole or absent, so a file cut by kill -9 plays up to its last second.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import orjson
from structlog.stdlib import get_logger

from kaibo.stage.media.settings import MediaSettings

log = get_logger(__name__)

OPEN_SUFFIX = ".open.mp4"
FINAL_SUFFIX = ".mp4"
NOTE_SUFFIX = ".mp4.json"


@dataclass(frozen=True, slots=True)
class FinishedFile:
    """A closed recording file: the extra fields of the on_dvr hook. `started_at_ms` is Unix time of its first frame."""

    stream: str
    cwd: str
    file: str
    sha256: str
    bytes: int
    started_at_ms: int
    duration_ms: int
    recovered: bool = False

    @property
    def note(self) -> Path:
        """Lies beside the file until the hook has taken it, so that no recording is forgotten."""
        return Path(self.file).with_suffix(NOTE_SUFFIX)

    def leave_note(self) -> None:
        """A full disk may prevent it; the file itself is safe and the hook is still told."""
        try:
            self.note.write_bytes(orjson.dumps(asdict(self)))
        except OSError as error:
            log.warning("recording_note_not_written", file=self.file, error=str(error))


class Disk:
    """The file system as the recorder sees it: the one place where a test makes it full."""

    def free_bytes(self, path: Path) -> int:
        return shutil.disk_usage(path).free

    def create(self, path: Path) -> BinaryIO:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "xb", buffering=0)


class RecordingFile:
    """Not thread-safe: its recorder gives it one job at a time."""

    def __init__(self, disk: Disk, settings: MediaSettings, stream: str, started_at_ms: int) -> None:
        when = datetime.fromtimestamp(started_at_ms / 1_000, UTC)
        self.path = settings.record_dir / stream / f"{when:%Y%m%dT%H%M%S}-{started_at_ms}{OPEN_SUFFIX}"
        self.failed = False
        self._stream = stream
        self._settings = settings
        self._disk = disk
        self._started_at_ms = started_at_ms
        self._handle: BinaryIO | None = None
        self._digest = hashlib.sha256()
        self._bytes = 0
        self._duration_ms = 0.0

    def write(self, data: bytes, duration_ms: float) -> None:
        """Append whole fragments of `duration_ms`. Raises OSError, and then the file holds what it held before."""
        settings = self._settings
        free = self._disk.free_bytes(settings.record_dir)
        if free - len(data) < settings.record_min_free_bytes:
            raise OSError(errno.ENOSPC, f"{free} bytes free, {settings.record_min_free_bytes} are kept free")
        if self._handle is None:
            self._handle = self._disk.create(self.path)
        view = memoryview(data)
        try:
            while view:
                view = view[self._handle.write(view) :]
        except OSError:
            with contextlib.suppress(OSError):
                self._handle.truncate(self._bytes)
                self._handle.seek(self._bytes)
            raise
        self._digest.update(data)
        self._bytes += len(data)
        self._duration_ms += duration_ms

    def close(self) -> FinishedFile | None:
        """Sync to disk and take the final name; None when nothing was written."""
        if self._handle is None:
            return None
        with contextlib.suppress(OSError):
            os.fsync(self._handle.fileno())
        self._handle.close()
        if not self._duration_ms:
            self.path.unlink(missing_ok=True)
            return None
        final = self.path.with_name(self.path.name.removesuffix(OPEN_SUFFIX) + FINAL_SUFFIX)
        os.replace(self.path, final)
        finished = FinishedFile(
            self._stream, str(self._settings.record_dir), str(final), self._digest.hexdigest(), self._bytes,
            self._started_at_ms, round(self._duration_ms),
        )  # fmt: skip
        finished.leave_note()
        return finished
