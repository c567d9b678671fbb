"""Every route says who may call it; every creating write takes an Idempotency-Key; every refusal has its words."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant

from kaibo.asgi import application
from kaibo.kernel import errors, i18n
from kaibo.kernel.config import Settings
from kaibo.kernel.web.auth import Declaration
from kaibo.kernel.web.bearer import SAFE_METHODS, scope_of
from kaibo.kernel.web.deps import guard_of
from kaibo.kernel.web.document import routes_of as routes
from kaibo.kernel.web.scopes import SCOPES

SOURCE = Path(__file__).resolve().parents[2] / "src" / "kaibo"


@pytest.fixture(scope="module")
def built() -> FastAPI:
    return application(Settings())


def test_the_walk_sees_every_path_of_the_document(built: FastAPI) -> None:
    documented = set(built.openapi()["paths"])
    assert len(documented) > 80
    assert documented <= {route.path for route in routes(built)}


def calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for below in dependant.dependencies:
        yield from calls(below)


def test_every_route_declares_who_may_call_it(built: FastAPI) -> None:
    wrong = []
    for route in routes(built):
        declared = [call for call in calls(route.dependant) if isinstance(call, Declaration)]
        if len(declared) != 1:
            wrong.append(f"{route.methods} {route.path}: {len(declared)} declarations; add one of kernel.web.auth.*")
    assert not wrong, "\n".join(wrong)


def test_every_scope_opens_something_and_a_reading_scope_changes_nothing(built: FastAPI) -> None:
    """A route without a scope is closed to tokens; see tests/people/test_tokens.py."""
    wrong, used = [], set()
    for route in routes(built):
        scope = scope_of(route)
        if scope is None:
            continue
        used.add(scope)
        if scope.endswith(":read") and not (route.methods or set()) <= SAFE_METHODS:
            wrong.append(f"{route.methods} {route.path}: declares {scope}; what changes something needs a :write scope")
    assert not wrong, "\n".join(wrong)
    assert used == set(SCOPES), "a scope that no route asks for, or that has no line in kernel.web.scopes"


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_every_scope_has_words(locale: i18n.Locale) -> None:
    assert {f"people.scope.{name}" for name in SCOPES} <= i18n.known(locale)


def test_every_creating_write_takes_an_idempotency_key(built: FastAPI) -> None:
    """A POST that answers 201 has created something."""
    wrong = [
        f"{route.path} ({route.name}): ask for Idempotent and guard the creation"
        for route in routes(built)
        if "POST" in (route.methods or set()) and route.status_code == 201
        if not any(call is guard_of for call in calls(route.dependant))
    ]
    assert not wrong, "\n".join(wrong)


def test_operation_names_are_unique(built: FastAPI) -> None:
    names = [route.name for route in routes(built)]
    assert len(names) == len(set(names)), sorted({n for n in names if names.count(n) > 1})


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_every_refusal_has_words_and_the_words_use_its_facts(built: FastAPI, locale: i18n.Locale) -> None:
    wrong = []
    for code, kind in sorted(errors.REGISTRY.items()):
        if code not in i18n.known(locale):
            wrong.append(f"{code}: no words in words/{locale}.toml")
            continue
        facts = set(getattr(kind, "__dataclass_fields__", {}))
        used = {
            name.split(".")[0].split("[")[0]
            for _, name, _, _ in string.Formatter().parse(i18n._words(locale)[code])
            if name
        }
        if used - facts:
            wrong.append(
                f"{code} ({locale}): the words use {sorted(used - facts)}, which {kind.__name__} does not carry"
            )
    assert not wrong, "\n".join(wrong)


def test_no_words_that_nobody_says(built: FastAPI) -> None:
    """A key is an error's code, or stands in the source as it is, or is built from a prefix that does ("trade.why.")."""
    assert i18n.known("zh") == i18n.known("en")
    source = "\n".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    orphans = [
        code
        for code in sorted(i18n.known("zh") - set(errors.REGISTRY))
        if code not in source
        and f'"{code.rsplit(".", 1)[0]}.' not in source
        and code.rsplit(".", 1)[0] not in errors.REGISTRY  # an item of a refusal's list
    ]
    assert not orphans, f"words that nobody says: {orphans}"
