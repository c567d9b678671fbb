"""AMF0, the value encoding of RTMP commands (Adobe, "Action Message Format -- AMF 0", 2007).

Decodes to plain Python: float, bool, str, None, dict, list; a date becomes its milliseconds. Object references,
recordsets, XML and AMF3 are refused: no encoder sends them in a publish session.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import TypeAlias, Union

from kaibo.stage.media.faults import ProtocolFault

NUMBER, BOOLEAN, STRING, OBJECT = 0x00, 0x01, 0x02, 0x03
NULL, UNDEFINED, ECMA_ARRAY, OBJECT_END = 0x05, 0x06, 0x08, 0x09
STRICT_ARRAY, DATE, LONG_STRING, UNSUPPORTED = 0x0A, 0x0B, 0x0C, 0x0D

DEPTH_MAX = 8
VALUES_MAX = 1_024
SHORT_STRING_BYTES_MAX = 0xFFFF

_DOUBLE = struct.Struct(">d")
_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")

Value: TypeAlias = Union[float, bool, str, Mapping[str, "Value"], Sequence["Value"], None]  # noqa: UP007 - names itself


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.values = 0

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.data):
            raise ProtocolFault(f"AMF0 value cut short: {count} bytes wanted, {len(self.data) - self.at} left")
        piece = self.data[self.at : end]
        self.at = end
        return piece

    def text(self, count: int) -> str:
        return self.take(count).decode("utf-8", "replace")

    def value(self, depth: int) -> Value:
        self.values += 1
        if depth > DEPTH_MAX or self.values > VALUES_MAX:
            raise ProtocolFault(f"AMF0 nested deeper than {DEPTH_MAX} or longer than {VALUES_MAX} values")
        marker = self.take(1)[0]
        if marker == NUMBER:
            return float(_DOUBLE.unpack(self.take(8))[0])
        if marker == BOOLEAN:
            return self.take(1) != b"\0"
        if marker == STRING:
            return self.text(_U16.unpack(self.take(2))[0])
        if marker == LONG_STRING:
            return self.text(_U32.unpack(self.take(4))[0])
        if marker in (NULL, UNDEFINED, UNSUPPORTED):
            return None
        if marker == OBJECT:
            return self.members(depth)
        if marker == ECMA_ARRAY:
            self.take(4)  # the count is a hint only; encoders write 0 or a wrong one
            return self.members(depth)
        if marker == STRICT_ARRAY:
            count = _U32.unpack(self.take(4))[0]
            if count > VALUES_MAX:
                raise ProtocolFault(f"AMF0 array of {count} values; at most {VALUES_MAX} are taken")
            return [self.value(depth + 1) for _ in range(count)]
        if marker == DATE:
            when = float(_DOUBLE.unpack(self.take(8))[0])
            self.take(2)  # time zone: reserved, always 0
            return when
        raise ProtocolFault(f"AMF0 marker 0x{marker:02x} is not supported")

    def members(self, depth: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while True:
            name = self.text(_U16.unpack(self.take(2))[0])
            if not name and self.data[self.at : self.at + 1] == bytes([OBJECT_END]):
                self.at += 1
                return found
            found[name] = self.value(depth + 1)


def decode(data: bytes) -> list[Value]:
    """All values in `data`, in order. Raises ProtocolFault for anything that is not AMF0."""
    decoder = _Decoder(data)
    values: list[Value] = []
    while decoder.at < len(data):
        values.append(decoder.value(0))
    return values


def encode(*values: Value) -> bytes:
    """The AMF0 bytes of `values`: dict as an object, list as a strict array, int as a number."""
    out = bytearray()
    for value in values:
        _encode_into(out, value)
    return bytes(out)


def _encode_into(out: bytearray, value: Value) -> None:
    if value is None:
        out.append(NULL)
    elif isinstance(value, bool):
        out += bytes((BOOLEAN, value))
    elif isinstance(value, int | float):
        out.append(NUMBER)
        out += _DOUBLE.pack(value)
    elif isinstance(value, str):
        raw = value.encode("utf-8", "replace")
        if len(raw) > SHORT_STRING_BYTES_MAX:
            out.append(LONG_STRING)
            out += _U32.pack(len(raw)) + raw
        else:
            out.append(STRING)
            out += _U16.pack(len(raw)) + raw
    elif isinstance(value, Mapping):
        out.append(OBJECT)
        for name, member in value.items():
            raw = name.encode("utf-8", "replace")[:SHORT_STRING_BYTES_MAX]
            out += _U16.pack(len(raw)) + raw
            _encode_into(out, member)
        out += bytes((0, 0, OBJECT_END))
    else:
        out.append(STRICT_ARRAY)
        out += _U32.pack(len(value))
        for item in value:
            _encode_into(out, item)
