"""The store in one SQLite file: its parts on one database."""

from pathlib import Path

from wajah.contracts.errors import WajahError
from wajah.storage.civilians import Civilians
from wajah.storage.institutions import InstitutionKeys, Institutions
from wajah.storage.ports import (
    ApiKeys,
    BareFaces,
    Clients,
    DataKeys,
    Galleries,
    Models,
    Registrations,
    SealedFaces,
    Tokens,
    Transactions,
    UpstreamCalls,
)
from wajah.storage.sqlite.accounts import SqliteClients, SqliteTokens
from wajah.storage.sqlite.api_keys import SqliteApiKeys
from wajah.storage.sqlite.bare_faces import SqliteBareFaces
from wajah.storage.sqlite.civilians import SqliteCivilians
from wajah.storage.sqlite.data_keys import SqliteDataKeys
from wajah.storage.sqlite.database import Database
from wajah.storage.sqlite.faces import SqliteFaces
from wajah.storage.sqlite.galleries import SqliteGalleries
from wajah.storage.sqlite.institutions import SqliteInstitutionKeys, SqliteInstitutions
from wajah.storage.sqlite.records import SqliteModels, SqliteTransactions
from wajah.storage.sqlite.registrations import SqliteRegistrations
from wajah.storage.sqlite.upstream_calls import SqliteUpstreamCalls


class SqliteStore:
    """`wajah.storage.ports.SealedStore`. Several processes of one machine may share the file."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        self.clients: Clients = SqliteClients(self._database)
        self.registrations: Registrations = SqliteRegistrations(self._database)
        self.tokens: Tokens = SqliteTokens(self._database)
        self.api_keys: ApiKeys = SqliteApiKeys(self._database)
        self.institutions: Institutions = SqliteInstitutions(self._database)
        self.institution_keys: InstitutionKeys = SqliteInstitutionKeys(self._database)
        self.galleries: Galleries = SqliteGalleries(self._database)
        self.data_keys: DataKeys = SqliteDataKeys(self._database)
        self.bare_faces: BareFaces | None = SqliteBareFaces(self._database)
        self.faces: SealedFaces = SqliteFaces(self._database)
        self.transactions: Transactions = SqliteTransactions(self._database)
        self.models: Models = SqliteModels(self._database)
        self.upstream_calls: UpstreamCalls = SqliteUpstreamCalls(self._database)
        self.civilians: Civilians = SqliteCivilians(self._database)

    async def start(self) -> None:
        await self._database.start()

    async def stop(self) -> None:
        await self._database.stop()

    async def ready(self) -> bool:
        try:
            await self._database.read(lambda connection: connection.execute("SELECT 1").fetchone())
        except WajahError:
            return False
        return True
