"""The plan of misbehaviour, without a process around it."""

from collections.abc import Mapping
from pathlib import Path

from kaibo.sandbox.faults import PLAN, FaultPlan, Faults, clear_faults, faults_for, write_faults
from kaibo.sandbox.wechatpay.store import Store

NUMBERS = [f"order-{index}" for index in range(200)]


def picked(path: Path, plan: Mapping[str, object], numbers: list[str]) -> dict[str, str]:
    store = Store(path)
    write_faults(store, PLAN, FaultPlan.model_validate(plan))
    found = {n: faults_for(store, n, "TRANSACTION.SUCCESS").model_dump_json(exclude_unset=True) for n in numbers}
    store.close()
    return found


def test_the_same_seed_gives_the_same_faults_in_any_order(tmp_path: Path) -> None:
    dice = {"seed": 7, "chance_percent": 50, "kinds": ["lose", "delay", "duplicate", "reorder"]}
    plan = {"random": dice}
    forwards = picked(tmp_path / "a", plan, NUMBERS)
    assert forwards == picked(tmp_path / "b", plan, NUMBERS[::-1])
    assert forwards != picked(tmp_path / "c", {"random": dice | {"seed": 8}}, NUMBERS)
    hit = sum(faults != "{}" for faults in forwards.values())
    assert 70 <= hit <= 130


def test_what_is_set_for_an_order_wins_over_the_plan(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    write_faults(store, PLAN, FaultPlan(every=Faults(lose=True, delay_ms=5)))
    write_faults(store, "order:kind", Faults(lose=False))
    assert faults_for(store, "kind", "x") == Faults(lose=False, delay_ms=5)
    assert faults_for(store, "other", "x") == Faults(lose=True, delay_ms=5)
    clear_faults(store)
    assert faults_for(store, "other", "x") == Faults()
    store.close()
