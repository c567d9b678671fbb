"""One effect a key: repeated, concurrent, or with another body."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import pytest

from kaibo.kernel.context import Context
from kaibo.kernel.errors import IdempotencyKeyMalformed, IdempotencyKeyMissing, IdempotencyKeyReused
from kaibo.kernel.ids import new_id
from kaibo.kernel.web import Caller, Wire
from kaibo.kernel.web.deps import Guard


class Made(Wire):
    number: int


def guard(key: str | None) -> Guard:
    return Guard("/api/things", key)


async def make(here: Context, caller: Caller, key: str | None, body: Any, effects: list[int]) -> Made:
    async with here.database.transaction() as db, guard(key).guard(db, caller, body) as seen:
        if seen.response is not None:
            return Made.model_validate(seen.response)
        effects.append(1)
        await asyncio.sleep(0.02)
        return seen.keep(Made(number=len(effects)))


async def test_a_repeated_call_answers_what_the_first_did(here: Context) -> None:
    caller, effects, key = Caller(new_id()), list[int](), secrets.token_hex(8)
    first = await make(here, caller, key, {"a": 1}, effects)
    again = await make(here, caller, key, {"a": 1}, effects)
    assert first == again
    assert len(effects) == 1


async def test_twenty_calls_at_once_have_one_effect(here: Context) -> None:
    caller, effects, key = Caller(new_id()), list[int](), secrets.token_hex(8)
    answers = await asyncio.gather(*(make(here, caller, key, {"a": 1}, effects) for _ in range(20)))
    assert len(effects) == 1
    assert {a.number for a in answers} == {1}


async def test_the_same_key_with_another_body_is_a_conflict(here: Context) -> None:
    caller, key = Caller(new_id()), secrets.token_hex(8)
    await make(here, caller, key, {"a": 1}, [])
    with pytest.raises(IdempotencyKeyReused):
        await make(here, caller, key, {"a": 2}, [])


async def test_a_key_belongs_to_its_person(here: Context) -> None:
    effects, key = list[int](), secrets.token_hex(8)
    await make(here, Caller(new_id()), key, {"a": 1}, effects)
    await make(here, Caller(new_id()), key, {"a": 1}, effects)
    assert len(effects) == 2


async def test_a_failed_call_leaves_the_key_free(here: Context) -> None:
    caller, effects, key = Caller(new_id()), list[int](), secrets.token_hex(8)
    with pytest.raises(RuntimeError):
        async with here.database.transaction() as db, guard(key).guard(db, caller, {"a": 1}):
            raise RuntimeError("the action failed")
    assert (await make(here, caller, key, {"a": 1}, effects)).number == 1


@pytest.mark.parametrize("key", ["", "has space", "x" * 65, "钥匙"])
async def test_a_malformed_key_is_refused(here: Context, key: str) -> None:
    with pytest.raises(IdempotencyKeyMalformed):
        await make(here, Caller(new_id()), key, {}, [])


async def test_a_missing_key_is_refused(here: Context) -> None:
    with pytest.raises(IdempotencyKeyMissing):
        await make(here, Caller(new_id()), None, {}, [])
