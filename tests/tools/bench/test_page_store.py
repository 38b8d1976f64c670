"""A store filled for pages is one that every page can show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config_store.database import Database, open_engine
from config_store.groups import default_group_name, get_group
from config_store.submission_lists import Filters, count_submissions, list_submissions
from config_store.submissions import diff_submissions, get_receipt
from config_store.wire import Outcome
from tools.bench.page_store import LARGE, USUAL, USUAL_SETTINGS, PageSizes, dag_name, fill_pages, task_name

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


def test_it_has_groups_receipts_and_what_changed_between_two(url: str) -> None:
    names = fill_pages(url, PageSizes(settings=40, artifacts=20, receipts=600))
    database = Database(open_engine(url))
    with database.reading() as session:
        assert default_group_name(session) == LARGE
        settings = [len(list(get_group(session, name).content.settings())) for name in (LARGE, USUAL)]
        summaries, total = list_submissions(session, Filters(), limit=700)
        failed = count_submissions(session, Filters(outcome=Outcome.FAILED), 1000)
        of_task = count_submissions(session, Filters(dag_id=dag_name(7), task_id=task_name(2)), 1000)
        receipts = [get_receipt(session, one.submission_id) for one in summaries[:5]]
        old, changes = diff_submissions(session, None, names.large_receipt)
    database.engine.dispose()
    assert (settings, total, failed, of_task) == ([40, USUAL_SETTINGS], 603, 31, 1)
    assert receipts[0].submission_id == names.large_receipt
    assert old == receipts[1].submission_id
    assert [change.where for change in changes] == ["configurations.spark.bench.part0.option00000"]
