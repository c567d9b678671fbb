"""Pictures: judged by content, stripped, resized; bombs refused before they go off."""

from __future__ import annotations

import asyncio
import contextlib
import io
import struct
import uuid
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kaibo.goods.contracts import PictureTooLarge, PictureTooSmall, PictureUnreadable
from kaibo.goods.pictures import keep
from kaibo.goods.pictures.shrink import shrink
from kaibo.kernel.config import Settings
from tests.goods.world import Shop, create, picture_bytes, upload

Image.init()


def png_claiming(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG whose header claims a size; the pixels are whatever `body` inflates to."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("kind", "options"), [("JPEG", {}), ("PNG", {}), ("PNG", {"mode": "RGB"}), ("WEBP", {})])
def test_every_format_becomes_webp(kind: str, options: dict[str, Any]) -> None:
    made = shrink(picture_bytes(2000, 1000, kind, **options))
    assert (made.width, made.height) == (1600, 800)
    for content, longest in ((made.large, 1600), (made.thumbnail, 400)):
        with Image.open(io.BytesIO(content)) as picture:
            assert (picture.format, max(picture.size)) == ("WEBP", longest)


def test_a_small_picture_is_not_blown_up() -> None:
    made = shrink(picture_bytes(120, 90))
    assert (made.width, made.height) == (120, 90)


def test_what_the_camera_knew_is_gone_and_the_picture_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right
    exif[0x010E] = "secret description"
    exif.get_ifd(0x8825)[2] = (28.0, 44.0, 0.0)  # GPS latitude
    content = picture_bytes(200, 100, "JPEG", exif=exif.tobytes(), comment=b"secret comment", icc_profile=b"secret icc")
    assert b"secret" in content
    made = shrink(content)
    assert (made.width, made.height) == (100, 200)
    for kept in (made.large, made.thumbnail):
        assert b"secret" not in kept
        assert b"EXIF" not in kept
        assert b"ICCP" not in kept
        with Image.open(io.BytesIO(kept)) as picture:
            assert not picture.getexif()


def test_transparency_is_kept() -> None:
    made = shrink(picture_bytes(64, 64, "PNG", colour=(255, 0, 0, 0)))
    with Image.open(io.BytesIO(made.large)) as picture:
        assert picture.mode == "RGBA"
        assert picture.getpixel((1, 1))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("size", [(50_000, 50_000), (2**31 - 1, 2), (40_001, 1_000), (10_000, 9_500)])
def test_a_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    bomb = png_claiming(*size, zlib.compress(b"\x00" * 1_000_000))
    assert len(bomb) < 10_000
    with pytest.raises(PictureTooLarge):
        shrink(bomb)


def test_a_bomb_in_a_side_chunk_is_refused() -> None:
    text = b"note\x00\x00" + zlib.compress(b"A" * 80_000_000)
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
    plain = picture_bytes(64, 64, "PNG")
    with pytest.raises(PictureUnreadable):
        shrink(plain[:33] + chunk + plain[33:])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + b"\x00" * 100,
        b"\x89PNG\r\n\x1a\n",
        picture_bytes()[:200],
        picture_bytes(kind="PNG")[:60],
        png_claiming(64, 64, b"garbage"),
        b"MZ" + picture_bytes(),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(PictureUnreadable):
        shrink(content)


def test_other_formats_are_refused_whatever_they_call_themselves() -> None:
    for kind in ("GIF", "BMP", "TIFF", "ICO"):
        out = io.BytesIO()
        Image.new("RGB", (64, 64)).save(out, kind)
        with pytest.raises(PictureUnreadable):
            shrink(out.getvalue())


def test_a_speck_is_refused() -> None:
    with pytest.raises(PictureTooSmall):
        shrink(picture_bytes(15, 200))


@settings(max_examples=150, deadline=None)
@given(
    place=st.integers(0, 3000), junk=st.binary(min_size=1, max_size=40), kind=st.sampled_from(["JPEG", "PNG", "WEBP"])
)
def test_no_damage_does_more_than_refuse(place: int, junk: bytes, kind: str) -> None:
    whole = picture_bytes(80, 60, kind)
    place %= len(whole)
    damaged = whole[:place] + junk + whole[place + len(junk) :]
    with contextlib.suppress(PictureUnreadable, PictureTooLarge, PictureTooSmall):
        shrink(damaged)


async def test_an_upload_lies_where_its_address_says_and_twice_is_once(shop: Shop, settings: Settings) -> None:
    first, second = [(await upload(shop.owner.client, picture_bytes(900, 600))).json() for _ in range(2)]
    assert first == second
    assert (first["width"], first["height"]) == (900, 600)
    for url in (first["url"], first["thumbnail_url"]):
        served = await shop.owner.client.get(url)
        assert (served.status_code, served.headers["content-type"]) == (200, "image/webp")
        assert Path(settings.data_dir / url.removeprefix("/")).is_file()


async def test_refused_uploads_say_why(shop: Shop, client: Any) -> None:
    bomb = await upload(shop.owner.client, png_claiming(50_000, 50_000), "nice.png")
    assert (bomb.status_code, bomb.json()["code"], bomb.json()["megapixels_max"]) == (
        422,
        "goods.picture_too_large",
        40,
    )
    text = await upload(shop.owner.client, b"hello", "hello.jpg")
    assert (text.status_code, text.json()["code"]) == (422, "goods.picture_unreadable")
    heavy = await upload(shop.owner.client, b"\x00" * (12 << 20), "heavy.jpg")
    assert heavy.status_code == 413
    assert (await upload(client, picture_bytes())).status_code == 401
    assert (await shop.owner.client.post("/api/pictures", json={"file": "x"})).status_code == 422


async def test_a_crowd_of_uploads_is_told_to_come_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep, "WAITING_MAX", 1)
    answers = await asyncio.gather(
        *(upload(shop.owner.client, picture_bytes(1200, 900, colour=(i, i, i))) for i in range(12))
    )
    statuses = {a.status_code for a in answers}
    assert statuses == {200, 429}
    assert keep._inside == 0
    busy = next(a for a in answers if a.status_code == 429)
    assert (busy.json()["code"], busy.headers["retry-after"]) == ("goods.pictures_busy", "3")


async def test_anothers_picture_cannot_be_put_on_ones_product(shop: Shop, sign_in: Any) -> None:
    stranger = await sign_in()
    theirs = (await upload(stranger.client, picture_bytes(300, 300))).json()["id"]
    for picture_id in (theirs, str(uuid.uuid4())):
        refused = await create(shop, picture_ids=[picture_id])
        assert (refused.status_code, refused.json()["code"]) == (422, "goods.picture_missing")
