"""The platform's own civil register as the registry: names and birth dates in the store, faces in a gallery of their own."""

import time

from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import Verify, VerifyKtp
from wajah.contracts.results import Verified
from wajah.contracts.types import CIVIL_REGISTER
from wajah.messaging.caller import Jobs
from wajah.storage.civilians import Civilians

from dukcapil.names import same_name
from dukcapil.registry import Findings

_NO_FACE = frozenset({Code.USER_NOT_FOUND, Code.GALLERY_NOT_FOUND})


class OwnRegistry:
    """`dukcapil.registry.Registry`. The face goes the way of every 1:1 verification: to the embedder and the matcher."""

    def __init__(self, civilians: Civilians, jobs: Jobs) -> None:
        self._civilians = civilians
        self._jobs = jobs

    async def look_up(self, card: VerifyKtp, *, transaction: str, until: float) -> Findings | None:
        """Somebody whose face was not enrolled is not in the register."""
        civilian = await self._civilians.get(card.nik)
        if civilian is None:
            return None
        reply = await self._jobs.run(
            Verify(gallery_id=CIVIL_REGISTER.gallery_id, user_id=card.nik, image=card.image),
            client_id=CIVIL_REGISTER.client_id,
            trx_id=transaction,
            deadline_s=until - time.time(),
        )
        if reply.error is not None and reply.error.code in _NO_FACE:
            return None
        if reply.error is not None:
            raise WajahError.from_data(reply.error)
        return Findings(
            name=same_name(card.name, civilian.name),
            birth_date=card.birth_date == civilian.birth_date,
            face_percent=reply.result(Verified).similarity * 100,
        )
