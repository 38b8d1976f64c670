"""What a worker reads from Airflow's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowConfigException

from couture_ops.configuration import WorkerSettings, parse_spark_homes, read_worker_settings
from couture_ops.errors import UnusableSetting


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the environment in which the tests run."""
    for section, name in (("couture", "*"), ("core", "execution_api_server_url"), ("api", "base_url")):
        ours = ["spark_homes", "cache_dir", "cache_limit_mb", "store_timeout", "api_url", "class_archive"]
        names = ours if name == "*" else [name]
        for option in names:
            monkeypatch.delenv(f"AIRFLOW__{section.upper()}__{option.upper()}", raising=False)


def test_without_any_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", "/srv/airflow")
    assert read_worker_settings() == WorkerSettings(
        api_url="http://localhost:8080",
        public_url="http://localhost:8080",
        cache_dir=Path("/srv/airflow/couture/cache"),
        cache_limit_bytes=20_000_000_000,
        spark_homes={},
        store_timeout_s=300.0,
        use_class_archive=True,
    )


def test_with_every_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/worker")
    monkeypatch.setenv("AIRFLOW__COUTURE__API_URL", "https://airflow.example.com/")
    monkeypatch.setenv("AIRFLOW__COUTURE__CACHE_DIR", "~/cache")
    monkeypatch.setenv("AIRFLOW__COUTURE__CACHE_LIMIT_MB", "5")
    monkeypatch.setenv("AIRFLOW__COUTURE__SPARK_HOMES", '{"default": "/opt/spark-4.2.0", "spark3": "/opt/spark-3.5.6"}')
    monkeypatch.setenv("AIRFLOW__COUTURE__STORE_TIMEOUT", "12.5")
    monkeypatch.setenv("AIRFLOW__COUTURE__CLASS_ARCHIVE", "Off")
    assert read_worker_settings() == WorkerSettings(
        api_url="https://airflow.example.com",
        public_url="http://localhost:8080",
        cache_dir=Path("/home/worker/cache"),
        cache_limit_bytes=5_000_000,
        spark_homes={"default": "/opt/spark-4.2.0", "spark3": "/opt/spark-3.5.6"},
        store_timeout_s=12.5,
        use_class_archive=False,
    )


def test_empty_settings_are_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """So Airflow writes them into a new airflow.cfg."""
    for name in ("API_URL", "CACHE_DIR", "SPARK_HOMES"):
        monkeypatch.setenv(f"AIRFLOW__COUTURE__{name}", "")
    settings = read_worker_settings()
    assert (settings.api_url, settings.cache_dir.name, settings.spark_homes) == (
        "http://localhost:8080",
        "cache",
        {},
    )


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({"API__BASE_URL": "https://airflow.example.com/base/"}, "https://airflow.example.com/base"),
        ({"CORE__EXECUTION_API_SERVER_URL": "http://api:8080/execution/"}, "http://api:8080"),
        ({"CORE__EXECUTION_API_SERVER_URL": "http://api:8080/base/execution"}, "http://api:8080/base"),
        (
            {"CORE__EXECUTION_API_SERVER_URL": "http://api:8080/execution/", "API__BASE_URL": "http://b"},
            "http://api:8080",
        ),
        ({"COUTURE__API_URL": "http://c", "CORE__EXECUTION_API_SERVER_URL": "http://api/execution/"}, "http://c"),
    ],
)
def test_the_api_server_is_the_one_that_the_task_talks_to(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], url: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"AIRFLOW__{name}", value)
    assert read_worker_settings().api_url == url


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "/opt/spark",
            "[couture] spark_homes is not JSON: Expecting value: line 1 column 1 (char 0). It is '/opt/spark'; correct "
            "it in airflow.cfg of this worker.",
        ),
        (
            '["/opt/spark"]',
            '[couture] spark_homes must be a JSON object such as {"spark4": "/opt/spark-4.2.0"}. It is '
            "'[\"/opt/spark\"]'; correct it in airflow.cfg of this worker.",
        ),
        (
            '{"spark4": null}',
            '[couture] spark_homes must be a JSON object such as {"spark4": "/opt/spark-4.2.0"}. It is '
            "'{\"spark4\": null}'; correct it in airflow.cfg of this worker.",
        ),
    ],
)
def test_spark_homes_that_are_no_map_are_told(text: str, message: str) -> None:
    with pytest.raises(UnusableSetting) as caught:
        parse_spark_homes(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["", "  \n", "{}"])
def test_no_spark_homes(text: str) -> None:
    assert parse_spark_homes(text) == {}


@pytest.mark.parametrize("name", ["cache_limit_mb", "store_timeout"])
def test_what_is_no_number_is_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"AIRFLOW__COUTURE__{name.upper()}", "many")
    with pytest.raises(AirflowConfigException, match=f'"{name}" key in "couture" section. Current value: "many"'):
        read_worker_settings()


def test_the_settings_are_read_anew_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    first = read_worker_settings()
    monkeypatch.setenv("AIRFLOW__COUTURE__STORE_TIMEOUT", "1")
    assert (first.store_timeout_s, read_worker_settings().store_timeout_s) == (300.0, 1.0)
    assert conf.get("couture", "store_timeout") == "1"


def test_class_archive_is_auto_or_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__COUTURE__CLASS_ARCHIVE", "yes")
    with pytest.raises(UnusableSetting) as caught:
        read_worker_settings()
    assert str(caught.value) == (
        "[couture] class_archive must be auto or off. It is 'yes'; correct it in airflow.cfg of this worker."
    )
