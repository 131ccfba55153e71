"""What a test run could not check, kept for the end of its report."""

_NOT_RUN: dict[str, str] = {}


def report_not_run(what: str, why: str) -> None:
    """Say at the end of the run, in capital letters, that something was not tested; `pytest.skip` is up to the caller."""
    _NOT_RUN[what] = why


def not_run() -> dict[str, str]:
    """What was reported so far, with the reasons."""
    return dict(_NOT_RUN)
