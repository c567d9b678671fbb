"""Misbehaviour on request: for every order, for one order, or at random from a seed."""

import random
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kaibo.sandbox.store import Store

DELAY_MS_MAX = 24 * 3600 * 1000
COPIES_MAX = 20
Kind = Literal["delay", "duplicate", "replay", "lose", "reorder", "corrupt_signature"]


class Faults(BaseModel):
    """Only fields that were given change anything. The first block is about callbacks, the second about requests."""

    model_config = ConfigDict(extra="forbid", strict=True)

    delay_ms: int = Field(0, ge=0, le=DELAY_MS_MAX, description="wait before the first delivery")
    duplicate: int = Field(0, ge=0, le=COPIES_MAX, description="further deliveries, each signed anew")
    replay: int = Field(0, ge=0, le=COPIES_MAX, description="further deliveries of the very same bytes")
    lose: bool = Field(False, description="never deliver")
    reorder: bool = Field(False, description="hold until the next callback has gone out, at most 30 s")
    corrupt_signature: bool = Field(False, description="spoil the first delivery as WECHATPAY/SIGNTEST/ probes are")
    wrong_amount_fen: int | None = Field(None, ge=0, description="state this amount instead of the true one")
    wrong_currency: str | None = Field(None, pattern="^[A-Z]{3}$", description="state this currency instead")
    forge: bool = Field(False, description="sign with a stranger's key, every time")
    wrong_mchid: str | None = Field(None, min_length=1, max_length=32, description="name this merchant instead of ours")

    slow_create_ms: int = Field(0, ge=0, le=120_000, description="answer the create request this late")
    fail_create: bool = Field(False, description="create the order, then answer 500")
    fail_refund: bool = Field(False, description="accept the refund, then answer 500")
    not_enough: bool = Field(False, description="refuse refunds with NOT_ENOUGH and do nothing")


class RandomFaults(BaseModel):
    """Each callback gets one of `kinds` with this chance. Same seed and numbers, same faults, in any order."""

    model_config = ConfigDict(extra="forbid")

    seed: int
    chance_percent: int = Field(ge=0, le=100)
    kinds: list[Kind] = Field(min_length=1)
    delay_ms_max: int = Field(5_000, ge=1, le=DELAY_MS_MAX)


class FaultPlan(BaseModel):
    """The body of `PUT /sandbox/faults`: replaces the plan for all orders and the random mode."""

    model_config = ConfigDict(extra="forbid")

    every: Faults = Field(default_factory=Faults)
    random: RandomFaults | None = None


PLAN = "plan"


def read_plan(store: Store) -> FaultPlan:
    return FaultPlan.model_validate(store.read_faults(PLAN))


def write_faults(store: Store, scope: str, value: BaseModel) -> None:
    """`scope` says whom it is about, in the sandbox's own words: here `PLAN`, or `order:` and an out_trade_no."""
    with store.change():
        store.run(
            "INSERT INTO faults VALUES (?, ?) ON CONFLICT (scope) DO UPDATE SET value = excluded.value",
            scope,
            value.model_dump_json(exclude_unset=True),
        )


def clear_faults(store: Store) -> None:
    with store.change():
        store.run("DELETE FROM faults")


def faults_for(store: Store, out_trade_no: str, event: str = "") -> Faults:
    """What applies to one order: the plan for all, over it a random pick for `event`, over it the order's own."""
    plan = read_plan(store)
    merged: dict[str, Any] = plan.every.model_dump(exclude_unset=True)
    if plan.random is not None and event:
        merged |= _pick(plan.random, f"{out_trade_no}/{event}")
    merged |= store.read_faults(f"order:{out_trade_no}")
    return Faults.model_validate(merged)


def _pick(plan: RandomFaults, subject: str) -> dict[str, Any]:
    dice = random.Random(f"{plan.seed}/{subject}")
    if dice.randrange(100) >= plan.chance_percent:
        return {}
    kind = dice.choice(plan.kinds)
    values: dict[Kind, dict[str, Any]] = {
        "delay": {"delay_ms": dice.randint(1, plan.delay_ms_max)},
        "duplicate": {"duplicate": dice.randint(1, 3)},
        "replay": {"replay": dice.randint(1, 3)},
        "lose": {"lose": True},
        "reorder": {"reorder": True},
        "corrupt_signature": {"corrupt_signature": True},
    }
    return values[kind]
