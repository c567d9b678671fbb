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
