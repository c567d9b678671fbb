"""`python -m kaibo.sandbox`: plays the payment providers that are named, all of them where none is."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from kaibo.sandbox.process import DataDirectoryBusy
from kaibo.sandbox.serving import Name, serve
from kaibo.sandbox.settings import Settings

ALL: tuple[Name, ...] = ("wechatpay", "alipay", "stripe")


def read_arguments(
    arguments: Sequence[str] | None = None, names: Sequence[Name] = ()
) -> tuple[Settings, tuple[Name, ...]]:
    """`names` are the providers of a module that plays certain ones; else `--play` chooses."""
    parser = argparse.ArgumentParser(
        prog="python -m kaibo.sandbox" + "".join(f".{name}" for name in names),
        description=f"Payment gateways shaped like {', '.join(names or ALL)}. No money moves.",
    )
    add = parser.add_argument
    if not names:
        add("--play", action="append", choices=ALL, default=[], help="a provider to play; repeat; default: all")
    add("--data-dir", type=Path, required=True, help="keys, the merchant's file, admin-token and the trades live here")
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add(
        "--port", type=int, default=0, help="port to listen on; 0 takes a free one and writes it to the merchant's file"
    )
    add("--public-url", default="", help="how a buyer's browser reaches this gateway, e.g. http://192.168.1.5:9470")
    add("--merchant-name", default="开播商城", help="the payee on the cashier page (default: %(default)s)")
    add("--notify-scale", type=float, default=1.0, help="factor on the waits between callback retries, above 0 to 1")
    add("--notify-timeout-s", type=float, default=5.0, help="how long a callback may take (default: %(default)s)")
    add("--notify-origin", action="append", default=[], help="where callbacks may go; repeat; default: loopback only")
    add("--return-origin", action="append", default=[], help="where buyers may be sent; repeat; default: loopback only")
    add("--refund-delay-ms", type=int, default=500, help="how long a refund stays in progress (default: %(default)s)")
    add("--webhook-url", action="append", default=[], help="an endpoint of the Stripe account; repeat")
    given = parser.parse_args(arguments)
    try:
        settings = Settings(
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
            webhook_urls=tuple(given.webhook_url),
        )
    except ValueError as error:
        parser.error(str(error))
    return settings, tuple(names) or tuple(given.play) or ALL


async def run(settings: Settings, names: Sequence[Name]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await serve(settings, names, stop=stop)


def main(names: Sequence[Name] = ()) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings, played = read_arguments(names=names)
    try:
        asyncio.run(run(settings, played))
    except (DataDirectoryBusy, OSError) as error:
        print(f"payment sandbox: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
