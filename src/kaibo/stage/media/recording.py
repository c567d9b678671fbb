"""The recording of one stream: fMP4 files of an hour, written off the event loop.

The same fragments that LL-HLS viewers get, renumbered to begin at 0 in each file. A full or hanging disk stops the
recording, never the broadcast; it goes on at the next keyframe after space has come back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from structlog.stdlib import get_logger

from kaibo.stage.media.boxes import AUDIO_TRACK, TICKS_PER_MS, VIDEO_TRACK
from kaibo.stage.media.fragment import Fragment
from kaibo.stage.media.recording_file import Disk, FinishedFile, RecordingFile
from kaibo.stage.media.settings import MIB, MediaSettings

log = get_logger(__name__)

FLUSH_MS = 1_000
"""A killed process loses at most this much of the recording."""
RESUME_FREE_BYTES = 16 * MIB
RETRY_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Source:
    """What the fragments of one codec configuration need besides themselves."""

    init_id: int
    init: bytes
    audio_rate: int
    clock_zero_ms: int


@dataclass(frozen=True, slots=True)
class _Job:
    """Append `data`; None closes the file."""

    file: RecordingFile
    data: bytes | None
    duration_ms: float = 0.0


class Recorder:
    """Writes one stream. `part` and `finish` never wait; `close` waits for the disk."""

    def __init__(
        self,
        settings: MediaSettings,
        stream: str,
        disk: Disk,
        threads: ThreadPoolExecutor,
        on_file: Callable[[FinishedFile], None],
        on_notice: Callable[[str, str], None],
    ) -> None:
        self._settings = settings
        self._stream = stream
        self._disk = disk
        self._threads = threads
        self._on_file = on_file
        self._on_notice = on_notice
        self._file: RecordingFile | None = None
        self._origin: dict[int, int] = {}
        self._sequence = self._start_ms = 0
        self._init_id = -1
        self._pending: list[bytes] = []
        self._pending_ms = 0.0
        self._queued_bytes = 0
        self._jobs: asyncio.Queue[_Job | None] = asyncio.Queue()
        self._worker = asyncio.create_task(self._work(), name=f"recording {stream}")
        self._watch: asyncio.Task[None] | None = None  # waits for space while the recording is stopped
        self._told_stopped = False  # the crew knows that nothing is being recorded
        self._retry_seconds = settings.record_retry_seconds

    @property
    def recording(self) -> bool:
        return self._file is not None

    def part(self, part: Fragment, opens_segment: bool, source: Source) -> None:
        """Take a closed part. Files begin with a keyframe that opens a segment."""
        fresh = opens_segment and part.independent
        if self._file is not None:
            due = part.start_ms - self._start_ms >= self._settings.record_segment_seconds * 1_000
            if source.init_id != self._init_id or (fresh and due):
                self.finish()
        if self._file is None:
            if not fresh or self._watch is not None:
                return
            self._start(part.start_ms, source)
        self._sequence += 1
        self._pending.append(part.moved(self._origin, self._sequence))
        self._pending.append(part.body[part.moof_bytes :])
        self._pending_ms += part.duration_ms
        if self._pending_ms >= FLUSH_MS:
            self._flush()

    def finish(self) -> None:
        """Close the current file; `on_file` hears of it once it is on the disk."""
        file = self._file
        if file is None:
            return
        self._flush()
        self._jobs.put_nowait(_Job(file, None))
        self._file = None

    async def close(self) -> None:
        """Finish, and wait until everything queued is on the disk."""
        self.finish()
        if self._watch is not None:
            self._watch.cancel()
        self._jobs.put_nowait(None)
        await self._worker

    def _start(self, start_ms: int, source: Source) -> None:
        self._file = RecordingFile(self._disk, self._settings, self._stream, source.clock_zero_ms + start_ms)
        self._start_ms, self._init_id, self._sequence = start_ms, source.init_id, 0
        # both tracks count from the first picture, so that the sound stays where it belongs
        self._origin = {VIDEO_TRACK: start_ms * TICKS_PER_MS, AUDIO_TRACK: start_ms * source.audio_rate // 1_000}
        self._pending, self._pending_ms = [source.init], 0.0

    def _flush(self) -> None:
        file = self._file
        if file is None or not self._pending_ms:
            return
        data = b"".join(self._pending)
        duration_ms = self._pending_ms
        self._pending, self._pending_ms = [], 0.0
        if self._queued_bytes + len(data) > self._settings.record_buffer_bytes_max:
            self._jobs.put_nowait(_Job(file, None))
            self._stop(f"the disk is too slow: {self._queued_bytes} bytes wait to be written")
            return
        self._queued_bytes += len(data)
        self._jobs.put_nowait(_Job(file, data, duration_ms))

    async def _work(self) -> None:
        while (job := await self._jobs.get()) is not None:
            if job.data is None:
                await self._finish_file(job.file)
                continue
            if not job.file.failed:
                await self._write(job.file, job.data, job.duration_ms)
            self._queued_bytes -= len(job.data)

    async def _write(self, file: RecordingFile, data: bytes, duration_ms: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._threads, file.write, data, duration_ms)
        except OSError as error:
            await self._finish_file(file)
            file.failed = True
            if self._watch is None:
                self._stop(f"the recording cannot be written: {error.strerror or error}")
            return
        self._retry_seconds = self._settings.record_retry_seconds
        if self._told_stopped:
            self._told_stopped = False
            log.info("recording_resumed", stream=self._stream, file=str(file.path))
            self._on_notice("recording_resumed", f"the recording goes on in {file.path.name}")

    async def _finish_file(self, file: RecordingFile) -> None:
        if file.failed:
            return
        loop = asyncio.get_running_loop()
        try:
            finished = await loop.run_in_executor(self._threads, file.close)
        except OSError as error:
            log.error("recording_not_closed", file=str(file.path), error=str(error))
            self._on_notice("recording_not_closed", f"{file.path.name}: {error.strerror or error}")
            return
        if finished is not None:
            self._on_file(finished)

    def _stop(self, reason: str) -> None:
        self._file, self._pending, self._pending_ms = None, [], 0.0
        log.error("recording_stopped", stream=self._stream, reason=reason)
        if self._told_stopped:  # it said it had room, and failed again
            self._retry_seconds = min(self._retry_seconds * 2, max(RETRY_SECONDS_MAX, self._retry_seconds))
        else:
            self._told_stopped = True
            self._on_notice("recording_stopped", f"{reason}; the broadcast goes on without a recording")
        self._watch = asyncio.create_task(self._wait_for_space(), name=f"recording space {self._stream}")

    async def _wait_for_space(self) -> None:
        """Until well more than the least free space is there, or recording would stop again at once.

        A disk that fails without being full is tried less and less often.
        """
        loop = asyncio.get_running_loop()
        enough = self._settings.record_min_free_bytes * 11 // 10 + RESUME_FREE_BYTES
        while True:
            await asyncio.sleep(self._retry_seconds)
            try:
                free = await loop.run_in_executor(self._threads, self._disk.free_bytes, self._settings.record_dir)
            except OSError:
                continue
            if free >= enough and not self._queued_bytes:
                self._watch = None
                return
