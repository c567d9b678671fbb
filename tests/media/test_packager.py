"""Parts, segments and playlists of frames whose times are known."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.rtmp_client import AAC_RECORD, AVC_RECORD

from kaibo.stage.media import playlist
from kaibo.stage.media.codecs import parse_audio, parse_video
from kaibo.stage.media.fragment import Fragment
from kaibo.stage.media.packager import PART_TARGET_OVER, Packager
from kaibo.stage.media.settings import MediaSettings

VIDEO = parse_video(AVC_RECORD)
AUDIO = parse_audio(AAC_RECORD)
FRAME = memoryview(b"\0\0\0\5frame")


def packager(**settings: Any) -> tuple[Packager, list[Fragment]]:
    parts: list[Fragment] = []
    base: dict[str, Any] = {"hook_url": "http://127.0.0.1/", "hook_secret": "x" * 16, "record_dir": Path()}
    made = Packager(MediaSettings(**base, **settings), lambda part, _opens: parts.append(part))
    made.configure(VIDEO, AUDIO)
    return made, parts


def feed(target: Packager, fps: float, seconds: float, gop_seconds: float = 1, start_ms: int = 0) -> None:
    gop = round(fps * gop_seconds)
    for index in range(round(fps * seconds)):
        ms = start_ms + round(index * 1_000 / fps)
        target.add_video(FRAME, ms, 0, index % gop == 0)
        target.add_audio(memoryview(b"sound"), ms)


def text(target: Packager, ended: bool = False, shown: int = 6) -> str:
    return playlist.media(
        tuple(target.segments), epoch=target.epoch, part_ms=target.settings.part_ms, target_ms=target.target_ms,
        shown=shown, clock_zero_ms=1_700_000_000_000, ended=ended,
    ).decode()  # fmt: skip


@pytest.mark.parametrize("fps", [10, 15, 20, 24, 25, 29.97, 30, 50, 59.94, 60])
def test_parts_keep_the_target_at_every_usual_frame_rate(fps: float) -> None:
    target, parts = packager()
    feed(target, fps, 8, gop_seconds=2)
    target_ms = target.settings.part_ms * PART_TARGET_OVER
    whole = [segment for segment in target.segments if segment.complete]
    assert len(whole) >= 3
    for segment in whole:
        assert segment.parts[0].independent
        # RFC 8216bis 4.4.4.9: none longer than the target, none but the last of a segment under 85 % of it
        assert all(part.duration_ms <= target_ms for part in segment.parts)
        assert all(part.duration_ms >= target_ms * 0.85 for part in segment.parts[:-1])
    assert [part.start_ms for part in parts] == sorted(part.start_ms for part in parts)


def test_part_durations_add_up_to_the_time_they_cover() -> None:
    target, parts = packager()
    feed(target, 30, 6)
    assert sum(part.duration_ms for part in parts) == pytest.approx(parts[-1].start_ms + parts[-1].duration_ms)


def test_the_playlist_shows_what_rfc_8216bis_wants() -> None:
    target, _parts = packager()
    feed(target, 25, 5.5)
    lines = text(target).splitlines()
    assert lines[0] == "#EXTM3U"
    assert "#EXT-X-PART-INF:PART-TARGET=0.220" in lines
    assert any(line.startswith("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.660") for line in lines)
    assert f'#EXT-X-MAP:URI="init-{target.epoch}-0.mp4"' in lines
    assert "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z" in lines
    assert sum(line.startswith("#EXTINF") for line in lines) == 2
    first = next(line for line in lines if line.startswith("#EXT-X-PART:"))
    assert first == f'#EXT-X-PART:DURATION=0.20000,URI="part-{target.epoch}-0-0.mp4",INDEPENDENT=YES'
    hint = re.fullmatch(r'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-\w+-(\d+)-(\d+)\.mp4"', lines[-1])
    assert hint is not None
    assert playlist.Edge(int(hint[1]), int(hint[2])) == playlist.edge(target.segments)
    assert playlist.Edge(2, 7) == playlist.edge(target.segments)


def test_new_codec_parameters_make_a_discontinuity_that_is_counted_when_it_leaves() -> None:
    target, _parts = packager()
    feed(target, 25, 4.1)
    target.configure(VIDEO, None)
    feed(target, 25, 4.1, start_ms=10_000)
    body = text(target)
    assert body.count("#EXT-X-DISCONTINUITY\n") == 1
    assert body.count("#EXT-X-MAP") == 2
    assert "DISCONTINUITY-SEQUENCE" not in body
    feed(target, 25, 60, start_ms=20_000)
    later = text(target)
    assert "#EXT-X-DISCONTINUITY\n" not in later
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:1" in later
    assert list(target.inits) == [1]


def test_a_stream_without_keyframes_is_cut_at_the_longest_segment() -> None:
    target, _parts = packager(segment_ms_max=3_000)
    feed(target, 25, 10, gop_seconds=100)
    assert [segment.duration_ms for segment in target.segments if segment.complete] == [3_000] * 3
    assert [segment.parts[0].independent for segment in target.segments] == [True, False, False, False]


def test_sound_stays_with_the_picture_after_a_pause() -> None:
    target, parts = packager()
    feed(target, 25, 1)
    feed(target, 25, 1, start_ms=5_000)
    target.flush()
    last = parts[-1]
    times = {track: ticks for track, _at, ticks in last.times}
    assert abs(times[1] / 90 - times[2] / 44.1) < 100


@given(st.lists(st.tuples(st.integers(1, 900), st.booleans()), min_size=1, max_size=120))
@settings(max_examples=60, deadline=None)
def test_any_rhythm_of_frames_gives_gapless_parts(frames: list[tuple[int, bool]]) -> None:
    target, parts = packager(segment_ms=500, segment_ms_max=1_000)
    ms = 0
    for step_ms, key in frames:
        target.add_video(FRAME, ms, 0, key)
        ms += step_ms
    target.flush()
    for before, after in itertools.pairwise(parts):
        assert before.start_ms + before.duration_ms == after.start_ms
    kept = [part for segment in target.segments for part in segment.parts]
    assert kept == parts[-len(kept) :]
    assert all(segment.complete for segment in target.segments)
    assert "#EXT-X-ENDLIST" in text(target, ended=True)
