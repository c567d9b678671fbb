"""A live source that shows the wall clock, for measuring the delay from glass to glass.

The picture carries the low 24 bits of the milliseconds since 1970 twice: as digits for people, and as a bar of 24 squares,
bright for 1 and dark for 0, most significant bit first, so that a page can read them from a canvas without OCR:

    for each bit i in 0..23:   luma at (BIT_X0 + i % BITS_PER_ROW * BIT_STEP, BIT_Y[i // BITS_PER_ROW]) > 127

in the coordinates of a WIDTH × HEIGHT picture (scale them when the canvas has another size). Two guard squares, always bright
and always dark, at GUARDS, tell a reader that it looks at a clock at all. A moment then is
`shown = 24 bits`, `delay_ms = (Date.now() - shown) mod 2**24`.

The time is that of the frame's making: ffmpeg evaluates the expressions frame by frame on real time (`realtime` paces the
source), before encoding, so that the delay measured includes encoding. Quantised to the frame: up to 40 ms early.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import imageio_ffmpeg
import noto_cjk_sans_otc

WIDTH, HEIGHT, FPS = 360, 640, 25
BITS = 24
BITS_PER_ROW = 12
BIT_STEP, BIT_SIDE = 26, 22
BIT_X0: Final = 37
BIT_Y: Final = (220, 252)
GUARDS: Final = {"bright": (37, 284), "dark": (63, 284)}
"""Centres."""


def clock_command(rtmp_url: str) -> list[str]:
    """The ffmpeg words that push the clock to an rtmp:// address until it is stopped."""
    return [
        imageio_ffmpeg.get_ffmpeg_exe(),
        *("-hide_banner", "-nostdin", "-loglevel", "warning"),
        *(
            "-re",
            "-readrate_initial_burst",
            "0.04",
            "-f",
            "lavfi",
            "-i",
            f"color=c=0x14181f:s={WIDTH}x{HEIGHT}:r={FPS}",
        ),
        *("-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo"),
        *("-vf", picture_filter(), "-fps_mode", "passthrough", "-map", "0:v", "-map", "1:a"),
        *(
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-tune",
            "zerolatency",
            "-profile:v",
            "baseline",
            "-pix_fmt",
            "yuv420p",
        ),
        *("-b:v", "500k", "-maxrate", "700k", "-bufsize", "350k", "-g", str(FPS), "-bf", "0", "-threads", "1"),
        *("-c:a", "aac", "-b:a", "32k", "-f", "flv", "-flvflags", "no_duration_filesize", rtmp_url),
    ]


def picture_filter() -> str:
    """The filters that draw the clock.

    The frame's timestamp is set to the wall clock once (RTCTIME), every box and digit is drawn from that one value, and then
    the timestamps are made regular again: so all bits of a frame belong to the same millisecond.
    """
    half = BIT_SIDE // 2
    boxes = [
        f"drawbox=x=20:y={BIT_Y[0] - 24}:w={WIDTH - 40}:h={GUARDS['dark'][1] - BIT_Y[0] + 48}:color=0x000000:t=fill"
    ]
    for i in range(BITS):
        x, y = BIT_X0 + i % BITS_PER_ROW * BIT_STEP - half, BIT_Y[i // BITS_PER_ROW] - half
        lit = f"mod(floor(floor(t*1000)/pow(2,{BITS - 1 - i})),2)"
        boxes.append(f"drawbox=x={x}:y={y}:w={BIT_SIDE}:h={BIT_SIDE}:color=white:t=fill:enable='{lit}'")
    gx, gy = GUARDS["bright"]
    boxes.append(f"drawbox=x={gx - half}:y={gy - half}:w={BIT_SIDE}:h={BIT_SIDE}:color=white:t=fill")
    font = f"fontfile='{_font()}'"
    digits = r"%{pts\:gmtime\:0\:%H.%M.%S}.%{eif\:mod(floor(t*1000)\,1000)\:d\:3}"
    low = r"%{eif\:mod(floor(t*1000)\,16777216)\:d\:8}"
    words = [
        f"drawtext={font}:text='{digits}':fontsize=44:fontcolor=white:x=(w-text_w)/2:y=344",
        f"drawtext={font}:text='{low}':fontsize=30:fontcolor=0x9fd0ff:x=(w-text_w)/2:y=410",
        f"drawtext={font}:text='毫秒时钟 UTC':fontsize=26:fontcolor=0xc8d0da:x=(w-text_w)/2:y=120",
    ]
    chain = ["settb=1/1000000", "setpts=RTCTIME", *boxes, *words, f"setpts=N/({FPS}*TB)"]
    return ",".join(chain)


def read_clock(luma: Callable[[int, int], int]) -> int | None:
    """The 24 bits from a WIDTH × HEIGHT picture, given as a function of (x, y) to 0..255; None where no clock is seen."""
    if luma(*GUARDS["bright"]) < 160 or luma(*GUARDS["dark"]) > 96:
        return None
    value = 0
    for i in range(BITS):
        value = value << 1 | (luma(BIT_X0 + i % BITS_PER_ROW * BIT_STEP, BIT_Y[i // BITS_PER_ROW]) > 127)
    return value


def _font() -> str:
    return Path(str(noto_cjk_sans_otc.FONT_PATH)).as_posix().replace("\\", "/").replace(":", "\\:")
