"""A job that gave up is seen with its reason, and can be run again."""

from __future__ import annotations

import uuid

from sqlalchemy import text

from kaibo.kernel import jobs
from kaibo.kernel.config import Settings
from kaibo.kernel.context import Context
from kaibo.kernel.jobs import Jobs, application
from tests.conftest import SignIn


async def test_an_operator_sees_why_a_job_gave_up_and_runs_it_again(
    here: Context, settings: Settings, sign_in: SignIn
) -> None:
    wing, ran = Jobs("test"), []
    name = f"test.fragile.{uuid.uuid4().hex}"
    about = uuid.uuid4()

    @wing.job(name)
    async def fragile(order_id: str, words: str) -> None:
        ran.append(order_id)
        if len(ran) == 1:
            raise RuntimeError("the printer is out of paper")

    async with here.database.transaction() as db:
        await jobs.defer(db, name, order_id=str(about), words="secret words")
        last = "UPDATE jobs.procrastinate_jobs SET attempts = :tries WHERE task_name = :name"
        await db.execute(text(last), {"tries": jobs.TRIES_MAX, "name": name})
    app = application(settings.database_url, [wing])
    async with app.open_async():
        await app.run_worker_async(queues=[jobs.QUEUE], wait=False, install_signal_handlers=False)
        operator = await sign_in(roles=[("operator", "platform", None)])
        listed = await operator.client.get("/api/operator/failed-jobs")
        (job,) = [one for one in listed.json()["items"] if one["name"] == name]
        assert job["about"] == {"order_id": str(about)}
        assert "the printer is out of paper" in job["error"]
        assert "secret words" not in listed.text
        path = f"/api/operator/failed-jobs/{job['id']}"
        assert (await operator.client.post(f"{path}/retry")).status_code == 204
        assert (await operator.client.post(f"{path}/retry")).status_code == 404
        await app.run_worker_async(
            queues=[jobs.QUEUE], wait=False, install_signal_handlers=False, delete_jobs="successful"
        )
    assert ran == [str(about)] * 2
    left = (await operator.client.get("/api/operator/failed-jobs")).json()["items"]
    assert name not in [one["name"] for one in left]


async def test_a_closed_job_leaves_the_list_and_only_operators_see_it(here: Context, sign_in: SignIn) -> None:
    async with here.database.transaction() as db:
        made = (
            "INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, args, status) "
            "VALUES ('x', 'test.x', '{}', 'failed') RETURNING id"
        )
        job_id = (await db.execute(text(made))).scalar_one()
    operator, anyone = await sign_in(roles=[("operator", "platform", None)]), await sign_in()
    path = f"/api/operator/failed-jobs/{job_id}"
    assert (await anyone.client.delete(path)).status_code == 403
    assert (await operator.client.delete(path)).status_code == 204
    assert (await operator.client.delete(path)).status_code == 404
    assert (await operator.client.delete("/api/operator/failed-jobs/99999999999999999999999")).status_code == 404
