"""`python -m kaibo.sandbox.carrier`"""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from kaibo.sandbox.carrier.serving import serve
from kaibo.sandbox.carrier.settings import Settings
from kaibo.sandbox.process import DataDirectoryBusy


def read_arguments(arguments: Sequence[str] | None = None) -> Settings:
    parser = argparse.ArgumentParser(
        prog="python -m kaibo.sandbox.carrier",
        description="A carrier aggregator shaped like Kuaidi100. No parcel moves.",
    )
    add = parser.add_argument
    add("--data-dir", type=Path, required=True, help="carrier.json, admin-token and the parcels live here")
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=0, help="port to listen on; 0 takes a free one and writes it to carrier.json")
    add("--time-scale", type=float, default=1.0, help="real seconds a simulated second takes, above 0 to 1")
    add("--retry-scale", type=float, default=1.0, help="factor on the half hour before a failed push is repeated")
    add("--push-timeout-s", type=float, default=5.0, help="how long a push may take (default: %(default)s)")
    add("--push-origin", action="append", default=[], help="where pushes may go; repeat; default: loopback only")
    add("--trouble-percent", type=int, default=0, help="share of parcels that meet an obstacle (default: %(default)s)")
    given = parser.parse_args(arguments)
    try:
        return Settings(
            data_dir=given.data_dir,
            host=given.host,
            port=given.port,
            time_scale=given.time_scale,
            retry_scale=given.retry_scale,
            push_timeout_s=given.push_timeout_s,
            push_origins=tuple(given.push_origin),
            trouble_percent=given.trouble_percent,
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
        print(f"carrier sandbox: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
