"""The routing slip: what a message carries from stage to stage, and the reply that ends the journey.

Routing slip, return address and correlation identifier: Hohpe and Woolf, *Enterprise Integration Patterns*.
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from wajah.contracts.errors import Code, JobError, WajahError
from wajah.contracts.jobs import PAYLOADS, GalleryPayload, Payload
from wajah.contracts.results import RESULTS, Result
from wajah.contracts.stages import STAGES, JobName, Stage, Step
from wajah.contracts.types import Contract, GalleryKey, Identifier, bytes_or_base64

DEFAULT_DEADLINE_S = 10.0

P = TypeVar("P", bound=Payload)
P_co = TypeVar("P_co", bound=Payload, covariant=True)
R = TypeVar("R", bound=Result)


def _new_id() -> str:
    return uuid.uuid4().hex


class Envelope(Contract):
    """A job on its way. Publishers give `job`, `client_id` and `payload`; the rest has defaults."""

    version: Annotated[int, Field(ge=1, le=1)] = 1
    job: JobName
    job_id: Identifier = Field(default_factory=_new_id)
    client_id: Identifier
    trx_id: str | None = None
    deadline: Annotated[float, Field(allow_inf_nan=False)] = Field(default_factory=lambda: time.time() + DEFAULT_DEADLINE_S)
    """Unix time in seconds after which nobody waits for the reply."""
    slip: tuple[Step, ...] = ()
    """The stages still to come, the next one first; filled from the job's itinerary when absent."""
    payload: dict[str, Any] = Field(repr=False)
    results: dict[Stage, dict[str, Any]] = Field(default_factory=dict, repr=False)
    failures: dict[Stage, JobError] = Field(default_factory=dict)
    """Errors of the steps that let the job go on."""
    timings_ms: dict[Stage, float] = Field(default_factory=dict)
    attempts: Annotated[int, Field(ge=0)] = 0
    """How often a worker died with this message in hand."""

    @model_validator(mode="before")
    @classmethod
    def _fill_slip(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and not data.get("slip") and data.get("job") in PAYLOADS:
            payload = data.get("payload")
            fields = payload if isinstance(payload, Mapping) else {}
            return {**data, "slip": PAYLOADS[JobName(data["job"])].itinerary(fields)}
        return data

    @model_validator(mode="after")
    def _make_binaries_raw(self) -> Self:
        """Base64 of a JSON message ends here, so that a binary field is known by its type from now on."""
        _decode_base64(self.payload, PAYLOADS[self.job])
        for stage, fields in self.results.items():
            _decode_base64(fields, RESULTS[stage])
        return self

    @classmethod
    def of(cls, payload: Payload, *, client_id: str, deadline: float, trx_id: str | None = None) -> Self:
        """The envelope of a new job. Raises ValueError for an id outside the contract."""
        fields = {name: getattr(payload, name) for name in type(payload).model_fields}
        return cls(job=payload.job, client_id=client_id, trx_id=trx_id, deadline=deadline, payload=fields)

    @property
    def next_stage(self) -> Stage:
        return self.slip[0].stage

    @property
    def gallery(self) -> GalleryKey:
        """The gallery that decides the shard; a job on all galleries of a client goes by the client alone."""
        return GalleryKey(self.client_id, str(self.payload.get("gallery_id", "")))

    def remaining_s(self) -> float:
        """Seconds until the deadline, negative past it."""
        return self.deadline - time.time()

    def advanced(self, *, result: Result | None = None, error: JobError | None = None, elapsed_ms: float) -> Self:
        """The envelope after its next stage, without the binary fields that no later stage needs."""
        done, *rest = self.slip
        results, failures = dict(self.results), dict(self.failures)
        if result is not None:
            results[done.stage] = {name: getattr(result, name) for name in type(result).model_fields}
        if error is not None:
            failures[done.stage] = error
        needs = frozenset[str]().union(*(STAGES[step.stage].needs for step in rest))
        return self.model_copy(
            update={
                "slip": tuple(rest),
                "payload": _only_needed(self.payload, "payload", needs),
                "results": {stage: _only_needed(fields, stage, needs) for stage, fields in results.items()},
                "failures": failures,
                "timings_ms": {**self.timings_ms, done.stage: elapsed_ms},
                "attempts": 0,
            }
        )

    def without_binaries(self) -> Self:
        """The envelope without images and templates: what may be recorded."""
        nothing = frozenset[str]()
        return self.model_copy(
            update={
                "payload": _only_needed(self.payload, "payload", nothing),
                "results": {stage: _only_needed(fields, stage, nothing) for stage, fields in self.results.items()},
            }
        )


def _binary_fields(kind: type[Contract]) -> list[str]:
    return [name for name, field in kind.model_fields.items() if field.annotation is bytes]


def _decode_base64(fields: dict[str, Any], kind: type[Contract]) -> None:
    for name in _binary_fields(kind):
        if isinstance(fields.get(name), str):
            fields[name] = bytes_or_base64(fields[name])


def _only_needed(fields: Mapping[str, Any], prefix: str, needs: frozenset[str]) -> dict[str, Any]:
    return {
        name: value
        for name, value in fields.items()
        if not isinstance(value, bytes | memoryview) or f"{prefix}.{name}" in needs
    }


class Reply(Contract):
    """How a job ended: `error`, or the results of its stages without their binary fields.

    The answer to a message that is no job has neither `job` nor `job_id`.
    """

    job: JobName | None = None
    job_id: str = ""
    error: JobError | None = None
    results: dict[Stage, dict[str, Any]] = Field(default_factory=dict)
    failures: dict[Stage, JobError] = Field(default_factory=dict)
    timings_ms: dict[Stage, float] = Field(default_factory=dict)

    def result(self, kind: type[R]) -> R:
        """The result of a stage. Raises the job's error where it failed."""
        if self.error is not None:
            raise WajahError.from_data(self.error)
        return kind.model_validate(self.results[kind.stage])

    def find(self, kind: type[R]) -> R | None:
        """The result of a stage that may not have been reached."""
        fields = self.results.get(kind.stage)
        return None if fields is None else kind.model_validate(fields)


@dataclass(frozen=True, slots=True)
class Job(Generic[P_co]):
    """An envelope with its payload validated: what a stage's handler receives."""

    envelope: Envelope
    payload: P_co

    @classmethod
    def open(cls, envelope: Envelope) -> "Job[Payload]":
        """Binary fields that the next stage has no need of, and that have left the message, are empty.

        Raises WajahError 400 for a payload that doesn't fit the job.
        """
        kind = PAYLOADS[envelope.job]
        needs = STAGES[envelope.next_stage].needs
        gone = {name: b"" for name in _binary_fields(kind) if f"payload.{name}" not in needs}
        try:
            return Job(envelope, kind.model_validate({**gone, **envelope.payload}))
        except ValidationError as error:
            where = ", ".join(sorted({".".join(map(str, e["loc"])) or "payload" for e in error.errors(include_input=False)}))
            raise WajahError(Code.MALFORMED, f"Request malformed: {where}") from None

    @property
    def gallery(self) -> GalleryKey:
        if not isinstance(self.payload, GalleryPayload):
            raise WajahError(Code.MALFORMED, "Request malformed: gallery_id")
        return self.envelope.gallery

    def result(self, kind: type[R], *others: type[R]) -> R:
        """What an earlier stage left, or one of several stages. Raises WajahError 400 where it is missing or damaged."""
        kind = next((each for each in (kind, *others) if each.stage in self.envelope.results), kind)
        try:
            return kind.model_validate(self.envelope.results[kind.stage])
        except (KeyError, ValidationError):
            raise WajahError(Code.MALFORMED, f"Request malformed: no result of {kind.stage}") from None
