"""An index of faces: templates in dense rows, searched exactly by FAISS. Not thread-safe: a gallery has one owner.

Rows live in chunks, so that a gallery grows without being copied. Removing moves the last row into the hole: every row that
is searched is an enrolled face, and no answer has to be filtered.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import faiss
import numpy as np
import numpy.typing as npt

CHUNK_ROWS: Final = 65_536  # 128 MB of 512 values: long enough that merging the chunks' answers costs nothing
FIRST_ROWS: Final = 16  # 32 KB: ten thousand small galleries are ordinary
FACE_OVERHEAD_BYTES: Final = 320  # two strings, two list entries and a dict entry
BLAS_FROM: Final = (
    3  # probes; below, one pass over the rows is faster than a matrix product (measured at 128 and 512 values)
)

Templates = npt.NDArray[np.float32]


class Match(NamedTuple):
    """An enrolled face, the cosine of its template to a probe, from -1 to 1, and whether it wears a mask."""

    user_id: str
    user_name: str
    cosine: float
    masked: bool = False


class SlotArray:
    """Enrolled faces by user id, with L2-normalised float32 templates of shape (dimension,)."""

    def __init__(self, dimension: int, *, chunk_rows: int = CHUNK_ROWS) -> None:
        self.dimension = dimension
        self._chunk_rows = chunk_rows
        self._chunks: list[Templates] = []
        self._user_ids: list[str] = []
        self._user_names: list[str] = []
        self._rows: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._user_ids)

    def __contains__(self, user_id: str) -> bool:
        return user_id in self._rows

    @property
    def nbytes(self) -> int:
        """Memory in use, about."""
        return len(self) * (self.dimension * 4 + FACE_OVERHEAD_BYTES)

    def put(self, user_id: str, user_name: str, template: Templates) -> None:
        """Add a face, or replace the one that `user_id` has."""
        row = self._rows.get(user_id)
        if row is None:
            self._append([user_id], [user_name], template[np.newaxis])
        else:
            self._user_names[row] = user_name
            self._template(row)[:] = template

    def put_many(self, user_ids: Sequence[str], user_names: Sequence[str], templates: Templates) -> None:
        """Put faces in one go; `templates` has shape (n, dimension)."""
        if self._rows.keys().isdisjoint(user_ids) and len(set(user_ids)) == len(user_ids):
            self._append(user_ids, user_names, templates)
        else:
            for user_id, user_name, template in zip(user_ids, user_names, templates, strict=True):
                self.put(user_id, user_name, template)

    def remove(self, user_id: str) -> bool:
        """Erase a face; False when there is none."""
        row = self._rows.pop(user_id, None)
        if row is None:
            return False
        last_id, last_name = self._user_ids.pop(), self._user_names.pop()
        last = len(self._user_ids)
        last_template = self._template(last)
        if row != last:
            self._user_ids[row], self._user_names[row], self._rows[last_id] = last_id, last_name, row
            self._template(row)[:] = last_template
        last_template[:] = 0.0  # a removed face leaves the memory too
        if last % self._chunk_rows == 0:
            self._chunks.pop()
        return True

    def match(self, user_id: str, probe: Templates) -> Match | None:
        """How well a probe of shape (dimension,) fits one face; None when there is none."""
        row = self._rows.get(user_id)
        if row is None:
            return None
        return Match(user_id, self._user_names[row], float(self._template(row) @ probe))

    def search(self, probes: Templates, k: int) -> list[list[Match]]:
        """The `k` nearest faces to each probe, best first; `probes` has shape (n, dimension)."""
        if not self._user_ids:
            return [[] for _ in probes]
        # Process-wide in FAISS; galleries of another dimension that search at the same time lose speed at most.
        faiss.cvar.distance_compute_blas_threshold = BLAS_FROM * self.dimension
        cosines, rows = self._nearest(probes, k)
        return [
            [Match(self._user_ids[row], self._user_names[row], cosine) for cosine, row in zip(*found, strict=True)]
            for found in zip(cosines.tolist(), rows.tolist(), strict=True)
        ]

    def differing(self, user_ids: Sequence[str], user_names: Sequence[str], templates: Templates) -> list[str]:
        """Which of these faces are not here, or not like this."""
        return [
            user_id
            for user_id, user_name, template in zip(user_ids, user_names, templates, strict=True)
            if (row := self._rows.get(user_id)) is None
            or self._user_names[row] != user_name
            or not np.array_equal(self._template(row), template)
        ]

    def _nearest(self, probes: Templates, k: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        found = []
        for number, chunk in enumerate(self._chunks):
            first = number * self._chunk_rows
            filled = chunk[: len(self) - first]
            cosines, rows = faiss.knn(probes, filled, min(k, len(filled)), faiss.METRIC_INNER_PRODUCT)
            found.append((cosines, rows + first))
        if len(found) == 1:
            return found[0]
        cosines = np.concatenate([cosines for cosines, _ in found], axis=1)
        rows = np.concatenate([rows for _, rows in found], axis=1)
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(cosines, best, 1), np.take_along_axis(rows, best, 1)

    def _template(self, row: int) -> Templates:
        chunk, offset = divmod(row, self._chunk_rows)
        template: Templates = self._chunks[chunk][offset]
        return template

    def _append(self, user_ids: Sequence[str], user_names: Sequence[str], templates: Templates) -> None:
        done = 0
        while done < len(user_ids):
            start = len(self)
            free = self._free_rows(len(user_ids) - done)
            upto = min(done + len(free), len(user_ids))
            free[: upto - done] = templates[done:upto]
            self._user_ids.extend(user_ids[done:upto])
            self._user_names.extend(user_names[done:upto])
            self._rows.update(zip(user_ids[done:upto], range(start, len(self)), strict=True))
            done = upto

    def _free_rows(self, wanted: int) -> Templates:
        """The unused rows of the last chunk: at least one, and as many as wanted where the chunk can hold them."""
        full = (len(self._chunks) - 1) * self._chunk_rows + len(self._chunks[-1]) if self._chunks else 0
        if len(self) == full:
            if full % self._chunk_rows == 0:
                rows = min(self._chunk_rows, max(FIRST_ROWS, wanted)) if not self._chunks else self._chunk_rows
                self._chunks.append(np.empty((rows, self.dimension), np.float32))
            else:
                self._chunks[0] = self._grown(self._chunks[0], full + wanted)
        return self._chunks[-1][len(self) - (len(self._chunks) - 1) * self._chunk_rows :]

    def _grown(self, chunk: Templates, wanted_rows: int) -> Templates:
        grown = np.empty((min(self._chunk_rows, max(2 * len(chunk), wanted_rows)), self.dimension), np.float32)
        grown[: len(chunk)] = chunk
        return grown
