"""Keep of an OpenAPI document what a token reaches: operations with a scope, and what everybody may read. Changes the file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def for_tokens(document: dict[str, Any]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for path, methods in document["paths"].items():
        kept = {method: said for method, said in methods.items() if _reaches(method, said)}
        if kept:
            paths[path] = kept
    schemas: dict[str, Any] = {}
    _collect(paths, document["components"]["schemas"], schemas)
    components = {**document["components"], "schemas": schemas}
    return {**{k: v for k, v in document.items() if k != "webhooks"}, "paths": paths, "components": components}


def _reaches(method: str, said: dict[str, Any]) -> bool:
    return "x-scope" in said or (method == "get" and said.get("x-authorisation") == "public")


def _collect(part: Any, known: dict[str, Any], found: dict[str, Any]) -> None:
    if isinstance(part, dict):
        name = str(part.get("$ref", "")).rsplit("/", 1)[-1]
        if name in known and name not in found:
            found[name] = known[name]
            _collect(known[name], known, found)
        for below in part.values():
            _collect(below, known, found)
    elif isinstance(part, list):
        for below in part:
            _collect(below, known, found)


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(json.dumps(for_tokens(json.loads(file.read_text(encoding="utf-8")))), encoding="utf-8")
