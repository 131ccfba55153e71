"""The model packs of a deployment: a folder each under `<data>/packs`, opened by name.

How a pack gets there is `embedder.adding`'s part.
"""

from pathlib import Path

from embedder import default_pack
from embedder.default_pack import Progress, ensure_default_pack
from embedder.dlib_pack import DlibPack
from embedder.insightface_pack import InsightFacePack
from embedder.manifest import MANIFEST_NAME, Manifest, PackDamaged, PackKind
from embedder.pipeline import Pack


class PackUnknown(Exception):
    """No pack of that name; the message lists those that there are."""


def packs_folder(data: Path) -> Path:
    return data / "packs"


def pack_list(data: Path) -> list[Manifest]:
    """The packs in order of their names; the default pack only where it was built already. Raises PackDamaged."""
    return [Manifest.load(path.parent) for path in sorted(packs_folder(data).glob(f"*/{MANIFEST_NAME}"))]


def pack_show(name: str, data: Path) -> Manifest:
    """The manifest of a pack whose files are all there and unchanged. Raises PackUnknown, PackDamaged."""
    folder = _folder_of(name, data)
    manifest = Manifest.load(folder)
    manifest.verify(folder)
    return manifest


def open_pack(name: str, data: Path, progress: Progress) -> Pack:
    """The pack, checked and loaded; the default pack is built first where it is missing. Raises PackUnknown, PackDamaged.

    `progress` tells of the building alone.
    """
    if name == default_pack.NAME:
        folder = packs_folder(data) / name
        ensure_default_pack(folder, progress)
        return DlibPack.load(folder)
    manifest = pack_show(name, data)
    if manifest.kind is not PackKind.INSIGHTFACE:
        raise PackDamaged(f"{_folder_of(name, data)}: only the default pack is of the kind {manifest.kind}")
    return InsightFacePack.open(_folder_of(name, data), manifest)


def _folder_of(name: str, data: Path) -> Path:
    """Only names that are there are made into a path."""
    there = [path.parent for path in sorted(packs_folder(data).glob(f"*/{MANIFEST_NAME}"))]
    for folder in there:
        if folder.name == name:
            return folder
    known = ", ".join(sorted({default_pack.NAME, *(folder.name for folder in there)}))
    raise PackUnknown(f"no model pack {name!r}; there are: {known}")
