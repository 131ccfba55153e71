"""Which handler serves which stage."""

from wajah.contracts.stages import Stage
from wajah.messaging.slip import StageHandler
from wajah.storage.ports import Store

from matcher.calibrated import CalibratedModels
from matcher.catalogue import Catalogue
from matcher.checking import Checking
from matcher.enrolment import Enrolment
from matcher.keeper import Keeper
from matcher.recognition import Recognition
from matcher.registration import Registration


def handlers(store: Store, keeper: Keeper) -> dict[Stage, StageHandler]:
    """Every stage of the matcher."""
    models = CalibratedModels(store.models)
    recognition = Recognition(store, keeper, models)
    enrolment = Enrolment(store, keeper, models)
    catalogue = Catalogue(store, keeper)
    registration = Registration(store)
    return {
        Stage.MATCH_CHECK: Checking(store, models).check,
        Stage.MATCH_ENROL: enrolment.enrol,
        Stage.MATCH_VERIFY: recognition.verify,
        Stage.MATCH_IDENTIFY: recognition.identify,
        Stage.MATCH_SEARCH: recognition.search,
        Stage.GALLERY_CREATE: catalogue.create,
        Stage.GALLERY_LIST: catalogue.list,
        Stage.GALLERY_DELETE: catalogue.delete,
        Stage.FACE_LIST: enrolment.list,
        Stage.FACE_DELETE: enrolment.delete,
        Stage.CLIENT_REGISTER: registration.register,
        Stage.CLIENT_DEREGISTER: registration.deregister,
        Stage.CLIENT_COUNTERS: registration.count,
    }
