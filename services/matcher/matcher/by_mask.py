"""The index of one gallery: bare and masked faces apart, because a cosine means another similarity for each of them.

Ranked by cosine alone, a masked face could push a more similar bare one out of the nearest `k`. Not thread-safe: a gallery
has one owner.
"""

import math
from collections.abc import Sequence
from itertools import compress

import numpy as np
from wajah.storage.ports import FaceBatch

from matcher.expiries import Expiries
from matcher.slots import Match, SlotArray, Templates


class FacesByMask:
    """Enrolled faces by user id, with L2-normalised float32 templates of shape (dimension,)."""

    def __init__(self, dimension: int) -> None:
        self._bare = SlotArray(dimension)
        self._masked = SlotArray(dimension)
        self._expiries = Expiries()

    def __len__(self) -> int:
        return len(self._bare) + len(self._masked)

    @property
    def nbytes(self) -> int:
        """Memory in use, about."""
        return self._bare.nbytes + self._masked.nbytes

    def put(
        self, user_id: str, user_name: str, template: Templates, *, masked: bool = False, retained_until: float = math.inf
    ) -> None:
        """Add a face, or replace the one that `user_id` has."""
        self._expiries.put(user_id, retained_until)
        here, there = (self._masked, self._bare) if masked else (self._bare, self._masked)
        there.remove(user_id)
        here.put(user_id, user_name, template)

    def put_many(self, batch: FaceBatch) -> None:
        """Put faces in one go."""
        for slots, others, chosen in self._groups(batch):
            user_ids = list(compress(batch.user_ids, chosen))
            for user_id in user_ids:
                others.remove(user_id)
            slots.put_many(user_ids, list(compress(batch.user_names, chosen)), batch.templates[chosen])
        for user_id, end in zip(batch.user_ids, batch.retained_until.tolist(), strict=True):
            self._expiries.put(user_id, end)

    def remove(self, user_id: str) -> bool:
        """Erase a face; False when there is none."""
        self._expiries.remove(user_id)
        return self._bare.remove(user_id) or self._masked.remove(user_id)

    def expire(self, now: float) -> None:
        """Erase the faces whose retention has ended by now, in Unix seconds."""
        for user_id in self._expiries.ended(now):
            self.remove(user_id)

    def match(self, user_id: str, probe: Templates) -> Match | None:
        """How well a probe of shape (dimension,) fits one face; None when there is none."""
        masked = self._masked.match(user_id, probe)
        return self._bare.match(user_id, probe) if masked is None else masked._replace(masked=True)

    def search(self, probes: Templates, ks: Sequence[int]) -> list[list[Match]]:
        """For each probe the `k` nearest bare faces, best first, then the `k` nearest masked ones.

        `probes` has shape (n, dimension), `ks` holds a `k` for each.
        """
        k = max(ks)
        found = zip(self._bare.search(probes, k), self._masked.search(probes, k), ks, strict=True)
        return [bare[:k] + [match._replace(masked=True) for match in masked[:k]] for bare, masked, k in found]

    def differing(self, batch: FaceBatch) -> list[str]:
        """Which of these faces are not here, or not like this."""
        return [
            user_id
            for slots, _, chosen in self._groups(batch)
            for user_id in slots.differing(
                list(compress(batch.user_ids, chosen)), list(compress(batch.user_names, chosen)), batch.templates[chosen]
            )
        ]

    def _groups(self, batch: FaceBatch) -> Sequence[tuple[SlotArray, SlotArray, np.ndarray[tuple[int], np.dtype[np.bool_]]]]:
        """The two arrays, the other one of each, and which faces of the batch belong there."""
        return ((self._bare, self._masked, ~batch.masked), (self._masked, self._bare, batch.masked))
