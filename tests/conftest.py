"""Real engines. PostgreSQL is started once for the run, with a migrated template that every test process clones; each test
process has its own NATS, because a durable consumer belongs to a stream and not to a database."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import hypothesis
import pytest
import uvicorn

from kaibo import migrate
from kaibo.kernel import config, context
from kaibo.kernel.blobs import Blobs
from kaibo.kernel.bus import Bus
from kaibo.kernel.config import Settings
from kaibo.kernel.db import Database, Db, metadata
from kaibo.kernel.distribution import lead_again, prepare
from kaibo.kernel.engines.nats import NatsEngine
from kaibo.kernel.engines.ports import free_port
from kaibo.kernel.engines.postgres import PostgresEngine
from tests.payment.world import Sandbox
from tests.people_of_tests import Person, make_person

TEMPLATE = "kaibo"
WIDE_KEYS = "WIDE_KEYS_OF_KAIBO_TESTS"
"""Set in the environment: the tests run on the keys and foreign keys of a database that Citus spreads (ADR 11)."""
# For bin/mutate: the same examples every time, and no search for the smallest of them.
hypothesis.settings.register_profile(
    "mutation",
    derandomize=True,
    database=None,
    deadline=None,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)
_started: list[subprocess.Popen[bytes]] = []
_directory = ""


def pytest_configure(config: pytest.Config) -> None:
    """In the controlling process only: start PostgreSQL and migrate the template."""
    global _directory
    if hasattr(config, "workerinput") or "POSTGRES_OF_KAIBO_TESTS" in os.environ:
        return
    _directory = tempfile.mkdtemp(prefix="kaibo-tests-")
    engine = PostgresEngine(Path(_directory) / "postgres", free_port())
    engine.initialise()
    # fsync stays on where durability is under test (tests/journeys); here a crash of the machine is not survived anyway.
    command = engine.command(fsync="off", max_connections="300")
    _started.append(subprocess.Popen(command, cwd="/", user=engine.user(), stderr=subprocess.DEVNULL))
    asyncio.run(engine.wait_until_ready())
    migrate.upgrade(engine.url())
    if WIDE_KEYS in os.environ:
        asyncio.run(_widen_keys(engine.url()))
    os.environ["POSTGRES_OF_KAIBO_TESTS"] = engine.url()


async def _widen_keys(url: str) -> None:
    from kaibo import house  # here, because it imports every wing, and so every table

    assert house.ROUTERS
    connection = await asyncpg.connect(url)
    for statement in [*prepare(metadata), *lead_again(metadata)]:
        await connection.execute(statement)
    await connection.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """For bin/mutate: tables before properties, because most mutants die of a table, and within milliseconds."""
    if config.getoption("--hypothesis-profile") == "mutation":
        items.sort(key=lambda item: hypothesis.is_hypothesis_test(item.obj))  # type: ignore[attr-defined]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes go by their argument's name and a number: an archive made while collecting carries its second, and with it in a
    test's name two processes of pytest-xdist that collect in two different seconds do not know each other's tests."""
    return argname if isinstance(val, bytes) else None


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    for process in _started:
        process.send_signal(2)  # SIGINT: PostgreSQL's fast shutdown
        process.wait(timeout=20)
    if _directory:
        shutil.rmtree(_directory, ignore_errors=True)
        os.environ.pop("POSTGRES_OF_KAIBO_TESTS", None)


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kaibo")


@pytest.fixture(scope="session")
async def database_url(worker_id: str) -> AsyncIterator[str]:
    """A database of this test process's own, cloned from the migrated template."""
    server = os.environ["POSTGRES_OF_KAIBO_TESTS"].removesuffix(f"/{TEMPLATE}")
    name = f"test_{worker_id}_{os.getpid()}"
    admin = await asyncpg.connect(f"{server}/postgres")
    for attempt in range(50):
        try:
            await admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
            break
        except asyncpg.ObjectInUseError:  # another test process is cloning at this moment
            if attempt == 49:
                raise
            await asyncio.sleep(0.2)
    yield f"{server}/{name}"
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(scope="session")
def nats_engine(data_dir: Path) -> Iterator[NatsEngine]:
    engine = NatsEngine(data_dir / "nats", free_port(), "127.0.0.1", free_port())
    process = subprocess.Popen(engine.command(), stderr=subprocess.DEVNULL)
    yield engine
    process.terminate()
    process.wait(timeout=10)


@pytest.fixture(scope="session")
def settings(data_dir: Path, database_url: str, nats_engine: NatsEngine) -> Settings:
    """The settings of this test process's house; the gateway is whatever a test starts, so its config may be absent."""
    made = config.load(
        data_dir=data_dir,
        database_url=database_url,
        nats_url=nats_engine.url,
        nats_credentials=str(nats_engine.credentials),
        nats_account_seed=nats_engine.trust().account_seed,
        nats_websocket_url=f"ws://127.0.0.1:{nats_engine.websocket_port}",
        hook_secret="hooks-of-the-tests",
        log_level="error",
        rate_limit_scale=100.0,
        media_port=free_port(),
    )
    config.install(made)
    return made


@pytest.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    opened = Database.connect(settings.database_url, pool_size=30)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def bus(settings: Settings) -> AsyncIterator[Bus]:
    opened = await Bus.connect(settings.nats_url, credentials=settings.nats_credentials)
    await opened.prepare()
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def here(settings: Settings, database: Database, bus: Bus) -> context.Context:
    """The process's context, as an entry point would install it."""
    made = context.Context(settings, database, bus, Blobs(settings.data_dir / "blobs"))
    context.install(made)
    return made


@pytest.fixture
async def db(here: context.Context) -> AsyncIterator[Db]:
    """A transaction that is rolled back at the end of the test."""
    async with here.database._sessions() as session, session.begin() as transaction:
        yield session
        await transaction.rollback()


@pytest.fixture(scope="session")
async def app(settings: Settings, here: context.Context) -> AsyncIterator[object]:
    """The real application with its lifespan running; it opens its own connections."""
    from kaibo.asgi import application  # here, because it imports every wing

    made = application(settings)
    async with made.router.lifespan_context(made):
        yield made
    context.install(here)


@pytest.fixture(scope="session")
async def app_url(app: object) -> AsyncIterator[str]:
    """The application behind a real port, for programs that call it from outside."""
    port = free_port()
    from kaibo.kernel.web.connection import Connection

    config = uvicorn.Config(app, http=Connection, host="127.0.0.1", port=port, lifespan="off", log_level="error")  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


@pytest.fixture(scope="session")
def provider_process(settings: Settings) -> Iterator[Sandbox]:
    """The sandbox gateway as a process of its own."""
    sandbox = Sandbox(settings.data_dir / "gateway", "--notify-scale", "0.02", "--refund-delay-ms", "50")
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def provider(provider_process: Sandbox, settings: Settings, here: context.Context, app_url: str) -> Iterator[Sandbox]:
    """The gateway, with the house configured to be called back at its real port for this test."""
    config.install(settings.model_copy(update={"public_url": app_url}))
    yield provider_process
    config.install(settings)


def _new_client(app: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://kaibo.test", timeout=30)


@pytest.fixture
async def client(app: object) -> AsyncIterator[httpx.AsyncClient]:
    """An anonymous caller."""
    async with _new_client(app) as made:
        yield made


SignIn = Callable[..., Awaitable[Person]]


@pytest.fixture
async def sign_in(app: object, here: context.Context) -> AsyncIterator[SignIn]:
    """`await sign_in()` gives a fresh person with a signed-in client; `roles=[("shop_staff", "shop", shop_id), …]` adds grants."""
    clients: list[httpx.AsyncClient] = []

    async def one(*, roles: list[tuple[str, str, UUID | None]] | None = None, nickname: str = "") -> Person:
        made = _new_client(app)
        clients.append(made)
        return await make_person(here, made, roles or [], nickname)

    yield one
    for made in clients:
        await made.aclose()
