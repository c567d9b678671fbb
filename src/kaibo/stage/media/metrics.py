"""Prometheus figures of one media process, in a registry of their own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Metrics:
    """Counted where it happens; gauges that mirror state are set when somebody looks."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # plain numbers where it happens thousands of times a second: a Counter costs more than the frame it counts
        self.ingest_bytes = self.flv_bytes = self.hls_bytes = 0
        self.streams = Gauge("kaibo_media_streams", "Streams with a publisher", registry=self.registry)
        self.viewers = Gauge("kaibo_media_viewers", "Viewers", ["protocol"], registry=self.registry)
        self.recordings = Gauge("kaibo_media_recordings", "Streams being recorded", registry=self.registry)
        self._bytes_in = Counter("kaibo_media_ingest_bytes", "Bytes received over RTMP", registry=self.registry)
        self._bytes_out = Counter("kaibo_media_egress_bytes", "Media bytes sent", ["protocol"], registry=self.registry)
        self.refused = Counter("kaibo_media_refused", "Publishers turned away", ["reason"], registry=self.registry)
        self.viewer_drops = Counter(
            "kaibo_media_viewer_drops", "Times a slow FLV viewer was moved to the next keyframe", registry=self.registry
        )
        self.recorded_bytes = Counter(
            "kaibo_media_recorded_bytes", "Bytes of closed recordings", registry=self.registry
        )
        self.hook_failures = Gauge("kaibo_media_hook_failures", "Hook calls that failed", registry=self.registry)

    def text(self) -> bytes:
        self._bytes_in.inc(self.ingest_bytes)
        self._bytes_out.labels("flv").inc(self.flv_bytes)
        self._bytes_out.labels("hls").inc(self.hls_bytes)
        self.ingest_bytes = self.flv_bytes = self.hls_bytes = 0
        return generate_latest(self.registry)
