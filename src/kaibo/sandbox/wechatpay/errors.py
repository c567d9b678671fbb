"""Refusals in WeChat Pay's own words: an HTTP status, a code and a message a person can act on."""

from typing import Any

STATUS = {
    "PARAM_ERROR": 400,
    "INVALID_REQUEST": 400,
    "APPID_MCHID_NOT_MATCH": 400,
    "MCH_NOT_EXISTS": 400,
    "ORDERPAID": 400,
    "ORDER_CLOSED": 400,
    "NO_STATEMENT_EXIST": 400,
    "SIGN_ERROR": 401,
    "NO_AUTH": 403,
    "NOT_ENOUGH": 403,
    "OUT_TRADE_NO_USED": 403,
    "TRADE_ERROR": 403,
    "ORDER_NOT_EXIST": 404,
    "RESOURCE_NOT_EXISTS": 404,
    "SYSTEM_ERROR": 500,
}


class Refusal(Exception):
    """Answered as `{"code": …, "message": …, "detail": …}` with the status that belongs to the code."""

    def __init__(self, code: str, message: str, **detail: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.detail = detail

    @property
    def status(self) -> int:
        return STATUS[self.code]

    def document(self) -> dict[str, Any]:
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.detail:
            body["detail"] = self.detail
        return body
