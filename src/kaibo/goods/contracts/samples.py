"""What goods refuse about samples."""

from __future__ import annotations

from typing import Literal

from kaibo.goods.contracts import ProductId
from kaibo.kernel.errors import Conflict, Invalid, NotFound, Refused, refusal

SampleState = Literal[
    "asked", "approved", "refused", "withdrawn", "lapsed", "shipped", "received", "kept", "returning", "returned"
]
SampleStep = Literal["approve", "refuse", "withdraw", "lapse", "ship", "receive", "send_back", "take_back", "let_keep"]


@refusal
class SampleMissing(NotFound):
    code = "goods.sample_missing"
    id: str


@refusal
class SampleNotOffered(Refused):
    code = "goods.sample_not_offered"
    product_id: ProductId


@refusal
class SampleTwice(Conflict):
    """This creator has asked for a sample of this product before."""

    code = "goods.sample_twice"


@refusal
class SamplesUsedUp(Refused):
    """The merchant gives `monthly_max` samples of this product a month, and they are gone."""

    code = "goods.samples_used_up"
    monthly_max: int


@refusal
class TooManySamples(Refused):
    """A creator may have `open_max` samples under way and ask for `monthly_max` a month."""

    code = "goods.too_many_samples"
    open_max: int
    monthly_max: int


@refusal
class SampleOverdue(Refused):
    """A sample that had to be sent back was not; nothing new can be asked for before it is."""

    code = "goods.sample_overdue"
    title: str


@refusal
class SampleStepNotAllowed(Conflict):
    code = "goods.sample_step_not_allowed"
    state: SampleState
    step: SampleStep


@refusal
class SampleFactMissing(Invalid):
    """`missing` names what this step needs: a reason, a carrier, a tracking number."""

    code = "goods.sample_fact_missing"
    missing: str
