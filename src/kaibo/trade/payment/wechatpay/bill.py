"""WeChat Pay's trade bill of a day (tradebill, ALL): CSV whose every value carries a back-tick, then a heading and the totals."""

from __future__ import annotations

import csv
import io

from kaibo.trade.payment.amounts import fen_of, moment_of
from kaibo.trade.payment.gateway import StatementRow

BILL_BYTES_MAX = 256 << 20
TOTALS = "总交易单数"


def read_bill(content: bytes) -> list[StatementRow]:
    """Raises ValueError for what is no such bill, also where its own totals do not agree with its lines."""
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    ends = next((at for at, line in enumerate(lines) if line and line[0].lstrip("`") == TOTALS), None)
    if ends is None or ends + 1 >= len(lines):
        raise ValueError("the bill has no totals: it was cut off")
    names = lines[0]
    rows = [dict(zip(names, (value.lstrip("`") for value in line), strict=True)) for line in lines[1:ends]]
    count = int(lines[ends + 1][0].lstrip("`"))
    if count != len(rows):
        raise ValueError(f"the bill says {count} lines and has {len(rows)}")
    return [_row(row) for row in rows]


def _row(row: dict[str, str]) -> StatementRow:
    is_refund = row["交易状态"] == "REFUND"
    return StatementRow(
        provider="wechatpay",
        kind="refund" if is_refund else "charge",
        out_no=row["商户退款单号"] if is_refund else row["商户订单号"],
        transaction_id=row["微信订单号"],
        fen=fen_of(row["申请退款金额"] if is_refund else row["订单金额"]),
        fee_fen=_fee(row["手续费"]),
        currency=row["货币种类"],
        at=moment_of(row["交易时间"]),
    )


def _fee(yuan: str) -> int:
    """WeChat Pay prints five decimals, of which the last three are always zero. Raises ValueError where they are not."""
    whole, _, part = yuan.partition(".")
    if part[2:].strip("0"):
        raise ValueError(f"a fee of {yuan} yuan is no whole number of fen")
    return fen_of(f"{whole}.{part[:2] or '0'}")
