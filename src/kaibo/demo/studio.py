"""`python -m kaibo.demo.studio`: draws pictures and renders films into a directory, in a process of its own, so that the demo can
talk to the house meanwhile and a stopped demo takes its drawing with it.

    python -m kaibo.demo.studio pictures <directory> <key>=<pixels> …    product key, cover:<shop> or avatar:<shop>
    python -m kaibo.demo.studio film <directory> <shop>

What exists is left as it is. Each line of the output is a share between 0 and 1 of what is done; the last line of `film` is the
path of the film.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PIL import Image

PICTURE_QUALITY = 92


def picture_path(directory: Path, key: str, size: int) -> Path:
    """Where the picture of a key lies, `size` pixels wide."""
    return directory / f"{key.replace(':', '-')}-{size}.jpg"


def draw(key: str, size: int) -> Image.Image:
    """A product by its key, `cover:<shop>`, `avatar:<shop>`, or `lab`."""
    from kaibo.demo import art, lab

    kind, _, shop = key.partition(":")
    if kind == "lab":
        return lab.draw_card(size)
    if kind == "cover":
        return art.draw_cover(shop, size)
    if kind == "avatar":
        return art.draw_avatar(f"shop-{shop}", size)
    return art.draw_product(key, size)


def draw_pictures(directory: Path, wanted: list[tuple[str, int]]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for number, (key, size) in enumerate(wanted, start=1):
        target = picture_path(directory, key, size)
        if not target.exists():
            part = target.with_suffix(f".part{os.getpid()}")
            draw(key, size).convert("RGB").save(part, "JPEG", quality=PICTURE_QUALITY)
            part.replace(target)
        print(f"{number / len(wanted):.3f}", flush=True)


def render(directory: Path, shop_key: str) -> None:
    from kaibo.demo import films

    directory.mkdir(parents=True, exist_ok=True)
    film = films.render_film(shop_key, directory, lambda share: print(f"{share:.3f}", flush=True))
    print(film, flush=True)


def main(words: list[str]) -> None:
    kind, directory, *rest = words
    if kind == "pictures":
        draw_pictures(Path(directory), [(key, int(size)) for key, _, size in (word.rpartition("=") for word in rest)])
    else:
        render(Path(directory), *rest)


if __name__ == "__main__":
    main(sys.argv[1:])
