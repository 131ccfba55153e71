"""The demonstration: enrol real people, recognise each from a different picture, try a stranger, print what happened."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from standalone.client import FaceApi
from standalone.photographs import Portrait, read
from standalone.variants import VARIANTS

GALLERY = "demo"
UNREGISTERED = "unregistered"


@dataclass(frozen=True, slots=True)
class Probe:
    """A picture to be recognised: whose it is (None for a stranger), and what kind of picture."""

    person: Portrait | None
    kind: str
    image: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the platform said of a probe. `similarity` is from 0 to 1."""

    probe: Probe
    found: str
    similarity: float
    elapsed_ms: float

    @property
    def right(self) -> bool:
        return self.found == (self.probe.person.name if self.probe.person else UNREGISTERED)


def altered(people: Sequence[Portrait]) -> list[Probe]:
    """One altered picture a person, each kind of alteration in turn."""
    kinds = [VARIANTS[i % len(VARIANTS)] for i in range(len(people))]
    return [Probe(person, kind.__name__, kind(person.image)) for person, kind in zip(people, kinds, strict=True)]


def stranger(portrait: Portrait) -> Probe:
    return Probe(None, "never enrolled", portrait.upload)


def from_folder(folder: Path) -> tuple[list[Portrait], list[Probe]]:
    """`person/*.jpg`: the first picture of each person enrols, the others are tried; an only picture is tried altered.

    Raises FileNotFoundError when the folder holds no person with a picture.
    """
    people: list[Portrait] = []
    probes: list[Probe] = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(path for path in place.iterdir() if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
        if not files:
            continue
        person = Portrait(place.name, read(files[0]), files[0].read_bytes())
        people.append(person)
        probes += [Probe(person, path.name, path.read_bytes()) for path in files[1:]] or altered([person])
    if not people:
        raise FileNotFoundError(f"{folder}: no folder in it holds a .jpg or .png")
    return people, probes


async def enrol_all(api: FaceApi, people: Iterable[Portrait], console: Console) -> None:
    """Enrol everyone; who can't be enrolled is told with the status of the answer."""
    await api.create_gallery(GALLERY)
    for person in people:
        status = await api.enrol(GALLERY, person.name, person.name, person.upload)
        if status != "200":
            console.print(f"[yellow]{person.name} could not be enrolled: status {status}[/]")


async def try_all(api: FaceApi, probes: Iterable[Probe]) -> list[Outcome]:
    """Identify every probe, one after the other, so that the milliseconds are those of one caller."""
    outcomes = []
    for probe in probes:
        started = time.perf_counter()
        found = await api.identify(GALLERY, probe.image)
        elapsed_ms = (time.perf_counter() - started) * 1000
        outcomes.append(Outcome(probe, found.user_id or f"status {found.status}", found.similarity, elapsed_ms))
    return outcomes


def table(outcomes: Iterable[Outcome]) -> Table:
    """Who, found as, similarity, milliseconds."""
    rows = Table("", "who", "picture", "found as", "similarity", "ms", title="Identified from a different picture")
    for outcome in outcomes:
        rows.add_row(
            "[green]✓[/]" if outcome.right else "[red]✗[/]",
            outcome.probe.person.name if outcome.probe.person else "a stranger",
            outcome.probe.kind,
            outcome.found,
            f"{outcome.similarity:.3f}",
            f"{outcome.elapsed_ms:.0f}",
        )
    return rows
