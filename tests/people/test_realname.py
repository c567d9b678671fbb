"""Real names: sealed, reviewed, one living account each, stale after half a year."""

from __future__ import annotations

import itertools
import stat
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from kaibo.kernel import clock, tables
from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from kaibo.people import facade as people
from kaibo.people import keys
from kaibo.people.realname import provider, rules
from kaibo.people.realname.tables import realnames
from tests.people.conftest import changed_settings

_numbers = itertools.count(1)


def number_born(born: date) -> str:
    first = f"330881{born:%Y%m%d}{next(_numbers):03d}"
    return first + rules.id_check_character(first)


async def submit(client: httpx.AsyncClient, id_number: str, name: str = "王建国", **more: Any) -> httpx.Response:
    body = {"real_name": name, "id_number": id_number, **more}
    return await client.post("/api/realname", json=body, headers={"Idempotency-Key": str(uuid.uuid4())})


@pytest.fixture
async def reviewer(sign_in: Any) -> Any:
    return await sign_in(roles=[("reviewer", "platform", None)])


async def pending_of(reviewer: Any, person_id: uuid.UUID) -> dict[str, Any]:
    items = (await reviewer.client.get("/api/reviews/realnames", params={"limit": 100})).json()["items"]
    return next(i for i in items if i["person_id"] == str(person_id))


async def decide(reviewer: Any, realname_id: str, approve: bool = True, reason: str = "") -> httpx.Response:
    answer: httpx.Response = await reviewer.client.post(
        f"/api/reviews/realnames/{realname_id}", json={"approve": approve, "reason": reason}
    )
    return answer


async def verified(sign_in: Any, reviewer: Any, number: str | None = None) -> Any:
    person = await sign_in()
    await submit(person.client, number or number_born(date(1990, 3, 7)))
    assert (await decide(reviewer, (await pending_of(reviewer, person.id))["id"])).status_code == 204
    return person


async def test_a_number_is_sealed_in_the_table_and_masked_for_the_reviewer(
    sign_in: Any, reviewer: Any, here: Context
) -> None:
    person, number = await sign_in(), number_born(date(1990, 3, 7))
    assert (await submit(person.client, number)).json()["state"] == "pending"
    shown = await pending_of(reviewer, person.id)
    assert (shown["name_masked"], shown["id_masked"]) == ("王**", f"330***********{number[-4:]}")
    async with here.database.transaction() as db:
        row = (await db.execute(select(realnames).where(realnames.c.person_id == person.id))).one()
    assert number.encode() not in row.number_sealed + row.number_hmac
    assert "王建国".encode() not in row.name_sealed
    assert keys.unseal(row.number_sealed, "id number") == number


async def test_verification_grows_stale_and_can_be_renewed_before(sign_in: Any, reviewer: Any, here: Context) -> None:
    number = number_born(date(1985, 6, 1))
    start = clock.FixedClock(clock.now())
    with clock.use(start):
        person = await verified(sign_in, reviewer, number)
        assert (await person.client.get("/api/me")).json()["person"]["realname_state"] == "verified"
        assert (await submit(person.client, number)).json()["code"] == "people.realname_fresh"

    # logins last a month; the check is asked of the facade, as going live does
    async def state_after(**time: float) -> str:
        with clock.use(clock.FixedClock(start.now() + timedelta(**time))):
            async with here.database.transaction() as db:
                return await people.realname_state(db, person.id)

    assert await state_after(days=183) == "verified"
    assert await state_after(days=183, seconds=1) == "stale"


async def test_a_renewal_in_review_does_not_take_the_verification_away(
    sign_in: Any, reviewer: Any, settings: Settings
) -> None:
    number = number_born(date(1985, 6, 1))
    start = clock.FixedClock(clock.now())
    with clock.use(start), changed_settings(settings, identity_fresh_days=40):
        person = await verified(sign_in, reviewer, number)
        start.advance(seconds=11 * 86_400)
        assert (await submit(person.client, number)).json()["state"] == "verified"
        assert (await submit(person.client, number)).json()["code"] == "people.realname_under_review"
        assert (await decide(reviewer, (await pending_of(reviewer, person.id))["id"])).status_code == 204
        fresh_until = (await person.client.get("/api/realname")).json()["fresh_until"]
        assert fresh_until > (start.now() + timedelta(days=39)).isoformat()


async def test_a_refused_name_says_why_and_can_be_sent_again(sign_in: Any, reviewer: Any) -> None:
    person, number = await sign_in(), number_born(date(1990, 3, 7))
    await submit(person.client, number)
    item = await pending_of(reviewer, person.id)
    assert (await decide(reviewer, item["id"], approve=False)).json()["code"] == "people.reason_missing"
    await decide(reviewer, item["id"], approve=False, reason="姓名与号码不符")
    assert (await decide(reviewer, item["id"])).json()["code"] == "people.already_decided"
    state = (await person.client.get("/api/realname")).json()
    assert (state["state"], state["reason"]) == ("refused", "姓名与号码不符")
    assert (await submit(person.client, number)).json()["state"] == "pending"


async def test_one_identity_stands_for_one_account(sign_in: Any, reviewer: Any) -> None:
    number = number_born(date(1990, 3, 7))
    first, second = await sign_in(), await sign_in()
    await submit(first.client, number)
    taken = await submit(second.client, number)
    assert (taken.status_code, taken.json()["code"]) == (409, "people.identity_taken")
    await decide(reviewer, (await pending_of(reviewer, first.id))["id"], approve=False, reason="不是本人")
    assert (await submit(second.client, number)).status_code == 200


@pytest.mark.parametrize(
    ("years", "code"), [(15, "people.too_young"), (16, "people.guardian_needed"), (17, "people.guardian_needed")]
)
async def test_minors_are_refused_with_words(sign_in: Any, years: int, code: str) -> None:
    person = await sign_in()
    today = clock.now().astimezone(rules.BEIJING).date()
    born = date(today.year - years, 1, 1)
    refused = await submit(person.client, number_born(born))
    assert refused.json()["code"] == code


async def test_an_eighteenth_birthday_opens_the_door_at_midnight_in_beijing(sign_in: Any) -> None:
    eve = clock.FixedClock(datetime(2030, 5, 3, 15, 59, 59, tzinfo=UTC))
    number = number_born(date(2012, 5, 4))
    with clock.use(eve):
        person = await sign_in()
        assert (await submit(person.client, number)).json()["code"] == "people.guardian_needed"
        eve.advance(seconds=1)
        assert (await submit(person.client, number)).json()["state"] == "pending"


@pytest.mark.parametrize(
    ("name", "number", "more", "code"),
    [
        ("王建国", "330881199003070011", {}, "people.id_number_malformed"),
        ("王1国", None, {}, "people.name_malformed"),
        ("王", None, {}, "people.name_malformed"),
        ("王建国", None, {"birth": "1990-03-08"}, "people.birth_differs"),
        ("王建国", None, {"birth": "yesterday"}, "web.invalid"),
    ],
)
async def test_bad_claims_are_refused_by_name(
    sign_in: Any, name: str, number: str | None, more: dict[str, Any], code: str
) -> None:
    person = await sign_in()
    refused = await submit(person.client, number or number_born(date(1990, 3, 7)), name, **more)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_a_reviewer_cannot_verify_themselves(sign_in: Any, reviewer: Any) -> None:
    await submit(reviewer.client, number_born(date(1990, 3, 7)))
    item = await pending_of(reviewer, reviewer.id)
    assert (await decide(reviewer, item["id"])).json()["code"] == "people.own_case"


async def test_another_provider_can_decide_at_once(sign_in: Any, here: Context) -> None:
    class Bureau:
        async def examine(self, claim: provider.Claim) -> provider.Verdict:
            return (
                provider.Verdict("verified") if claim.real_name == "王建国" else provider.Verdict("refused", "不一致")
            )

    provider.install(Bureau())
    try:
        right, wrong = await sign_in(), await sign_in()
        assert (await submit(right.client, number_born(date(1990, 3, 7)))).json()["state"] == "verified"
        refused = (await submit(wrong.client, number_born(date(1990, 3, 7)), "李大伟")).json()
        assert (refused["state"], refused["reason"]) == ("refused", "不一致")
    finally:
        provider.install(provider.ReviewedByPeople())
    async with here.database.transaction() as db:
        subjects = (await db.execute(select(tables.outbox.c.subject))).scalars().all()
    assert subjects.count("people.realname.decided") >= 2


def test_the_key_file_is_for_its_owner_only_and_made_once(settings: Settings) -> None:
    sealed = keys.seal("秘密", "test")
    path = settings.data_dir / "keys" / "people.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size == keys.KEY_BYTES
    before = path.read_bytes()
    keys._create(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir() if p.name.startswith("people")] == ["people.key"]
    assert keys.unseal(sealed, "test") == "秘密"
    with pytest.raises(InvalidTag):
        keys.unseal(sealed, "another purpose")


@given(st.text(max_size=50), st.text(max_size=50))
def test_fingerprints_are_equal_exactly_where_texts_are(a: str, b: str) -> None:
    a, b = a.encode("utf-8", "replace").decode(), b.encode("utf-8", "replace").decode()
    assert (keys.fingerprint(a, "t") == keys.fingerprint(b, "t")) == (a == b)
    assert keys.fingerprint(a, "t") != keys.fingerprint(a, "u")
