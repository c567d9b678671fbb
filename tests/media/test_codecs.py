"""Codec records, FLV headers and the stream's clock."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.rtmp_client import AAC_RECORD, AVC_RECORD

from kaibo.stage.media import flv
from kaibo.stage.media.codecs import parse_audio, parse_video
from kaibo.stage.media.faults import MediaFault, ProtocolFault, Refused
from kaibo.stage.media.timeline import AHEAD_MS_MAX, AUDIO, JOIN_MS, VIDEO, Timeline

# a High profile 1920 x 1080 record: 68 rows of macroblocks, cropped by 8 lines
HIGH_SPS = bytes.fromhex("67640028acd940780227e5c044000003000400000300f03c60c658")
HIGH_RECORD = (
    b"\x01\x64\x00\x28\xff\xe1" + len(HIGH_SPS).to_bytes(2, "big") + HIGH_SPS + b"\x01\x00\x04\x68\xeb\xe3\xcb"
)


def test_the_size_stands_in_the_sps() -> None:
    config = parse_video(HIGH_RECORD)
    assert (config.width, config.height, config.codec) == (1_920, 1_080, "avc1.640028")


def test_aac_records() -> None:
    config = parse_audio(AAC_RECORD)
    assert (config.rate, config.channels, config.codec) == (44_100, 2, "mp4a.40.2")
    assert parse_audio(bytes.fromhex("1190")).rate == 48_000
    with pytest.raises(ProtocolFault, match="0 channels"):
        parse_audio(bytes.fromhex("1180"))


def test_short_nal_lengths_are_refused_by_name() -> None:
    with pytest.raises(ProtocolFault, match="2-byte NAL lengths"):
        parse_video(AVC_RECORD[:4] + b"\xfd" + AVC_RECORD[5:])


@given(st.binary(max_size=120))
@settings(max_examples=300)
def test_arbitrary_bytes_raise_only_media_faults(data: bytes) -> None:
    for parse in (parse_video, parse_audio, flv.parse_video, flv.parse_audio):
        with contextlib.suppress(MediaFault):
            parse(data)
    with contextlib.suppress(MediaFault):
        parse_video(b"\x01\x64\x00\x28\xff\xe1" + len(data).to_bytes(2, "big") + data)


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        (b"\x12\x00\0\0\0x", "H.263"),
        (b"\x1c\x00\0\0\0x", "HEVC"),
        (b"\x90hvc1\0", "hvc1"),
        (b"\x80av01\0", "av01"),
    ],
)
def test_other_video_codecs_are_refused_by_name(payload: bytes, named: str) -> None:
    with pytest.raises(Refused, match=named):
        flv.parse_video(payload)


@pytest.mark.parametrize(("payload", "named"), [(b"\x2f\x00", "MP3"), (b"\xb2\x00", "Speex"), (b"\x90Opus", "Opus")])
def test_other_audio_codecs_are_refused_by_name(payload: bytes, named: str) -> None:
    with pytest.raises(Refused, match=named):
        flv.parse_audio(payload)


def test_composition_offsets_may_be_negative() -> None:
    assert flv.parse_video(b"\x27\x01\xff\xff\xd8x").offset_ms == -40


def test_a_flv_tag_splits_its_time_as_the_format_wants() -> None:
    tag = flv.tag(flv.TAG_VIDEO, 0x12345678, b"abc")
    assert tag == bytes.fromhex("09 000003 345678 12 000000") + b"abc" + bytes.fromhex("0000000e")


def steps(timeline: Timeline, stamps: list[int], now_ms: int = 0, each_ms: int = 40) -> list[int]:
    return [timeline.map(VIDEO, stamp & 0xFFFFFFFF, now_ms + index * each_ms) for index, stamp in enumerate(stamps)]


def test_time_begins_at_zero_and_follows_the_stamps() -> None:
    assert steps(Timeline(), [5_000, 5_040, 5_080]) == [0, 40, 80]


def test_the_32_bit_wrap_is_invisible() -> None:
    timeline = Timeline()
    assert steps(timeline, [0xFFFFFFFF - 39, 0xFFFFFFFF + 1, 0xFFFFFFFF + 41]) == [0, 40, 80]
    assert timeline.jumps == 0


@pytest.mark.parametrize("to", [0, 10_000_000, 0x80000000])
def test_a_clock_jump_is_bridged_by_one_frame(to: int) -> None:
    timeline = Timeline()
    before = steps(timeline, [600_000, 600_040])
    after = steps(timeline, [to, to + 40], now_ms=80)
    assert before == [0, 40]
    assert after == [40 + JOIN_MS, 80 + JOIN_MS]
    assert timeline.jumps == 1


def test_an_honest_pause_is_kept() -> None:
    timeline = Timeline()
    timeline.map(VIDEO, 0, 0)
    assert timeline.map(VIDEO, 20_000, 20_000) == 20_000
    assert timeline.jumps == 0


def test_a_reconnect_goes_on_with_the_wall_clock() -> None:
    timeline = Timeline()
    steps(timeline, [0, 40])
    timeline.restart()
    assert timeline.map(VIDEO, 777_777, 9_000) == 9_000


@given(st.lists(st.tuples(st.sampled_from([VIDEO, AUDIO]), st.integers(0, 0xFFFFFFFF), st.integers(0, 5_000))))
def test_each_track_only_grows_and_never_runs_away(frames: list[tuple[int, int, int]]) -> None:
    timeline = Timeline()
    last = {VIDEO: -1, AUDIO: -1}
    now_ms = 0
    for track, stamp, passed_ms in frames:
        now_ms += passed_ms
        ms = timeline.map(track, stamp, now_ms)
        assert ms > last[track]
        assert ms <= now_ms + (AHEAD_MS_MAX + JOIN_MS) * len(frames)
        last[track] = ms
