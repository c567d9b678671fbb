"""What a run has done, for a person."""

from __future__ import annotations

from collections.abc import Mapping

from tests.simulation.run import Report


def tell(report: Report) -> None:
    r = report
    print(f"seed {r.seed}: {r.steps} steps, {r.ending_steps} more to the end, {r.days:.0f} days in {r.seconds:.0f} s")
    print(f"  trace {r.trace}")
    print(f"  {r.crashes} crashes, at {r.sites - len(r.spared)} of {r.sites} await points that were reached")
    print(f"  nothing died at: {', '.join(r.spared) or 'none'}")
    for name, counts in (("orders", r.orders), ("done", r.done), ("refused", r.refused), ("temporary", r.temporary)):
        print(f"  {name}: {_list(counts)}")


def _list(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what} {n}" for what, n in sorted(counts.items(), key=lambda one: -one[1]))
