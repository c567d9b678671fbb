"""The paste parser: any order, any separator, labels or none."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaibo.people.addresses.divisions import divisions, full_city, full_province, provinces, short_city, short_province
from kaibo.people.addresses.parse import Parsed, parse_address

DOOR = Parsed("李雷", "13812345678", "浙江省", "衢州市", "江山市", "贺村镇淤头路 18 号")


def squeezed(parsed: Parsed) -> tuple[str | None, ...]:
    detail = parsed.detail.replace(" ", "") if parsed.detail else None
    return parsed.name, parsed.phone, parsed.province, parsed.city, parsed.district, detail


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["李雷", "13812345678", "浙江省衢州市江山市贺村镇淤头路18号"]))
)
@pytest.mark.parametrize("separator", [" ", ",", "，", "\n", "；", " / ", "\t"])
def test_any_order_with_any_separator(order: tuple[str, ...], separator: str) -> None:
    assert squeezed(parse_address(separator.join(order))) == squeezed(DOOR)


@pytest.mark.parametrize(
    "text",
    [
        "收件人：李雷\n手机号码：138-1234-5678\n所在地区：浙江省 衢州市 江山市\n详细地址：贺村镇淤头路18号",
        "收货人: 李雷 电话: +86 13812345678 收货地址: 浙江衢州江山贺村镇淤头路18号",
        "姓名：李雷，地址：浙江省衢州市江山市贺村镇淤头路18号，电话：13812345678",
        "浙江 衢州 江山 贺村镇淤头路18号 李雷 138 1234 5678",
        "浙江省衢州市江山市贺村镇淤头路18号李雷13812345678",
        "李雷13812345678浙江省衢州市江山市贺村镇淤头路18号",
        "江山市贺村镇淤头路18号 李雷 13812345678",
    ],
)
def test_what_people_really_paste(text: str) -> None:
    assert squeezed(parse_address(text)) == squeezed(DOOR)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("北京市朝阳区建国路 93 号院 8 号楼 韩梅梅 13900001111", ("北京市", "北京市", "朝阳区", "韩梅梅")),
        ("北京朝阳建国路93号 韩梅梅 13900001111", ("北京市", "北京市", "朝阳区", "韩梅梅")),
        ("上海市市辖区浦东新区世纪大道1号 13900001111 韩梅梅", ("上海市", "上海市", "浦东新区", "韩梅梅")),
        ("吉林市船营区解放大路1号 韩梅梅 13900001111", ("吉林省", "吉林市", "船营区", "韩梅梅")),
        ("吉林省长春市朝阳区前进大街 韩梅梅 13900001111", ("吉林省", "长春市", "朝阳区", "韩梅梅")),
        ("广东省东莞市虎门镇太沙路2号 韩梅梅 13900001111", ("广东省", "东莞市", None, "韩梅梅")),
        ("湖北仙桃市干河街道 韩梅梅 13900001111", ("湖北省", "仙桃市", None, "韩梅梅")),
        ("云南大理宾川县金牛镇大蒜市场 张三 13900001111", ("云南省", "大理白族自治州", "宾川县", "张三")),
        ("河北保定满城区神星镇 张三 13900001111", ("河北省", "保定市", "满城区", "张三")),
        ("内蒙古锡林郭勒盟正蓝旗上都镇 张三 13900001111", ("内蒙古自治区", "锡林郭勒盟", "正蓝旗", "张三")),
        ("浙江省杭州市临平新区振兴路 张三 13900001111", ("浙江省", "杭州市", "临平新区", "张三")),
        ("欧阳娜娜 13900001111 新疆伊犁伊宁市解放路", ("新疆维吾尔自治区", "伊犁哈萨克自治州", "伊宁市", "欧阳娜娜")),
        (
            "王女士 13900001111 香港特别行政区油尖旺区弥敦道1号",
            ("香港特别行政区", "香港特别行政区", "油尖旺区", "王女士"),
        ),
        ("John Smith 13900001111 广东省深圳市南山区科技园", ("广东省", "深圳市", "南山区", "John Smith")),
    ],
)
def test_places_of_every_kind(text: str, expected: tuple[str | None, ...]) -> None:
    found = parse_address(text)
    assert (found.province, found.city, found.district, found.name) == expected
    assert found.phone == "13900001111"


def test_an_estate_is_not_taken_for_a_district() -> None:
    found = parse_address("浙江省杭州市幸福小区3幢 张三 13900001111")
    assert (found.district, found.detail) == (None, "幸福小区3幢")


def test_a_district_of_several_cities_decides_nothing_alone() -> None:
    found = parse_address("鼓楼区中山路1号")
    assert (found.province, found.city, found.district) == (None, None, None)


def test_text_without_a_place_keeps_its_words() -> None:
    assert parse_address("你好") == Parsed(name="你好")
    assert parse_address("") == Parsed()


@given(st.text(max_size=700))
def test_no_text_breaks_the_parser(text: str) -> None:
    parse_address(text)


_placed = st.sampled_from(divisions()).flatmap(
    lambda d: st.tuples(st.just(d), st.sampled_from(d.districts) if d.districts else st.none())
)


@settings(max_examples=300)
@given(
    placed=_placed,
    name=st.builds(
        lambda a, b: a + b, st.sampled_from("王李张刘陈杨赵黄"), st.sampled_from(["伟", "秀英", "建国", "子涵"])
    ),
    order=st.permutations(["name", "phone", "address"]),
    separator=st.sampled_from([" ", "\n", "，", "; "]),
)
def test_every_division_of_the_table_is_read_back(placed: tuple, name: str, order: list[str], separator: str) -> None:  # type: ignore[type-arg]
    division, district = placed
    city = "" if division.city == division.province else division.city
    parts = {
        "name": name,
        "phone": "15912345678",
        "address": f"{division.province}{city}{district or ''}人民路100号2栋301室",
    }
    found = parse_address(separator.join(parts[key] for key in order))
    assert found == Parsed(name, "15912345678", division.province, division.city, district, "人民路100号2栋301室")


def test_the_table_is_complete_to_the_city() -> None:
    assert len(provinces()) == 34
    prefectures = [d for d in divisions() if d.province not in ("台湾省", "香港特别行政区", "澳门特别行政区")]
    # 4 municipalities, 333 cities and prefectures, the counties directly under provinces and regions, Xiong'an
    assert len([d for d in prefectures if d.districts]) >= 4 + 333 - 4
    assert {"东莞市", "中山市", "儋州市", "嘉峪关市"} <= {d.city for d in prefectures if not d.districts}


def test_short_names_of_cities_and_provinces_lead_back_to_the_full_ones() -> None:
    for division in divisions():
        assert full_province(short_province(division.province)) == division.province
        found = full_city(division.province, short_city(division.city))
        assert found is not None
        assert short_city(found) == short_city(division.city)
        assert full_city(division.province, division.city) == division.city
