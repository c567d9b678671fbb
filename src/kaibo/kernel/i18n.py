"""Translated words for errors: `<wing>/words/<locale>.toml`, keyed by error code. Chinese first, English complete."""

from __future__ import annotations

import tomllib
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Literal

Locale = Literal["zh", "en"]
LOCALES: tuple[Locale, ...] = ("zh", "en")
WINGS = ("kernel", "people", "goods", "trade", "stage", "open")


class Named(str):
    """A fact that has a name in each language; as a plain text it is the Chinese one."""

    en: str

    def __new__(cls, zh: str, en: str) -> Named:
        made = super().__new__(cls, zh)
        made.en = en
        return made

    def in_words(self, locale: Locale) -> str:
        return str(self) if locale == "zh" else self.en


@cache
def _words(locale: Locale) -> dict[str, str]:
    words: dict[str, str] = {}
    for wing in WINGS:
        file = resources.files(f"kaibo.{wing}").joinpath("words", f"{locale}.toml")
        words.update(tomllib.loads(file.read_text(encoding="utf-8")))
    return words


def known(locale: Locale) -> frozenset[str]:
    return frozenset(_words(locale))


def say(code: str, locale: Locale, facts: dict[str, Any]) -> str:
    """The sentence for `code`; the code itself where no word file has it (a house test forbids that).

    A fact that is nought may have a sentence of its own, "<code>.<name>=0": "only 0 left" is no way to say "sold out".
    """
    words = _words(locale)
    none = (words.get(f"{code}.{name}=0") for name, fact in facts.items() if fact == 0 and type(fact) is int)
    sentence = next((own for own in none if own), None) or words.get(code)
    if not sentence:
        return code
    return sentence.format(**{name: _listed(code, locale, fact) for name, fact in facts.items()})


def _listed(code: str, locale: Locale, fact: Any) -> Any:
    """A plain list reads as a list does in that language; an item is named by "<code>.<item>" where there are such words."""
    if isinstance(fact, Named):
        return fact.in_words(locale)
    if type(fact) is not list:
        return fact
    items = [_words(locale).get(f"{code}.{item}", str(item)) for item in fact]
    return ("、" if locale == "zh" else ", ").join(items)


@lru_cache(maxsize=1024)
def preferred(accept_language: str, default: Locale) -> Locale:
    """The reader's locale out of an Accept-Language header (RFC 9110, 12.5.4), by quality, then order."""
    offers: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language[:200].split(",")):
        tag, _, parameter = part.strip().partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            quality = 0.0
        offers.append((-quality, place, tag.lower()))
    for _, _, tag in sorted(offers):
        for locale in LOCALES:
            if tag.startswith(locale):
                return locale
    return default
