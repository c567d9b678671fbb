"""The drawn pictures: one a product, each its own, the same every time."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest
from PIL import Image, ImageChops, ImageStat

from kaibo.demo import art, catalogue

SMALL_PX = 96
DIFFERENT_MEAN = 6.0
"""Mean difference of two pictures' pixels, of 255, below which a shopper would take one for the other."""


@pytest.fixture(scope="module")
def pictures() -> dict[str, Image.Image]:
    return {item.key: art.draw_product(item.key, SMALL_PX) for shop in catalogue.shops() for item in shop.products}


def _digest(picture: Image.Image) -> str:
    return hashlib.sha256(picture.tobytes()).hexdigest()


def test_every_product_has_a_picture_of_its_own(pictures: dict[str, Image.Image]) -> None:
    assert len(pictures) >= 24
    assert set(pictures) == set(art.product_keys())
    keys = list(pictures)
    for i, one in enumerate(keys):
        for other in keys[i + 1 :]:
            mean = sum(ImageStat.Stat(ImageChops.difference(pictures[one], pictures[other])).mean) / 3
            assert mean > DIFFERENT_MEAN, f"{one} looks like {other}"


def test_a_picture_is_full_of_colour_and_has_no_holes(pictures: dict[str, Image.Image]) -> None:
    for key, picture in pictures.items():
        assert picture.mode == "RGB", key
        assert picture.size == (SMALL_PX, SMALL_PX), key
        assert sum(ImageStat.Stat(picture).stddev) > 30, f"{key} is almost one colour"
        black = sum(1 for pixel in picture.convert("L").tobytes() if pixel == 0)
        assert black < SMALL_PX, f"{key} has {black} black pixels: something was left unpainted"


def test_the_same_key_gives_the_same_pixels_in_another_process() -> None:
    code = (
        "import hashlib; from kaibo.demo import art;"
        "print(*[hashlib.sha256(art.draw_product(k, 64).tobytes()).hexdigest() for k in ('door-samples', 'tissue-pocket')],"
        "hashlib.sha256(art.draw_avatar('host-doors', 64).tobytes()).hexdigest())"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    here = [_digest(art.draw_product(key, 64)) for key in ("door-samples", "tissue-pocket")]
    assert said == [*here, _digest(art.draw_avatar("host-doors", 64))]


def test_avatars_are_square_and_viewers_have_different_faces() -> None:
    faces = {_digest(art.draw_avatar(f"viewer-{n}", 64)) for n in range(12)}
    assert len(faces) == 12
    for key in ("shop-tissue", "host-garlic"):
        assert art.draw_avatar(key, 80).size == (80, 80)


def test_a_cover_is_three_to_four() -> None:
    assert art.draw_cover("tissue", 150).size == (150, 200)


@pytest.mark.parametrize("key", ["", "host-", "host-nobody", "viewer-x", "shop-1"])
def test_an_unknown_avatar_is_refused_by_name(key: str) -> None:
    with pytest.raises(KeyError, match="no avatar"):
        art.draw_avatar(key, 64)


def test_an_unknown_product_and_a_wrong_size_are_refused() -> None:
    with pytest.raises(KeyError, match="no picture of 'door-nothing'"):
        art.draw_product("door-nothing")
    with pytest.raises(ValueError, match="64 to 2048 pixels"):
        art.draw_product("door-samples", 5000)
