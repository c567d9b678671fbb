"""The trade bill of a day, in the shape that Alipay hands out: a zip with two GBK tables."""

import csv
import hashlib
import hmac
import io
import zipfile
from datetime import date
from fractions import Fraction

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from kaibo.sandbox.alipay.trades import TIME, Alipay, yuan
from kaibo.sandbox.beijing import day_bounds_ms, stamp
from kaibo.sandbox.store import Row

FEE_BPS = 60
COLUMNS = (
    *("支付宝交易号", "商户订单号", "业务类型", "商品名称", "创建时间", "完成时间", "门店编号", "门店名称", "操作员"),
    *("终端号", "对方账户", "订单金额（元）", "商家实收（元）", "支付宝红包（元）", "集分宝（元）", "支付宝优惠（元）"),
    *("商家优惠（元）", "券核销金额（元）", "券名称", "商家红包消费金额（元）", "卡消费金额（元）"),
    *("退款批次号/请求号", "服务费（元）", "分润（元）", "备注"),
)


def token(desk: Alipay, day: date) -> str:
    """A download address is a secret: whoever has it may read the bill, as at Alipay."""
    proof = hmac.new(desk.admin_token.encode(), day.isoformat().encode(), hashlib.sha256).hexdigest()
    return f"{day.isoformat()}.{proof}"


async def download(request: Request) -> Response:
    desk = request.app.state.desk
    given = request.path_params["token"]
    try:
        day = date.fromisoformat(given.partition(".")[0])
    except ValueError:
        raise HTTPException(404) from None
    if not hmac.compare_digest(given.encode(), token(desk, day).encode()):
        raise HTTPException(404)
    return Response(archive(desk, day), media_type="application/zip")


def fee_fen(fen: int) -> int:
    """0.6 %, as most contracts say; half a fen goes to the nearest even one."""
    return round(Fraction(fen * FEE_BPS, 10_000))


def archive(desk: Alipay, day: date) -> bytes:
    start_ms, end_ms = day_bounds_ms(day)
    paid = desk.store.all("SELECT * FROM trades WHERE paid_ms >= ? AND paid_ms < ? ORDER BY paid_ms", start_ms, end_ms)
    refunded = desk.store.all(
        "SELECT t.*, r.out_request_no, r.fen, r.done_ms, r.reason FROM refunds r JOIN trades t USING (out_trade_no)"
        " WHERE r.done_ms >= ? AND r.done_ms < ? ORDER BY r.done_ms",
        start_ms,
        end_ms,
    )
    lines = [_payment(trade) for trade in paid] + [_refund(row) for row in refunded]
    stem = f"{desk.keys.seller_id}_{day:%Y%m%d}"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr(f"{stem}_业务明细.csv", _table(desk, day, "业务明细", COLUMNS, lines))
        total = sum(trade["total_fen"] for trade in paid) - sum(row["fen"] for row in refunded)
        fees = sum(fee_fen(row["fen"]) for row in refunded) - sum(fee_fen(trade["total_fen"]) for trade in paid)
        head = ("交易订单总笔数", "退款订单总笔数", "订单金额（元）", "服务费（元）")
        sums = [[str(len(paid)), str(len(refunded)), yuan(total), yuan(fees)]]
        box.writestr(f"{stem}_业务明细(汇总).csv", _table(desk, day, "业务汇总", head, sums))
    return out.getvalue()


def _table(desk: Alipay, day: date, title: str, head: tuple[str, ...], lines: list[list[str]]) -> bytes:
    text = io.StringIO()
    text.write(f"#支付宝{title}查询\r\n#账号：[{desk.keys.seller_id}0156]\r\n")
    text.write(f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]   终止日期：[{day:%Y年%m月%d日} 24:00:00]\r\n")
    text.write(f"#-----------------------------------------{title}列表----------------------------------------\r\n")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([f"{value}\t" for value in line] for line in lines)
    text.write(f"#-----------------------------------------{title}列表结束------------------------------------\r\n")
    return text.getvalue().encode("gb18030")


def _payment(trade: Row) -> list[str]:
    fen = trade["total_fen"]
    return _line(trade, "交易", trade["paid_ms"], fen, "", -fee_fen(fen), "")


def _refund(row: Row) -> list[str]:
    fen = row["fen"]
    return _line(row, "退款", row["done_ms"], -fen, row["out_request_no"], fee_fen(fen), row["reason"])


def _line(trade: Row, kind: str, at_ms: int, fen: int, request_no: str, fee: int, note: str) -> list[str]:
    head = [trade["trade_no"], trade["out_trade_no"], kind, trade["subject"], stamp(trade["created_ms"], TIME)]
    where = [stamp(at_ms, TIME), "", "", "", "", "*小明(138****0000)"]
    amounts = [yuan(fen), yuan(fen), "0.00", "0.00", "0.00", "0.00", "0.00", "", "0.00", "0.00"]
    return [*head, *where, *amounts, request_no, yuan(fee), "0.00", note]
