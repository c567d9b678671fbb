"""How Alipay says it: a signed form, eight times within about a day, until somebody answers `success`."""

import json
from datetime import datetime
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import rsa

from kaibo.sandbox.alipay.signing import content, sign
from kaibo.sandbox.alipay.trades import TIME, Alipay
from kaibo.sandbox.beijing import CHINA
from kaibo.sandbox.faults import Faults
from kaibo.sandbox.store import Row


class AlipaySender:
    """The courier's side of Alipay."""

    RETRY_S: tuple[int, ...] = (240, 600, 600, 3600, 7200, 21600, 54000)
    """The documented waits (4 min, 10 min, 10 min, 1 h, 2 h, 6 h, 15 h): eight deliveries in 24 h 24 min."""

    def __init__(self, desk: Alipay) -> None:
        self._desk = desk
        self.store, self.settings, self.wake = desk.store, desk.settings, desk.wake

    def finish_due(self) -> None:
        """Refunds are done at once."""

    def next_due_ms(self) -> int | None:
        return None

    def is_heard(self, status: int, body: bytes) -> bool:
        return status == 200 and body.strip() == b"success"

    def letter(self, delivery: Row, faults: Faults) -> tuple[dict[str, str], bytes]:
        form: dict[str, str] = json.loads(delivery["resource"])
        form |= {"notify_id": delivery["notice_id"].replace("-", ""), "notify_time": datetime.now(CHINA).strftime(TIME)}
        key = self._desk.keys.alipay
        if faults.forge:
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        signature = sign(key, content(form, without=("sign", "sign_type")))
        if faults.corrupt_signature and delivery["attempts"] == 0:
            signature = "A" * 20 + signature[20:]
        form |= {"sign_type": "RSA2", "sign": signature}
        return {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, urlencode(form).encode()
