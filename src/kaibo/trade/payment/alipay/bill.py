"""Alipay's trade bill of a day: a zip with two GBK tables, of which the detail (业务明细) is read.

Lines that begin with # are headings and totals; every value may carry a tab at its end; payments are positive and their fee
negative, refunds negative and their returned fee positive.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib

from kaibo.trade.payment.amounts import fen_of, moment_of
from kaibo.trade.payment.gateway import StatementRow

BILL_BYTES_MAX = 256 << 20
MEMBERS_MAX = 10


def read_bill(archive: bytes) -> list[StatementRow]:
    """Raises ValueError for what is no such bill."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as box:
            text = _detail(box).decode("gb18030")
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
        raise ValueError(f"no zip archive: {error}") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    table = csv.DictReader(io.StringIO("\n".join(lines)))
    return [_row({str(k).strip(): str(v or "").strip() for k, v in row.items()}) for row in table]


def _detail(box: zipfile.ZipFile) -> bytes:
    infos = box.infolist()
    # Old archives name their members in GBK without saying so: then the larger one of the two is the detail.
    plain = [info for info in infos if info.filename.endswith(".csv") and "汇总" not in _name(info)]
    if not plain or len(infos) > MEMBERS_MAX:
        raise ValueError("the archive holds no detail of a trade bill")
    wanted = plain[0]
    if wanted.file_size > BILL_BYTES_MAX:
        raise ValueError(f"the bill has {wanted.file_size} bytes, more than {BILL_BYTES_MAX}")
    return box.read(wanted)


def _name(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 0x800:
        return info.filename
    return info.filename.encode("cp437", "replace").decode("gb18030", "replace")


def _row(row: dict[str, str]) -> StatementRow:
    is_refund = row["业务类型"] == "退款"
    fen, fee_fen = fen_of(row["订单金额（元）"]), fen_of(row["服务费（元）"] or "0")
    return StatementRow(
        provider="alipay",
        kind="refund" if is_refund else "charge",
        out_no=row["退款批次号/请求号"] if is_refund else row["商户订单号"],
        transaction_id=row["支付宝交易号"],
        fen=-fen if is_refund else fen,
        fee_fen=-fee_fen,
        currency="CNY",
        at=moment_of(row["完成时间"]),
    )
