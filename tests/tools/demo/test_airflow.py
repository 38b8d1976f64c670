"""The demo's Airflow: settings, environment, port, first user."""

from __future__ import annotations

import configparser
import socket
import stat
import sys
from pathlib import Path

import pytest

from tools.demo.airflow import Airflow, choose_port, code_state, draw_password
from tools.demo.errors import PasswordLost, PortTaken
from tools.demo.home import CHECKOUT, DemoHome


@pytest.fixture
def airflow(tmp_path: Path) -> Airflow:
    home = DemoHome(tmp_path / "100% demo")
    home.make()
    return Airflow(home, 18080)


def read_settings(airflow: Airflow) -> configparser.ConfigParser:
    parser = configparser.ConfigParser()  # interpolates, as Airflow does
    parser.read(airflow.home.folder / "airflow.cfg")
    return parser


def test_the_settings_that_keep_it_small_private_and_quick(airflow: Airflow) -> None:
    airflow.write_settings()
    settings = read_settings(airflow)
    keys = {"core": "fernet_key", "api": "secret_key", "api_auth": "jwt_secret"}
    for section, name in keys.items():
        assert len(settings[section].pop(name)) >= 44
    folder = airflow.home.folder
    assert {section: dict(settings[section]) for section in settings.sections()} == {
        "core": {
            "auth_manager": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
            "dags_folder": str(CHECKOUT / "example_dags"),
            "load_examples": "False",
            "parallelism": "2",
            "execution_api_server_url": "http://127.0.0.1:18080/execution/",
            "test_connection": "Enabled",
        },
        "database": {"sql_alchemy_conn": f"sqlite:///{folder}/airflow.db"},
        "logging": {"base_log_folder": f"{folder}/logs/tasks"},
        "api": {"host": "127.0.0.1", "port": "18080", "base_url": "http://127.0.0.1:18080", "workers": "1"},
        "api_auth": {},
        "workers": {"min_heartbeat_interval": "1", "execution_api_timeout": "60"},
        "dag_processor": {"refresh_interval": "10"},
        "usage_data_collection": {"enabled": "False"},
        "couture": {"cache_dir": f"{folder}/worker-cache"},
    }
    assert stat.S_IMODE((folder / "airflow.cfg").stat().st_mode) == 0o600


def test_a_new_start_on_another_port_keeps_the_keys(airflow: Airflow) -> None:
    airflow.write_settings()
    before = read_settings(airflow)
    Airflow(airflow.home, 18081).write_settings()
    after = read_settings(airflow)
    assert after["core"]["fernet_key"] == before["core"]["fernet_key"]
    assert (before["api"]["port"], after["api"]["port"]) == ("18080", "18081")


def test_the_callers_own_airflow_spark_and_store_stay_out(airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AIRFLOW__CORE__EXECUTOR", "AIRFLOW_HOME", "COUTURE_TOKEN", "SPARK_HOME", "PYSPARK_PYTHON"):
        monkeypatch.setenv(name, "/theirs")
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    environment = airflow.environment()
    assert "/theirs" not in environment.values()
    assert environment["PATH"] == f"{Path(sys.executable).parent}:/usr/bin"
    assert environment["HTTPS_PROXY"] == "http://proxy:3128"
    assert environment["AIRFLOW_HOME"] == str(airflow.home.folder)
    assert environment["COUTURE_URL"] == "http://127.0.0.1:18080"
    assert environment["COUTURE_CONFIG_DIR"] == str(airflow.home.client_config)


def test_a_wanted_port_is_taken_or_refused() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(PortTaken, match=f"^Port {port} is taken. Leave DEMO_PORT out, and a free one is found.$"):
            choose_port(port)
    assert choose_port(port) == port


def test_a_free_port_is_found_when_the_usual_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        usual = listener.getsockname()[1]
        monkeypatch.setattr("tools.demo.airflow.USUAL_PORT", usual)
        found = choose_port(None)
    assert found not in (0, usual)
    assert choose_port(None) == usual


def test_the_password_is_told_once_and_kept(airflow: Airflow, capsys: pytest.CaptureFixture[str]) -> None:
    draw_password(airflow.home)
    file = airflow.home.password_file
    password = file.read_text().strip()
    assert len(password) == 16
    assert capsys.readouterr().out.endswith(f"password of admin: {password} (kept in {file})\n")
    draw_password(airflow.home)
    assert file.read_text().strip() == password
    assert capsys.readouterr().out == ""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_lost_password_is_an_error_that_says_the_way_out(airflow: Airflow) -> None:
    airflow.home.database.touch()
    with pytest.raises(PasswordLost) as lost:
        draw_password(airflow.home)
    assert str(lost.value) == (
        f"{airflow.home.folder}/admin-password is missing, but the demo's database has its user already.\n"
        f"Begin anew: rm -r {airflow.home.folder}"
    )


def test_a_new_migration_sets_the_database_up_again(tmp_path: Path) -> None:
    versions = tmp_path / "config_store" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "0001_first.py").write_text("one")
    (tmp_path / "config_store" / "artifacts.py").write_text("of no importance")
    before = code_state(tmp_path)
    (tmp_path / "config_store" / "artifacts.py").write_text("changed")
    assert code_state(tmp_path) == before
    (versions / "0002_second.py").write_text("two")
    assert code_state(tmp_path) != before


def test_what_sets_the_database_up_is_there() -> None:
    from tools.demo.airflow import INSTALLED_BY

    assert [pattern for pattern in INSTALLED_BY if not list(CHECKOUT.glob(pattern))] == []
