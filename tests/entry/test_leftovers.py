"""What an `up` that was killed leaves behind is noticed and waited for; what belongs to others is not."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from kaibo import up
from kaibo.kernel.config import Settings
from kaibo.kernel.engines.ports import free_port
from kaibo.supervise import DataDirectoryBusy, holding, is_held

NAMES = ("port", "media_port", "rtmp_port", "nats_websocket_port", "gateway_port", "carrier_port")


def on_free_ports(data_dir: Path) -> Settings:
    return Settings(data_dir=data_dir).model_copy(update={name: free_port() for name in NAMES})


def test_a_holder_that_was_killed_is_told_from_one_that_ended(tmp_path: Path) -> None:
    with holding(tmp_path) as last_was_killed:
        assert not last_was_killed
        assert is_held(tmp_path)
    assert not is_held(tmp_path)
    with holding(tmp_path) as last_was_killed:
        assert not last_was_killed
    (tmp_path / "run" / "up.lock").write_text("4711")
    with holding(tmp_path) as last_was_killed:
        assert last_was_killed
        with pytest.raises(DataDirectoryBusy, match="another `kaibo up`"), holding(tmp_path):
            pass
    with holding(tmp_path) as last_was_killed:
        assert not last_was_killed


def test_a_lock_that_outlives_its_process_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    with ExitStack() as holder:
        holder.enter_context(holding(tmp_path))
        (tmp_path / "run" / "up.lock").write_text(str(ended_process()))
        threading.Timer(0.5, holder.pop_all().close).start()
        with holding(tmp_path):
            assert is_held(tmp_path)


def ended_process() -> int:
    with subprocess.Popen(["true"]) as process:
        return process.pid


@pytest.mark.parametrize("engine", [False, True])
def test_a_port_that_is_still_closing_is_waited_for(tmp_path: Path, engine: bool) -> None:
    settings, ending = on_free_ports(tmp_path), socket.socket()
    ending.bind(("127.0.0.1", 0 if engine else settings.port))
    ending.listen()
    if engine:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "postgres.port").write_text(str(ending.getsockname()[1]))
    else:
        with pytest.raises(up.PortTaken):
            up.check_ports(settings)
    threading.Timer(0.6, ending.close).start()
    began = time.monotonic()
    up.wait_for_leftovers(settings)
    assert time.monotonic() - began > 0.5
    up.check_ports(settings)


def test_a_port_that_stays_taken_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "STOP_SECONDS_MAX", 0.3)
    settings = on_free_ports(tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.port))
        other.listen()
        up.wait_for_leftovers(settings)
        with pytest.raises(up.PortTaken, match="KAIBO_PORT"):
            up.check_ports(settings)
