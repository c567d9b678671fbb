"""The process that plays payment providers: one port, told apart by their paths."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal

from starlette.types import ASGIApp, Receive, Scope, Send

from kaibo.sandbox import process
from kaibo.sandbox.courier import Courier, Sender
from kaibo.sandbox.settings import Settings

Name = Literal["wechatpay", "alipay", "stripe"]


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider, ready to be played. `prefixes` are the paths that are its own; the file tells a merchant's system where."""

    app: ASGIApp
    prefixes: tuple[str, ...]
    sender: Sender
    write_file: Callable[[], None]


def _openers() -> Mapping[Name, Callable[[Settings, str], Provider]]:
    from kaibo.sandbox import alipay, stripe, wechatpay  # here, because they import this module's neighbours

    return {"wechatpay": wechatpay.open_provider, "alipay": alipay.open_provider, "stripe": stripe.open_provider}


async def serve(settings: Settings, names: Sequence[Name], *, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. Each provider's file is written once the port accepts connections.

    Raises DataDirectoryBusy, or OSError when the port is taken.
    """
    with (
        process.hold(settings.data_dir, "payment"),
        process.listen(settings.host, settings.port) as listener,
        ExitStack() as stores,
    ):
        base_url = process.url_of(listener, settings.host)
        openers = _openers()
        providers = [openers[name](settings, base_url) for name in names]
        for provider in providers:
            stores.callback(provider.sender.store.close)
            provider.write_file()

        def wake() -> None:
            for provider in providers:
                provider.sender.wake.set()

        couriers = [Courier(provider.sender).run(stop) for provider in providers]
        await process.run_until(stop, _by_path(providers), listener, couriers, wake)


def _by_path(providers: Sequence[Provider]) -> ASGIApp:
    """What no provider claims goes to the first one, which says that there is no such thing."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        chosen = next((one for one in providers if path.startswith(one.prefixes)), providers[0])
        await chosen.app(scope, receive, send)

    return app
