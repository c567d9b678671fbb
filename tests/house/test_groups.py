"""Tests that share a house must run in one process, in the order of their file: the groups of pytest-xdist must work."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.xdist_group("groups")


def test_a_group_reaches_the_scheduler(request: pytest.FixtureRequest) -> None:
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("one process runs everything in order")
    assert request.node.nodeid.endswith("@groups"), (
        "pytest and pytest-xdist do not agree: tests of one house are torn apart"
    )


def test_no_test_is_named_by_bytes(request: pytest.FixtureRequest) -> None:
    """What one process of pytest-xdist collects must be what the other collects, to the letter: bytes can hold the time."""
    cases = [item.callspec for item in request.session.items if hasattr(item, "callspec")]
    of_bytes = [(name, case.id) for case in cases for name, value in case.params.items() if isinstance(value, bytes)]
    assert [name for name, known_as in of_bytes if name not in known_as] == []
