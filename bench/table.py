"""Rows of the benchmark table."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

Say = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    what: str
    kaibo: str
    baseline: str
    ratio: str
    goal: str
    met: bool | None = None
    """None where no goal was set."""

    def cells(self) -> tuple[str, ...]:
        verdict = "" if self.met is None else ": met" if self.met else ": **missed**"
        return self.what, self.kaibo, self.baseline, self.ratio, self.goal + verdict


def machine() -> str:
    """What this ran on; figures of other machines are not comparable, ratios are."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    system = f"Linux {platform.release()}, Python {platform.python_version()}"
    load = ", ".join(f"{minutes:.1f}" for minutes in os.getloadavg())
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores {model}, {system}, load average {load}"


def show(rows: Sequence[Row], on: str = "") -> None:
    """Print as a Markdown table, which is also how docs/benchmarks.md keeps it. `on` is what `machine()` said before the run."""
    print(f"{on or machine()}\n")
    print("| what | Kaibo | baseline, same run | ratio | goal |\n|---|---|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row.cells())} |")


def tell(what: str) -> None:
    """Say what is being measured, beside the table and not in it."""
    print(what, file=sys.stderr, flush=True)
