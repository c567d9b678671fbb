"""`kaibo doctor`: what is wrong with this machine, and what to do about it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from kaibo.kernel.config import Settings
from kaibo.kernel.engines import nats, postgres
from kaibo.kernel.engines.ports import is_free
from kaibo.kernel.web.client import client_directory
from kaibo.supervise import is_held
from kaibo.trade.payment import wiring
from kaibo.trade.payment.methods import PROVIDERS

FREE_BYTES_WANTED = 5 << 30
PYTHON_WANTED = (3, 11)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `advice` says what to do where it is not good."""

    what: str
    good: bool
    advice: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything Kaibo needs. Never raises: what cannot be looked at is a finding."""
    return [
        finding
        for part in (_python, _disk, _ports, _engines, _payments, _ffmpeg, _font, _client)
        for finding in part(settings)
    ]


def _python(_: Settings) -> Iterator[Finding]:
    found = ".".join(str(n) for n in sys.version_info[:3])
    yield Finding(
        f"Python {found}",
        sys.version_info[:2] >= PYTHON_WANTED,
        "" if sys.version_info[:2] >= PYTHON_WANTED else "install Python 3.11 or newer",
    )


def _disk(settings: Settings) -> Iterator[Finding]:
    place = settings.data_dir.resolve()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    good = free >= FREE_BYTES_WANTED
    yield Finding(
        f"{free / (1 << 30):.1f} GiB free for {settings.data_dir}",
        good,
        ""
        if good
        else "recordings need about 1.2 GB an hour a room: free some space or set KAIBO_DATA_DIR to a larger disk",
    )


def _ports(settings: Settings) -> Iterator[Finding]:
    running = is_held(settings.data_dir)
    for key in ("port", "media_port", "rtmp_port", "nats_websocket_port", "gateway_port", "carrier_port"):
        number = getattr(settings, key)
        good = running or is_free(number, settings.rtmp_host if key == "rtmp_port" else settings.host)
        note = "in use by the running Kaibo" if running else "free" if good else "taken by another program"
        yield Finding(
            f"{key} {number} is {note}", good, "" if good else f"stop that program or set KAIBO_{key.upper()}"
        )


def _engines(settings: Settings) -> Iterator[Finding]:
    if settings.database_url:
        yield Finding("PostgreSQL: your own server (database_url)", True)
    else:
        yield _tried("embedded PostgreSQL", lambda: _version([str(postgres.bin_directory() / "postgres"), "--version"]))
    if settings.nats_url:
        yield Finding("NATS: your own server (nats_url)", True)
    else:
        yield _tried("embedded NATS", lambda: _version([nats.find_program(settings.nats_server_path), "--version"]))


def _payments(settings: Settings) -> Iterator[Finding]:
    """Every provider: by contract, played by the sandbox, or not at all; a contract's file is read and its keys are loaded."""
    own, played = wiring.own_files(settings), wiring.sandboxes(settings)
    for provider in PROVIDERS:
        if provider in own:
            yield _tried(f"payment by {provider} (your contract)", lambda p=provider: wiring.check_file(p, own[p]))  # type: ignore[misc]
        elif provider in played:
            yield Finding(f"payment by {provider}: played by the sandbox of kaibo up; no money moves", True)
        else:
            yield Finding(f"payment by {provider}: not offered (set KAIBO_{provider.upper()}_CONFIG to offer it)", True)


def _ffmpeg(_: Settings) -> Iterator[Finding]:
    def look() -> str:
        import imageio_ffmpeg

        return _version([imageio_ffmpeg.get_ffmpeg_exe(), "-version"])

    yield _tried("ffmpeg", look)


def _font(_: Settings) -> Iterator[Finding]:
    def look() -> str:
        files = [
            f.name
            for f in resources.files("noto_cjk_sans_otc").iterdir()
            if Path(f.name).suffix in {".ttc", ".otc", ".otf"}
        ]
        if not files:
            raise RuntimeError("no font file in noto-cjk-sans-otc: reinstall it")
        return files[0]

    yield _tried("Chinese font", look)


def _client(_: Settings) -> Iterator[Finding]:
    built = client_directory()
    yield Finding(
        f"web client: {built or 'not built'}",
        built is not None,
        "" if built else "run bin/up, or: cd web && npm ci && npm run build",
    )


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(f"{what}: {look()}", True)
    except Exception as wrong:
        return Finding(f"{what}: not usable", False, str(wrong))


def _version(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)  # noqa: S603 (our own engines)
    return done.stdout.splitlines()[0]
