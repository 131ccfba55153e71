"""`make bench`: every figure in one run, as ratios on the same images; printed, and written to `var/bench.json`."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from wajah.settings import Settings
from wajah.storage.connect import open_store

from tests.faces import pictures
from tests.load import gallery_bench
from tests.load.figures import Figure, write
from tests.load.model_bench import dlib_figures, insightface_figures
from tests.load.platform_bench import platform_figures

IMAGES = 63
LOADED_FACES = 100_000
_BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[2].parent / "shared"


def figures(data: Path) -> Iterator[Figure]:
    images = list(pictures(IMAGES))
    yield from platform_figures(data, images)
    yield from dlib_figures(data, images)
    pack = Path(os.environ.get("WAJAH_MEASURING_DATA", _BESIDE_THE_CHECKOUT)) / "packs" / "mbf_prelu"
    if pack.is_dir():
        with tempfile.TemporaryDirectory(prefix="wajah-bench-") as folder:
            yield from insightface_figures(pack, Path(folder), images)
    else:
        print("NOT MEASURED: OUR LOADER AGAINST INSIGHTFACE'S, THERE IS NO PACK TO MEASURE ON")
    for faces in (10_000, 100_000):
        yield from _search(faces)
    yield from _changes(10_000)
    yield from asyncio.run(_loading())


def _search(faces: int) -> Iterator[Figure]:
    for found in gallery_bench.search_figures(faces):
        what = f"search of {found.probes} in {faces // 1000} k"
        ours = f"{found.ours_ms:.2f} ms"
        plain = f"{ours} · faiss.knn on one array {found.plain_ms:.2f} ms"
        yield Figure(f"{what} against plain faiss.knn", found.against_plain, "x", plain, ">= 0.95")
        installed = f"{ours} · IndexFlatIP as installed {found.installed_ms:.2f} ms on all cores"
        yield Figure(
            f"{what} against IndexFlatIP", found.against_installed, "x", installed, ">= 5" if found.probes == 64 else ""
        )
        one_core = f"{ours} · IndexFlatIP on one core {found.installed_one_core_ms:.2f} ms"
        yield Figure(f"{what} against IndexFlatIP on one core", found.against_installed_one_core, "x", one_core)


def _changes(faces: int) -> Iterator[Figure]:
    spent = gallery_bench.change_figures(faces)
    for name, value in (("add", spent.add_us), ("remove", spent.remove_us), ("verify", spent.verify_us)):
        yield Figure(f"{name} a face", value, "us", f"in a gallery of {faces // 1000} k")


async def _loading() -> list[Figure]:
    found = []
    with tempfile.TemporaryDirectory(prefix="wajah-bench-") as folder:
        stores = {"SQLite": f"sqlite:///{folder}/wajah.db"}
        if os.environ.get("MONGO_URL"):
            stores["MongoDB"] = os.environ["MONGO_URL"]
        else:
            print("NOT MEASURED: LOADING FROM MONGODB, SET MONGO_URL")
        for name, url in stores.items():
            store = open_store(url)
            await store.start()
            loaded = await gallery_bench.load_figures(store, LOADED_FACES)
            await store.stop()
            detail = f"{loaded.enrolments_per_s:.0f} enrolments/s before it"
            found.append(Figure(f"loading {LOADED_FACES // 1000} k x 512 from {name}", loaded.load_s, "s", detail))
    return found


def main() -> None:
    data = Settings().data
    measured = []
    for figure in figures(data):
        print(figure, flush=True)
        measured.append(figure)
    write(measured, data / "bench.json")


if __name__ == "__main__":
    main()
