"""Members of the crowd: buyers with names and addresses who join over time, because one-time codes are rationed for everybody."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kaibo.demo.crowd.buy import Shopping
from kaibo.demo.door import Door, Refusal, Unreached
from kaibo.demo.invented import crowd_phone
from kaibo.demo.memory import Memory
from kaibo.demo.person import LOGINS, Person
from kaibo.kernel.telemetry import get_logger

log = get_logger(__name__)

MEMBERS_MAX = 28
MEMBERS_AT_ONCE = 10
"""An address may ask for 30 codes an hour; the people who try the demo on this machine need theirs."""
JOIN_SECONDS = 30 * 60
REST_SECONDS = 20 * 60

NICKNAMES = (
    "小鹿妈妈", "老周装修日记", "云上听风", "大理阿敏", "保定老赵", "衢州小陈", "一碗米线", "木易先生", "橙子不酸", "周末去爬山",
    "江山美人", "家有二宝", "隔壁王婶", "蒜香排骨", "北方的狼叔", "小满", "温州阿强", "新房进行时", "安静的风", "豆豆爸",
    "苍山雪", "厨房小白", "爱吃面的猫", "老李头", "晴天小铺", "半夏", "西瓜籽", "阿柒的日常",
)  # fmt: skip
BUYERS = (
    ("李秀英", "浙江省", "杭州市", "余杭区", "良渚街道古墩路 1888 号 3 幢 501"),
    ("王建国", "河北省", "保定市", "莲池区", "东风东路 369 号 2 单元 1102"),
    ("杨敏", "云南省", "大理白族自治州", "大理市", "下关街道泰安路 27 号"),
    ("陈志强", "浙江省", "温州市", "鹿城区", "五马街道公园路 5 号"),
    ("张伟", "江苏省", "南京市", "江宁区", "秣陵街道双龙大道 1680 号"),
    ("刘洋", "四川省", "成都市", "武侯区", "桂溪街道天府大道 99 号 8 栋"),
    ("赵桂兰", "河南省", "郑州市", "金水区", "经三路 66 号院 4 号楼"),
    ("周倩", "广东省", "广州市", "天河区", "体育西路 103 号 1603"),
    ("吴昊", "湖北省", "武汉市", "洪山区", "珞喻路 1037 号"),
    ("孙丽娟", "山东省", "济南市", "历下区", "经十路 17703 号 6-302"),
)  # fmt: skip

Mark = Callable[[Person], Awaitable[None]]
"""Marks an account as the demo's, so that everything it does in a room is shown as such."""


@dataclass
class Membership:
    """Who is there, and who of them is in a room just now."""

    free: list[Person]
    inside: set[str]

    def take(self, dice: random.Random) -> Person | None:
        """Somebody who is in no room."""
        if not self.free:
            return None
        person = self.free.pop(dice.randrange(len(self.free)))
        self.inside.add(person.phone)
        return person

    def give_back(self, person: Person) -> None:
        self.inside.discard(person.phone)
        self.free.append(person)

    def __len__(self) -> int:
        return len(self.free) + len(self.inside)


class Joining:
    def __init__(
        self, door: Door, memory: Memory, members: Membership, shopping: Shopping, mark: Mark, most: int = MEMBERS_MAX
    ) -> None:
        self._door = door
        self._memory = memory
        self._members = members
        self._shopping = shopping
        self._mark = mark
        self._most = min(most, len(NICKNAMES))

    async def run(self) -> None:
        """Those of earlier starts come back at once, and the first MEMBERS_AT_ONCE; every other one after JOIN_SECONDS."""
        for number in range(self._most):
            if number >= MEMBERS_AT_ONCE and self._memory.get(LOGINS, crowd_phone(number)) is None:
                await asyncio.sleep(JOIN_SECONDS)
            while not await self._joined(number):
                await asyncio.sleep(REST_SECONDS)
            await asyncio.sleep(1.0)

    async def _joined(self, number: int) -> bool:
        try:
            await self.join(number)
        except (Refusal, Unreached) as no:
            log.info("demo.join_later", number=number, why=str(no))
            return False
        return True

    async def join(self, number: int) -> Person:
        """Sign the `number`th member in and see that name, mark and address are there. Raises Refusal, Unreached."""
        person = Person(self._door, crowd_phone(number), self._memory)
        await person.sign_in()
        await self._mark(person)
        await person.be_called(NICKNAMES[number])
        self._shopping.may_buy(person, await address_of(person, number))
        self._members.free.append(person)
        return person


async def address_of(person: Person, number: int) -> str:
    """The id of this person's address, written where there is none."""
    found = (await person.get("/api/addresses"))["items"]
    if found:
        return str(found[0]["id"])
    name, province, city, district, detail = BUYERS[number % len(BUYERS)]
    body = {
        "name": name,
        "phone": person.phone,
        "province": province,
        "city": city,
        "district": district,
        "detail": detail,
        "is_default": True,
    }
    made = await person.post("/api/addresses", body, key=f"demo-address-{person.phone}")
    return str(made["id"])
