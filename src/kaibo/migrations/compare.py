"""Writes a new revision: starts an empty embedded PostgreSQL, brings it to the newest revision, and compares it with the tables."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command

from kaibo import migrate
from kaibo.kernel.engines.ports import free_port
from kaibo.kernel.engines.postgres import PostgresEngine


@contextmanager
def empty_server() -> Iterator[str]:
    """The URL of a fresh database that is gone after the block."""
    with tempfile.TemporaryDirectory(prefix="kaibo-revision-") as directory:
        engine = PostgresEngine(Path(directory) / "postgres", free_port())
        engine.initialise()
        server = subprocess.Popen(engine.command(fsync="off"), cwd="/", user=engine.user())  # noqa: S603 (our own engine)
        try:
            asyncio.run(engine.wait_until_ready())
            yield engine.url()
        finally:
            server.terminate()
            server.wait(timeout=20)


def main() -> None:
    with empty_server() as url:
        migrate.upgrade(url)
        command.revision(migrate.configuration(url), message=" ".join(sys.argv[1:]) or "change", autogenerate=True)


if __name__ == "__main__":
    main()
