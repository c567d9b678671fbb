"""JSON logs (structlog), Prometheus figures, and OpenTelemetry traces where configured."""

from __future__ import annotations

import asyncio
import atexit
import logging
import sys
from typing import Any, cast

import orjson
import structlog
from prometheus_client import REGISTRY, Counter, Gauge, Histogram

from kaibo.kernel import clock
from kaibo.kernel.config import Settings

ACCESS_LOG_SECONDS = 0.1


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger that names its module. Events are dotted nouns; facts are keyword arguments.

    Configured on first use: modules ask for their logger before the entry point has read the settings.
    """
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(module=name))


def counter(name: str, about: str, labels: tuple[str, ...] = ()) -> Counter:
    return Counter(name, about, labels, registry=REGISTRY)


def gauge(name: str, about: str, labels: tuple[str, ...] = ()) -> Gauge:
    return Gauge(name, about, labels, registry=REGISTRY)


def histogram(
    name: str, about: str, labels: tuple[str, ...] = (), buckets: tuple[float, ...] = Histogram.DEFAULT_BUCKETS
) -> Histogram:
    return Histogram(name, about, labels, registry=REGISTRY, buckets=buckets)


def configure(settings: Settings, process: str) -> None:
    """Set up logging for this process; library logs go through the same renderer."""
    level = getattr(logging, settings.log_level.upper())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if settings.log_format == "json"
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    access_log.configure(as_json=settings.log_format == "json" and level <= logging.INFO, process=process)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last], foreign_pre_chain=shared
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


class AccessLog:
    """One line a request. As JSON the lines are written some at a time: a write each costs more than placing an order does."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._json = False
        self._process = ""
        atexit.register(self.flush)

    def configure(self, *, as_json: bool, process: str) -> None:
        self._json = as_json
        self._process = process

    def note(self, **facts: Any) -> None:
        if not self._json:
            _access.info("request", **facts)
            return
        said = {"process": self._process, "module": "access", **facts, "event": "request", "level": "info"}
        self._lines.append(orjson.dumps({**said, "timestamp": clock.now()}, option=orjson.OPT_UTC_Z) + b"\n")
        if len(self._lines) == 1:
            asyncio.get_running_loop().call_later(ACCESS_LOG_SECONDS, self.flush)

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        if lines:
            sys.stderr.buffer.write(b"".join(lines))
            sys.stderr.buffer.flush()


_access = get_logger("access")
access_log = AccessLog()


def trace_app(app: Any, settings: Settings) -> None:
    """Send traces of every request to `otel_endpoint`. Raises a clear error where the extra is not installed."""
    if not settings.otel_endpoint:
        return
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as missing:
        raise RuntimeError(
            "otel_endpoint is set, but kaibo[otel] is not installed: pip install 'kaibo[otel]'"
        ) from missing
    provider = TracerProvider(resource=Resource.create({"service.name": "kaibo"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otel_endpoint)))
    trace.set_tracer_provider(provider)
    FastAPIInstrumentor.instrument_app(app)
