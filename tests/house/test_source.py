"""House rules that read the source: sizes, names, commits, clocks, money. Each failure names the file, the line and the cure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "kaibo"
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
NO_NATURAL_PLACE_TO_STOP = {"service.py", "utils.py", "helpers.py", "manager.py"}
# Revisions are records written by a machine, not code that anybody walks through.
FILES = sorted(path for path in SOURCE.rglob("*.py") if path.parent.name != "versions")


def nodes(*kinds: type[ast.AST]) -> Iterator[tuple[str, ast.AST]]:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, kinds):
                yield f"{path.relative_to(SOURCE.parent)}:{getattr(node, 'lineno', 0)}", node


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def test_files_are_short() -> None:
    long = [
        f"{path.relative_to(SOURCE.parent)}: {lines} lines; split it by verb, {FILE_LINES_MAX} is the most"
        for path in FILES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > FILE_LINES_MAX
    ]
    assert not long, "\n".join(long)


def test_functions_are_short() -> None:
    long = [
        f"{where} {node.name}: {lines} lines; take a step out of it, {FUNCTION_LINES_MAX} is the most"
        for where, node in nodes(ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not long, "\n".join(long)


def test_no_file_has_a_name_without_a_place_to_stop() -> None:
    wrong = [f"{path}: name it after what it does" for path in FILES if path.name in NO_NATURAL_PLACE_TO_STOP]
    assert not wrong, "\n".join(wrong)


def test_only_the_kernel_ends_a_transaction() -> None:
    wrong = [
        f"{where}: the kernel commits and rolls back; leave the transaction open"
        for where, node in nodes(ast.Call)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"commit", "rollback"}
        and not where.startswith(("kaibo/kernel/", "kaibo/sandbox/"))
    ]
    assert not wrong, "\n".join(wrong)


def test_now_comes_from_the_clock() -> None:
    banned = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "datetime.datetime.now"}
    wrong = [
        f"{where}: use kaibo.kernel.clock.now(), which tests can set"
        for where, node in nodes(ast.Call)
        if isinstance(node, ast.Call)
        and dotted(node.func) in banned
        and not where.startswith(("kaibo/kernel/clock.py", "kaibo/sandbox/", "kaibo/stage/media/"))
    ]
    assert not wrong, "\n".join(wrong)


def test_money_is_never_a_float() -> None:
    wrong = []
    for where, node in nodes(ast.AnnAssign, ast.arg):
        name = node.arg if isinstance(node, ast.arg) else dotted(node.target) if isinstance(node, ast.AnnAssign) else ""
        annotation = getattr(node, "annotation", None)
        if name.endswith("_fen") and annotation is not None and "float" in ast.unparse(annotation):
            wrong.append(f"{where} {name}: money is an integer number of fen")
    assert not wrong, "\n".join(wrong)


def test_no_unfinished_work_is_committed() -> None:
    words = ("TO" + "DO", "FIX" + "ME", "NotImplemented" + 'Error("')
    wrong = [
        f"{path.relative_to(SOURCE.parent)}:{number}: finish it or delete it"
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if any(word in line for word in words)
    ]
    assert not wrong, "\n".join(wrong)
