"""The two methods as jobs of the platform, on the institution's gallery."""

from typing import Final

from wajah.contracts.envelope import Reply
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import GalleryPayload, Search, Verify
from wajah.contracts.results import Searched, Verified
from wajah.storage.institutions import Institution

from ingress.api.dukcapil.answers import MAX_RESULTS, Call
from ingress.api.dukcapil.outcomes import Outcome
from ingress.api.dukcapil.scores import score_of, similarity_of
from ingress.gate import Gate

_NOBODY: Final = "nobody"

_OUTCOMES: Final[dict[Code, Outcome]] = {
    Code.IMAGE_ERROR: Outcome.IMAGE_NOT_PROCESSED,
    Code.FACE_NOT_DETECTED: Outcome.IMAGE_NOT_PROCESSED,
    Code.FACE_TOO_SMALL: Outcome.IMAGE_NOT_PROCESSED,
    Code.USER_NOT_FOUND: Outcome.NIK_NOT_FOUND,
}


class Recognition:
    """Notes in the call what its answer tells."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def search(self, call: Call, institution: Institution, image: bytes, threshold: float) -> Outcome:
        """At most ten faces that reach the threshold, best first. A gallery that is not there yet holds none."""
        similarity, gallery_id = similarity_of(threshold), institution.gallery_id
        payload = Search(gallery_id=gallery_id, image=image, limit=MAX_RESULTS, threshold=similarity)
        try:
            found = (await self._run(call, institution, payload)).result(Searched).candidates
        except WajahError as error:
            missing = error.code is Code.GALLERY_NOT_FOUND
            return Outcome.NO_MATCH if missing else _OUTCOMES.get(error.code, Outcome.BUSY)
        call.scores = {each.user_id: score_of(each.similarity, at_least=threshold) for each in found}
        return Outcome.SUCCESS if found else Outcome.NO_MATCH

    async def verify(self, call: Call, institution: Institution, image: bytes, threshold: float, nik: str | None) -> Outcome:
        """Without a NIK the work is the same, lest its time tell what became of the decryption; nobody is found."""
        similarity, gallery_id = similarity_of(threshold), institution.gallery_id
        payload = Verify(gallery_id=gallery_id, user_id=nik or _NOBODY, image=image, threshold=similarity)
        try:
            verified = (await self._run(call, institution, payload)).result(Verified)
        except WajahError as error:
            missing = error.code is Code.GALLERY_NOT_FOUND
            return Outcome.NIK_NOT_FOUND if missing else _OUTCOMES.get(error.code, Outcome.BUSY)
        if nik is None:
            return Outcome.NIK_NOT_FOUND
        call.uid = nik
        call.score = score_of(verified.similarity, at_least=threshold if verified.verified else 0.0)
        return Outcome.SUCCESS if verified.verified else Outcome.NO_MATCH

    async def _run(self, call: Call, institution: Institution, payload: GalleryPayload) -> Reply:
        """Raises WajahError, those of a job that failed among them."""
        reply = await self._gate.run(payload, client_id=institution.client_id, trx_id=call.transaction_id)
        if reply.error is not None:
            raise WajahError.from_data(reply.error)
        return reply
