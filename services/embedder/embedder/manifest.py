"""What a model pack says of itself: its files and their hashes, its terms, and how to read its scores.

Not for loading networks; that is for the packs (`embedder.pipeline.Pack`).
"""

import hashlib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from wajah.contracts.models import Calibration, FaceModel, MaskCurves
from wajah.contracts.types import Identifier

MANIFEST_NAME = "manifest.json"

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class PackKind(StrEnum):
    """Which code runs a pack."""

    DLIB = "dlib"
    INSIGHTFACE = "insightface"


class PackDamaged(Exception):
    """A pack's folder is not what its manifest says; the message names the file."""


class Manifest(BaseModel):
    """`manifest.json` of a model pack."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_.-]{0,63}$")]
    kind: PackKind
    model_id: Identifier
    """Stands beside every template: templates of two models never meet. See `model_id_of`."""
    files: Annotated[dict[str, Sha256], Field(min_length=1)]
    """SHA-256 of every file of the pack, by its name in the pack's folder."""
    licence: str
    """Short name of the licence of the weights."""
    terms: str
    """What the licence lets one do, in a sentence or two; shown at start."""
    dimension: Annotated[int, Field(ge=1)]
    """Values in a template."""
    input_size: Annotated[int, Field(ge=1)]
    """Side of the recogniser's square input, in pixels."""
    input_mean: float = 0.0
    """Subtracted from each value (0 to 255) of the input; 0 where the network does it itself."""
    input_std: Annotated[float, Field(gt=0)] = 1.0
    """Each value is divided by it after the subtraction."""
    flip: bool = False
    """Whether a template averages the face and its mirror image: a little more accurate, twice as slow."""
    detection_threshold: float
    """Lowest score of a detected face, in the detector's own unit."""
    calibration: Calibration
    mask_curves: MaskCurves | None = None
    """None where nobody measured the pack on masked faces: one curve serves all, and two masked faces match too often."""
    calibrated_on: str
    """What the calibration was measured on, and on how many pairs; or that it is assumed."""

    @model_validator(mode="after")
    def _files_stay_inside(self) -> Self:
        if any(Path(name).name != name or name == MANIFEST_NAME for name in self.files):
            raise ValueError("files are plain names in the pack's folder")
        return self

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The manifest in a pack's folder. Raises PackDamaged where it is missing or wrong."""
        try:
            return cls.model_validate_json((folder / MANIFEST_NAME).read_bytes())
        except (OSError, ValidationError) as error:
            raise PackDamaged(f"{folder / MANIFEST_NAME}: {error}") from error

    def save(self, folder: Path) -> None:
        (folder / MANIFEST_NAME).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    def verify(self, folder: Path) -> None:
        """Compare every file with its hash. Raises PackDamaged for the first one that is missing or differs."""
        for name, expected in self.files.items():
            try:
                found = sha256_of_file(folder / name)
            except OSError as error:
                raise PackDamaged(f"{folder / name}: {error.strerror}") from error
            if found != expected:
                raise PackDamaged(f"{folder / name}: SHA-256 is {found}, the manifest says {expected}")

    def face_model(self) -> FaceModel:
        """What the embedder registers in the store."""
        return FaceModel(
            model_id=self.model_id,
            dimension=self.dimension,
            calibration=self.calibration,
            mask_curves=self.mask_curves,
            licence=self.licence,
        )


def sha256_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_files(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of each named file, in the order of the names' alphabet."""
    return {name: sha256_of_file(folder / name) for name in sorted(names)}


def model_id_of(name: str, weights: Mapping[str, str], *, flip: bool = False) -> str:
    """`name-xxxxxxxx`: the pack's name and a hash of all that decides a template.

    `weights` are the SHA-256 of the files whose numbers end up in a template (by name); hash the files as they were
    published, not as they were optimised, so that a newer optimiser doesn't make a new model.
    """
    parts = [f"{file}:{sha256}" for file, sha256 in sorted(weights.items())]
    digest = hashlib.sha256("\n".join([*parts, f"flip:{flip}"]).encode()).hexdigest()
    return f"{name}-{digest[:8]}"
