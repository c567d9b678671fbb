"""The cashier's words in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    lang: str
    name: str
    title: str
    mark: str
    amount: str
    merchant: str
    description: str
    number: str
    confirm: str
    give_up: str
    paid: str
    over: str
    not_found: str
    back: str
    brands: Mapping[str, str]


ZH = Words(
    lang="zh-CN",
    name="中文",
    title="沙箱收银台",
    mark="沙箱收银台，不产生真实扣款",
    amount="支付金额",
    merchant="收款方",
    description="商品",
    number="商户单号",
    confirm="确认支付",
    give_up="支付失败 / 取消",
    paid="已支付",
    over="订单已关闭或已过支付时限",
    not_found="没有找到这笔订单，请回到商家页面重新发起支付",
    back="返回商家",
    brands={"wechatpay": "微信支付", "alipay": "支付宝", "stripe": "银行卡 (Stripe)"},
)
EN = Words(
    lang="en",
    name="English",
    title="Sandbox cashier",
    mark="Sandbox cashier: no real money is charged",
    amount="Amount to pay",
    merchant="Payee",
    description="Goods",
    number="Order number",
    confirm="Confirm payment",
    give_up="Fail / cancel payment",
    paid="Paid",
    over="This order is closed or its time to pay is over",
    not_found="No such order. Go back to the shop and start the payment again",
    back="Back to the shop",
    brands={"wechatpay": "WeChat Pay", "alipay": "Alipay", "stripe": "Bank card (Stripe)"},
)
