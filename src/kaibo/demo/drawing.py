"""Has pictures drawn and films rendered by the studio, once; what was made is kept in a directory."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from kaibo.demo.pusher import die_with_parent
from kaibo.demo.studio import picture_path

PRODUCT_PX, COVER_PX, AVATAR_PX = 1024, 768, 320

Share = Callable[[float], None]


class DrawingFailed(Exception):
    """A studio process ended badly; the end of what it said is in the message."""


class Drawing:
    """`scale` shrinks every picture (tests)."""

    def __init__(self, directory: Path, scale: float = 1.0) -> None:
        self._directory = directory
        self._scale = scale
        self._places = asyncio.Semaphore(max(1, os.cpu_count() or 1))

    async def pictures(self, keys: list[str], told: Share) -> dict[str, Path]:
        """The files by key; those that are lacking are drawn by as many processes as there are processors."""
        sizes = {key: self._size(key) for key in keys}
        directory = self._directory / "pictures"
        files = {key: picture_path(directory, key, size) for key, size in sizes.items()}
        lacking = [key for key, file in files.items() if not file.exists()]
        if lacking:
            hands = max(1, min(os.cpu_count() or 1, len(lacking)))
            shares = [0.0] * hands

            async def one(hand: int) -> None:
                mine = [f"{key}={sizes[key]}" for key in lacking[hand::hands]]

                def heard(share: float) -> None:
                    shares[hand] = share
                    told(sum(shares) / hands)

                await self._studio(["pictures", str(directory), *mine], heard)

            async with asyncio.TaskGroup() as group:
                for hand in range(hands):
                    group.create_task(one(hand))
        return files

    async def film(self, shop_key: str, told: Share) -> Path:
        """The film of a room."""
        said = await self._studio(["film", str(self._directory / "films"), shop_key], told)
        return Path(said)

    def _size(self, key: str) -> int:
        kind = key.partition(":")[0]
        return max(64, round({"cover": COVER_PX, "avatar": AVATAR_PX}.get(kind, PRODUCT_PX) * self._scale))

    async def _studio(self, words: list[str], told: Share) -> str:
        """Run one studio process; the last line it printed. Raises DrawingFailed."""
        async with self._places:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "kaibo.demo.studio", *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )  # fmt: skip
            said: list[str] = []
            assert process.stdout is not None
            try:
                async for line in process.stdout:
                    said = [*said[-30:], line.decode(errors="replace").rstrip()]
                    with contextlib.suppress(ValueError):
                        told(float(said[-1]))
                code = await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if code != 0:
            raise DrawingFailed(f"the studio ({' '.join(words[:3])}) ended with code {code}:\n" + "\n".join(said))
        return said[-1] if said else ""
