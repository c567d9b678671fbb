"""Quiet background music, synthesised: a chord loop of 16 s for each room, written as a WAV that loops without a seam.

A film is a whole number of 8 s long, so that it also holds a whole number of AAC frames (1024 samples at 48 kHz).
"""

from __future__ import annotations

import array
import math
import random
import sys
import wave
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

RATE = 24_000
LOOP_SECONDS = 16
PEAK = 0.20
"""Of full scale: music stays below a voice."""


@dataclass(frozen=True, slots=True)
class Tune:
    """`chords`: one a bar, as semitones from middle C; `bar` in seconds divides LOOP_SECONDS; `voice`: pluck, bell or flute."""

    chords: tuple[tuple[int, ...], ...]
    bar: float
    pattern: tuple[int, ...]
    voice: str
    seed: int


TUNES: dict[str, Tune] = {
    "doors": Tune(
        ((0, 4, 7, 12), (-3, 0, 4, 9), (-7, -3, 0, 5), (-5, -1, 2, 7)), 4.0, (0, 2, 1, 3, 2, 1, 3, 2), "pluck", 1
    ),
    "tissue": Tune(
        ((7, 11, 14, 19), (4, 7, 11, 16), (0, 4, 7, 12), (2, 6, 9, 14)) * 2, 2.0, (0, 1, 2, 3, 2, 1, 3, 1), "bell", 2
    ),
    "garlic": Tune(((-5, 0, 2, 7), (-3, 2, 4, 9), (0, 4, 7, 9), (-5, 2, 4, 7)), 4.0, (0, 3, 2, 1, 2, 3), "flute", 3),
}


def pitch(semitones: float) -> float:
    """Hz, from middle C."""
    return 261.6256 * 2 ** (semitones / 12)


@lru_cache(maxsize=128)
def _note(semitones: int, seconds: float, voice: str) -> array.array[float]:
    """One note with its envelope, peak about 1."""
    n = round(seconds * RATE)
    w = math.tau * pitch(semitones) / RATE
    out = array.array("f", bytes(4 * n))
    for i in range(n):
        t = i / RATE
        if voice == "pluck":
            env = min(1.0, t / 0.006) * math.exp(-3.1 * t)
            value = (
                math.sin(w * i)
                + 0.42 * math.sin(2 * w * i) * math.exp(-3 * t)
                + 0.18 * math.sin(3 * w * i) * math.exp(-6 * t)
            )
        elif voice == "bell":
            env = min(1.0, t / 0.004) * math.exp(-2.4 * t)
            value = (
                math.sin(w * i)
                + 0.30 * math.sin(2.01 * w * i) * math.exp(-4 * t)
                + 0.14 * math.sin(4.1 * w * i) * math.exp(-8 * t)
            )
        elif voice == "flute":
            env = min(1.0, t / 0.09) * min(1.0, max(0.0, seconds - t) / 0.25)
            value = math.sin(w * i + 0.25 * math.sin(math.tau * 5.2 * t) * min(1.0, t)) + 0.20 * math.sin(2 * w * i)
        else:
            env = math.sin(math.pi * min(1.0, t / seconds)) ** 0.8
            value = math.sin(w * i) + 0.25 * math.sin(0.5 * w * i)
        out[i] = env * value
    return out


def _mix(track: array.array[float], note: array.array[float], at_seconds: float, gain: float) -> None:
    """Add a note; its tail wraps round to the start, which is what makes the loop seamless."""
    size, start = len(track), round(at_seconds * RATE)
    for i, value in enumerate(note):
        track[(start + i) % size] += gain * value


def loop(shop: str) -> array.array[int]:
    """The 16 s loop as signed 16-bit mono samples at RATE."""
    tune = TUNES[shop]
    rnd = random.Random(tune.seed)
    track = array.array("f", bytes(4 * LOOP_SECONDS * RATE))
    for b, chord in enumerate(tune.chords):
        start = b * tune.bar
        for tone in chord[:3]:
            _mix(track, _note(tone - 12, tune.bar * 1.15, "pad"), start, 0.26)
        beat = tune.bar / len(tune.pattern)
        for k, which in enumerate(tune.pattern):
            if k and rnd.random() < 0.14:
                continue
            _mix(track, _note(chord[which], min(1.6, beat * 2.6), tune.voice), start + k * beat, 0.42 + 0.2 * (k == 0))
    top = max(abs(v) for v in track)
    scale = PEAK * 32767 / top
    return array.array("h", [round(v * scale) for v in track])


def write_wav(shop: str, target: Path, seconds: float) -> None:
    """The loop repeated and cut to `seconds`."""
    samples = loop(shop)
    wanted = round(seconds * RATE)
    while len(samples) < wanted:
        samples = samples + samples
    samples = samples[:wanted]
    if sys.byteorder == "big":
        samples.byteswap()
    with wave.open(str(target), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
