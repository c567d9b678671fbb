"""Frames and music into a file that an encoder could have sent: H.264 High without B-frames, a key frame a second, AAC.

FLV, so that `ffmpeg -re -stream_loop -1 -i film -c copy -f flv rtmp://…` loops it with timestamps that only grow.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Callable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import imageio_ffmpeg
import PIL

from kaibo.demo.films import montage, music
from kaibo.demo.films.layout import FPS, HEIGHT, WIDTH

FILM_SECONDS = 48
VIDEO_KBPS, VIDEO_KBPS_MAX, AUDIO_KBPS = 1400, 1800, 96
STDERR_CHARS_MAX = 2000


class FilmNotRendered(RuntimeError):
    """ffmpeg refused or died; the message holds the end of what it said."""


def render_film(
    shop_key: str, cache_dir: Path, on_progress: Callable[[float], None], seconds: float | None = None
) -> Path:
    """The film of a room, made unless `cache_dir` holds it already; the name carries a hash of everything it is made from.

    `seconds` cuts it short (whole seconds; for trials). `on_progress` hears shares from 0 to 1. Raises FilmNotRendered.
    """
    length = FILM_SECONDS if seconds is None else max(1, min(FILM_SECONDS, round(seconds)))
    cache_dir.mkdir(parents=True, exist_ok=True)
    target = cache_dir / f"{shop_key}-{length}s-{_fingerprint()}.flv"
    if not target.exists():
        part = cache_dir / f".{shop_key}-{os.getpid()}.part.flv"
        sound = part.with_suffix(".wav")
        try:
            music.write_wav(shop_key, sound, length)
            _encode(shop_key, sound, part, length, on_progress)
            part.replace(target)
        finally:
            sound.unlink(missing_ok=True)
            part.unlink(missing_ok=True)
        _forget_older(cache_dir, f"{shop_key}-{length}s-", target)
    on_progress(1.0)
    return target


def encoder_command(sound: Path, target: Path, seconds: int) -> list[str]:
    """Raw RGB frames come on stdin."""
    return [
        imageio_ffmpeg.get_ffmpeg_exe(),
        *("-hide_banner", "-loglevel", "error", "-y"),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-"),
        *("-i", str(sound), "-map", "0:v", "-map", "1:a", "-t", str(seconds)),
        *("-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p", "-bf", "0"),
        *("-x264-params", f"keyint={FPS}:min-keyint={FPS}:scenecut=0:open-gop=0"),
        *("-b:v", f"{VIDEO_KBPS}k", "-maxrate", f"{VIDEO_KBPS_MAX}k", "-bufsize", f"{VIDEO_KBPS_MAX}k"),
        *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"),
        *("-vf", "scale=out_color_matrix=bt709:out_range=tv"),
        *("-c:a", "aac", "-b:a", f"{AUDIO_KBPS}k", "-ar", "48000", "-ac", "2"),
        *("-f", "flv", str(target)),
    ]


def _encode(shop_key: str, sound: Path, target: Path, seconds: int, on_progress: Callable[[float], None]) -> None:
    command = encoder_command(sound, target, seconds)
    total = seconds * FPS
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603 - our own words
        assert process.stdin is not None
        assert process.stderr is not None
        try:
            for number, frame in enumerate(montage.frames(shop_key, count=total), start=1):
                process.stdin.write(frame.tobytes())
                if number % FPS == 0:
                    on_progress(number / (total + 1))
            process.stdin.close()
        except BrokenPipeError:
            with contextlib.suppress(BrokenPipeError):  # what it said is read below
                process.stdin.close()
        except BaseException:
            process.kill()
            raise
        said = process.stderr.read().decode(errors="replace")
    if process.returncode != 0:
        raise FilmNotRendered(
            f"ffmpeg ended with {process.returncode} on the film of {shop_key}: {said[-STDERR_CHARS_MAX:]}"
        )


def _fingerprint() -> str:
    """A hash of the code that draws, of the catalogue and of the tools."""
    digest = hashlib.sha256(f"{PIL.__version__} {os.path.basename(imageio_ffmpeg.get_ffmpeg_exe())}".encode())
    root = files("kaibo.demo")
    for folder in (root.joinpath("art"), root.joinpath("films"), root):
        names = [entry for entry in folder.iterdir() if _belongs(entry, folder is root)]
        for entry in sorted(names, key=lambda e: e.name):
            digest.update(entry.name.encode() + b"\0" + entry.read_bytes())
    return digest.hexdigest()[:12]


def _belongs(entry: Traversable, at_root: bool) -> bool:
    if at_root:
        return entry.name.startswith("catalogue")
    return entry.name.endswith(".py")


def _forget_older(cache_dir: Path, prefix: str, keep: Path) -> None:
    for old in cache_dir.glob(f"{prefix}*.flv"):
        if old != keep:
            old.unlink(missing_ok=True)
