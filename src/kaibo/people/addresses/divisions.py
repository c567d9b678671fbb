"""China's administrative divisions: provinces, cities and prefectures, districts and counties, from `divisions.txt`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

_PEOPLES = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|羌|布朗|"
    "撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|保安|裕固|独龙|鄂伦春|鄂温克|达斡尔|仫佬|各"
)
_PROVINCE_SUFFIX = re.compile(r"(省|市|特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区)$")
_CITY_SUFFIX = re.compile(rf"((?:(?:{_PEOPLES})族?)+自治[州县]|地区|盟|市|林区|新区)$")
_DISTRICT_SUFFIX = re.compile(rf"((?:(?:{_PEOPLES})族?)+自治[县旗]|区|县|市|旗)$")


@dataclass(frozen=True)
class Division:
    """One line of the table. A municipality, or a county directly under a province, stands as its own city."""

    province: str
    city: str
    districts: tuple[str, ...]


@cache
def divisions() -> tuple[Division, ...]:
    file = resources.files("kaibo.people.addresses").joinpath("divisions.txt")
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return tuple(_division(*line.split("\t")) for line in lines)


def _division(province: str, city: str, districts: str = "") -> Division:
    return Division(province, city, tuple(districts.split()))


@cache
def provinces() -> dict[str, tuple[Division, ...]]:
    """Each province's full name with its cities, in the order of the codes."""
    found: dict[str, list[Division]] = {}
    for division in divisions():
        found.setdefault(division.province, []).append(division)
    return {name: tuple(cities) for name, cities in found.items()}


def short_province(name: str) -> str:
    """`广西壮族自治区` -> `广西`"""
    return _PROVINCE_SUFFIX.sub("", name)


def short_city(name: str) -> str:
    """`大理白族自治州` -> `大理`; the name itself where nothing of two characters would be left."""
    return _shortened(name, _CITY_SUFFIX)


def short_district(name: str) -> str:
    """`西湖区` -> `西湖`; the name itself where nothing of two characters would be left."""
    return _shortened(name, _DISTRICT_SUFFIX)


def _shortened(name: str, suffix: re.Pattern[str]) -> str:
    short = suffix.sub("", name)
    return short if len(short) >= 2 else name


def full_province(name: str) -> str | None:
    """The table's name for a province written in full or short, or None."""
    return next((full for full in provinces() if name in (full, short_province(full))), None)


def full_city(province: str, name: str) -> str | None:
    """The table's name for a city of `province` (full name) written in full or short, or None."""
    cities = provinces().get(province, ())
    return next((d.city for d in cities if name in (d.city, short_city(d.city))), None)
