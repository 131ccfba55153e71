"""What every store must do for the civil register."""

from datetime import date

from wajah.storage.civilians import Civilian
from wajah.storage.ports import Store

SITI = Civilian("3175035708450001", "St. Nur’aini, S.Pd.", date(1945, 8, 17))


class CiviliansSuite:
    async def test_a_nik_belongs_to_whom_it_was_put_down_for(self, store: Store) -> None:
        other = Civilian("1101010101000001", "Agus", date(2000, 2, 29))
        await store.civilians.put(SITI)
        await store.civilians.put(other)

        assert await store.civilians.get(SITI.nik) == SITI
        assert await store.civilians.get(other.nik) == other
        assert await store.civilians.get("9601017112999999") is None

    async def test_what_is_put_again_is_replaced(self, store: Store) -> None:
        corrected = Civilian(SITI.nik, "Siti Nuraini", date(1946, 8, 17))
        await store.civilians.put(SITI)
        count = await store.civilians.count()

        await store.civilians.put(corrected)

        assert await store.civilians.get(SITI.nik) == corrected
        assert await store.civilians.count() == count

    async def test_who_is_removed_is_gone(self, store: Store) -> None:
        await store.civilians.put(SITI)

        assert await store.civilians.remove(SITI.nik)

        assert await store.civilians.get(SITI.nik) is None
        assert not await store.civilians.remove(SITI.nik)
