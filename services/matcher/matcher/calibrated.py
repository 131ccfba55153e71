"""What a model's entry in the store makes of a probe: a checked template, and similarities from cosines."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.models import FaceModel
from wajah.contracts.results import Candidate, Embedded
from wajah.storage.ports import Models

from matcher.slots import Match, Templates

REREAD_AFTER_S: Final = 60.0  # how long a calibration that was replaced may stay in use
UNIT_LENGTH_TOLERANCE: Final = 1e-3


@dataclass(frozen=True, slots=True)
class Probe:
    """A template to be compared: L2-normalised float32 of shape (model.dimension,)."""

    template: Templates
    masked: bool
    model: FaceModel

    def similarity(self, match: Match) -> float:
        """Calibrated for the masks of both faces, from 0 to 1; exactly 1 for the identical image."""
        return self.model.similarity(match.cosine, self.masked, match.masked)

    def candidate(self, match: Match) -> Candidate:
        return Candidate(user_id=match.user_id, user_name=match.user_name, similarity=self.similarity(match))

    def ranked(self, matches: Sequence[Match]) -> list[Candidate]:
        """Most similar first; of equally similar ones (0 is as low as it gets) the one of the higher cosine."""
        order = sorted(matches, key=lambda match: (self.similarity(match), match.cosine), reverse=True)
        return [self.candidate(match) for match in order]

    def threshold(self, asked: float | None) -> float:
        """The similarity that decides: the caller's, else the model's."""
        return self.model.threshold if asked is None else asked


class CalibratedModels:
    """The registered models, each read again from time to time."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._known: dict[str, tuple[FaceModel, float]] = {}

    async def probe(self, embedded: Embedded) -> Probe:
        """Raises WajahError 400 for an unknown model, or what is no template of it."""
        model = await self._model(embedded.model_id)
        size = model.dimension * np.dtype(np.float32).itemsize
        if embedded.dimension != model.dimension or len(embedded.template) != size:
            raise WajahError(Code.MALFORMED, "Request malformed: template size")
        template = np.frombuffer(embedded.template, "<f4").astype(np.float32)
        length = float(np.linalg.norm(template.astype(np.float64)))
        if not abs(length - 1.0) <= UNIT_LENGTH_TOLERANCE:  # false for NaN and infinities too
            raise WajahError(Code.MALFORMED, "Request malformed: template is not normalised")
        return Probe(template, embedded.masked, model)

    async def _model(self, model_id: str) -> FaceModel:
        model, read_at = self._known.get(model_id, (None, 0.0))
        if model is None or time.monotonic() - read_at > REREAD_AFTER_S:
            model = await self._models.get(model_id)
            if model is None:
                raise WajahError(Code.MALFORMED, "Request malformed: template of an unknown model")
            self._known[model_id] = (model, time.monotonic())
        return model
