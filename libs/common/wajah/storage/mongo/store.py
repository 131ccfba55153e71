"""The store in MongoDB: its parts on one database."""

from concurrent.futures import ThreadPoolExecutor

import structlog

from wajah.storage.civilians import Civilians
from wajah.storage.institutions import InstitutionKeys, Institutions
from wajah.storage.mongo.accounts import MongoClients, MongoTokens
from wajah.storage.mongo.api_keys import MongoApiKeys
from wajah.storage.mongo.civilians import MongoCivilians
from wajah.storage.mongo.data_keys import MongoDataKeys
from wajah.storage.mongo.database import MongoDatabase
from wajah.storage.mongo.faces import MongoFaces
from wajah.storage.mongo.galleries import MongoGalleries
from wajah.storage.mongo.institutions import MongoInstitutionKeys, MongoInstitutions
from wajah.storage.mongo.operations import Operations
from wajah.storage.mongo.quotas import Quotas
from wajah.storage.mongo.records import MongoModels, MongoTransactions
from wajah.storage.mongo.registrations import MongoRegistrations
from wajah.storage.mongo.upstream_calls import MongoUpstreamCalls
from wajah.storage.ports import (
    ApiKeys,
    BareFaces,
    Clients,
    DataKeys,
    Galleries,
    Models,
    Registrations,
    SealedFaces,
    StoreUnavailable,
    Tokens,
    Transactions,
    UpstreamCalls,
)

_log = structlog.get_logger(__name__)


class MongoStore:
    """`wajah.storage.ports.SealedStore`. Templates have been encrypted as long as there is this store."""

    def __init__(self, url: str) -> None:
        self._database = MongoDatabase(url)
        self._decoder = ThreadPoolExecutor(1, thread_name_prefix="mongo-decode")
        operations = Operations(self._database)
        self._quotas = quotas = Quotas(self._database)
        self._galleries = MongoGalleries(self._database, operations, quotas)
        self.clients: Clients = MongoClients(self._database, quotas)
        self.registrations: Registrations = MongoRegistrations(self._database, self._galleries)
        self.tokens: Tokens = MongoTokens(self._database)
        self.api_keys: ApiKeys = MongoApiKeys(self._database, quotas)
        self.institutions: Institutions = MongoInstitutions(self._database)
        self.institution_keys: InstitutionKeys = MongoInstitutionKeys(self._database)
        self.galleries: Galleries = self._galleries
        self.data_keys: DataKeys = MongoDataKeys(self._database)
        self.bare_faces: BareFaces | None = None
        self.faces: SealedFaces = MongoFaces(self._database, operations, self._galleries, quotas, self._decoder)
        self.transactions: Transactions = MongoTransactions(self._database)
        self.models: Models = MongoModels(self._database)
        self.upstream_calls: UpstreamCalls = MongoUpstreamCalls(self._database)
        self.civilians: Civilians = MongoCivilians(self._database)

    async def start(self) -> None:
        await self._database.start()
        for sweep in (self._quotas.sweep, self._galleries.sweep):
            try:
                async with self._database.guarded():
                    await sweep()
            except StoreUnavailable:
                _log.warning("sweep cut short, the next start goes on with it")

    async def stop(self) -> None:
        await self._database.stop()
        self._decoder.shutdown()

    async def ready(self) -> bool:
        return await self._database.ready()
