"""A network that tells who wears a mask, for packs that carry one; without one the colours tell (`embedder.mask`).

Input: (n, 3, 112, 112) float32, portraits in RGB with values from 0 to 255. Output: one probability a face.
"""

from pathlib import Path
from typing import Final, Self

import numpy as np
import onnxruntime

from embedder.align import PORTRAIT_SIDE
from embedder.manifest import PackDamaged
from embedder.pipeline import Portrait
from embedder.session import open_session

MASK_FILE: Final = "mask.onnx"

_THRESHOLD: Final = 0.5


class MaskModel:
    """Threads may share it."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name

    @classmethod
    def load(cls, file: Path) -> Self:
        """Raises PackDamaged for a file that is no such network."""
        try:
            model = cls(open_session(file))
            probability = model.probability(np.zeros((PORTRAIT_SIDE, PORTRAIT_SIDE, 3), np.uint8))
        except Exception as error:  # onnxruntime raises its own kinds
            raise PackDamaged(f"{file}: not a mask model: {error}") from error
        if not 0.0 <= probability <= 1.0:
            raise PackDamaged(f"{file}: a mask model gives probabilities, not {probability:.3g}")
        return model

    def wears_mask(self, portrait: Portrait) -> bool:
        return self.probability(portrait) >= _THRESHOLD

    def probability(self, portrait: Portrait) -> float:
        rgb = np.ascontiguousarray(portrait[np.newaxis, :, :, ::-1].transpose(0, 3, 1, 2), np.float32)
        (output,) = self._session.run(None, {self._input: rgb})
        return float(np.asarray(output).reshape(1)[0])
