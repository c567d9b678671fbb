"""A stream's health, measured on what arrives: what the crew's console shows every two seconds."""

from __future__ import annotations

GAP_FRAMES = 1.7
"""A step of this many frame lengths means that frames in between are missing."""
GAP_MS_COUNTED_MAX = 10_000


class Health:
    """Counts over one reporting window, and what is carried from window to window. Times in milliseconds."""

    def __init__(self) -> None:
        self.dropped_frames = 0
        self.gop_ms = 0
        self.jitter_ms = 0.0
        self.bytes_total = 0
        self.frames_total = 0
        self.last_media_ms = 0
        self._bytes = self._frames = 0
        self._since_ms = 0
        self._frame_ms = 0.0
        self._last_dts: int | None = None
        self._last_key: int | None = None
        self._transit: int | None = None
        self._transit_least: int | None = None
        self._delay_ms = 0

    def restart(self, now_ms: int) -> None:
        """A new publisher: its frame rate and transit times are its own."""
        self._frame_ms, self._last_dts, self._last_key = 0.0, None, None
        self._transit = self._transit_least = None
        self._since_ms, self._bytes, self._frames = now_ms, 0, 0
        self.last_media_ms = now_ms

    def video(self, size: int, dts: int, key: bool, now_ms: int) -> None:
        """A frame of `size` bytes with stream time `dts` arrived at monotonic `now_ms`."""
        self._bytes += size
        self._frames += 1
        self.last_media_ms = now_ms
        if self._last_dts is not None:
            step = dts - self._last_dts
            if self._frame_ms and step > GAP_FRAMES * self._frame_ms:
                self.dropped_frames += round(min(step, GAP_MS_COUNTED_MAX) / self._frame_ms) - 1
            else:
                self._frame_ms += (step - self._frame_ms) / (8 if self._frame_ms else 1)
        self._last_dts = dts
        if key:
            if self._last_key is not None:
                self.gop_ms = dts - self._last_key
            self._last_key = dts
        transit = now_ms - dts
        if self._transit is not None:  # interarrival jitter, RFC 3550 section 6.4.1
            self.jitter_ms += (abs(transit - self._transit) - self.jitter_ms) / 16
        self._transit = transit
        least = self._transit_least
        self._transit_least = transit if least is None or transit < least else least
        self._delay_ms = transit - self._transit_least

    def audio(self, size: int, now_ms: int) -> None:
        self._bytes += size
        self.last_media_ms = now_ms

    def report(self, now_ms: int) -> dict[str, float]:
        """Figures since the last report, and the lasting ones. `delay_ms` is lateness against the best frame so far."""
        span_ms = max(1, now_ms - self._since_ms)
        figures = {
            "bitrate_kbps": round(self._bytes * 8 / span_ms),
            "fps": round(self._frames * 1_000 / span_ms, 1),
            "gop_ms": self.gop_ms,
            "dropped_frames": self.dropped_frames,
            "delay_ms": self._delay_ms,
            "jitter_ms": round(self.jitter_ms, 1),
        }
        self.bytes_total += self._bytes
        self.frames_total += self._frames
        self._since_ms, self._bytes, self._frames = now_ms, 0, 0
        return figures
