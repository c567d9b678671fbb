"""Serves the built client: hashed assets for ever, the two page shells always fresh."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
FRESH = {"Cache-Control": "no-cache"}
NOT_PAGES = ("api/", "blobs/", "assets/", "metrics", "healthz", "readyz")
NOT_BUILT = "The client is not built yet. Run bin/up, or: cd web && npm ci && npm run build\n"


def client_directory() -> Path | None:
    """kaibo/client inside an installed wheel, web/dist in a checkout; None where neither was built."""
    inside = Path(str(resources.files("kaibo"))) / "client"
    checkout = Path(__file__).resolve().parents[4] / "web" / "dist"
    return next((path for path in (inside, checkout) if (path / "index.html").is_file()), None)


class _Assets(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers.update(FOR_EVER)
        return response


def mount(app: FastAPI, blobs: Path) -> None:
    """Add /assets, /blobs and the page shells; must be the last routes."""
    blobs.mkdir(parents=True, exist_ok=True)
    app.mount("/blobs", _Assets(directory=blobs), name="blobs")
    directory = client_directory()
    if directory is not None:
        app.mount("/assets", _Assets(directory=directory / "assets", check_dir=False), name="assets")
    app.add_route("/{path:path}", _page, methods=["GET", "HEAD"], include_in_schema=False)


async def _page(request: Request) -> Response:
    path = request.path_params["path"]
    if path.startswith(NOT_PAGES):
        raise HTTPException(404)
    directory = client_directory()
    if directory is None:
        return PlainTextResponse(NOT_BUILT, status_code=503)
    file = (directory / path).resolve()
    if path and file.is_relative_to(directory.resolve()) and file.is_file():
        return FileResponse(file, headers=FRESH)
    shell = "desk.html" if path == "desk" or path.startswith("desk/") else "index.html"
    return FileResponse(directory / shell, headers=FRESH)
