"""Plumbing that all tests share: the servers' fixtures, and the report of what could not be run."""

import pytest

from tests.servers.reporting import not_run

pytest_plugins = ["tests.servers.mongodb", "tests.servers.rabbitmq"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missing = not_run()
    if not missing:
        return
    terminalreporter.section("NOT RUN", sep="!", red=True, bold=True)
    for what, why in sorted(missing.items()):
        terminalreporter.write_line(f"{what}: {why}".upper(), red=True)
