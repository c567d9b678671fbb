"""What goods hear, do at an instant, and do in the background: the complete list. At present nothing."""

from __future__ import annotations

from kaibo.kernel.jobs import Jobs
from kaibo.kernel.reactions import Reactions
from kaibo.kernel.timers import Timers

reactions = Reactions("goods")
timers = Timers("goods")
jobs = Jobs("goods")
