"""The RTMP chunk stream and AMF0: what goes in comes out, and arbitrary bytes raise nothing but ProtocolFault."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaibo.stage.media import amf0, chunks
from kaibo.stage.media.chunks import ChunkReader, Message
from kaibo.stage.media.faults import ProtocolFault

MESSAGE_MAX = 1 << 20
CHUNK_MAX = 1 << 16

messages = st.builds(
    Message,
    st.sampled_from([chunks.AUDIO, chunks.VIDEO, chunks.DATA, chunks.COMMAND]),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.binary(max_size=700),
)
amf_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=10), inner, max_size=4),
    max_leaves=12,
)


def reader() -> ChunkReader:
    return ChunkReader(CHUNK_MAX, MESSAGE_MAX)


def feed_in_pieces(target: ChunkReader, data: bytes, sizes: list[int]) -> list[Message]:
    found: list[Message] = []
    at = 0
    for size in [*sizes, len(data)]:
        found += target.feed(data[at : at + size])
        at += size
    return found


@given(st.lists(messages, max_size=6), st.lists(st.integers(1, 200), max_size=30))
def test_messages_come_out_as_they_went_in_however_the_bytes_are_cut(sent: list[Message], sizes: list[int]) -> None:
    data = b"".join(chunks.encode(3 + index % 4, message, 128) for index, message in enumerate(sent))
    assert feed_in_pieces(reader(), data, sizes) == sent


@given(st.binary(max_size=2_000), st.lists(st.integers(1, 100), max_size=20))
@settings(max_examples=300)
def test_arbitrary_chunk_bytes_raise_only_a_protocol_fault(data: bytes, sizes: list[int]) -> None:
    try:
        for message in feed_in_pieces(reader(), data, sizes):
            if message.type_id == chunks.AGGREGATE:
                list(chunks.split_aggregate(message))
    except ProtocolFault:
        pass


def test_two_messages_interleaved_on_two_lanes_are_put_together() -> None:
    a = chunks.encode(4, Message(chunks.VIDEO, 10, 1, b"v" * 300), 128)
    b = chunks.encode(5, Message(chunks.AUDIO, 11, 1, b"a" * 200), 128)
    first_a, rest_a = a[: 12 + 128], a[12 + 128 :]
    found = reader().feed(first_a + b + rest_a)
    assert [(m.type_id, m.payload) for m in found] == [(chunks.AUDIO, b"a" * 200), (chunks.VIDEO, b"v" * 300)]


def test_deltas_add_up_and_wrap_after_49_days() -> None:
    start = chunks.encode(4, Message(chunks.AUDIO, 0xFFFFFFF0, 1, b"1"), 128)
    with_delta = b"\x44" + (0x20).to_bytes(3, "big") + (1).to_bytes(3, "big") + bytes([chunks.AUDIO]) + b"2"
    same_delta = b"\xc4" + b"3"
    assert [m.timestamp for m in reader().feed(start + with_delta + same_delta)] == [0xFFFFFFF0, 0x10, 0x30]


def test_an_extended_timestamp_need_not_be_repeated_in_later_chunks() -> None:
    whole = chunks.encode(4, Message(chunks.VIDEO, 0x01000000, 1, b"x" * 300), 128)
    unrepeated = whole.replace(b"\xc4" + (0x01000000).to_bytes(4, "big"), b"\xc4")
    assert len(unrepeated) == len(whole) - 8
    for data in (whole, unrepeated):
        assert reader().feed(data) == [Message(chunks.VIDEO, 0x01000000, 1, b"x" * 300)]


@pytest.mark.parametrize("size", [0, CHUNK_MAX + 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_chunk_size_beyond_the_limit_is_refused_with_the_limit(size: int) -> None:
    with pytest.raises(ProtocolFault, match=f"allowed is 1 to {CHUNK_MAX}"):
        reader().feed(chunks.encode(2, Message(chunks.SET_CHUNK_SIZE, 0, 0, size.to_bytes(4, "big")), 128))


def test_a_message_beyond_the_limit_is_refused_at_its_header() -> None:
    header = b"\x04" + bytes(3) + (MESSAGE_MAX + 1).to_bytes(3, "big") + bytes([chunks.VIDEO]) + bytes(4)
    with pytest.raises(ProtocolFault, match=str(MESSAGE_MAX + 1)):
        reader().feed(header)


def test_a_long_command_is_refused_though_video_may_be_as_long() -> None:
    size = chunks.COMMAND_BYTES_MAX + 1
    video = chunks.encode(4, Message(chunks.VIDEO, 0, 1, bytes(size)), 128)
    assert len(reader().feed(video)) == 1
    with pytest.raises(ProtocolFault, match="type 20"):
        reader().feed(chunks.encode(4, Message(chunks.COMMAND, 0, 1, bytes(size)), 128))


def test_an_aborted_message_is_forgotten() -> None:
    begun = chunks.encode(4, Message(chunks.VIDEO, 0, 1, b"x" * 300), 128)[: 12 + 128]
    abort = chunks.encode(2, Message(chunks.ABORT, 0, 0, (4).to_bytes(4, "big")), 128)
    good = chunks.encode(4, Message(chunks.VIDEO, 5, 1, b"y"), 128)
    assert reader().feed(begun + abort + good) == [Message(chunks.VIDEO, 5, 1, b"y")]


def test_too_many_chunk_streams_are_refused() -> None:
    tail = bytes(3) + (1).to_bytes(3, "big") + bytes([chunks.AUDIO]) + bytes(4) + b"x"
    data = b"".join(b"\x00" + bytes([lane]) + tail for lane in range(chunks.CHUNK_STREAMS_MAX))
    target = reader()
    assert len(target.feed(data)) == chunks.CHUNK_STREAMS_MAX
    with pytest.raises(ProtocolFault, match="chunk streams"):
        target.feed(b"\x03" + tail)


def test_an_aggregate_is_split_with_its_times() -> None:
    def tag(kind: int, stamp: int, body: bytes) -> bytes:
        head = (
            bytes([kind]) + len(body).to_bytes(3, "big") + (stamp & 0xFFFFFF).to_bytes(3, "big") + bytes([stamp >> 24])
        )
        return head + bytes(3) + body + (len(body) + 11).to_bytes(4, "big")

    whole = Message(chunks.AGGREGATE, 1_000, 1, tag(8, 500, b"a") + tag(9, 540, b"v"))
    assert list(chunks.split_aggregate(whole)) == [Message(8, 1_000, 1, b"a"), Message(9, 1_040, 1, b"v")]
    with pytest.raises(ProtocolFault):
        list(chunks.split_aggregate(whole._replace(payload=whole.payload[:20])))


@given(st.lists(amf_values, max_size=5))
def test_amf0_values_come_back(values: list[amf0.Value]) -> None:
    assert amf0.decode(amf0.encode(*values)) == values


@given(st.binary(max_size=500))
@settings(max_examples=300)
def test_arbitrary_amf0_bytes_raise_only_a_protocol_fault(data: bytes) -> None:
    with contextlib.suppress(ProtocolFault):
        amf0.decode(data)


def test_amf0_as_encoders_write_it() -> None:
    ecma = b"\x08\0\0\0\x63" + b"\0\5width\0" + b"\x40\x94\0\0\0\0\0\0" + b"\0\0\x09"
    assert amf0.decode(b"\x02\0\x0aonMetaData" + ecma + b"\x06") == ["onMetaData", {"width": 1280.0}, None]


def test_amf0_bombs_are_refused() -> None:
    with pytest.raises(ProtocolFault, match="nested deeper"):
        amf0.decode(b"\x03\0\1a" * 50)
    with pytest.raises(ProtocolFault, match="at most"):
        amf0.decode(b"\x0a\xff\xff\xff\xff")
    with pytest.raises(ProtocolFault, match="0x11"):
        amf0.decode(b"\x11\x00")
