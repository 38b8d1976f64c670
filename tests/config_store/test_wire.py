"""What travels between a worker and the store."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from config_store.wire import (
    Beaten,
    EffectiveSetting,
    JobRequest,
    Layer,
    Report,
    SecretFile,
    SettingKind,
    StoredFile,
    SubmitPlan,
    hide,
    is_secret_name,
    proof_digest,
)

DIGEST = "ab" * 32


def effective(name: str, **fields: Any) -> EffectiveSetting:
    return EffectiveSetting(
        **{"kind": SettingKind.CONFIGURATION, "name": name, "value": "x", "layer": Layer.GROUP, **fields}
    )


def plan(**fields: Any) -> SubmitPlan:
    return SubmitPlan.model_validate({"group": "prod", "revision": 1, "language": "python", "app_name": "a", **fields})


def test_workers_need_nothing_of_the_store_but_pydantic() -> None:
    heavy = {"sqlalchemy", "alembic", "cryptography", "fastapi", "airflow"}
    program = f"import sys, config_store.wire; print(sorted({heavy} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"


@settings(max_examples=100, database=None)
@given(
    st.builds(
        JobRequest,
        spark_arguments=st.dictionaries(st.text(), st.text(), max_size=3),
        application_arguments=st.lists(st.text(), max_size=3).map(tuple),
        env_vars=st.dictionaries(st.text(), st.text(), max_size=3),
    )
)
def test_a_request_arrives_as_it_was_sent(request: JobRequest) -> None:
    assert JobRequest.model_validate_json(request.model_dump_json()) == request


@pytest.mark.parametrize(
    "fields", [{"langauge": "java"}, {"spark_arguments": {"a": 1}}, {"language": "scala"}, {"jars": "x.jar"}]
)
def test_what_is_misspelled_or_mistyped_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        JobRequest.model_validate({"language": "python", **fields})


@pytest.mark.parametrize("sha256", ["", "ab", DIGEST.upper(), DIGEST + "\n", "../" + DIGEST[3:]])
def test_a_digest_is_64_hexadecimal_digits(sha256: str) -> None:
    with pytest.raises(ValidationError):
        StoredFile(name="x", sha256=sha256, size=1)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("spark.my.password", True),
        ("spark.hadoop.fs.s3a.access.key", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("spark.my.apikey", True),
        ("API-KEY", True),
        ("privateKey", True),
        ("Credentials", True),
        ("oauth.TOKEN", True),
        ("spark.ui.key", False),
        ("spark.executor.memory", False),
        ("", False),
    ],
)
def test_a_secret_is_known_by_its_name(name: str, secret: bool) -> None:
    assert is_secret_name(name) is secret


def test_a_proof_is_one_trys_alone() -> None:
    assert proof_digest("ti-1", "s") == "26bf123e9801765ebc147ad00c7a85302ab68af1ff1cec78658e82078b78126b"
    assert proof_digest("ti-2", "s") != proof_digest("ti-1", "s")


def test_a_hidden_setting_hides_what_it_beat_too() -> None:
    beaten = Beaten(layer=Layer.GROUP, name="queue", value="planted")
    hidden = hide(effective("spark.yarn.queue", value="planted", beat=(beaten,), secret=True, note="why"))
    assert hidden == effective(
        "spark.yarn.queue",
        value="••••••",
        beat=(Beaten(layer=Layer.GROUP, name="queue", value="••••••"),),
        secret=True,
        note="why",
    )


def test_a_redacted_plan_hides_secrets_and_nothing_else() -> None:
    full = plan(
        settings=(effective("spark.x", value="shown"), effective("spark.y", value="planted", secret=True)),
        keytab=SecretFile(name="etl.keytab", content="planted"),
    )
    redacted = full.redacted()
    assert "planted" not in redacted.model_dump_json()
    assert redacted == plan(
        settings=(effective("spark.x", value="shown"), effective("spark.y", value="••••••", secret=True)),
        keytab=SecretFile(name="etl.keytab", content="••••••"),
    )
    assert plan().redacted() == plan()


def test_each_content_is_fetched_once() -> None:
    twice = [StoredFile(name=name, sha256=DIGEST, size=1) for name in ("core-site.xml", "yarn-site.xml")]
    files = plan(hadoop_files=twice).stored_files()
    assert [file.sha256 for file in files] == [DIGEST]


def test_a_setting_is_found_by_kind_and_name() -> None:
    found = effective("queue")
    full = plan(settings=(found,))
    assert full.setting(SettingKind.CONFIGURATION, "queue") == found
    assert full.setting(SettingKind.ARGUMENT, "queue") is None


def test_a_report_says_only_what_is_new() -> None:
    assert Report.model_validate({"state": "running", "pids": [1, 2]}).model_dump(exclude_none=True) == {
        "state": "running",
        "pids": (1, 2),
    }
