"""Kuaidi100's words: its codes of companies and of states. From its public documents 快递公司编码 and 物流状态码."""

from __future__ import annotations

from kaibo.trade.shipping.model import ParcelState

COMPANY = {
    "sf": "shunfeng",
    "zto": "zhongtong",
    "yto": "yuantong",
    "sto": "shentong",
    "yunda": "yunda",
    "jd": "jd",
    "ems": "ems",
    "post": "youzhengguonei",
    "jt": "jtexpress",
    "deppon": "debangkuaidi",
    "best": "baishiwuliu",
    "ane": "annengwuliu",
    "zjs": "zhaijisong",
    "cainiao": "danniao",
    "fengwang": "fengwang",
    "kye": "kuayue",
    "yimi": "yimidida",
}
CARRIER = {company: key for key, company in COMPANY.items()} | {"debangwuliu": "deppon", "huitongkuaidi": "best"}

_P = ParcelState
STATES = {
    "0": _P.IN_TRANSIT,  # 在途
    "1": _P.COLLECTED,  # 揽收
    "2": _P.EXCEPTION,  # 疑难
    "3": _P.DELIVERED,  # 签收
    "4": _P.RETURNED,  # 退签: back at the sender, who has signed
    "5": _P.OUT_FOR_DELIVERY,  # 派件
    "6": _P.RETURNED,  # 退回: on its way back
    "7": _P.IN_TRANSIT,  # 转投
    "8": _P.IN_TRANSIT,  # 清关
    "10": _P.IN_TRANSIT,  # 待清关
    "11": _P.IN_TRANSIT,  # 清关中
    "12": _P.IN_TRANSIT,  # 已清关
    "13": _P.EXCEPTION,  # 清关异常
    "14": _P.EXCEPTION,  # 拒签
    # The fine states of resultv2=4 begin with the digit of the basic state, but for these:
    "1001": _P.IN_TRANSIT,  # 到达派件城市
    "1002": _P.IN_TRANSIT,  # 干线
    "1003": _P.IN_TRANSIT,  # 转递
    "101": _P.ANNOUNCED,  # 已下单
    "102": _P.ANNOUNCED,  # 待揽收
    "401": _P.EXCEPTION,  # 已销单
}
NAMES = {
    "在途": _P.IN_TRANSIT,
    "干线": _P.IN_TRANSIT,
    "到达派件城市": _P.IN_TRANSIT,
    "揽收": _P.COLLECTED,
    "疑难": _P.EXCEPTION,
    "签收": _P.DELIVERED,
    "退签": _P.RETURNED,
    "派件": _P.OUT_FOR_DELIVERY,
    "退回": _P.RETURNED,
    "转投": _P.IN_TRANSIT,
    "拒签": _P.EXCEPTION,
}
FINE_DIGITS = 3


def state_of(code: str, name: str) -> ParcelState | None:
    """The state of a step by its fine or basic code, else by its name; None where neither says anything."""
    if code in STATES:
        return STATES[code]
    if code.isascii() and code.isdigit() and len(code) == FINE_DIGITS:
        return STATES.get(code[0])
    return NAMES.get(name)
