"""A wrong value stops the start with the key, the value and what is allowed; every key is documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from kaibo.kernel import config
from kaibo.kernel.config import BadConfiguration, Settings

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def test_a_wrong_value_names_key_value_and_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAIBO_PORT", "70000")
    monkeypatch.setenv("KAIBO_LOG_LEVEL", "loud")
    with pytest.raises(BadConfiguration) as refused:
        config.load()
    problems = "\n".join(refused.value.problems)
    assert "port = '70000'" in problems
    assert "65535" in problems
    assert "log_level = 'loud'" in problems
    assert "'debug'" in problems


def test_a_misspelt_variable_is_not_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAIBO_PROT", "8600")
    with pytest.raises(BadConfiguration, match="KAIBO_PROT is not a setting"):
        config.load()


def test_the_environment_beats_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "kaibo.toml"
    file.write_text('port = 9000\nlocale = "en"\n', encoding="utf-8")
    monkeypatch.setenv("KAIBO_CONFIG", str(file))
    monkeypatch.setenv("KAIBO_PORT", "9001")
    settings = config.load()
    assert (settings.port, settings.locale) == (9001, "en")


@pytest.mark.parametrize("content", ["port = ", "colour = 3"])
def test_a_broken_or_unknown_file_entry_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    file = tmp_path / "kaibo.toml"
    file.write_text(content, encoding="utf-8")
    monkeypatch.setenv("KAIBO_CONFIG", str(file))
    with pytest.raises(BadConfiguration):
        config.load()


def test_every_key_is_documented() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"`{name}`" not in text]
    assert not missing, f"run: python -m kaibo.kernel.config_document > docs/configuration.md ({missing})"
    assert all(field.description for field in Settings.model_fields.values())
