"""`python -m kaibo.sandbox.wechatpay`"""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from kaibo.sandbox.wechatpay.serving import DataDirectoryBusy, serve
from kaibo.sandbox.wechatpay.settings import Settings


def read_arguments(arguments: Sequence[str] | None = None) -> Settings:
    parser = argparse.ArgumentParser(
        prog="python -m kaibo.sandbox.wechatpay",
        description="A payment gateway shaped like WeChat Pay API v3. No money moves.",
    )
    add = parser.add_argument
    add("--data-dir", type=Path, required=True, help="keys, merchant.json, admin-token and the trades live here")
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=0, help="port to listen on; 0 takes a free one and writes it to merchant.json")
    add("--public-url", default="", help="how a buyer's browser reaches this gateway, e.g. http://192.168.1.5:9470")
    add("--merchant-name", default="开播商城", help="the payee on the cashier page (default: %(default)s)")
    add("--notify-scale", type=float, default=1.0, help="factor on the waits between callback retries, above 0 to 1")
    add("--notify-timeout-s", type=float, default=5.0, help="how long a callback may take (default: %(default)s)")
    add("--notify-origin", action="append", default=[], help="where callbacks may go; repeat; default: loopback only")
    add("--return-origin", action="append", default=[], help="where buyers may be sent; repeat; default: loopback only")
    add("--refund-delay-ms", type=int, default=500, help="how long a refund stays in progress (default: %(default)s)")
    given = parser.parse_args(arguments)
    try:
        return Settings(
            data_dir=given.data_dir,
            host=given.host,
            port=given.port,
            public_url=given.public_url,
            merchant_name=given.merchant_name,
            notify_scale=given.notify_scale,
            notify_timeout_s=given.notify_timeout_s,
            notify_origins=tuple(given.notify_origin),
            return_origins=tuple(given.return_origin),
            refund_delay_ms=given.refund_delay_ms,
        )
    except ValueError as error:
        parser.error(str(error))


async def run(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await serve(settings, stop=stop)


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = read_arguments()
    try:
        asyncio.run(run(settings))
    except (DataDirectoryBusy, OSError) as error:
        print(f"payment sandbox: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
