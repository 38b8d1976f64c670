"""The set-up script: which JDK it takes, what it says when it can't go on, what `make help` shows."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "bootstrap.sh"


def run_shell(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code that may use the script's functions."""
    return subprocess.run(
        ["bash", "-c", f"source {SCRIPT}\n{code}"],
        env={"PATH": os.environ["PATH"], **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def make_jdk(home: Path, version: str, *programs: str) -> Path:
    """What a JDK looks like from outside."""
    (home / "bin").mkdir(parents=True)
    for program in programs:
        (home / "bin" / program).touch(0o755)
    (home / "release").write_text(f'IMPLEMENTOR="Somebody"\nJAVA_VERSION="{version}"\nMODULES="java.base"\n')
    return home


@pytest.mark.parametrize(
    ("version", "programs", "major"),
    [
        ("17.0.15", ("java", "javac"), "17"),
        ("25", ("java", "javac"), "25"),
        ("1.8.0_442", ("java", "javac"), "1"),
        ("21.0.1", ("java",), "0"),  # no compiler: a JRE
    ],
)
def test_a_jdk_is_known_by_its_release_file(
    tmp_path: Path, version: str, programs: tuple[str, ...], major: str
) -> None:
    home = make_jdk(tmp_path / "jdk", version, *programs)
    assert run_shell(f"major_version {home}").stdout == f"{major}\n"


def test_a_folder_without_a_release_file_is_no_jdk(tmp_path: Path) -> None:
    assert run_shell(f"major_version {tmp_path}").stdout == "0\n"


def test_java_home_comes_first(tmp_path: Path) -> None:
    home = make_jdk(tmp_path / "jdk", "21.0.1", "java", "javac")
    (tmp_path / "link").symlink_to(home)
    assert run_shell("find_jdk", JAVA_HOME=str(tmp_path / "link")).stdout == f"{home}\n"


def test_the_jdk_on_path_comes_next_when_java_home_is_too_old(tmp_path: Path) -> None:
    old = make_jdk(tmp_path / "old", "11.0.2", "java", "javac")
    new = make_jdk(tmp_path / "new", "17.0.1", "java", "javac")
    found = run_shell("find_jdk", JAVA_HOME=str(old), PATH=f"{new}/bin:{os.environ['PATH']}")
    assert found.stdout == f"{new}\n"


def test_where_no_jdk_may_be_installed_it_says_what_to_install() -> None:
    ended = run_shell("find_jdk() { return 1; }; as_root() { return 1; }; demand_jdk")
    assert ended.returncode == 1
    assert ended.stderr == (
        "\nsetup failed: no JDK 17 or newer was found, and this user may not install one\n"
        "Install a JDK 17 or newer (with javac), or set JAVA_HOME to one. On Debian or Ubuntu: sudo apt-get install "
        "openjdk-17-jdk-headless. On Fedora: sudo dnf install java-latest-openjdk-devel. On a Mac: brew install "
        "openjdk@17.\n"
    )


ADVICE = (
    "Install the programs of PostgreSQL and MariaDB, on Debian or Ubuntu: sudo apt-get install --no-install-recommends "
    "postgresql mariadb-server-core mariadb-client-core. Without them their tests are skipped.\n"
)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("missing_databases() { :; }", ""),
        (
            "missing_databases() { echo postgresql; }; as_root() { return 1; }",
            f"setup: not here: postgresql. {ADVICE}",
        ),
        (
            "missing_databases() { echo postgresql; }; as_root() { :; }; apt-get() { :; }; "
            "install_databases() { [ $* = postgresql ] && return 100; }",
            "setup: databases for the tests: Debian's postgresql, as system packages\n"
            f"setup: they could not be installed (build/setup/databases.log). {ADVICE}",
        ),
    ],
)
def test_databases_that_can_not_be_installed_are_told_and_done_without(code: str, told: str) -> None:
    ended = run_shell(f"{code}; set_up_databases")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, told, "")


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ("exit 0", "node\nnpm\n"),
        ("exit 1", "/wheel/bin/node\n/wheel/lib/node_modules/npm/bin/npm-cli.js\n"),  # too old
    ],
)
def test_node_is_the_machines_else_that_of_the_python_packages(tmp_path: Path, node: str, told: str) -> None:
    for program, code in {"node": node, "npm": "exit 0", "python": "echo /wheel"}.items():
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / program).write_text(f"#!/bin/sh\n{code}\n")
        (tmp_path / "bin" / program).chmod(0o755)
    found = run_shell(f"venv={tmp_path}; find_node", PATH=f"{tmp_path}/bin:{os.environ['PATH']}")
    assert found.stdout == told


def test_a_browser_that_can_not_be_installed_is_told_and_done_without() -> None:
    ended = run_shell("command() { return 1; }; set_up_browser")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == (
        "setup: chromium or its library libatomic is missing here. Install Chromium, on Debian: sudo apt-get install "
        "--no-install-recommends chromium libatomic1. Without it the tests of the pages in a browser are skipped.\n"
    )


def test_an_old_python_is_refused_with_the_way_out(tmp_path: Path) -> None:
    for name in ("python3", "python3.13", "python3.12", "python3.11"):
        program = tmp_path / name
        program.write_text('#!/bin/sh\n[ "$1" != --version ] || echo "Python 3.9.2"\nexit 1\n')
        program.chmod(0o755)
    ended = run_shell("find_python", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert ended.returncode == 1
    assert ended.stderr == (
        "\nsetup failed: no Python 3.11 to 3.14 with the modules venv and ensurepip among:  python3 python3.13 "
        "python3.12 python3.11 (python3 here: Python 3.9.2)\n"
        "Install one, on Debian or Ubuntu: apt-get install python3 python3-venv. Or name one: "
        "make PYTHON=/path/to/python3\n"
    )


def test_a_failed_step_shows_the_end_of_its_log_and_what_to_do(tmp_path: Path) -> None:
    ended = run_shell(f"logs={tmp_path}; step sums 'Do it by hand.' sh -c 'seq 40; exit 7'")
    assert ended.returncode == 1
    lines = "".join(f"{number}\n" for number in range(16, 41))
    assert ended.stderr == (
        f"{lines}\nsetup failed: 'sh -c seq 40; exit 7' ended with 7; its whole output: {tmp_path}/sums.log\n"
        "Do it by hand.\n"
    )


def test_the_lock_pins_its_own_installer_with_hashes() -> None:
    """The script reads uv's pin out of the lock before there is any uv."""
    lock = (ROOT / "requirements" / "dev.lock").read_text()
    assert re.search(r"^uv==[\d.]+ \\\n    --hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE)
    assert re.search(r"^setuptools==", lock, re.MULTILINE)


def test_help_names_every_target() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    told = re.findall(r"^  make (\S+) +\S", shown, re.MULTILINE)
    assert told == [target for target in targets if target != "setup-python"]
    assert {"help", "demo", "test", "test-unit", "lint", "format", "lock", "clean"} <= set(told)
