"""The trade wing under a hundred thousand steps of chance. What to do with a seed that fails: docs/simulation.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SEED, STEPS, STEPS_MIN = 20261124, 60_000, 100_000
"""The steps to the end, in which nothing new begins, come on top; together there are at least so many."""
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.xdist_group("simulation")


def simulate(seed: int, steps: int) -> str:
    """In a process of its own: the order of sets must not come from this one."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KAIBO_")}
    environment |= {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    words = ["-m", "tests.simulation", "--seed", str(seed), "--steps", str(steps)]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_a_hundred_thousand_steps_break_nothing() -> None:
    said = simulate(SEED, STEPS)
    steps = re.search(r"(\d+) steps, (\d+) more to the end", said)
    assert steps, said
    assert int(steps[1]) + int(steps[2]) >= STEPS_MIN, f"the ending was short: give STEPS more\n{said}"
    crashes = re.search(r"(\d+) crashes, at (\d+) of (\d+) await points", said)
    assert crashes, said
    # A simulation in which little happens shows little.
    assert int(crashes[1]) > 200, said
    assert int(crashes[2]) > 0.85 * int(crashes[3]), said
    assert int(crashes[3]) > 220, said
    settled = re.search(r"settled (\d+)", said)
    assert settled, said
    assert int(settled[1]) > 20, said


def test_a_seed_gives_the_same_run_again() -> None:
    traces = {re.search(r"trace (\w+)", simulate(3, 1_500))[1] for _ in range(2)}  # type: ignore[index]
    assert len(traces) == 1
