"""What crosses a wing's border: other wings only through their facade and contracts. No exceptions."""

from __future__ import annotations

import grimp
import pytest

WINGS = ("people", "goods", "trade", "stage", "open")
DOORS = ("facade", "contracts")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("kaibo", cache_dir=None)


def wing_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in WINGS else None


def test_other_wings_are_reached_by_facade_or_contracts_only(graph: grimp.ImportGraph) -> None:
    wrong = []
    for module in sorted(graph.modules):
        home = wing_of(module)
        if home is None:
            continue
        for imported in graph.find_modules_directly_imported_by(module):
            other = wing_of(imported)
            if other and other != home and imported.split(".")[2:3] not in ([door] for door in DOORS):
                wrong.append(
                    f"{module} imports {imported}: import kaibo.{other}.facade or kaibo.{other}.contracts instead"
                )
    assert not wrong, "\n".join(wrong)


def test_contracts_import_no_row(graph: grimp.ImportGraph) -> None:
    wrong = [
        f"{module} imports {imported}: a contract is a frozen dataclass, never a database row"
        for module in graph.modules
        if module.endswith(".contracts")
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.endswith((".tables", ".db"))
    ]
    assert not wrong, "\n".join(wrong)
