"""Holds what survived `bin/mutate` against the list in docs/mutation.md; ends with 1 where they differ.

    python -m tests.survivors             after a run over everything
    python -m tests.survivors PATTERN …   after a run over some names: only what is new is told

A mutant is known by its function and by the lines that it changes, because mutmut's numbers move with every edit. In the document a
heading names the function; in the blocks below it a `-` line is followed by a `+` line for each mutant of it that survives.
"""

from __future__ import annotations

import fnmatch
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "mutation.md"
RUN = ROOT / "mutants"

KILLED = frozenset({1, 3})
BY_TYPES = 37
FOR_EVER = frozenset({36, 24, -24, 152, 255})
"""The mutant ran until its time was over: a test that never ends has seen it."""
UNTESTED = frozenset({5, 33})

_HEADING = re.compile(r"^### `(?P<function>[\w.]+)`$")
_NAME = re.compile(r"^kaibo\.(?P<module>.+)\.x(?P<function>_?[^.]+)__mutmut_\d+$")


@dataclass(frozen=True, order=True)
class Mutant:
    """`was` and `became` are the changed lines without their indentation."""

    function: str
    was: str
    became: str

    def __str__(self) -> str:
        return f"### `{self.function}`\n- {self.was}\n+ {self.became}\n"


def listed(text: str) -> set[Mutant]:
    """What the document names."""
    found, function, was, inside = set(), "", "", False
    for line in text.splitlines():
        if heading := _HEADING.match(line):
            function = heading["function"]
        elif line.startswith("```"):
            inside = line == "```diff"
        elif inside and line.startswith("- "):
            was = line[2:]
        elif inside and line.startswith("+ "):
            found.add(Mutant(function, was, line[2:]))
    return found


def function_of(name: str) -> str:
    """kaibo.kernel.money.x_split__mutmut_3 -> kernel.money.split; methods are spelt xǁClassǁmethod."""
    found = _NAME.match(name)
    assert found is not None, name
    function = found["function"]
    return f"{found['module']}.{function[1:].replace('ǁ', '.') if function[0] in '_ǁ' else function}"


def changed(diff: str) -> tuple[str, str]:
    lines = [line for line in diff.splitlines() if line[:1] in ("-", "+") and line[:3] not in ("---", "+++")]
    sides = (" ".join(line[1:].strip() for line in lines if line[0] == side) for side in "-+")
    was, became = sides
    return was, became


def results(patterns: list[str]) -> Iterator[tuple[str, int | None]]:
    for meta in sorted(RUN.glob("src/**/*.meta")):
        for name, code in json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"].items():
            if not patterns or any(fnmatch.fnmatch(name, pattern) for pattern in patterns):
                yield name, code


def outcome(code: int | None) -> str:
    if code in KILLED:
        return "killed by a test"
    if code == BY_TYPES:
        return "refused by mypy"
    if code in FOR_EVER:
        return "never ended"
    return "survived" if code == 0 else "without a test" if code in UNTESTED else "not decided"


def main(patterns: list[str]) -> int:
    from mutmut.mutation.diff_apply import get_diff_for_mutant

    counts: Counter[str] = Counter()
    left: dict[Mutant, list[str]] = defaultdict(list)
    for name, code in results(patterns):
        said = outcome(code)
        counts[said] += 1
        if said in ("survived", "without a test", "not decided"):
            left[Mutant(function_of(name), *changed(get_diff_for_mutant(name)))].append(f"{said}: {name}")
    known = listed(DOCUMENT.read_text(encoding="utf-8"))
    new = sorted(set(left) - known)
    gone = [] if patterns else sorted(known - set(left))
    for mutant in new:
        print(f"NOT EXPLAINED  {'; '.join(left[mutant])}\n{mutant}")
    for mutant in gone:
        print(f"NO LONGER SURVIVES, strike it from {DOCUMENT.relative_to(ROOT)}:\n{mutant}")
    print(f"{sum(counts.values())} mutants: " + ", ".join(f"{number} {said}" for said, number in counts.most_common()))
    print(f"{len(left)} left, {len(new)} of them not explained; {len(gone)} explained that no longer survive")
    return 1 if new or gone or not counts else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
