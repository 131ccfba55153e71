"""`python -m tests.fault.enrolling FILE`: enrols until it is killed, and prints each user as soon as the store has it."""

import asyncio
import itertools
import sys
from datetime import UTC, datetime
from pathlib import Path

from wajah.contracts.types import GalleryKey
from wajah.storage.ports import SealedFace
from wajah.storage.sqlite.store import SqliteStore

GALLERY = GalleryKey("client", "staff")
AT_ONCE = 16  # so that writes share commits


async def main(path: Path) -> None:
    store = SqliteStore(path)
    await store.start()
    numbers = itertools.count()

    async def enrol_for_ever() -> None:
        for number in numbers:
            user_id = f"u{number}"
            await store.faces.enrol(
                SealedFace(
                    gallery=GALLERY,
                    user_id=user_id,
                    user_name="Budi",
                    model_id="pack",
                    template=bytes(512),
                    job_id=f"job {number}",
                    enrolled_at=datetime.now(UTC),
                ),
                replace=False,
            )
            print(user_id, flush=True)

    await asyncio.gather(*(enrol_for_ever() for _ in range(AT_ONCE)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
