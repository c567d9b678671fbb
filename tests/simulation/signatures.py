"""Whether every deed calls the house as the house wants to be called: asked before the first step, not when a deed's turn has come.

A deed with a wrong keyword would otherwise run for tens of thousands of steps before anybody does it.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

ASKING = {"do"}
"""`scene.do(what, action, *values, **more)` calls `action(db, *values, **more)`."""


def misfits(module: ModuleType) -> list[str]:
    """Every call of a function of the house in `module` that its signature does not take, with its line."""
    assert module.__file__ is not None
    found = []
    for call in ast.walk(ast.parse(Path(module.__file__).read_text())):
        for action, values, keywords in _calls(call, vars(module)):
            try:
                inspect.signature(action).bind(*values, **keywords)
            except TypeError as wrong:
                found.append(f"{Path(module.__file__).name}:{call.lineno}: {action.__name__}: {wrong}")  # type: ignore[attr-defined]
    return found


def _calls(node: ast.AST, names: dict[str, Any]) -> Iterator[tuple[Any, list[None], dict[str, None]]]:
    if not isinstance(node, ast.Call):
        return
    positional, function = list(node.args), node.func
    if isinstance(function, ast.Attribute) and function.attr in ASKING and len(positional) > 1:
        function, positional = positional[1], positional[1:]  # the transaction stands for the action's name
    action = names.get(function.id) if isinstance(function, ast.Name) else None
    known = inspect.isfunction(action) or inspect.isclass(action)
    if action is None or not known or not action.__module__.startswith("kaibo."):
        return
    if any(isinstance(one, ast.Starred) for one in positional) or any(word.arg is None for word in node.keywords):
        raise TypeError(
            f"line {node.lineno}: write out what {action.__name__} is called with, so that it can be checked"
        )
    yield action, [None] * len(positional), {str(word.arg): None for word in node.keywords}
