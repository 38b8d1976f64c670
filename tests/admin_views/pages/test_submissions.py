"""The pages of submissions: the list and its filters, one receipt, comparisons, running again."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

import pytest

from admin_views.pages.submissions import task_path
from admin_views.permissions import ROLES, Resource
from config_store.master_dags import DagHead
from config_store.wire import TaskIdentity
from tests.admin_views.calls import connect, new_group
from tests.admin_views.pages.conftest import PART
from tests.stand_ins import RoleIdentity, task

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages

EVIL = "<script>alert(1)</script>"
NOBODY = "00000000-0000-0000-0000-000000000000"


def submit(pages: Pages, *reports: dict[str, Any], proof: str = "ti-9:x", **more: Any) -> str:
    """A submission of a task, with what its worker reports; answers its id."""
    headers = pages.services.identity.add_task(proof, task(**{"run_id": "manual__9", **more}))  # type: ignore[attr-defined]
    with connect(pages.root + "/api/v1") as api:
        request = {"language": "python", "code_artifact": "job.py", "spark_arguments": {"driver-memory": "9g"}}
        ticket = api.post("/submissions", json=request, headers=headers).raise_for_status().json()
        told = {"Authorization": f"Couture-Submission {ticket['token']}"}
        for report in reports:
            path = f"/submissions/{ticket['submission_id']}/reports"
            api.post(path, json=report, headers=told).raise_for_status()
    submission_id: str = ticket["submission_id"]
    return submission_id


def test_the_list_shows_the_newest_first_and_asks_again_while_something_runs(pages: Pages, admin: httpx.Client) -> None:
    newest = submit(pages)
    text = admin.get("/submissions").text
    places = [text.index(f"/submissions/{one}") for one in (newest, pages.names["ended"], pages.names["submission"])]
    assert places == sorted(places)
    assert '<p class="small">3 submissions</p>' in text
    assert 'hx-get="/pages/submissions" hx-trigger="every 3s"' in text


@pytest.mark.parametrize("address", ["http://rm:8088/app?a=1&b", "HTTPS://rm/app"])
def test_the_clusters_page_is_a_link_out_of_the_frame(pages: Pages, admin: httpx.Client, address: str) -> None:
    submission = submit(pages, {"state": "running", "tracking_url": address})
    text = admin.get(f"/submissions/{submission}").text
    assert f"""href="{escape(address)}" data-leave>Cluster's page</a>""" in text


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "//rm/", "file:///x"],
)
def test_what_a_job_tells_never_becomes_a_link_that_runs(pages: Pages, admin: httpx.Client, address: str) -> None:
    submission = submit(pages, {"state": "running", "tracking_url": address})
    text = admin.get(f"/submissions/{submission}").text
    assert f'href="{escape(address)}"' not in text
    assert f"<dd>{escape(address)}</dd>" in text


def test_htmx_gets_the_list_alone(admin: httpx.Client) -> None:
    text = admin.get("/submissions", headers=PART).text
    assert text.lstrip().startswith('<div id="list"')
    assert "<html" not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("dag=sales", 3),
        ("dag=other", 0),
        ("task=load", 3),
        ("run=manual__9", 1),
        ("group=prod", 3),
        ("artifact=job.py", 3),
        ("artifact=lib.jar", 3),
        ("status=failed", 1),
        ("status=planned", 2),
        ("status=live", 2),
        ("by=task", 3),
        ("by=ada", 0),
        ("since=2020-01-01", 3),
        ("until=2020-01-01", 0),
        ("since=2020-01-01T10:00Z&until=2120-01-01T10:00%2B02:00", 3),
    ],
)
def test_the_address_says_what_is_listed(pages: Pages, admin: httpx.Client, query: str, found: int) -> None:
    submit(pages)
    text = admin.get(f"/submissions?{query}").text
    told = f'<p class="small">{found} submission{"s" if found != 1 else ""}</p>'
    assert (told if found else "No submission matches.") in text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("status=done", "&#39;done&#39; is none of live, planned, keyed, submitted, running, ended, succeeded"),
        ("since=tomorrow", "<code>since</code>: &#39;tomorrow&#39; is no date or time like &#39;2026-01-31&#39;"),
    ],
)
def test_a_filter_that_says_nothing_is_an_error(admin: httpx.Client, query: str, told: str) -> None:
    answer = admin.get(f"/submissions?{query}")
    assert answer.status_code == 422
    assert told in answer.text
    assert f'value="{query.partition("=")[2]}"' in answer.text or query.startswith("status=")
    assert '<form class="filters"' in answer.text
    assert '<div id="list"' not in answer.text
    part = admin.get(f"/submissions?{query}", headers=PART)
    assert part.status_code == 422
    assert "<form" not in part.text


def links_of(text: str) -> dict[str, str]:
    """The links below the list, by their text, each behind the address of the pages."""
    return {
        name: escaped.replace("&amp;", "&")
        for escaped, name in re.findall(r'href="/pages([^"]+)">(New\w+|Older)<', text)
    }


def test_pages_keep_their_place_while_new_ones_come_and_keep_the_filter(
    pages: Pages, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin_views.pages.submissions.PAGE_SIZE", 1)
    first = admin.get("/submissions?dag=sales").text
    assert pages.names["ended"] in first
    links = links_of(first)
    assert list(links) == ["Older"]
    submit(pages)
    second = admin.get(links["Older"]).text
    assert pages.names["submission"] in second
    assert 'hx-get="/pages/submissions?dag=sales&amp;older=' in second
    assert "3 submissions; newer ones than these are left out here" in second
    links = links_of(second)
    assert links["Newest"] == "/submissions?dag=sales"
    assert pages.names["ended"] in admin.get(links["Newer"]).text


def test_a_count_ends_where_nobody_waits_for_it(admin: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_views.pages.submissions.COUNTED", 2)
    assert '<p class="small">2 and more submissions</p>' in admin.get("/submissions").text


def test_behind_the_last_one_the_list_leads_to_the_newest(pages: Pages, admin: httpx.Client) -> None:
    text = admin.get(f"/submissions?dag=sales&older=0-{NOBODY}").text
    assert 'Nothing that matches is older than that; <a href="/pages/submissions?dag=sales">' in text


def test_a_place_that_is_none_is_told(admin: httpx.Client) -> None:
    for place in ("7", "9" * 18 + "-" + NOBODY, "x"):
        answer = admin.get(f"/submissions?older={place}")
        assert answer.status_code == 422
        assert f"<code>older</code>: &#39;{place}&#39; is no place in the list; follow its links" in answer.text


def test_a_receipt_tells_settings_with_their_layers_command_files_and_timeline(
    pages: Pages, admin: httpx.Client
) -> None:
    one = submit(
        pages,
        {"state": "submitted", "argv": ["spark-submit", "--name", "it's mine", "job.py"], "host": "worker-3"},
        {"state": "ended", "outcome": "failed", "exit_code": 3, "message": "out of memory", "last_lines": "a\nb"},
    )
    text = admin.get(f"/submissions/{one}").text
    assert '<span class="status status-failed">failed</span>\n out of memory' in text
    assert "<code>--driver-memory</code>" in text
    assert "<code>9g</code>" in text
    assert "<code>7g</code> of the group" in text
    assert "spark-submit --name &#39;it&#39;&#34;&#39;&#34;&#39;s mine&#39; job.py</pre>" in text
    assert "lib.jar</a></th><td>jars</td><td>1</td>" in text
    assert [f"<li><span>{state}</span>" in text for state in ("planned", "submitted", "ended")] == [True] * 3
    assert re.search(r"<li><span>in all</span> \d+s</li>", text)
    assert "prod&#39;s password" not in text
    assert "••••••" in text
    assert "hx-trigger" not in text.partition('id="progress"')[2].partition(">")[0]
    assert 'href="/dags/sales/runs/manual__9/tasks/load?try_number=1" data-leave' in text


def test_it_is_compared_with_the_last_success_unless_another_is_chosen(pages: Pages, admin: httpx.Client) -> None:
    one = submit(pages)
    assert "No receipt of an earlier success of this task is kept." in admin.get(f"/submissions/{one}").text
    chosen = admin.get(f"/submissions/{one}?against={pages.names['ended']}").text
    assert "<code>arguments.driver-memory</code>" in chosen
    assert re.search(rf'<option value="{pages.names["ended"]}" data-moment="[^"]+" selected>', chosen)


def test_while_it_runs_its_progress_is_asked_for_and_at_the_end_the_whole_page(
    pages: Pages, admin: httpx.Client
) -> None:
    one = submit(pages)
    live = admin.get(f"/submissions/{one}/progress")
    assert f'hx-get="/pages/submissions/{one}/progress" hx-trigger="every 2s"' in live.text
    assert "HX-Refresh" not in live.headers
    assert admin.get(f"/submissions/{pages.names['ended']}/progress").headers["HX-Refresh"] == "true"


def test_running_again_leads_to_the_run(pages: Pages) -> None:
    user, ended = pages.of("User"), pages.names["ended"]
    assert '<button type="submit" name="mode" value="then">' in user.get(f"/submissions/{ended}").text
    answer = user.post(f"/submissions/{ended}/rerun", data={"mode": "then"}, headers=PART)
    assert answer.headers["HX-Redirect"] == "/pages/submissions?dag=sales&task=load&run=manual__1&told=again"
    told = "The task sales.load was cleared in its run manual__1; its submission appears here when it starts."
    assert told in user.get(answer.headers["HX-Redirect"].removeprefix("/pages")).text
    assert [task.run_id for task in pages.task_runs.again] == ["manual__1"]
    assert pages.audit.entries[0][1].details["mode"] == "then"
    assert user.post(f"/submissions/{ended}/rerun", data={"mode": "later"}).status_code == 422


def test_a_viewer_gets_no_button_to_run_again(pages: Pages) -> None:
    text = pages.of("Viewer").get(f"/submissions/{pages.names['ended']}").text
    assert "Run again" not in text


def test_what_others_wrote_is_text(pages: Pages, admin: httpx.Client) -> None:
    one = submit(
        pages,
        {"state": "ended", "outcome": "failed", "message": EVIL, "last_lines": EVIL, "argv": [EVIL], "host": EVIL},
    )
    for path in (f"/submissions/{one}", "/submissions", f"/submissions?dag={EVIL}", f"/submissions/{EVIL}"):
        text = admin.get(path).text
        assert EVIL not in text
        assert "&lt;script&gt;alert(1)&lt;" in text or path.endswith("script>")


def test_an_unknown_submission_is_told(admin: httpx.Client) -> None:
    answer = admin.get("/submissions/nothing")
    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text
    assert '<a href="/pages/submissions">Go on to Spark Submissions</a>' in answer.text


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("groups/none", '<a href="/pages/groups">Go on to Spark Configuration</a>'),
        ("hadoop/none", '<a href="/pages/hadoop">Go on to Hadoop Configuration</a>'),
        ("artifacts/code/none.py", '<a href="/pages/artifacts/code">Go on to Code Artifacts</a>'),
        ("masters/none", '<a href="/pages/masters">Go on to Master DAGs</a>'),
    ],
)
def test_a_page_of_a_fault_leads_on_to_its_section(admin: httpx.Client, path: str, link: str) -> None:
    answer = admin.get(f"/{path}")
    assert answer.status_code == 404
    assert link in answer.text


def test_the_page_of_a_fault_is_there_also_when_nobody_can_be_asked(
    pages: Pages, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> bool:
        if asked.pop():
            raise ConnectionError("the auth manager is away")
        return True

    asked = [True, False]  # by the route, and then by the page of the fault
    monkeypatch.setattr(RoleIdentity, "permits", away)
    answer = admin.get("/submissions/nothing")
    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text
    assert "Go on to" not in answer.text
    assert asked == []


def test_no_link_leads_to_what_the_reader_may_not_see(pages: Pages) -> None:
    answer = pages.of("Nobody").get("/submissions/nothing")
    assert answer.status_code == 403
    assert "Go on to" not in answer.text


def test_an_empty_store_says_what_to_do(pages: Pages, api_url: str) -> None:
    assert "Nothing has been submitted yet." in pages.of("Viewer").get("/submissions").text


def test_the_address_of_a_task_instance_in_airflow() -> None:
    run = "manual__2026-01-31T10:00:00+00:00"
    identity = TaskIdentity(dag_id="a", task_id="b.c", run_id=run, map_index=3, try_number=2)
    assert (
        task_path(identity) == "dags/a/runs/manual__2026-01-31T10%3A00%3A00%2B00%3A00/tasks/b.c/mapped/3?try_number=2"
    )


# --- names that the filters propose ---


def proposed(seat: httpx.Client, field: str, query: str) -> list[str]:
    """The values of the options."""
    answer = seat.get(f"/submissions/names/{field}?{query}")
    assert answer.status_code == 200
    return re.findall(rf'<li role="option" id="filter-{field}-\d+" data-value="([^"]+)"', answer.text)


def test_each_filter_that_knows_its_names_is_a_combobox_of_its_own(admin: httpx.Client) -> None:
    text = admin.get("/submissions?task=load").text
    for field in ("dag", "task", "group", "artifact", "by"):
        assert f'aria-controls="filter-{field}"' in text
        assert f'id="filter-{field}" role="listbox"' in text
        assert f'hx-get="/pages/submissions/names/{field}"' in text
    assert '<input name="task" value="load"' in text


def test_the_filters_propose_what_the_store_and_airflow_know(pages: Pages) -> None:
    seat = pages.of("Viewer")
    assert proposed(seat, "dag", "dag=AL") == ["sales"]
    assert proposed(seat, "task", "task=l") == ["load"]
    assert proposed(seat, "task", "dag=nobody&task=l") == []
    assert proposed(seat, "group", "group=o") == ["gone", "prod"]
    assert proposed(seat, "artifact", "artifact=job") == ["job.py"]
    assert proposed(seat, "artifact", "artifact=used") == ["unused.jar", "unused.py"]
    assert proposed(seat, "by", "by=t") == ["task"]
    assert seat.get("/submissions/names/run?run=m").status_code == 422


def test_so_many_names_are_proposed_at_once(pages: Pages, admin: httpx.Client) -> None:
    for number in range(15):
        new_group(pages.api, f"team_{number:02}")
    assert proposed(admin, "group", "group=team") == [f"team_{number:02}" for number in range(12)]


def test_names_are_proposed_to_those_alone_who_may_read_what_they_name(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages.services.dags.known["private"] = DagHead()  # type: ignore[attr-defined]
    monkeypatch.setitem(ROLES, "Viewer", (("GET", Resource.SUBMISSIONS), ("GET", Resource.DEPENDENCIES)))
    seat = pages.of("Viewer")
    assert proposed(seat, "dag", "dag=priv") == []
    assert proposed(seat, "group", "group=o") == []
    assert proposed(seat, "artifact", "artifact=used") == ["unused.jar"]


def test_what_was_typed_into_a_filter_is_text(admin: httpx.Client) -> None:
    for field in ("dag", "task", "group", "artifact", "by"):
        assert EVIL not in admin.get(f"/submissions/names/{field}?{field}={EVIL}").text
        assert EVIL not in admin.get(f"/submissions?{field}={EVIL}").text
