"""Read name, phone and address out of text pasted from a chat, in any order. Pure.

The phone is cut out first; labels (收件人：…) are honoured; then the piece of text that names a place begins the address. Province
and city are recognised from the complete table, districts from it or by their suffix (区 县 市 旗), so that new ones work too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from kaibo.people.addresses.divisions import Division, divisions, provinces, short_city, short_district, short_province

TEXT_CHARS_MAX = 500
NAME_CHARS_MAX = 30

_PHONE = re.compile(r"(?<!\d)(?:(?:\+|00)?86[-\s]?)?(1[3-9]\d[-\s]?\d{4}[-\s]?\d{4})(?!\d)")
_NAME_LABEL = re.compile(r"(?:收货人姓名|收件人姓名|收货人|收件人|联系人|姓名|名字)\s*[::]?\s*([^\s,;::。|\d]{1,30})")
_LABEL = re.compile(
    r"(?:收货人|收件人|联系人|姓名|名字|手机号码|手机号|手机|电话号码|联系电话|联系方式|电话|收货地址|收件地址|详细地址|所在地区|"
    r"所在地址|省市区|地址|地区)\s*:\s*|(?:收货人|收件人|联系人|手机号码|手机号|手机|联系电话|电话|收货地址|收件地址|详细地址|所在地区|"
    r"地址)(?=\s|$)"
)
_SEPARATOR = re.compile(r"[\s,;。、|]+")
_FILLER = re.compile(r"^(?:市辖区|省直辖县级行政区划|自治区直辖县级行政区划)")
_DISTRICT = re.compile(r"[\u4e00-\u9fff]{1,8}?(?:新区|开发区|自治县|区|县|旗|市)")
_NOT_A_DISTRICT = ("小区", "社区", "园区", "校区", "景区", "厂区", "院区", "库区", "住宅区", "生活区", "超市", "菜市")
_PLACE_END = tuple("省市区县旗州盟镇乡村路街道巷弄号室楼栋幢层座院厦园苑庄店仓校站部司场城府里组队口单元")
_HAN_NAME = re.compile(r"[\u4e00-\u9fff·]{2,6}(?:先生|女士|小姐|老师)?")
_LATIN_NAME = re.compile(r"[A-Za-z][A-Za-z.'-]*")
_NAME_AT_END = re.compile(r"(.*(?:\d|号|室|楼|栋|幢|层|座|户|单元))\s*([\u4e00-\u9fff]{2,3})$")
_LARGER = ("省", "自治区", "特别行政区")
_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊"
    "金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐梅莫"
    "庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房"
)


@dataclass(frozen=True)
class Parsed:
    """What was recognised; None for what was not."""

    name: str | None = None
    phone: str | None = None
    province: str | None = None
    city: str | None = None
    district: str | None = None
    detail: str | None = None


@dataclass(frozen=True)
class _Region:
    province: str | None = None
    city: str | None = None
    district: str | None = None
    rest: str = field(default="", compare=False)
    full_names: int = 0
    known: int = 0

    def rank(self, text: str) -> tuple[int, int, int]:
        """More parts out of the table win, then more full names, then more characters (a district known by suffix only)."""
        return self.known, self.full_names, len(text) - len(self.rest)


def parse_address(text: str) -> Parsed:
    """Read an address out of at most TEXT_CHARS_MAX characters of text."""
    text = unicodedata.normalize("NFKC", text[:TEXT_CHARS_MAX])
    text = "".join(c for c in text if not unicodedata.category(c).startswith("Cf"))
    phone = None
    found = _PHONE.search(text)
    if found:
        phone = re.sub(r"\D", "", found.group(1))
        text = f"{text[: found.start()]} \n {text[found.end() :]}"
    name = None
    labelled = _NAME_LABEL.search(text)
    if labelled and not _is_place(labelled.group(1)):
        name = labelled.group(1)
        text = f"{text[: labelled.start()]} {text[labelled.end() :]}"
    tokens = _tokens_of(_LABEL.sub(" ", text))
    start, region = _find_region(tokens)
    if region is None:
        return _without_region(name, phone, tokens)
    before, after = tokens[:start], _tokens_of(region.rest)
    if name is None:
        name, before, after = _take_name(before, after)
    detail = " ".join([*after, *before]) or None
    return Parsed(name, phone, region.province, region.city, region.district or None, detail)


def _tokens_of(text: str) -> list[str]:
    return [token for token in _SEPARATOR.split(text) if any(c.isalnum() for c in token)]


def _without_region(name: str | None, phone: str | None, tokens: list[str]) -> Parsed:
    if name is None:
        name, tokens, _ = _take_name(tokens, [])
    return Parsed(name, phone, detail=" ".join(tokens) or None)


def _is_place(token: str) -> bool:
    region = _region_at(token)
    return bool(region.city or region.province)


def _find_region(tokens: list[str]) -> tuple[int, _Region | None]:
    """The token at which the address begins: the one from which most of a region can be read."""
    best: tuple[tuple[int, int, int], int, _Region] | None = None
    for start in range(len(tokens)):
        text = " ".join(tokens[start:])
        region = _region_at(text)
        rank = region.rank(text)
        if rank[0] and (best is None or rank > best[0]):
            best = (rank, start, region)
    return (best[1], best[2]) if best else (0, None)


def _region_at(text: str) -> _Region:
    """The best reading of the beginning of `text` as province, city, district."""
    readings = [_Region(rest=text)]
    for province, rest, full in _province_readings(text):
        for city, after_city, city_full in _city_readings(province, rest):
            for district, after, district_full in _district_readings(province, city, after_city):
                if not (province or city or district):
                    continue
                readings.append(_completed(province, city, district, after, full + city_full + district_full))
    return max(readings, key=lambda region: region.rank(text))


def _completed(province: str | None, city: Division | None, district: str | None, rest: str, full: int) -> _Region:
    if city is None and district:
        homes = [d for d in divisions() if district in d.districts and province in (None, d.province)]
        city = homes[0] if len(homes) == 1 else None
        if city is None:
            return _Region(rest=rest)
    if city is None and province and len(provinces()[province]) == 1:
        city = provinces()[province][0]
    known = (1 if city or province else 0) + (1 if city else 0) + (1 if city and district in city.districts else 0)
    return _Region(city.province if city else province, city.city if city else None, district, rest, full, known)


def _starts(text: str, full: str, short: str, suffixes: str) -> tuple[str, int] | None:
    """(what follows, whether it was the full name) where `text` starts with a name, or None."""
    if text.startswith(full):
        return _trim(text[len(full) :]), 1
    if short != full and text.startswith(short):
        rest = text[len(short) :]
        if rest.startswith(_LARGER) and rest[0] not in suffixes:
            return None  # "海南省…" is the province, not the prefecture 海南藏族自治州
        return _trim(rest[1:] if rest[:1] and rest[0] in suffixes else rest), 0
    return None


def _trim(text: str) -> str:
    return _FILLER.sub("", text.lstrip(" -/")).lstrip(" -/")


def _province_readings(text: str) -> Iterator[tuple[str | None, str, int]]:
    yield None, text, 0
    for name in provinces():
        hit = _starts(text, name, short_province(name), "省市")
        if hit:
            yield name, *hit


def _city_readings(province: str | None, text: str) -> Iterator[tuple[Division | None, str, int]]:
    yield None, text, 0
    for division in provinces()[province] if province else divisions():
        hit = _starts(text, division.city, short_city(division.city), "市州")
        if hit:
            yield division, *hit


def _district_readings(province: str | None, city: Division | None, text: str) -> Iterator[tuple[str | None, str, int]]:
    yield None, text, 0
    homes = (city,) if city else provinces()[province] if province else divisions()
    for home in homes:
        for name in home.districts:
            # a short district name alone ("新华", "和平") is too common a word to begin an address with
            short = short_district(name) if city else name
            hit = _starts(text, name, short, "区县市旗")
            # 临平新区 is not 临平区 followed by 新区
            if hit and (hit[1] or not text[len(short) :].startswith(("新区", "开发区"))):
                yield name, *hit
    unknown = _DISTRICT.match(text) if city else None
    if unknown and not unknown.group().endswith(_NOT_A_DISTRICT):
        yield unknown.group(), _trim(text[unknown.end() :]), 0


def _take_name(before: list[str], after: list[str]) -> tuple[str | None, list[str], list[str]]:
    """The token most like a person's name, taken out of what stands before the region or after it."""
    latin = [token for token in before if _LATIN_NAME.fullmatch(token)]
    if latin and len(latin) == len(before):
        return " ".join(before)[:NAME_CHARS_MAX], [], after
    candidates = [(_name_likeness(t), 0, i) for i, t in enumerate(before)]
    # the first piece after the region is the street
    candidates += [(_name_likeness(t), 1, i) for i, t in enumerate(after) if i > 0 or not before]
    likely = max(candidates, default=(0, 0, 0), key=lambda c: (c[0], -c[1], c[2]))
    if likely[0] > 0:
        side = list(after if likely[1] else before)
        name = side.pop(likely[2])[:NAME_CHARS_MAX]
        return (name, before, side) if likely[1] else (name, side, after)
    stuck = _NAME_AT_END.fullmatch(after[-1]) if after else None
    if stuck and stuck.group(2)[0] in _SURNAMES:
        return stuck.group(2), before, [*after[:-1], stuck.group(1)]
    if len(before) == 1 and len(before[0]) <= NAME_CHARS_MAX and not any(c.isdigit() for c in before[0]):
        return before[0], [], after
    return None, before, after


def _name_likeness(token: str) -> int:
    """0: not a name; the higher, the more it looks like one."""
    if _HAN_NAME.fullmatch(token):
        if token.endswith(("先生", "女士", "小姐", "老师")):
            return 4
        if token.endswith(_PLACE_END) and len(token) > 3:
            return 0
        likeness = 2 if token[0] in _SURNAMES and len(token) <= 4 else 1
        return likeness + (1 if not token.endswith(_PLACE_END) else 0)
    return 1 if _LATIN_NAME.fullmatch(token) and len(token) > 1 else 0
