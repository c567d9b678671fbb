"""What the demo tells `kaibo up` and the people at the terminal, as files in the run directory."""

from __future__ import annotations

import os
from pathlib import Path

from kaibo.demo.memory import write_private
from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)


class Notes:
    def __init__(self, data_dir: Path) -> None:
        self._run = data_dir / "run"
        self._run.mkdir(parents=True, exist_ok=True)
        self._told = ""

    def progress(self, what: str) -> None:
        """A short English sentence about what is being done now."""
        if what == self._told:
            return
        self._told = what
        log.info("demo.progress", doing=what)
        write_private(self._run / "demo.progress", what.encode())

    def accounts(self, text: str) -> None:
        write_private(self._run / "demo.accounts", text.encode())

    def ready(self) -> None:
        write_private(self._run / "demo.ready", str(os.getpid()).encode())

    def close(self) -> None:
        """What this process was doing is no news for the next one."""
        for name in ("demo.progress", "demo.ready"):
            (self._run / name).unlink(missing_ok=True)
