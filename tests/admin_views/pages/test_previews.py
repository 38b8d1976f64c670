"""The page of previews: what would run, what keeps it from running, and the names that are proposed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from config_store.master_dags import DagHead
from config_store.wire import JobRequest

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages
    from tests.stand_ins import ListedTasks

EVIL = "<script>alert(1)</script>"


def tasks_of(pages: Pages) -> ListedTasks:
    """The tasks that can be previewed."""
    tasks: ListedTasks = pages.services.tasks  # type: ignore[assignment]
    return tasks


def put(pages: Pages, task_id: str, **request: object) -> None:
    """A task of the DAG sales that asks for that."""
    wanted = {"language": "python", "code_artifact": "job.py", **request}
    tasks_of(pages).requests["sales", task_id] = JobRequest.model_validate(wanted)


def names_of(text: str) -> list[str]:
    """The values of the options."""
    return re.findall(r'<li role="option" id="[a-z]+-[a-z]+-\d+" data-value="([^"]+)"', text)


def test_each_setting_is_shown_with_the_layer_that_set_it_and_what_it_beat(pages: Pages) -> None:
    put(pages, "load", spark_arguments={"driver-memory": "9g"})
    text = pages.of("User").get("/previews?dag=sales&task=load").text
    assert "<dd>sales.load</dd>" in text
    assert "prod @ 4</a>" in text
    assert re.search(r"--driver-memory</code></th>\s*<td><code>9g</code></td>\s*<td>operator</td>", text)
    assert "<code>7g</code> of the group" in text
    assert "Paths below /worker stand for places on the worker that will run the task." in text
    assert "--driver-memory 9g" in text
    assert 'data-copies="argv"' in text
    assert "lib.jar</a></th><td>jars</td><td>1</td>" in text
    assert "job.py</a></th><td>code</td><td>2</td>" in text


def test_secrets_are_hidden(pages: Pages) -> None:
    text = pages.of("User").get("/previews?dag=sales&task=load").text
    assert "spark.my.password" in text
    assert "prod&#39;s password" not in text
    assert "••••••" in text


def test_what_keeps_it_from_running_is_told_and_the_names_stay(pages: Pages, admin: httpx.Client) -> None:
    put(pages, "gone", code_artifact="jbo.py")
    answer = admin.get("/previews?dag=sales&task=gone")
    assert answer.status_code == 404
    assert "jbo.py" in answer.text
    assert "job.py" in answer.text
    assert "A task that starts now would fail for the same reason, before anything runs." in answer.text
    assert '<input name="task" value="gone"' in answer.text


def test_an_unknown_task_is_told(admin: httpx.Client) -> None:
    answer = admin.get("/previews?dag=sales&task=laod")
    assert answer.status_code == 404
    assert '<h2 id="refused">Not found</h2>' in answer.text


def test_a_dag_alone_shows_its_spark_tasks(pages: Pages, admin: httpx.Client) -> None:
    put(pages, "store")
    text = admin.get("/previews?dag=sales").text
    assert '<a href="/pages/previews?dag=sales&amp;task=load">load</a>' in text
    assert '<a href="/pages/previews?dag=sales&amp;task=store">store</a>' in text
    assert "nobody has no Spark task of the suite that you may see" in admin.get("/previews?dag=nobody").text


def test_names_are_proposed_those_first_that_begin_so(pages: Pages, admin: httpx.Client) -> None:
    for task_id in ("load", "offload", "LOADS", "other"):
        put(pages, task_id)
    assert names_of(admin.get("/previews/tasks?dag=sales&task=load").text) == ["LOADS", "load", "offload"]
    assert names_of(admin.get("/previews/dags?dag=AL").text) == ["sales"]
    assert names_of(admin.get("/previews/dags?dag=").text) == []
    assert names_of(admin.get("/previews/tasks?dag=nobody&task=l").text) == []


def test_who_may_not_read_the_dag_gets_neither_names_nor_a_preview(pages: Pages) -> None:
    request = JobRequest.model_validate({"language": "python", "code_artifact": "job.py"})
    tasks_of(pages).requests["private", "load"] = request
    pages.services.dags.known["private"] = DagHead()  # type: ignore[attr-defined]
    user = pages.of("User")
    assert names_of(user.get("/previews/dags?dag=priv").text) == []
    assert names_of(user.get("/previews/tasks?dag=private&task=l").text) == []
    answer = user.get("/previews?dag=private&task=load")
    assert answer.status_code == 403
    assert "This needs the permission to read the DAG &#39;private&#39;." in answer.text


def test_what_was_typed_is_text(admin: httpx.Client) -> None:
    for query in (f"dag={EVIL}", f"dag={EVIL}&task={EVIL}", f"dag=sales&task=load&search={EVIL}"):
        assert EVIL not in admin.get(f"/previews?{query}").text


def test_the_list_and_a_receipt_lead_to_it_for_those_who_may(pages: Pages) -> None:
    ended = pages.names["ended"]
    user, viewer = pages.of("User"), pages.of("Viewer")
    assert 'href="/pages/previews?dag=sales">Preview a task</a>' in user.get("/submissions?dag=sales").text
    assert 'href="/pages/previews?dag=sales&amp;task=load">Preview</a>' in user.get(f"/submissions/{ended}").text
    for path in ("/submissions", f"/submissions/{ended}"):
        assert "/previews" not in viewer.get(path).text
