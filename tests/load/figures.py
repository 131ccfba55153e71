"""A benchmark's figures: the same work on both sides, one run, a ratio; printed as lines and kept as JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the benchmark: `value` in `unit`, and the `goal` it has where there is one."""

    name: str
    value: float
    unit: str
    detail: str
    goal: str = ""

    def __str__(self) -> str:
        value = f"{self.value:.2f}" if self.value < 100 else f"{self.value:.0f}"
        goal = f"  (goal {self.goal})" if self.goal else ""
        return f"{self.name}: {value} {self.unit}{goal} · {self.detail}"


def write(figures: list[Figure], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n", encoding="utf-8")
