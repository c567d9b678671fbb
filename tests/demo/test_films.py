"""The films: what an encoder would send, and fit to be looped without encoding."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import pytest

from kaibo.demo import catalogue, films
from kaibo.demo.films import clock, layout, montage, render

TRIAL_SECONDS = 3
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


@dataclass
class Tags:
    """Timestamps in ms of an FLV file, in file order."""

    video: list[int] = field(default_factory=list)
    audio: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    reordered: int = 0


def read_flv(file: Path) -> Tags:
    data, at, out = file.read_bytes(), 13, Tags()
    while at + 11 <= len(data):
        kind, size = data[at], int.from_bytes(data[at + 1 : at + 4], "big")
        stamp = int.from_bytes(data[at + 4 : at + 7], "big") | data[at + 7] << 24
        body = data[at + 11 : at + 11 + size]
        if kind == 9 and body[1] == 1:
            out.video.append(stamp)
            out.reordered += body[2:5] != b"\0\0\0"
            if body[0] >> 4 == 1:
                out.keys.append(stamp)
        elif kind == 8 and body[1] == 1:
            out.audio.append(stamp)
        at += 11 + size + 4
    return out


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def film(cache: Path) -> Path:
    return films.render_film("tissue", cache, lambda share: None, seconds=TRIAL_SECONDS)


def test_a_film_is_upright_high_profile_25_fps_with_a_key_frame_a_second(film: Path) -> None:
    said = subprocess.run([FFMPEG, "-hide_banner", "-i", str(film)], capture_output=True, text=True, check=False).stderr
    assert re.search(r"Video: h264 \(High\), yuv420p.*720x1280.*25 fps", said), said
    assert re.search(r"Audio: aac \(LC\), 48000 Hz, stereo", said), said
    tags = read_flv(film)
    assert len(tags.video) == TRIAL_SECONDS * layout.FPS
    assert {b - a for a, b in pairwise(tags.video)} == {40}
    assert {b - a for a, b in pairwise(tags.keys)} == {1000}
    assert tags.reordered == 0, "B-frames delay a live stream"


def test_a_film_looped_by_copy_has_timestamps_that_only_grow(film: Path, tmp_path: Path) -> None:
    looped = tmp_path / "looped.flv"
    words = [FFMPEG, "-v", "warning", "-stream_loop", "3", "-i", str(film), "-c", "copy", "-f", "flv", str(looped)]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stderr
    assert "monoton" not in said.lower(), said
    tags = read_flv(looped)
    assert len(tags.video) == 4 * TRIAL_SECONDS * layout.FPS
    video_steps = [b - a for a, b in pairwise(tags.video)]
    audio_steps = [b - a for a, b in pairwise(tags.audio)]
    assert min(video_steps) >= 40
    assert max(video_steps) <= 80, "a seam of more than one frame is seen"
    assert min(audio_steps) > 0
    assert max(audio_steps) <= 64


def test_a_film_that_exists_is_not_made_again(film: Path, cache: Path) -> None:
    before, heard = film.stat().st_mtime_ns, list[float]()
    again = films.render_film("tissue", cache, heard.append, seconds=TRIAL_SECONDS)
    assert again == film
    assert film.stat().st_mtime_ns == before
    assert heard == [1.0]
    assert [entry.name for entry in cache.iterdir()] == [film.name], "nothing half made is left behind"


def test_an_encoder_that_fails_is_reported_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = render.encoder_command
    monkeypatch.setattr(
        render, "encoder_command", lambda *words: [*good(*words)[:-1], str(tmp_path / "no" / "such.flv")]
    )
    with pytest.raises(films.FilmNotRendered, match=r"film of tissue: .*such\.flv"):
        films.render_film("tissue", tmp_path, lambda share: None, seconds=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shop", catalogue.SHOP_KEYS)
def test_the_timeline_fills_the_film_with_products_of_the_shop(shop: str) -> None:
    scenes = films.timeline(shop)
    assert scenes[0].starts == 0
    assert scenes[-1].ends == films.FILM_SECONDS
    assert all(a.ends == b.starts for a, b in pairwise(scenes))
    keys = {scene.product_key for scene in scenes} - {None}
    assert keys <= {item.key for item in catalogue.shop(shop).products}
    assert len(keys) >= 3


def test_the_mark_is_large_enough_by_law_and_on_every_frame() -> None:
    assert 0.05 * min(layout.WIDTH, layout.HEIGHT) <= layout.MARK_TEXT_PX
    x0, y0, x1, y1 = layout.MARK_BOX
    assert y0 > 170
    assert layout.SAFE_LEFT <= x0 < x1 <= layout.SAFE_RIGHT
    for frame in montage.frames("tissue", count=60):
        strip = frame.crop((x0, y0, x1, y1)).convert("L").tobytes()
        white = sum(1 for v in strip if v > 235) / len(strip)
        assert 0.05 < white < 0.5, "the words 动画演示 are not to be seen"


def test_an_unknown_film_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="fish"):
        films.timeline("fish")


def _clock_frames(file: Path) -> list[bytes]:
    words = [FFMPEG, "-v", "error", "-i", str(file), "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    raw = subprocess.run(words, capture_output=True, check=True).stdout
    size = clock.WIDTH * clock.HEIGHT
    return [raw[i : i + size] for i in range(0, len(raw) - size + 1, size)]


def test_the_clock_can_be_read_from_its_encoded_picture(tmp_path: Path) -> None:
    target = tmp_path / "clock.flv"
    words = films.clock_command(str(target))
    subprocess.run([*words[:-1], "-t", "3", words[-1]], check=True, timeout=60)
    after = int(target.stat().st_mtime * 1000)
    read = [films.read_clock(lambda x, y, f=frame: f[y * clock.WIDTH + x]) for frame in _clock_frames(target)]
    values = [value for value in read if value is not None]
    assert len(values) == len(read) >= 70, "a frame without a clock"
    steps = [(b - a) % 2**clock.BITS for a, b in pairwise(values)]
    assert all(0 <= step < 1000 for step in steps), steps
    assert 2600 <= (values[-1] - values[0]) % 2**clock.BITS <= 6000
    assert (after - values[-1]) % 2**clock.BITS < 1500, "the clock does not show the wall clock"


def test_a_picture_without_a_clock_is_not_read() -> None:
    assert films.read_clock(lambda x, y: 0) is None
    assert films.read_clock(lambda x, y: 255) is None
