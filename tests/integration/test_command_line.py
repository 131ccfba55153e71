"""The `wajah` command line as a newcomer meets it."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from wajah.settings import Settings

from tests.faces import pictures
from tests.servers.services import ServiceProcess, free_port

DATA = str(Settings().data)  # the bundled pack is prepared once, for all tests


def wajah(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "standalone", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, env=environment or None)


def test_the_demonstration_recognises_everybody_and_no_stranger() -> None:
    result = wajah("demo", "--data", DATA)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "8 of 8 pictures answered rightly" in result.stdout


def test_the_demonstration_takes_a_folder_of_ones_own(tmp_path: Path) -> None:
    for number, picture in enumerate(pictures(14)):
        person = tmp_path / f"person {number % 7}"
        person.mkdir(exist_ok=True)
        (person / f"{number}.jpg").write_bytes(picture)

    result = wajah("demo", "--data", DATA, "--faces", str(tmp_path))

    assert result.returncode == 0, result.stdout + result.stderr
    assert "7 of 7 pictures answered rightly" in result.stdout


def test_an_evaluation_prints_its_figures_and_draws_the_curve(tmp_path: Path) -> None:
    for number, picture in enumerate(pictures(20)):
        person = tmp_path / "faces" / f"{number % 7}"
        person.mkdir(parents=True, exist_ok=True)
        (person / f"{number}.jpg").write_bytes(picture)

    result = wajah("evaluate", str(tmp_path / "faces"), "--json", "--data", DATA, "--roc", str(tmp_path / "roc.png"))

    figures = json.loads(result.stdout)
    assert figures["rank_1"] == 1.0
    assert figures["tar_at_fmr_1e-02"] == 1.0
    assert figures["faces_missed"] == []
    assert (tmp_path / "roc.png").read_bytes().startswith(b"\x89PNG")


def test_an_evaluation_shows_what_masks_do(tmp_path: Path) -> None:
    for number, picture in enumerate(pictures(14)):
        for folder in (f"faces/{number % 7}", "masks/masked", "masks/unmasked"):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / f"{number:02}.jpg").write_bytes(picture)
    faces, masks = str(tmp_path / "faces"), str(tmp_path / "masks")

    result = wajah("evaluate", faces, "--drawn-masks", "--masks", masks, "--json", "--data", DATA, "--roc", f"{faces}.png")
    shown = wajah("evaluate", "--masks", masks, "--split", "all", "--data", DATA)

    figures = json.loads(result.stdout)
    assert set(figures["drawn_masks"]) == {"none", "one", "both"}
    assert figures["drawn_masks"]["none"]["impostor"] == 21
    assert figures["masks"]["pictures"] == {"masked": 7, "unmasked": 7}
    assert figures["masks"]["confusion"]["masked"] == figures["masks"]["confusion"]["unmasked"]
    assert figures["masks"]["balanced_accuracy"] == 0.5
    assert "balanced accuracy 0.500" in " ".join(shown.stdout.split())


def test_an_evaluation_of_nothing_is_refused() -> None:
    result = wajah("evaluate", "--data", DATA)

    assert result.returncode == 2
    assert "--masks" in result.stderr


def test_what_cannot_be_done_is_told_in_one_line(tmp_path: Path) -> None:
    result = wajah("evaluate", str(tmp_path / "absent"), "--data", DATA)

    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "absent" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(("name", "told"), [("embedder", "WAJAH_BUS"), ("nonsense", "embedder, matcher")])
def test_a_service_that_cannot_run_alone_says_why(name: str, told: str) -> None:
    result = wajah("service", name)

    assert result.returncode == 2
    assert told in result.stderr


def test_a_platform_that_is_told_to_stop_ends_cleanly(tmp_path: Path) -> None:
    port = free_port()
    store = {"WAJAH_STORE": f"sqlite:///{tmp_path / 'wajah.db'}", "WAJAH_DATA": DATA}
    serve = ServiceProcess("standalone", store, tmp_path, "serve", "--bind", f"127.0.0.1:{port}")
    serve.start()
    serve.wait_ready(f"http://127.0.0.1:{port}/readyz")

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/docs", timeout=5) as page:
        assert page.status == 200

    assert serve.stop() == 0
