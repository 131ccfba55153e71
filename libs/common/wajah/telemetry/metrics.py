"""The instruments that every service has, and how they are read. Like loggers, they belong to the process."""

from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest

JOBS: Final = Counter("wajah_jobs", "Jobs that a stage finished with, by status code of the outcome.", ["stage", "code"])
STAGE_SECONDS: Final = Histogram(
    "wajah_stage_seconds",
    "Time that a stage's handler took.",
    ["stage"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
IN_FLIGHT: Final = Gauge("wajah_jobs_in_flight", "Jobs in a stage's hands.", ["stage"])
PARKED: Final = Counter("wajah_jobs_parked", "Jobs put on the dead-letter queue by a worker.")
UNFINISHED: Final = Counter("wajah_jobs_unfinished", "Jobs that failed after a stage that can't be undone.")

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


def exposition() -> bytes:
    """All metrics of the process, as Prometheus reads them."""
    return generate_latest(REGISTRY)
