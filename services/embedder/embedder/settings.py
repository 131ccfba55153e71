"""The embedder's settings, from `WAJAH_*` variables of the environment."""

import os
from typing import Annotated

from pydantic import Field
from wajah.settings import Settings

from embedder import default_pack


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class EmbedderSettings(Settings):
    """`Settings`, and what only the embedder asks."""

    pack: str = default_pack.NAME
    """Name of the model pack: the default pack, or one registered with `wajah pack add`."""
    embedder_workers: Annotated[int, Field(ge=1, le=256)] = Field(default_factory=_cores)
    """Images worked on at a time: as many as there are cores."""
    embedder_batch: Annotated[int, Field(ge=1, le=256)] = 64
    """Largest batch of the recogniser on a GPU; on a CPU there are none."""
    min_enrol_face_px: Annotated[float, Field(ge=0)] = 60.0
    """Enrolment refuses faces lower than this, brow to chin, unless it is forced."""
    min_probe_face_px: Annotated[float, Field(ge=0)] = 32.0
    """Verification, identification and comparison refuse faces lower than this."""
    min_card_face_px: Annotated[float, Field(ge=0)] = 36.0
    """Enrolment with an identity card refuses portraits on the card lower than this: at 40 pixels the default pack still
    verifies 87 % of the right people (88 % of large portraits), at 32 it is 75 %. Its boxes grow in steps of 6/5."""
