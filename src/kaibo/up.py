"""`kaibo up`: the whole house on one machine, in one supervised process tree."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import httpx

from kaibo import house, migrate
from kaibo.kernel.config import Settings
from kaibo.kernel.engines import nats, postgres
from kaibo.kernel.engines.nats import NatsEngine
from kaibo.kernel.engines.ports import free_port, is_free
from kaibo.kernel.engines.postgres import PostgresEngine
from kaibo.supervise import STOP_SECONDS_MAX, Child, Say, Tree
from kaibo.trade.payment import wiring

Step = Callable[[str], None]

TROUBLE_PERCENT = 6
"""Parcels of the sandbox carrier that meet an obstacle: enough to see how a shop works them off."""

DEMO_RECORDS = {"record_segment_seconds": "600", "record_keep_gib": "4"}
"""Four films that run all day would fill a disk, and a replay should be there soon; what is configured goes before."""


class PortTaken(Exception):
    """A port that people or programs must know is in use."""


def check_ports(settings: Settings) -> None:
    """Raises PortTaken naming every taken port, what it is for and which setting moves it."""
    if taken := _taken_ports(settings):
        raise PortTaken("\n".join(taken))


def _taken_ports(settings: Settings) -> list[str]:
    wanted = {
        "port": (settings.host, settings.port, "pages and API"),
        "media_port": (settings.host, settings.media_port, "live video"),
        "rtmp_port": (settings.rtmp_host, settings.rtmp_port, "OBS and ffmpeg"),
        "nats_websocket_port": (settings.host, settings.nats_websocket_port, "live room events"),
        "gateway_port": (settings.host, settings.gateway_port, "the sandbox cashier"),
        "carrier_port": ("127.0.0.1", settings.carrier_port, "the sandbox carrier"),
    }
    return [
        f"port {port} ({what}) is taken; set KAIBO_{key.upper()} to a free one"
        for key, (host, port, what) in wanted.items()
        if not is_free(port, host)
    ]


def wait_for_leftovers(settings: Settings) -> None:
    """After an `up` that was killed: its children are ending by themselves, and are given the time that they have for it."""
    noted = [house.port_file(settings.data_dir, engine) for engine in ("postgres", "nats")]
    engines = [int(path.read_text(encoding="ascii")) for path in noted if path.exists()]
    until = time.monotonic() + STOP_SECONDS_MAX
    while time.monotonic() < until and (_taken_ports(settings) or not all(is_free(port) for port in engines)):
        time.sleep(0.1)


def check_engines(settings: Settings) -> None:
    """Raises EngineMissing, saying what to do, before anything is started that would only be stopped again."""
    if not settings.database_url:
        postgres.bin_directory()
    if not settings.nats_url:
        nats.find_program(settings.nats_server_path)


def public_address(settings: Settings) -> str:
    """Where people open it: as configured, else this machine's address in its network, else loopback."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = "127.0.0.1"
    if settings.host not in {"127.0.0.1", "localhost"}:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))  # TEST-NET-1: chooses a route, sends nothing
                host = probe.getsockname()[0]
            except OSError:
                host = "127.0.0.1"
    return f"http://{host}:{settings.port}"


class House:
    """Starts the children of one `kaibo up` in order."""

    def __init__(self, settings: Settings, tree: Tree, step: Step) -> None:
        self._settings = settings
        self._tree = tree
        self._step = step
        self._environment: dict[str, str] = {"KAIBO_DATA_DIR": str(settings.data_dir.resolve())}

    async def start(self) -> None:
        await self._start_postgres()
        self._step("Bringing the database forward")
        await asyncio.to_thread(migrate.upgrade, self._environment["KAIBO_DATABASE_URL"])
        await self._start_nats()
        if wiring.sandboxes(self._settings):
            await self._start_gateway()
        if not self._settings.carrier_config:
            await self._start_carrier()
        await self._start_web()
        for name, ready in (("worker", self._worker_ready), ("media", self._media_ready)):
            self._step(f"Starting the {name}")
            await self._tree.start(self._kaibo(name, ready))
        if self._settings.demo:
            self._step("Starting the demo world")
            await self._tree.start(self._kaibo("demo", self._demo_ready, seconds=600))

    async def _start_postgres(self) -> None:
        if self._settings.database_url:
            self._environment["KAIBO_DATABASE_URL"] = self._settings.database_url
            return
        self._step("Starting PostgreSQL")
        engine = PostgresEngine(self._settings.data_dir.resolve() / "postgres", self._engine_port("postgres"))
        await asyncio.to_thread(engine.initialise)
        await self._tree.start(
            Child(
                "postgresql",
                engine.command,
                engine.wait_until_ready,
                user=engine.user(),
                directory="/",
                stop_signal=signal.SIGINT,  # "fast" shutdown: do not wait for clients
            )
        )
        self._environment["KAIBO_DATABASE_URL"] = engine.url()

    async def _start_nats(self) -> None:
        if self._settings.nats_url:
            return
        self._step("Starting NATS")
        s = self._settings
        directory = s.data_dir.resolve() / "nats"
        origin = public_address(s)
        engine = NatsEngine(
            directory,
            self._engine_port("nats"),
            s.host,
            s.nats_websocket_port,
            allowed_origins=(origin,) if s.public_url else (),
            program=s.nats_server_path,
        )

        async def ready() -> None:
            await _accepts(engine.port)
            await _accepts(s.nats_websocket_port)

        command = engine.command()
        await self._tree.start(Child("nats", lambda: command, ready))
        self._environment |= {
            "KAIBO_NATS_URL": engine.url,
            "KAIBO_NATS_CREDENTIALS": str(engine.credentials),
            "KAIBO_NATS_ACCOUNT_SEED": engine.trust().account_seed,
        }

    async def _start_gateway(self) -> None:
        self._step("Starting the sandbox payment gateways")
        s = self._settings
        page = urlsplit(public_address(s))
        origin = f"{page.scheme}://{page.netloc}"
        local = [f"http://{name}:{s.port}" for name in ("127.0.0.1", "localhost")]
        command = [
            sys.executable, "-m", "kaibo.sandbox",
            *[word for name in wiring.sandboxes(s) for word in ("--play", name)],
            "--data-dir", str(s.data_dir.resolve() / "gateway"),
            "--host", s.host,
            "--port", str(s.gateway_port),
            "--public-url", f"http://{page.hostname}:{s.gateway_port}",
            *[word for name in (origin, *local) for word in ("--return-origin", name)],
            *[word for name in (origin, local[0]) for word in ("--notify-origin", name)],
            "--webhook-url", local[0] + wiring.NOTIFY_PATHS["stripe"],
        ]  # fmt: skip
        await self._tree.start(Child("gateway", lambda: command, lambda: _accepts(s.gateway_port)))

    async def _start_carrier(self) -> None:
        """Only this machine talks to it."""
        self._step("Starting the sandbox carrier")
        s = self._settings
        page = urlsplit(public_address(s))
        command = [
            sys.executable, "-m", "kaibo.sandbox.carrier",
            "--data-dir", str(s.data_dir.resolve() / "carrier"),
            "--port", str(s.carrier_port),
            "--time-scale", str(s.carrier_time_scale),
            "--retry-scale", str(s.carrier_time_scale),
            "--trouble-percent", str(TROUBLE_PERCENT),
            "--push-origin", f"{page.scheme}://{page.netloc}",
            "--push-origin", f"http://127.0.0.1:{s.port}",
        ]  # fmt: skip
        await self._tree.start(Child("carrier", lambda: command, lambda: _accepts(s.carrier_port)))

    async def _start_web(self) -> None:
        self._step("Starting the web")
        self._environment |= {
            "KAIBO_HOOK_SECRET": self._settings.hook_secret or house.hook_secret(self._settings.data_dir),
        }
        await self._tree.start(self._kaibo("web", lambda: _answers(f"http://127.0.0.1:{self._settings.port}/readyz")))

    def _engine_port(self, engine: str) -> int:
        """The port used last time if it is still free, so that open connections of tools find it again."""
        path = house.port_file(self._settings.data_dir, engine)
        port = int(path.read_text(encoding="ascii")) if path.exists() else 0
        if not port or not is_free(port):
            port = free_port()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(port), encoding="ascii")
        return port

    def _kaibo(self, command: str, ready: Callable[[], Awaitable[None]], seconds: float = 60) -> Child:
        words = [sys.executable, "-m", "kaibo", command]
        return Child(command, lambda: words, ready, environment=self._child_environment(), ready_seconds_max=seconds)

    def _child_environment(self) -> dict[str, str]:
        """What was said on the command line, as the children's environment."""
        s = self._settings
        said = {
            f"KAIBO_{name.upper()}": str(getattr(s, name))
            for name in ("host", "port", "log_level", "log_format", "public_url", "rtmp_host", "demo")
        }
        for name, value in DEMO_RECORDS.items():
            if s.demo and name not in s.model_fields_set:
                said[f"KAIBO_{name.upper()}"] = value
        return {**said, **self._environment}

    async def _worker_ready(self) -> None:
        while self._note("worker.ready") != str(self._tree.pid("worker")):
            await asyncio.sleep(0.05)

    async def _media_ready(self) -> None:
        await _answers(f"http://127.0.0.1:{self._settings.media_port}/healthz")
        await _accepts(self._settings.rtmp_port)

    async def _demo_ready(self) -> None:
        """The demo draws its films the first time: pass on what it says it is doing."""
        told = ""
        while self._note("demo.ready") != str(self._tree.pid("demo")):
            now = self._note("demo.progress")
            if now and now != told:
                told = now
                self._step(now)
            await asyncio.sleep(0.1)

    def _note(self, name: str) -> str:
        """What a child has written into the run directory; empty before it has."""
        path = self._settings.data_dir / "run" / name
        return path.read_text(encoding="utf-8") if path.exists() else ""


async def _accepts(port: int) -> None:
    """Returns once something listens on this loopback port."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        await writer.wait_closed()
        return


async def _answers(url: str) -> None:
    """Returns once `url` answers 200."""
    async with httpx.AsyncClient(timeout=5) as client:
        while True:
            try:
                if (await client.get(url)).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)


async def run(settings: Settings, step: Step, say: Say, when_up: Callable[[], None]) -> None:
    """Start everything, call `when_up`, and stay until SIGINT or SIGTERM; then stop everything."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    os.umask(0o022)
    tree = Tree(settings.data_dir, say)
    starting = asyncio.create_task(House(settings, tree, step).start())
    stopping = asyncio.create_task(stop.wait())
    logs = asyncio.create_task(tree.keep_logs_short())
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            when_up()
            await stop.wait()
    finally:
        starting.cancel()
        stopping.cancel()
        logs.cancel()
        say("Stopping…")
        await tree.stop()
