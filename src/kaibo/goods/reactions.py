"""What goods hear, do at an instant, and do in the background: the complete list."""

from __future__ import annotations

from kaibo.goods.affiliate.samples.ask import DUE, forget_addresses, sample_due
from kaibo.goods.affiliate.slots.contract import DUE as SLOT_DUE
from kaibo.goods.affiliate.slots.contract import slot_due
from kaibo.goods.affiliate.touch import FORGET, forget_person, forget_touches
from kaibo.goods.windows.by_time import TURN, turn
from kaibo.kernel.db import Db
from kaibo.kernel.jobs import Jobs
from kaibo.kernel.reactions import Reactions
from kaibo.kernel.timers import Timers
from kaibo.people.contracts import PersonDeleted

reactions = Reactions("goods")
timers = Timers("goods")
jobs = Jobs("goods")

timers.on(FORGET)(forget_touches)
timers.on(DUE)(sample_due)
timers.on(SLOT_DUE)(slot_due)
timers.on(TURN)(turn)


@reactions.on(PersonDeleted)
async def forget_deleted_person(db: Db, event: PersonDeleted) -> None:
    await forget_person(db, event.person_id)
    await forget_addresses(db, event.person_id)
