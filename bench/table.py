"""Rows of the benchmark table."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Row:
    what: str
    kaibo: str
    baseline: str
    ratio: str
    goal: str


def machine() -> str:
    """What this ran on; figures of other machines are not comparable, ratios are."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    system = f"Linux {platform.release()}, Python {platform.python_version()}"
    return f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores {model}, {system}"


def show(rows: Sequence[Row], note: str = "") -> None:
    """Print as a Markdown table, which is also how docs/benchmarks.md keeps it."""
    print(f"{machine()}{note}\n")
    print("| what | Kaibo | baseline, same run | ratio | goal |\n|---|---|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(astuple(row))} |")
