"""Simulate the trade wing:

    python -m tests.simulation [--seed N] [--steps N] [--runs N]

Without a seed one is chosen and printed. A run that finds something prints what does not hold and the command that shows it
again; its exit status is 1. `--runs 0` goes on with the next seed until something is found: the long mode.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import random
import sys

STEPS = 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--runs", type=int, default=1)
    asked = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of a set of strings would differ from one process to the next.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]])
    from tests.simulation.run import Broken, a_server, run
    from tests.simulation.telling import tell

    first = random.randrange(10**6) if asked.seed is None else asked.seed
    with a_server() as server:
        for seed in range(first, first + asked.runs) if asked.runs else itertools.count(first):
            print(f"simulation: seed {seed}, {asked.steps} steps", flush=True)
            try:
                tell(asyncio.run(run(server, seed, asked.steps)))
            except Broken as broken:
                print(f"simulation: BROKEN: {broken}", flush=True)
                print(f"again: python -m tests.simulation --seed {seed} --steps {asked.steps}", flush=True)
                raise SystemExit(1) from broken


if __name__ == "__main__":
    main()
