"""What every store must do. Each implementation inherits the suite, gives it an empty, started `store` and
`every_byte` that the store holds, and says by `settles_races` whether its server can be raced."""

from wajah.storage.ports import Store

from tests.contract.storage_accounts_suite import AccountsSuite
from tests.contract.storage_api_keys_suite import ApiKeysSuite
from tests.contract.storage_blacklist_suite import BlacklistSuite
from tests.contract.storage_civilians_suite import CiviliansSuite
from tests.contract.storage_encryption_suite import EncryptionSuite
from tests.contract.storage_faces_suite import FacesSuite
from tests.contract.storage_galleries_suite import GalleriesSuite
from tests.contract.storage_institutions_suite import InstitutionsSuite
from tests.contract.storage_quotas_suite import QuotasSuite
from tests.contract.storage_records_suite import RecordsSuite
from tests.contract.storage_registrations_suite import RegistrationsSuite
from tests.contract.storage_retention_suite import RetentionSuite
from tests.contract.storage_upstream_calls_suite import UpstreamCallsSuite


class StoreSuite(
    AccountsSuite,
    ApiKeysSuite,
    InstitutionsSuite,
    BlacklistSuite,
    RegistrationsSuite,
    QuotasSuite,
    GalleriesSuite,
    FacesSuite,
    EncryptionSuite,
    RetentionSuite,
    RecordsSuite,
    UpstreamCallsSuite,
    CiviliansSuite,
):
    async def test_a_started_store_is_ready(self, store: Store) -> None:
        assert await store.ready()

    async def test_a_stopped_store_is_not_ready(self, store: Store) -> None:
        await store.stop()

        assert not await store.ready()
