"""Writes docs/configuration.md out of the settings class: `python -m kaibo.kernel.config_document`."""

from __future__ import annotations

from kaibo.kernel.config import Settings

HEAD = """# Configuration

Made from `src/kaibo/kernel/config.py`; do not edit by hand.

A setting comes from the environment (`KAIBO_` and its name in capitals), else from the TOML file that `KAIBO_CONFIG`
names, else from its default.
A wrong value stops the start and names the key, the value and what is allowed; so does a misspelt one.

| key | default | what it is |
|---|---|---|
"""


def document() -> str:
    """The whole document as Markdown."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default if field.default != "" else "(empty)"
        rows.append(f"| `{name}` | `{default}` | {field.description} |")
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(document(), end="")
