"""What people hear, what they do at an instant, and what they do in the background: the complete list."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kaibo.kernel.db import Db
from kaibo.kernel.jobs import Jobs
from kaibo.kernel.reactions import Reactions
from kaibo.kernel.timers import Timers
from kaibo.people.realname.close import forget_realname
from kaibo.people.sms.send import JOB, deliver_message

reactions = Reactions("people")
timers = Timers("people")
jobs = Jobs("people")

jobs.job(JOB)(deliver_message)


@timers.on("people.realname.forget")
async def forget_identity(db: Db, key: str, _payload: dict[str, Any]) -> None:
    """The years for which a closed account's identity had to be kept are over; `key` is the person's id."""
    await forget_realname(db, UUID(key))
