"""Background jobs that gave up after their last try, for an operator to read and to run again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import text

from kaibo.kernel.db import Db
from kaibo.kernel.errors import Missing
from kaibo.kernel.jobs import SCHEMA
from kaibo.kernel.web import auth
from kaibo.kernel.web.deps import DbDep
from kaibo.kernel.web.pages import Page, PageQuery
from kaibo.kernel.web.wire import Instant, Wire

router = APIRouter(tags=["operator"])


class FailedJob(Wire):
    """`about` are the ids among the job's arguments; the others may be somebody's words and are not shown."""

    id: str
    name: str
    about: dict[str, str]
    tries: int
    error: str | None
    failed_at: Instant


_FAILED = f"""
    SELECT j.id, j.task_name, j.args, coalesce(f.tries, j.attempts) AS tries, f.error,
           coalesce((SELECT max(e.at) FROM {SCHEMA}.procrastinate_events e WHERE e.job_id = j.id), f.at) AS failed_at
    FROM {SCHEMA}.procrastinate_jobs j LEFT JOIN kernel.job_failures f ON f.job_id = j.id
    WHERE j.status = 'failed' AND (CAST(:before AS bigint) IS NULL OR j.id < :before)
    ORDER BY j.id DESC LIMIT :limit
"""  # noqa: S608 (our own constant)


@router.get("/api/operator/failed-jobs", dependencies=[auth.platform("operator"), auth.scope("platform:read")])
async def list_failed_jobs(db: DbDep, page: PageQuery) -> Page[FailedJob]:
    """Newest first."""
    before = page.number(0)
    rows = (await db.execute(text(_FAILED), {"before": before, "limit": page.limit + 1})).all()
    items = [
        FailedJob(
            id=str(row.id),
            name=row.task_name,
            about=_ids(row.args),
            tries=row.tries,
            error=row.error,
            failed_at=row.failed_at,
        )
        for row in rows[: page.limit]
    ]
    return Page(items=items, next_cursor=page.next(rows, lambda row: int(row.id)))


@router.post(
    "/api/operator/failed-jobs/{job_id}/retry",
    status_code=204,
    dependencies=[auth.platform("operator"), auth.scope("platform:write")],
)
async def retry_failed_job(job_id: int, db: DbDep) -> None:
    """Have it run again soon, with all its tries before it."""
    await _change(db, job_id, "status = 'todo', attempts = 0, scheduled_at = NULL, worker_id = NULL")


@router.delete(
    "/api/operator/failed-jobs/{job_id}",
    status_code=204,
    dependencies=[auth.platform("operator"), auth.scope("platform:write")],
)
async def close_failed_job(job_id: int, db: DbDep) -> None:
    """It will not be run again; its line leaves the list."""
    await _change(db, job_id, "status = 'cancelled'")


async def _change(db: Db, job_id: int, values: str) -> None:
    if not 0 < job_id < 2**63:
        raise Missing(what="failed job", id=str(job_id)[:40])
    here = f"UPDATE {SCHEMA}.procrastinate_jobs SET {values} WHERE id = :id AND status = 'failed' RETURNING id"  # noqa: S608
    if (await db.execute(text(here), {"id": job_id})).first() is None:
        raise Missing(what="failed job", id=str(job_id))


def _ids(arguments: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in arguments.items():
        try:
            found[name] = str(UUID(str(value)))
        except ValueError:
            continue
    return found
