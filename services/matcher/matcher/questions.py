"""What can be asked of a gallery, and how a batch of questions is answered in one search."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from matcher.by_mask import FacesByMask
from matcher.slots import Match, Templates


@dataclass(frozen=True, slots=True)
class Nearest:
    """The `k` bare and the `k` masked faces nearest to a probe of shape (dimension,): their cosines don't compare."""

    probe: Templates
    k: int


@dataclass(frozen=True, slots=True)
class Claim:
    """How well a probe of shape (dimension,) fits the face of `user_id`."""

    probe: Templates
    user_id: str


class CatchUp:
    """Nothing but to have followed the store."""


Question = Nearest | Claim | CatchUp
Answer = list[Match]


def answers(view: FacesByMask, questions: Sequence[Question]) -> list[Answer | Exception]:
    """The answers in order; all probes in one search. A face is matched until the moment when its retention ends."""
    view.expire(time.time())
    wide = [question for question in questions if isinstance(question, Nearest)]
    found = iter(view.search(np.stack([each.probe for each in wide]), [each.k for each in wide]) if wide else [])
    return [_answer(view, question, found) for question in questions]


def _answer(view: FacesByMask, question: Question, found: Iterator[list[Match]]) -> Answer:
    match question:
        case Nearest():
            return next(found)
        case Claim():
            match = view.match(question.user_id, question.probe)
            return [] if match is None else [match]
        case CatchUp():
            return []
