"""A store filled in bulk is one that the domain can resolve a job in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config_store.artifacts import ArtifactKind, list_artifacts
from config_store.database import Database, open_engine
from config_store.resolution import resolve_plan
from config_store.submission_lists import Filters, list_submissions
from config_store.wire import JobRequest, Language, TaskIdentity
from tools.bench.big_store import JARS, Sizes, artifact_name, fill, group_name

if TYPE_CHECKING:
    from pathlib import Path

    from config_store.secrets import FernetCipher

SIZES = Sizes(groups=3, settings=12, artifacts=20, receipts=7)


def test_a_job_resolves_with_all_settings_of_its_group(tmp_path: Path, cipher: FernetCipher) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    fill(url, SIZES)
    request = JobRequest(
        language=Language.JAVA,
        config_group=group_name(2),
        code_artifact=artifact_name(ArtifactKind.CODE, 9),
        class_path="a.B",
    )
    database = Database(open_engine(url))
    with database.reading() as session:
        plan = resolve_plan(session, request, TaskIdentity(dag_id="d", task_id="t", run_id="r"), cipher)
        artifacts = [list_artifacts(session, kind)[1] for kind in ArtifactKind]
        receipts = list_submissions(session, Filters())[1]
    database.engine.dispose()
    assert len(plan.settings) == 12 + 2  # and the names of DAG and task
    assert len(plan.resources) == JARS
    assert (artifacts, receipts) == ([10, 10], 7)


def test_a_grown_store_has_more_of_all_but_settings_a_group() -> None:
    assert SIZES.grown(10) == Sizes(groups=30, settings=12, artifacts=200, receipts=70)
