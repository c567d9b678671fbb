"""The `kaibo` command."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kaibo import __version__
from kaibo.kernel import config
from kaibo.kernel.config import BadConfiguration, Settings

app = typer.Typer(
    name="kaibo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="""开播 Kaibo: live rooms, short videos and a mall of your own.

    To try it:  kaibo up --demo   then open the address it prints.

    For one machine, `kaibo up` is all you need. In production run `kaibo migrate` once, then `kaibo web`, `kaibo worker`
    and `kaibo media` each under your own supervisor, with KAIBO_DATABASE_URL and KAIBO_NATS_URL naming your servers.
    Every setting is described in docs/configuration.md.""",
)
staff = typer.Typer(no_args_is_help=True, help="Accounts of the platform's own staff.")
app.add_typer(staff, name="staff")
ledger = typer.Typer(no_args_is_help=True, help="The books.")
app.add_typer(ledger, name="ledger")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where everything is kept (default: ./data).")]
Serve = Callable[[Settings, asyncio.Event], Coroutine[Any, Any, None]]


def _settings(**said: Any) -> Settings:
    """The configuration with what was said on the command line; a wrong one ends the command with every problem named."""
    try:
        settings = config.load(**{name: value for name, value in said.items() if value is not None})
    except BadConfiguration as wrong:
        err.print("[red]The configuration cannot be used:[/red]")
        for problem in wrong.problems:
            err.print(f"  • {problem}", markup=False, soft_wrap=True)
        raise typer.Exit(2) from wrong
    config.install(settings)
    return settings


def _fail(wrong: Exception) -> typer.Exit:
    err.print("[red]Kaibo did not start:[/red]", end=" ")
    err.print(str(wrong), markup=False, soft_wrap=True)  # the end of a log may hold brackets
    return typer.Exit(1)


def _serve(serve: Serve, settings: Settings) -> None:
    """Run one process until SIGINT or SIGTERM."""
    from kaibo.house import NoEngines
    from kaibo.kernel.engines.nats import EngineMissing

    async def main() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await serve(settings, stop)

    try:
        import uvloop

        uvloop.run(main())
    except (NoEngines, EngineMissing, TimeoutError, OSError) as wrong:
        raise _fail(wrong) from wrong


@app.command()
def up(
    demo: Annotated[
        bool | None, typer.Option("--demo/--no-demo", help="Fill it with three shops that are live now.")
    ] = None,
    data_dir: DataDir = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; 0.0.0.0 lets phones in your network in.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port of the pages (default: 8600).")] = None,
) -> None:
    """Run everything on this machine until Ctrl-C."""
    from kaibo import up as house_up
    from kaibo.kernel.engines.nats import EngineMissing
    from kaibo.supervise import ChildFailed, DataDirectoryBusy, holding

    settings = _settings(demo=demo, data_dir=data_dir, host=host, port=port)
    if host and host not in {"127.0.0.1", "localhost"}:
        settings = settings.model_copy(update={"rtmp_host": host})
    try:
        with holding(settings.data_dir) as last_was_killed, err.status("Starting Kaibo") as status:

            def step(what: str) -> None:
                status.update(what)
                if not err.is_terminal:
                    err.print(what, markup=False)

            def when_up() -> None:
                status.stop()
                _welcome(settings)

            house_up.check_engines(settings)
            if last_was_killed:
                step("Waiting for what the last `kaibo up` left behind")
                house_up.wait_for_leftovers(settings)
            house_up.check_ports(settings)
            asyncio.run(
                house_up.run(
                    settings,
                    step=step,
                    say=lambda what: err.print(what, markup=False, soft_wrap=True),
                    when_up=when_up,
                )
            )
    except (DataDirectoryBusy, ChildFailed, EngineMissing, house_up.PortTaken, RuntimeError, OSError) as wrong:
        raise _fail(wrong) from wrong


def _welcome(settings: Settings) -> None:
    from kaibo.up import public_address

    page = public_address(settings)
    out.print(f"\n[bold]Kaibo 开播 {__version__}[/bold] is up.")
    out.print(f"  Live rooms and mall   {page}/")
    out.print(f"  Desk (crew, merchant) {page}/desk/")
    out.print(f"  One-time codes (SMS)  http://127.0.0.1:{settings.port}/local/sms")
    accounts = settings.data_dir / "run" / "demo.accounts"
    if settings.demo and accounts.exists():
        out.print("\n" + accounts.read_text(encoding="utf-8").rstrip(), markup=False)
    out.print(f"\n  Logs: {settings.data_dir.resolve() / 'logs'}    Stop: Ctrl-C\n", markup=False, soft_wrap=True)


@app.command()
def web(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port (default: 8600).")] = None,
    data_dir: DataDir = None,
) -> None:
    """Run the web process alone: pages, API, payment callbacks, media hooks."""
    import uvicorn

    from kaibo import house
    from kaibo.kernel.web.connection import Connection

    settings = _settings(host=host, port=port, data_dir=data_dir)

    async def connect_once() -> None:
        # The server would bury what is wrong in a page of its own calls.
        async with house.opened(settings, "web"):
            pass

    try:
        asyncio.run(connect_once())
    except (house.NoEngines, TimeoutError, OSError) as wrong:
        raise _fail(wrong) from wrong
    uvicorn.run(
        "kaibo.asgi:create",
        factory=True,
        host=settings.host,
        port=settings.port,
        http=Connection,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=bool(settings.public_url),
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=64 << 10,
    )


@app.command()
def worker(data_dir: DataDir = None) -> None:
    """Run the worker alone: events, timers, jobs and the owners of the live rooms."""
    from kaibo import worker as process

    _serve(process.serve, _settings(data_dir=data_dir))


@app.command()
def media(data_dir: DataDir = None) -> None:
    """Run the media process alone: RTMP in; HTTP-FLV, LL-HLS and the recording out."""
    from kaibo import media as process

    _serve(process.serve, _settings(data_dir=data_dir))


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database forward to this version."""
    from kaibo import house
    from kaibo import migrate as migration

    try:
        database_url = house.database_url(_settings(data_dir=data_dir))
        with err.status("Migrating"):
            migration.upgrade(database_url)
    except (house.NoEngines, OSError) as wrong:
        raise _fail(wrong) from wrong
    out.print("The database is up to date.")


@app.command()
def demo(data_dir: DataDir = None) -> None:
    """Run the demo world against a running Kaibo: shops, rooms, films and a crowd, through the public API."""
    from kaibo.demo import world

    _serve(world.serve, _settings(data_dir=data_dir))


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Check this machine and say what to do about what is wrong."""
    from kaibo import doctor as examination

    findings = examination.examine(_settings(data_dir=data_dir))
    for finding in findings:
        mark = "[green]ok  [/green]" if finding.good else "[red]WRONG[/red]"
        out.print(f"{mark} {finding.what}")
        if finding.advice:
            out.print(f"      → {finding.advice}", markup=False)
    raise typer.Exit(0 if all(f.good for f in findings) else 1)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document that the typed client is made from."""
    import orjson

    from kaibo.asgi import application

    out.file.write(orjson.dumps(application(_settings()).openapi(), option=orjson.OPT_INDENT_2).decode() + "\n")


@app.command()
def distribution() -> None:
    """Print the SQL that spreads a freshly migrated database over the machines of a Citus cluster."""
    from kaibo import house
    from kaibo.kernel import distribution as tables
    from kaibo.kernel.db import metadata

    assert house.ROUTERS  # every wing is imported, and so every table is known
    for statement in tables.plan(metadata):
        typer.echo(f"{statement};")


@app.command()
def version() -> None:
    """Print the version."""
    out.print(__version__)


@ledger.command("check")
def ledger_check(data_dir: DataDir = None) -> None:
    """Recompute the whole ledger from its entries. Exit status 1, and every fault named, where something is wrong."""
    from kaibo import house
    from kaibo.kernel.i18n import say
    from kaibo.trade.facade import check_books

    settings = _settings(data_dir=data_dir)

    async def check() -> bool:
        async with house.opened(settings, "cli") as here:
            report = await check_books(here.database)
        for fault in report.faults:
            rule = say(f"trade.ledger_fault.{fault.rule}", settings.locale, {})
            err.print(f"WRONG {fault.rule}: {rule}: {fault.what}", markup=False, soft_wrap=True)
        out.print(f"{report.transactions} transactions, sum {report.sum_fen} fen, {len(report.faults)} faults")
        return report.sum_fen == 0 and not report.faults

    try:
        good = asyncio.run(check())
    except (house.NoEngines, TimeoutError, OSError) as wrong:
        raise _fail(wrong) from wrong
    raise typer.Exit(0 if good else 1)


@staff.command("add")
def staff_add(
    username: Annotated[str, typer.Argument(help="Name to sign in with.")],
    role: Annotated[list[str], typer.Option(help="operator or reviewer; repeat for both.")],
    password: Annotated[str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True)],
    data_dir: DataDir = None,
) -> None:
    """Create a staff account; prints the secret for the authenticator app once."""
    from kaibo import house
    from kaibo.kernel.errors import Refused
    from kaibo.kernel.i18n import say
    from kaibo.people import facade

    settings = _settings(data_dir=data_dir)

    async def create() -> None:
        async with house.opened(settings, "cli") as here, here.database.transaction() as db:
            made = await facade.create_staff(db, username, password, None, role)  # type: ignore[arg-type]
            out.print(
                f"Created {made.username}. Authenticator secret: {made.totp_secret}\n{made.provisioning_uri}",
                markup=False,
            )

    try:
        asyncio.run(create())
    except Refused as refused:
        err.print(say(refused.code, "en", refused.facts()), markup=False)
        raise typer.Exit(1) from refused
    except (house.NoEngines, TimeoutError, OSError) as wrong:
        raise _fail(wrong) from wrong
