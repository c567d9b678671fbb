"""Run the benchmarks and print one Markdown table; `bin/bench` comes here.

python -m bench [fanout] [media] [glass] [orders] [settlement] [faults] [--write docs/benchmarks.md]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import fanout, faults, glass, media, orders, settlement
from bench.table import Row, machine, show

PARTS: dict[str, Callable[[], Awaitable[list[Row]]]] = {
    "fanout": fanout.rows,
    "media": media.rows,
    "glass": glass.rows,
    "orders": orders.rows,
    "settlement": settlement.rows,
    "faults": faults.rows,
}
BEGIN, END = "<!-- bin/bench: begin -->", "<!-- bin/bench: end -->"


async def measure(names: list[str]) -> list[Row]:
    """One after the other: what runs beside a measurement is measured too."""
    found: list[Row] = []
    for name in names:
        found += await PARTS[name]()
    return found


def put(text: str, table: str) -> str:
    """The document with `table` between the marks. Raises ValueError where they are missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no {BEGIN} … {END} to write between")
    return f"{before}{BEGIN}\n\n{table}\n{END}{after}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure Kaibo against baselines on this machine.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)}; all of them where none is named")
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="also put the table between the marks of this document"
    )
    asked = parser.parse_args()
    unknown = [name for name in asked.parts if name not in PARTS]
    if unknown:
        parser.error(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(PARTS)}")
    text = asked.write.read_text(encoding="utf-8") if asked.write else ""
    if asked.write:
        put(text, "")  # before the work, not after it
    on = machine()
    table = io.StringIO()
    found = asyncio.run(measure([name for name in PARTS if name in (asked.parts or PARTS)]))
    with contextlib.redirect_stdout(table):
        show(found, on)
    print(table.getvalue(), end="")
    if asked.write:
        asked.write.write_text(put(text, table.getvalue()), encoding="utf-8")


if __name__ == "__main__":
    main()
