"""Fills a store as pages meet it after years: one very large group, many artifacts, receipts of real plans."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet

from config_store.artifacts import ArtifactKind
from config_store.content import Content
from config_store.database import Database, migrate, open_engine
from config_store.groups import Save, create_group
from config_store.models import SubmissionFileRow, SubmissionRow
from config_store.secrets import FernetCipher
from config_store.settings import Setting
from config_store.submissions import Submitter, record_report, submit
from config_store.wire import JobRequest, Language, Outcome, Report, State, TaskIdentity
from tools.bench.big_store import artifact_name, insert_artifacts, insert_rows
from tools.bench.progress import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

LARGE, USUAL = "large", "usual"
#: DAGs and tasks of each, among which the receipts are spread; a usual group has this many settings.
DAGS, TASKS, USUAL_SETTINGS = 100, 5, 30
DAYS = 90
_BATCH = 5_000
_WHO = "bench"


@dataclass(frozen=True)
class PageSizes:
    """``settings``: of the large group."""

    settings: int
    artifacts: int
    receipts: int


@dataclass(frozen=True)
class Names:
    """Receipts that are asked for: one of the large group that failed after one that succeeded, and a usual one."""

    large_receipt: str
    usual_receipt: str


def setting_name(number: int) -> str:
    """The name of a setting of the large group, counted from 0."""
    return f"spark.bench.part{number % 20}.option{number:05d}"


def fill_pages(url: str, sizes: PageSizes) -> Names:
    """Make the tables at a database's URL and fill them; a hundred thousand receipts take about a minute."""
    migrate(url)
    database, cipher = Database(open_engine(url)), FernetCipher([Fernet.generate_key().decode()])
    try:
        with database.writing() as session:
            insert_artifacts(session, sizes.artifacts)
        with database.writing() as session:
            for name, count in ((LARGE, sizes.settings), (USUAL, USUAL_SETTINGS)):  # the first is the default
                create_group(session, name, Save(_WHO, "benchmarks"), cipher, content=_content(count))
        usual = _run(database, cipher, USUAL, Outcome.SUCCEEDED, "usual")
        _copy_receipts(database, usual, sizes)
        _run(database, cipher, LARGE, Outcome.SUCCEEDED, "large", more="then")
        return Names(_run(database, cipher, LARGE, Outcome.FAILED, "large", more="now"), usual)
    finally:
        database.engine.dispose()


def _content(count: int) -> Content:
    arguments = {"master": Setting("local[2]"), "driver-memory": Setting("2g")}
    settings = {setting_name(place): Setting(f"value {place}") for place in range(count - len(arguments))}
    return Content(arguments=arguments, configurations=settings)


def _run(
    database: Database, cipher: FernetCipher, group: str, outcome: Outcome, task_id: str, more: str = "once"
) -> str:
    """A receipt through the domain, as a task and its worker make it; answers its id."""
    request = JobRequest(
        language=Language.JAVA,
        config_group=group,
        code_artifact=artifact_name(ArtifactKind.CODE, 0),
        class_path="com.example.Job",
        spark_configurations={setting_name(0): f"the task's own, {more}"},
    )
    task = TaskIdentity(dag_id="real", task_id=task_id, run_id=f"run-{more}", try_number=1)
    with database.writing() as session:
        ticket = submit(session, request, Submitter("task", task, str(uuid.uuid4())), cipher)
    with database.writing() as session:
        argv = ("spark-submit", *(f"--conf=option{place}=value" for place in range(50)), "job.jar")
        record_report(session, ticket.submission_id, Report(state=State.SUBMITTED, argv=argv, host="worker-1"))
        lines = "\n".join(f"a line of the driver's log, number {place}" for place in range(50))
        end = Report(state=State.ENDED, outcome=outcome, exit_code=0, message="ended", last_lines=lines)
        record_report(session, ticket.submission_id, end)
    return ticket.submission_id


def _copy_receipts(database: Database, submission_id: str, sizes: PageSizes) -> None:
    """Receipts like the one, spread over tasks and days, some failed, some of people."""
    with database.reading() as session:
        row = session.get_one(SubmissionRow, submission_id)
        pattern = {
            name: getattr(row, name) for name in ("request", "plan", "facts", "timeline", "app_name", "revision")
        }
    for start in range(0, sizes.receipts, _BATCH):
        numbers = range(start, min(start + _BATCH, sizes.receipts))
        with database.writing() as session:
            _insert_copies(session, pattern, numbers, sizes)
        say(f"pages: {numbers.stop:,} of {sizes.receipts:,} receipts")


def _insert_copies(session: Session, pattern: dict[str, Any], numbers: range, sizes: PageSizes) -> None:
    insert_rows(session, SubmissionRow, [{**pattern, **one} for one in _copies(numbers, sizes)])
    programs = sizes.artifacts // 2
    files = [
        {
            "submission_id": _id(number),
            "sha256": f"{number % programs:064x}",
            # every other receipt has the same program, the others one of all
            "name": artifact_name(ArtifactKind.CODE, 0 if number % 2 else number % programs),
            "size": 1_000_000,
            "version_id": 1 if number % 2 else number % programs + 1,
        }
        for number in numbers
    ]
    insert_rows(session, SubmissionFileRow, files)


def _copies(numbers: range, sizes: PageSizes) -> Iterator[dict[str, Any]]:
    step = timedelta(days=DAYS) / sizes.receipts
    for number in numbers:
        at = datetime.now(UTC) - (sizes.receipts - number) * step
        yield {
            "id": _id(number),
            "dag_id": dag_name(number),
            "task_id": task_name(number // DAGS),
            "run_id": f"scheduled__{number // (DAGS * TASKS)}",
            "map_index": -1,
            "try_number": 1,
            "state": "ended",
            "outcome": "failed" if number % 20 == 7 else "succeeded",
            "submitted_by": "ada" if number % 1000 == 9 else "task",
            "group_name": LARGE if number % 3 else USUAL,
            "token_sha256": "0" * 64,
            "created_at": at,
            "updated_at": at,
        }


def dag_name(number: int) -> str:
    """The DAG of a receipt."""
    return f"dag-{number % DAGS:03d}"


def task_name(number: int) -> str:
    """The task of a receipt, by its number among those of the DAG."""
    return f"task-{number % TASKS}"


def _id(number: int) -> str:
    return str(uuid.UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128))
