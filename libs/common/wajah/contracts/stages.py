"""The stages that a job can pass through, what each leaves behind, and the itinerary of every job."""

from enum import StrEnum
from typing import Final, Literal, NamedTuple

from wajah.contracts.types import Contract


class Stage(StrEnum):
    """One step of the work. A message names stages, never queues."""

    EMBED = "embed"
    EMBED_KTP = "embed.ktp"
    COMPARE = "embed.compare"
    MATCH_CHECK = "match.check"
    MATCH_ENROL = "match.enrol"
    MATCH_VERIFY = "match.verify"
    MATCH_IDENTIFY = "match.identify"
    MATCH_SEARCH = "match.search"
    PL_REGISTER = "pl.register"
    PL_CHECKIN = "pl.checkin"
    DUKCAPIL_IDENTIFY = "dukcapil.identify"
    DUKCAPIL_VERIFY = "dukcapil.verify"
    GALLERY_CREATE = "match.gallery.create"
    GALLERY_LIST = "match.gallery.list"
    GALLERY_DELETE = "match.gallery.delete"
    FACE_LIST = "match.face.list"
    FACE_DELETE = "match.face.delete"
    CLIENT_REGISTER = "match.client.register"
    CLIENT_DEREGISTER = "match.client.deregister"
    CLIENT_COUNTERS = "match.client.counters"


class Kind(StrEnum):
    """READ stages may be lost and asked again; WRITE stages are durable, and survive the broker's restart."""

    READ = "read"
    WRITE = "write"


class StageSpec(NamedTuple):
    """How a stage travels.

    `service` owns its queue; `sharded` stages go to the one owner of their gallery; `needs` are the binary fields that the
    stage reads (`payload.<field>` or `<stage>.<field>`): the rest leaves the message before it is sent there. What an
    `irreversible` stage has done can't be undone: a job that fails after it must still be brought to its end.
    """

    service: Literal["embedder", "matcher", "pedulilindungi", "dukcapil"]
    kind: Kind
    sharded: bool
    needs: frozenset[str]
    irreversible: bool = False


_IMAGE = frozenset({"payload.image"})
_TEMPLATE = frozenset({"embed.template"})
_EITHER_TEMPLATE = frozenset({"embed.template", "embed.ktp.template"})
_NOTHING: frozenset[str] = frozenset()

STAGES: Final[dict[Stage, StageSpec]] = {
    Stage.EMBED: StageSpec("embedder", Kind.READ, False, _IMAGE),
    Stage.EMBED_KTP: StageSpec("embedder", Kind.READ, False, _IMAGE),
    Stage.COMPARE: StageSpec("embedder", Kind.READ, False, frozenset({"payload.source_image", "payload.target_image"})),
    Stage.MATCH_CHECK: StageSpec("matcher", Kind.READ, True, _TEMPLATE),
    Stage.MATCH_ENROL: StageSpec("matcher", Kind.WRITE, True, _EITHER_TEMPLATE),
    Stage.MATCH_VERIFY: StageSpec("matcher", Kind.READ, True, _TEMPLATE),
    Stage.MATCH_IDENTIFY: StageSpec("matcher", Kind.READ, True, _TEMPLATE),
    Stage.MATCH_SEARCH: StageSpec("matcher", Kind.READ, True, _TEMPLATE),
    Stage.PL_REGISTER: StageSpec("pedulilindungi", Kind.WRITE, False, _NOTHING, irreversible=True),
    Stage.PL_CHECKIN: StageSpec("pedulilindungi", Kind.READ, False, _NOTHING),
    Stage.DUKCAPIL_IDENTIFY: StageSpec("dukcapil", Kind.READ, False, _IMAGE),
    Stage.DUKCAPIL_VERIFY: StageSpec("dukcapil", Kind.READ, False, _IMAGE),
    Stage.GALLERY_CREATE: StageSpec("matcher", Kind.WRITE, True, _NOTHING),
    Stage.GALLERY_LIST: StageSpec("matcher", Kind.READ, True, _NOTHING),
    Stage.GALLERY_DELETE: StageSpec("matcher", Kind.WRITE, True, _NOTHING),
    Stage.FACE_LIST: StageSpec("matcher", Kind.READ, True, _NOTHING),
    Stage.FACE_DELETE: StageSpec("matcher", Kind.WRITE, True, _NOTHING),
    Stage.CLIENT_REGISTER: StageSpec("matcher", Kind.WRITE, True, _NOTHING),
    Stage.CLIENT_DEREGISTER: StageSpec("matcher", Kind.WRITE, True, _NOTHING),
    Stage.CLIENT_COUNTERS: StageSpec("matcher", Kind.READ, True, _NOTHING),
}


class JobName(StrEnum):
    """What a caller can ask for."""

    ENROL = "enrol"
    ENROL_KTP = "enrol-ktp"
    VERIFY = "verify"
    IDENTIFY = "identify"
    SEARCH = "search"
    COMPARE = "compare"
    PL_ENROL = "pl.enrol"
    PL_VERIFY = "pl.verify"
    PL_IDENTIFY = "pl.identify"
    DUKCAPIL_IDENTIFY = "dukcapil.identify"
    KTP_VERIFY = "ktp.verify"
    GALLERY_CREATE = "gallery.create"
    GALLERY_LIST = "gallery.list"
    GALLERY_DELETE = "gallery.delete"
    FACE_LIST = "face.list"
    FACE_DELETE = "face.delete"
    CLIENT_REGISTER = "client.register"
    CLIENT_DEREGISTER = "client.deregister"
    CLIENT_COUNTERS = "client.counters"


class Step(Contract):
    """A stage on an itinerary, and whether the job goes on when it fails."""

    stage: Stage
    on_error: Literal["stop", "continue"] = "stop"


ITINERARIES: Final[dict[JobName, tuple[Step, ...]]] = {
    JobName.ENROL: (Step(stage=Stage.EMBED), Step(stage=Stage.MATCH_ENROL)),
    JobName.ENROL_KTP: (Step(stage=Stage.EMBED_KTP), Step(stage=Stage.MATCH_ENROL)),
    JobName.VERIFY: (Step(stage=Stage.EMBED), Step(stage=Stage.MATCH_VERIFY)),
    JobName.IDENTIFY: (Step(stage=Stage.EMBED), Step(stage=Stage.MATCH_IDENTIFY)),
    JobName.SEARCH: (Step(stage=Stage.EMBED), Step(stage=Stage.MATCH_SEARCH)),
    JobName.COMPARE: (Step(stage=Stage.COMPARE),),
    JobName.PL_ENROL: (
        Step(stage=Stage.EMBED),
        Step(stage=Stage.MATCH_CHECK),
        Step(stage=Stage.PL_REGISTER),
        Step(stage=Stage.MATCH_ENROL),
    ),
    JobName.PL_VERIFY: (Step(stage=Stage.EMBED), Step(stage=Stage.MATCH_VERIFY), Step(stage=Stage.PL_CHECKIN)),
    JobName.PL_IDENTIFY: (Step(stage=Stage.EMBED), Step(stage=Stage.MATCH_IDENTIFY), Step(stage=Stage.PL_CHECKIN)),
    JobName.DUKCAPIL_IDENTIFY: (Step(stage=Stage.DUKCAPIL_IDENTIFY),),
    JobName.KTP_VERIFY: (Step(stage=Stage.DUKCAPIL_VERIFY),),
    JobName.GALLERY_CREATE: (Step(stage=Stage.GALLERY_CREATE),),
    JobName.GALLERY_LIST: (Step(stage=Stage.GALLERY_LIST),),
    JobName.GALLERY_DELETE: (Step(stage=Stage.GALLERY_DELETE),),
    JobName.FACE_LIST: (Step(stage=Stage.FACE_LIST),),
    JobName.FACE_DELETE: (Step(stage=Stage.FACE_DELETE),),
    JobName.CLIENT_REGISTER: (Step(stage=Stage.CLIENT_REGISTER),),
    JobName.CLIENT_DEREGISTER: (Step(stage=Stage.CLIENT_DEREGISTER),),
    JobName.CLIENT_COUNTERS: (Step(stage=Stage.CLIENT_COUNTERS),),
}
