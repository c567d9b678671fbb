"""One broadcast from key to recording, and one chat line from thumb to other thumbs; twins in docs/journeys/."""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path

import imageio_ffmpeg
import pytest
from playwright.async_api import BrowserContext, expect

from kaibo.demo.person import Person, fresh_key
from tests.journeys.browsing import borrow_login, moving_video
from tests.journeys.town import Town

pytestmark = pytest.mark.xdist_group("journeys")


async def test_one_chat_line_from_thumb_to_other_thumbs(
    town: Town, phone: BrowserContext, desk: BrowserContext
) -> None:
    """Typed on one phone, read on another within moments, as plain text, and never doubled on the writer's own."""
    writer = await town.buyer(41, "写字人")
    await borrow_login(phone, town.house, writer)
    mine, theirs = await phone.new_page(), await desk.new_page()
    for page in (mine, theirs):
        await page.goto(f"{town.house.url}/rooms/{town.room_id}")
        await moving_video(page)
    line = "<b>这个甜吗？</b>"
    await mine.get_by_role("button", name=re.compile("说点什么")).click()
    await mine.get_by_placeholder(re.compile("说点什么")).fill(line)
    await mine.keyboard.press("Enter")
    await expect(theirs.get_by_text(line)).to_be_visible(timeout=10_000)
    await asyncio.sleep(1)
    assert await mine.get_by_text(line).count() == 1
    snapshot = await town.host.get(f"/api/rooms/{town.room_id}/snapshot")
    assert [event["text"] for event in snapshot["chat"]].count(line) == 1


async def test_one_broadcast_from_key_to_recording(town: Town, phone: BrowserContext) -> None:
    """A wrong key is refused; the right one plays on a phone; the end hashes the recording, and it decodes."""
    refused = await town.push(key="x" * 32)
    assert await asyncio.wait_for(refused.wait(), 20) != 0

    host, room_id, key = await second_room(town)
    town.pusher, first = None, town.pusher
    broadcast = await host.post(
        f"/api/rooms/{room_id}/broadcasts",
        {"title": "第二场", "operator_name": "周至秦岭果业有限公司", "marks": []},
        key=fresh_key(),
    )
    await host.post(f"/api/broadcasts/{broadcast['id']}/bag", {"product_ids": [town.product_id]}, key=fresh_key())
    pusher = await town.push(key=key)
    await town.until(lambda: host.get(f"/api/rooms/{room_id}/ingest"), lambda ingest: bool(ingest["publishing"]))
    await host.post(f"/api/broadcasts/{broadcast['id']}/rehearse")
    await host.post(f"/api/broadcasts/{broadcast['id']}/go-live")
    page = await phone.new_page()
    await page.goto(f"{town.house.url}/rooms/{room_id}")
    moved, _ = await moving_video(page)
    assert moved > 0.5

    being_written = list((town.house.data_dir / "recordings").rglob("*.mp4*"))
    assert being_written, "the recording is on disk while it is being made"
    await host.post(f"/api/broadcasts/{broadcast['id']}/end")
    pusher.terminate()
    await pusher.wait()
    town.pusher = first
    await expect(page.get_by_text(re.compile("结束")).first).to_be_visible(timeout=15_000)

    kept = town.house.data_dir / "blobs" / "recordings" / room_id.replace("-", "")
    files = await town.until(lambda: listed(kept), bool, seconds=40)
    for file in files:
        assert hashlib.sha256(file.read_bytes()).hexdigest() == file.stem, "kept under the name of its hash"
        assert await decodes(file)


async def listed(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.mp4"))


async def decodes(file: Path) -> bool:
    """Whether ffmpeg reads every frame without an error."""
    done = await asyncio.create_subprocess_exec(
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-i",
        str(file),
        "-f",
        "null",
        "-",
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await done.communicate()
    return done.returncode == 0 and not errors


async def second_room(town: Town) -> tuple[Person, str, str]:
    """Another room of the same host: the first one goes on being live."""
    room = await town.host.post("/api/rooms", {"name": "果园二号"}, key=fresh_key())
    ingest = await town.host.get(f"/api/rooms/{room['id']}/ingest")
    return town.host, room["id"], ingest["stream_key"]
