"""All routes of the gateway, and the one place where refusals become answers."""

from cryptography.hazmat.primitives.serialization import Encoding
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kaibo.sandbox.wechatpay import bill, cashier, console, refunds, trades
from kaibo.sandbox.wechatpay.crypto import seal
from kaibo.sandbox.wechatpay.errors import Refusal
from kaibo.sandbox.wechatpay.platform import Platform, answer, platform_of, read_signed

TRADE = "/v3/pay/transactions/out-trade-no/{out_trade_no}"
REFUND = "/v3/refund/domestic/refunds"


def make_app(platform: Platform) -> Starlette:
    app = Starlette(
        routes=[
            *(_create_route(way) for way in trades.TRADE_TYPE),
            Route(TRADE, trades.query),
            Route(TRADE + "/close", trades.close, methods=["POST"]),
            Route(REFUND, refunds.create, methods=["POST"]),
            Route(REFUND + "/{out_refund_no}", refunds.query),
            Route("/v3/certificates", certificates),
            Route("/v3/bill/tradebill", bill.ask_for_bill),
            Route("/v3/billdownload/file", bill.download),
            Route(cashier.PATH, cashier.show),
            Route(cashier.PATH + "/{prepay_id}", cashier.choose, methods=["POST"]),
            Route("/sandbox/pay/{prepay_id}", cashier.choose_json, methods=["POST"]),
            Route("/sandbox/health", console.health),
            Route("/sandbox/faults", console.show_faults, methods=["GET"]),
            Route("/sandbox/faults", console.put_plan, methods=["PUT"]),
            Route("/sandbox/faults", console.delete_faults, methods=["DELETE"]),
            Route("/sandbox/faults/{out_trade_no}", console.put_order, methods=["PUT"]),
            Route("/sandbox/callbacks", console.callbacks),
            Route("/sandbox/bill", console.show_bill),
            Route("/sandbox/close", console.close_many, methods=["POST"]),
            Route("/sandbox/certificates/rotate", console.rotate, methods=["POST"]),
        ],
        exception_handlers={Refusal: _refuse, HTTPException: _refuse_http},
    )
    app.state.platform = platform
    return app


def _create_route(way: str) -> Route:
    async def create(request: Request) -> Response:
        return await trades.create(request, trades.TRADE_TYPE[way])

    return Route(f"/v3/pay/transactions/{way}", create, methods=["POST"])


async def certificates(request: Request) -> Response:
    """Every platform certificate, sealed with the APIv3 key."""
    await read_signed(request)
    platform = platform_of(request)
    data = [
        {
            "serial_no": key.serial_no,
            "effective_time": key.certificate.not_valid_before_utc.isoformat(),
            "expire_time": key.certificate.not_valid_after_utc.isoformat(),
            "encrypt_certificate": seal(
                platform.keys.apiv3_key, key.certificate.public_bytes(Encoding.PEM), "certificate"
            ),
        }
        for key in platform.keys.platform
    ]
    return answer(platform, {"data": data})


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    if request.url.path.startswith("/v3/"):
        return answer(platform_of(request), error.document(), error.status)
    return JSONResponse(error.document(), error.status)


async def _refuse_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"code": "RESOURCE_NOT_EXISTS", "message": error.detail}, error.status_code)
