"""What H.264 and AAC configuration records say: sizes, profiles, sample rates. Samples themselves stay opaque."""

from __future__ import annotations

from dataclasses import dataclass

from kaibo.stage.media.faults import ProtocolFault

# ISO/IEC 14496-3 table 1.18
_SAMPLE_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)
# profiles whose SPS carries chroma and scaling data (ITU-T H.264, 7.3.2.1.1)
_HIGH_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))
PIXELS_MAX = 8_192
AAC_FRAME_SAMPLES = 1_024


@dataclass(frozen=True, slots=True)
class VideoConfig:
    """An AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1) and what its SPS says; sizes in pixels."""

    record: bytes
    width: int
    height: int

    @property
    def codec(self) -> str:
        """RFC 6381 name, for example avc1.64001f."""
        return f"avc1.{self.record[1:4].hex()}"


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """An AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1); rate in samples a second."""

    record: bytes
    object_type: int
    rate: int
    channels: int

    @property
    def codec(self) -> str:
        """RFC 6381 name, for example mp4a.40.2."""
        return f"mp4a.40.{self.object_type}"


class _Bits:
    def __init__(self, data: bytes) -> None:
        self.value = int.from_bytes(data, "big")
        self.left = len(data) * 8

    def take(self, count: int) -> int:
        if count > self.left:
            raise ProtocolFault("codec configuration cut short")
        self.left -= count
        return (self.value >> self.left) & ((1 << count) - 1)

    def golomb(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise ProtocolFault("H.264 SPS holds an impossible Exp-Golomb number")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        value = self.golomb()
        return (value + 1) // 2 if value & 1 else -(value // 2)


def parse_video(record: bytes) -> VideoConfig:
    """Raises ProtocolFault when `record` is not a usable AVCDecoderConfigurationRecord."""
    if len(record) < 8 or record[0] != 1:
        raise ProtocolFault("H.264 configuration record is cut short or of an unknown version")
    if record[4] & 3 != 3:
        raise ProtocolFault(f"H.264 with {(record[4] & 3) + 1}-byte NAL lengths; only 4-byte lengths are supported")
    if not record[5] & 0x1F:
        raise ProtocolFault("H.264 configuration record holds no SPS")
    size = int.from_bytes(record[6:8], "big")
    sps = record[8 : 8 + size]
    if len(sps) != size or size < 4:
        raise ProtocolFault("H.264 SPS cut short")
    width, height = _sps_size(sps)
    if not (0 < width <= PIXELS_MAX and 0 < height <= PIXELS_MAX):
        raise ProtocolFault(f"H.264 picture of {width} x {height} pixels; at most {PIXELS_MAX} each way are taken")
    return VideoConfig(record, width, height)


def _sps_size(sps: bytes) -> tuple[int, int]:
    """Width and height in pixels after cropping (ITU-T H.264, 7.3.2.1.1 and 7.4.2.1.1)."""
    bits = _Bits(sps[1:].replace(b"\0\0\3", b"\0\0"))
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    chroma = 1
    if profile in _HIGH_PROFILES:
        chroma = bits.golomb()
        if chroma == 3:
            bits.take(1)
        bits.golomb()
        bits.golomb()
        bits.take(1)
        if bits.take(1):
            _skip_scaling(bits, 12 if chroma == 3 else 8)
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.golomb()
        bits.golomb()
        for _ in range(min(bits.golomb(), 256)):
            bits.golomb()
    bits.golomb()
    bits.take(1)
    columns, rows = bits.golomb() + 1, bits.golomb() + 1
    frame_only = bits.take(1)
    if not frame_only:
        bits.take(1)
    bits.take(1)
    left = right = top = bottom = 0
    if bits.take(1):
        left, right, top, bottom = bits.golomb(), bits.golomb(), bits.golomb(), bits.golomb()
    crop_x = 2 if chroma in (1, 2) else 1
    crop_y = (2 if chroma == 1 else 1) * (2 - frame_only)
    return columns * 16 - crop_x * (left + right), (2 - frame_only) * rows * 16 - crop_y * (top + bottom)


def _skip_scaling(bits: _Bits, lists: int) -> None:
    for index in range(lists):
        if not bits.take(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.signed_golomb()) % 256
            last = following or last


def parse_audio(record: bytes) -> AudioConfig:
    """Raises ProtocolFault when `record` is not an AudioSpecificConfig of 1 to 8 channels."""
    if len(record) < 2:
        raise ProtocolFault("AAC configuration record cut short")
    bits = _Bits(record)
    object_type = bits.take(5)
    if object_type == 31:
        object_type = 32 + bits.take(6)
    index = bits.take(4)
    if index == 15:
        rate = bits.take(24)
    elif index < len(_SAMPLE_RATES):
        rate = _SAMPLE_RATES[index]
    else:
        raise ProtocolFault(f"AAC sample rate index {index} is reserved")
    channels = bits.take(4)
    channels = 8 if channels == 7 else channels
    if not 1 <= channels <= 8 or not 7_000 <= rate <= 96_000:
        raise ProtocolFault(f"AAC with {channels} channels at {rate} Hz; 1 to 8 channels, 7,000 to 96,000 Hz are taken")
    return AudioConfig(record, object_type, rate, channels)
