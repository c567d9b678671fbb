"""Webhooks with a real server at the other end that verifies what it gets."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from standardwebhooks.webhooks import WebhookVerificationError

from kaibo.goods.contracts import ProductChanged
from kaibo.kernel import clock
from kaibo.kernel.context import Context
from kaibo.kernel.db import Db
from kaibo.kernel.events import Event
from kaibo.kernel.ids import new_id
from kaibo.open.webhooks import rules
from kaibo.open.webhooks.forget import forget_old_messages
from kaibo.open.webhooks.published import PUBLISHED
from kaibo.open.webhooks.sender import Sender
from kaibo.open.webhooks.tables import deliveries, endpoints, messages
from kaibo.people.sms.tables import sms_ring
from kaibo.trade.contracts import OrderId, OrdersPlaced, Source
from tests.conftest import SignIn
from tests.open.hooks import happened, hook, of_shop, paid
from tests.open.receiver import Receiver
from tests.trade.world import Buyer, Shop, key, ok, open_shop


async def test_a_paid_order_arrives_signed(here: Context, shop: Shop, receiver: Receiver, sender: Sender) -> None:
    endpoint = await hook(shop.staff, of_shop(shop.id), receiver.url, "order.paid")
    event = paid(shop.id)
    await happened(here, event)
    assert await sender.send_due() == 1
    (call,) = receiver.calls
    message = call.verified(endpoint.secret)
    assert message["type"] == "order.paid"
    assert message["version"] == 1
    assert message["data"]["order_id"] == str(event.order_id)
    assert message["data"]["lines"][0]["line_fen"] == 5980
    for personal in (str(event.buyer_id), event.buyer_nickname, str(event.creator_id)):
        assert personal not in call.body.decode()
    (delivery,) = await endpoint.log()
    assert (delivery["state"], delivery["last_status"], delivery["message_id"]) == ("delivered", 200, call.message_id)
    full = await endpoint.get(f"/deliveries/{delivery['id']}")
    assert full["body"].encode() == call.body
    assert full["attempts"][0]["response_head"] == "thanks"
    with pytest.raises(WebhookVerificationError):
        call.verified(rules.spell_secret(b"0" * 24))


async def test_an_endpoint_hears_only_its_own_shop_and_what_it_asked_for(
    here: Context, shop: Shop, receiver: Receiver, sender: Sender, sign_in: SignIn
) -> None:
    mine = await hook(shop.staff, of_shop(shop.id), receiver.url, "order.paid")
    operator = await sign_in(roles=[("operator", "platform", None)])
    platform = await hook(operator, "/api/operator/webhooks", receiver.url, "order.paid", "product.changed")
    await happened(here, paid(uuid.uuid4()))
    await happened(here, ProductChanged(product_id=new_id(), shop_id=shop.id, approved=True))
    assert await mine.log() == []
    assert [d["type"] for d in await platform.log()] == ["product.changed", "order.paid"]
    other = await sign_in()
    assert (await other.client.get(of_shop(shop.id))).status_code == 403
    assert (await shop.staff.client.get("/api/operator/webhooks")).status_code == 403
    assert (await shop.staff.client.get(f"{of_shop(shop.id)}/{platform.id}/deliveries")).status_code == 404
    await platform.person.client.delete(f"/api/operator/webhooks/{platform.id}")


async def test_orders_placed_together_arrive_one_by_one_each_at_its_own_shop(
    here: Context, shop: Shop, buyer: Buyer, receiver: Receiver, sender: Sender, sign_in: SignIn
) -> None:
    other = await open_shop(sign_in)
    mine = await hook(shop.staff, of_shop(shop.id), receiver.url, "order.placed")
    theirs = await hook(other.staff, of_shop(other.id), receiver.url, "order.placed")
    placed = [await buyer.place(await its.sku()) for its in (shop, other, shop)]
    ids = [OrderId(uuid.UUID(one["id"])) for one in placed]
    await happened(here, OrdersPlaced(order_ids=ids, source_ids=[], at=clock.now()))
    assert await sender.send_due() == 3
    assert {call.message["data"]["order_id"] for call in receiver.calls} == {one["id"] for one in placed}
    assert {call.message["data"]["shop_id"] for call in receiver.calls} == {str(shop.id), str(other.id)}
    assert (len(await mine.log()), len(await theirs.log())) == (2, 1)


async def test_an_event_handled_twice_makes_one_delivery(here: Context, shop: Shop, receiver: Receiver) -> None:
    endpoint = await hook(shop.staff, of_shop(shop.id), receiver.url, "order.paid")
    event, event_id = paid(shop.id), new_id()
    assert await happened(here, event, event_id)
    assert not await happened(here, event, event_id)
    assert len(await endpoint.log()) == 1


async def test_a_failure_is_tried_again_on_schedule_with_the_same_id(
    here: Context, shop: Shop, receiver: Receiver, sender: Sender
) -> None:
    endpoint = await hook(shop.staff, of_shop(shop.id), receiver.url, "order.paid")
    receiver.answer, receiver.answer_body = 500, "服务器错误".encode() * 300
    began = clock.now()
    with clock.use(clock.FixedClock(began)) as then:
        assert isinstance(then, clock.FixedClock)
        await happened(here, paid(shop.id))
        waits = []
        for _ in range(20):
            await sender.send_due()
            (delivery,) = await endpoint.log()
            if delivery["state"] != "waiting":
                break
            async with here.database.transaction() as db:
                due = await db.scalar(select(deliveries.c.next_at).where(deliveries.c.id == uuid.UUID(delivery["id"])))
            waits.append((due - clock.now()).total_seconds())
            then.advance(seconds=waits[-1])
    assert len(receiver.calls) == rules.TRIES_MAX
    assert len({call.message_id for call in receiver.calls}) == 1
    assert all(0.89 * plan <= wait <= 1.11 * plan for wait, plan in zip(waits, rules.RETRY_SECONDS, strict=True))
    (delivery,) = await endpoint.log(state="failed")
    assert delivery["tries"] == 10
    attempts = (await endpoint.get(f"/deliveries/{delivery['id']}"))["attempts"]
    assert len(attempts) == 10
    assert len(attempts[0]["response_head"].encode()) <= rules.RESPONSE_HEAD_BYTES + 3


async def test_a_receiver_that_asks_for_patience_gets_it(
    here: Context, shop: Shop, receiver: Receiver, sender: Sender
) -> None:
    endpoint = await hook(shop.staff, of_shop(shop.id), receiver.url, "order.paid")
    receiver.answer, receiver.answer_headers = 429, [(b"retry-after", b"120")]
    await happened(here, paid(shop.id))
    await sender.send_due()
    (delivery,) = await endpoint.log()
    async with here.database.transaction() as db:
        due = await db.scalar(select(deliveries.c.next_at).where(deliveries.c.id == uuid.UUID(delivery["id"])))
    assert (due - clock.now()).total_seconds() > 100


async def test_a_silent_receiver_is_left_after_the_timeout(
    here: Context, shop: Shop, receiver: Receiver, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "TIMEOUT_SECONDS", 0.3)
    endpoint = await hook(shop.staff, of_shop(shop.id), receiver.url, "order.paid")
    receiver.wait_seconds = 2
    await happened(here, paid(shop.id))
    await sender.send_due()
    (delivery,) = await endpoint.log()
    assert (delivery["state"], delivery["last_status"]) == ("waiting", None)
    assert "answer within" in delivery["last_error"]


async def test_during_a_rotation_both_secrets_verify_and_afterwards_only_the_new_one(
    here: Context, shop: Shop, receiver: Receiver, sender: Sender
) -> None:
    endpoint = await hook(shop.staff, of_shop(shop.id), receiver.url, "order.paid")
    rotated = await endpoint.post("/rotate")
    assert rotated["old"] == endpoint.secret
    assert (await endpoint.get("/secret"))["secret"] == rotated["secret"] != endpoint.secret
    await happened(here, paid(shop.id))
    await sender.send_due()
    assert receiver.calls[0].verified(endpoint.secret) == receiver.calls[0].verified(rotated["secret"])
    async with here.database.transaction() as db:
        past = clock.now() - timedelta(seconds=1)
        await db.execute(
            update(endpoints).where(endpoints.c.id == uuid.UUID(endpoint.id)).values(old_secret_until=past)
        )
    await happened(here, paid(shop.id))
    await sender.send_due()
    assert receiver.calls[1].verified(rotated["secret"])
    with pytest.raises(WebhookVerificationError):
        receiver.calls[1].verified(endpoint.secret)


async def test_an_endpoint_that_fails_for_days_is_disabled_its_owner_told_and_a_replay_brings_everything(
    here: Context, shop: Shop, receiver: Receiver, sender: Sender
) -> None:
    endpoint = await hook(shop.staff, of_shop(shop.id), receiver.url, "order.paid")
    receiver.answer = 503
    began = clock.now()
    for number in range(3):
        await happened(here, paid(shop.id, str(number)))
    await sender.send_due()
    assert (await endpoint.facts())["failing_since"] is not None
    async with here.database.transaction() as db:
        long_ago = began - timedelta(days=5)
        await db.execute(
            update(endpoints).where(endpoints.c.id == uuid.UUID(endpoint.id)).values(failing_since=long_ago)
        )
    await happened(here, paid(shop.id, "last"))
    await sender.send_due()
    facts = await endpoint.facts()
    assert (facts["state"], facts["disabled_why"]) == ("disabled", "failing")
    assert [d["state"] for d in await endpoint.log()] == ["failed"] * 4
    async with here.database.transaction() as db:
        told = (await db.execute(select(sms_ring.c.text).where(sms_ring.c.phone == shop.staff.phone))).scalars().all()
    assert any("127.0.0.1" in words and "自动停用" in words for words in told)
    refused = await shop.staff.client.post(f"{endpoint.base}/{endpoint.id}/replay", json={"since": began.isoformat()})
    assert (refused.status_code, refused.json()["code"]) == (409, "open.endpoint_off")
    await happened(here, paid(shop.id, "while disabled"))
    assert len(await endpoint.log()) == 4
    receiver.answer = 200
    receiver.calls.clear()
    assert (await endpoint.patch(state="on"))["failing_since"] is None
    assert await endpoint.post("/replay", {"since": (began - timedelta(minutes=1)).isoformat()}) == {"count": 4}
    await sender.send_due()
    assert sorted(call.message["data"]["number"] for call in receiver.calls) == ["0", "1", "2", "last"]
    assert [d["state"] for d in await endpoint.log()] == ["delivered"] * 4


async def test_gone_means_gone(here: Context, shop: Shop, receiver: Receiver, sender: Sender) -> None:
    endpoint = await hook(shop.staff, of_shop(shop.id), receiver.url, "order.paid")
    receiver.answer = 410
    await happened(here, paid(shop.id))
    await sender.send_due()
    facts = await endpoint.facts()
    assert (facts["state"], facts["disabled_why"]) == ("disabled", "gone")


async def test_one_delivery_is_sent_again_and_a_test_comes_at_once(
    here: Context, shop: Shop, receiver: Receiver, sender: Sender
) -> None:
    endpoint = await hook(shop.staff, of_shop(shop.id), receiver.url, "order.paid")
    tested = await endpoint.post("/test")
    await sender.send_due()
    assert receiver.calls[0].verified(endpoint.secret)["type"] == "webhook.test"
    again = await endpoint.post(f"/deliveries/{tested['delivery']['id']}/replay")
    assert again["delivery"]["state"] == "waiting"
    await sender.send_due()
    assert [c.message_id for c in receiver.calls] == [tested["delivery"]["message_id"]] * 2
    assert len(await endpoint.log()) == 1
    assert len(await endpoint.log(type="webhook.test")) == 1
    assert await endpoint.log(type="order.paid") == []


async def test_redirects_are_not_followed(here: Context, shop: Shop, receiver: Receiver, sender: Sender) -> None:
    endpoint = await hook(shop.staff, of_shop(shop.id), receiver.url, "order.paid")
    receiver.answer, receiver.answer_headers = 302, [(b"location", b"http://169.254.169.254/")]
    await happened(here, paid(shop.id))
    await sender.send_due()
    (delivery,) = await endpoint.log()
    assert (delivery["state"], delivery["last_status"]) == ("waiting", 302)
    assert len(receiver.calls) == 1


async def test_a_name_that_leads_into_a_private_network_is_not_called(
    here: Context, shop: Shop, receiver: Receiver
) -> None:
    """The name is checked where it is connected to, not where it is written."""
    endpoint = await hook(shop.staff, of_shop(shop.id), receiver.url.replace("127.0.0.1", "localhost"), "order.paid")
    await happened(here, paid(shop.id))
    careful = Sender(here.database, private_allowed=False)
    await careful.send_due()
    await careful.close()
    (delivery,) = await endpoint.log()
    assert receiver.calls == []
    assert "not an address of the open internet" in delivery["last_error"]


async def test_without_the_setting_private_addresses_cannot_even_be_registered(shop: Shop) -> None:
    for url, because in (("http://erp.example.com/", "not_https"), ("https://10.0.0.1/", "private")):
        body = {"url": url, "event_types": ["order.paid"]}
        refused = await shop.staff.client.post(of_shop(shop.id), json=body, headers=key())
        assert (refused.status_code, refused.json()["code"], refused.json()["because"]) == (
            422,
            "open.bad_url",
            [because],
        )


async def test_a_shop_cannot_listen_to_what_is_not_its_own(shop: Shop) -> None:
    for type_ in ("broadcast.live", "trade.order.paid", "webhook.test"):
        body = {"url": "https://erp.example.com/", "event_types": [type_]}
        refused = await shop.staff.client.post(of_shop(shop.id), json=body, headers=key())
        assert (refused.status_code, refused.json()["code"]) == (422, "open.event_type_unknown")


async def test_twenty_endpoints_are_enough(shop: Shop) -> None:
    body = {"url": "https://erp.example.com/", "event_types": ["order.paid"]}
    for _ in range(rules.ENDPOINTS_MAX):
        ok(await shop.staff.client.post(of_shop(shop.id), json=body, headers=key()))
    full = await shop.staff.client.post(of_shop(shop.id), json=body, headers=key())
    assert (full.status_code, full.json()["code"]) == (422, "open.endpoints_full")


async def test_a_repeated_creation_tells_the_endpoint_but_not_the_secret(shop: Shop) -> None:
    body, once = {"url": "https://erp.example.com/", "event_types": ["order.paid"]}, key()
    first = ok(await shop.staff.client.post(of_shop(shop.id), json=body, headers=once))
    second = ok(await shop.staff.client.post(of_shop(shop.id), json=body, headers=once))
    assert first["secret"].startswith("whsec_")
    assert second == {"endpoint": first["endpoint"], "secret": None}


async def test_old_messages_are_dropped_with_their_log(
    here: Context, shop: Shop, receiver: Receiver, sender: Sender
) -> None:
    endpoint = await hook(shop.staff, of_shop(shop.id), receiver.url, "order.paid")
    await happened(here, paid(shop.id))
    await sender.send_due()
    with clock.use(clock.FixedClock(clock.now() + timedelta(days=rules.KEEP_DAYS, minutes=1))):
        async with here.database.transaction() as db:
            await forget_old_messages(db)
            assert await db.scalar(select(func.count()).select_from(messages)) == 0
    assert await endpoint.log() == []


async def test_every_published_type_has_a_documented_shape(shop: Shop) -> None:
    document = ok(await shop.staff.client.get("/api/openapi.json"))
    assert set(document["webhooks"]) == {*PUBLISHED, "webhook.test"}
    shape = document["webhooks"]["order.shipped"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert shape["$ref"].endswith("OrderShippedMessage")


@pytest.mark.parametrize("name", sorted(set(PUBLISHED) - {"stock.changed", "order.placed"}))
async def test_every_published_event_has_its_shape_and_tells_nobodys_name(db: Db, name: str) -> None:
    """Built out of the event's own fields, so that a member the house adds later breaks nothing."""
    published = PUBLISHED[name]
    event = example_of(published.event)
    (told,) = await published.tell(db, event)
    assert type(told.data) is published.model
    text = told.data.model_dump_json()
    for member in ("buyer_id", "creator_id", "buyer_nickname", "host_id"):
        if hasattr(event, member):
            assert str(getattr(event, member)) not in text
    assert told.shop_id == getattr(event, "shop_id", None)


def example_of(kind: type[Event]) -> Event:
    values: dict[str, Any] = {}
    for member in dataclasses.fields(kind):
        said = str(member.type)
        if member.name == "lines":
            values["lines"] = paid(uuid.uuid4()).lines
        elif said.startswith("list"):
            values[member.name] = []
        elif said in {"str", "str | None"}:
            values[member.name] = f"a {member.name}"
        elif said in {"int", "bool"}:
            values[member.name] = 1
        elif said == "datetime":
            values[member.name] = clock.now()
        else:
            values[member.name] = Source("broadcast", uuid.uuid4()) if "Source" in said else uuid.uuid4()
    return kind(**values)
