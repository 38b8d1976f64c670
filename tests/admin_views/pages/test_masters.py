"""The pages of master DAGs: the list, the tree of one, its runs, and what those see who may not read every DAG."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import pytest

from admin_views.pages import masters as module
from config_store.dag_tree import RunHead, TaskRun
from config_store.master_dags import DagHead, DagTask
from tests.admin_views.pages.conftest import PART

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages
    from tests.stand_ins import ListedDags

START, END = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def dags(pages: Pages) -> ListedDags:
    """What Airflow has."""
    return cast("ListedDags", pages.services.dags)


@pytest.fixture
def night(dags: ListedDags) -> ListedDags:
    """A master with a child that has ended, a mapped one of which a part runs, one that is locked, one missing."""
    dags.known |= dict.fromkeys(("night", "load", "train", "private_pay"), DagHead())
    dags.known["publish"] = DagHead(is_paused=True)
    dags.starting += [
        DagTask("night", "load", "load", "load"),
        DagTask("night", "fit", "train", "train", mapped=True),
        DagTask("night", "pay", "private_pay", "private_pay"),
        DagTask("night", "out", "publish", "publish", conditional=True),
        DagTask("night", "tell", "tel", "tel"),
        DagTask("night", "guess", None, "{{ x }}"),
    ]
    dags.all_runs += [
        RunHead("night", "r0", "success", START, END),
        RunHead("night", "r1", "running", START),
        RunHead("load", "load+1", "success", START, END),
        RunHead("train", "t0", "running", START),
    ]
    dags.instances += [
        TaskRun("night", "r1", "load", -1, "success", told_run_id="load+1"),
        TaskRun("night", "r1", "fit", 0, "deferred", told_run_id="t0"),
        TaskRun("night", "r1", "fit", 1, "scheduled"),
        TaskRun("night", "r1", "pay", -1, "failed", told_run_id="p0"),
        TaskRun("night", "r1", "out", -1, "skipped"),
    ]
    return dags


def nodes(text: str) -> list[str]:
    """What a reader of the tree reads on each line."""
    found = re.findall(r'<div class="node[^>]*>(.*?)</div>', text, re.DOTALL)
    return [" ".join(re.sub(r'<span class="unseen">[^<]*</span>|<[^>]+>', " ", one).split()) for one in found]


@pytest.mark.usefixtures("night")
def test_the_tree_shows_each_state_and_what_is_wrong(admin: httpx.Client) -> None:
    text = re.sub(r'<span class="small">[^<]*</span>', "", admin.get("/masters/night").text)  # durations up to now
    assert nodes(text) == [
        "running night",
        "success load → load",
        "running fit[0] → train",
        "(scheduled) fit[1] → train",
        "(failed) pay → private_pay locked: you may not read this DAG",
        "(skipped) out → publish paused conditional",
        "not run tell → tel there is no such DAG",
        "not run guess → {{ x }} named by a template",
    ]
    assert '<div class="node node-success">' in text
    assert '<summary id="s-0">starts 7</summary>' in text


@pytest.mark.usefixtures("night")
def test_a_node_leads_to_its_run_else_to_its_dag_and_a_locked_one_nowhere(admin: httpx.Client) -> None:
    text = admin.get("/masters/night").text
    assert re.findall(r'<a id="n-[^"]+" href="([^"]+)" data-leave', text) == [
        "/dags/night/runs/r1",
        "/dags/load/runs/load%2B1",
        "/dags/train/runs/t0",
        "/dags/train",
        "/dags/publish",
    ]


@pytest.mark.usefixtures("night")
def test_a_duration_is_told_as_people_say_it(admin: httpx.Client) -> None:
    assert '<span class="small">5m 00s</span>' in admin.get("/masters/night").text


@pytest.mark.usefixtures("night")
def test_the_tree_asks_again_while_something_runs_and_not_longer(admin: httpx.Client) -> None:
    live = '<div id="tree" hx-get="/pages/masters/night" hx-trigger="every 3s" hx-swap="outerHTML">'
    assert live in admin.get("/masters/night").text
    ended = admin.get("/masters/night?run=r0", headers=PART).text
    assert ended.lstrip().startswith('<div id="tree">')
    assert "<html" not in ended


@pytest.mark.usefixtures("night")
def test_a_child_that_outlives_its_master_is_followed(admin: httpx.Client, dags: ListedDags) -> None:
    dags.all_runs = [RunHead("night", "r1", "success", START, END), *dags.all_runs[2:]]
    assert 'hx-trigger="every 3s"' in admin.get("/masters/night").text


@pytest.mark.usefixtures("night")
def test_a_large_tree_is_folded_and_asked_for_less_often(admin: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LARGE", 3)
    text = admin.get("/masters/night").text
    assert 'hx-trigger="every 15s"' in text
    assert '<details id="d-0" open>' in text


@pytest.mark.usefixtures("night")
def test_the_runs_are_offered_the_newest_first(admin: httpx.Client) -> None:
    text = admin.get("/masters/night?run=r0").text
    assert re.findall(r"<option [^>]+>[^<]+", text) == [
        '<option value="">the newest',
        '<option value="r1" data-moment="2026-03-01T12:00:00+00:00">r1, begun 2026-03-01T12:00:00+00:00',
        '<option value="r0" data-moment="2026-03-01T12:00:00+00:00" selected>r0, begun 2026-03-01T12:00:00+00:00',
    ]
    assert "Run <code>r0</code>" in text


@pytest.mark.usefixtures("night")
def test_an_old_run_is_offered_beside_the_newest(admin: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RUNS", 1)
    text = admin.get("/masters/night?run=r0").text
    assert re.findall(r'<option value="([^"]*)"', text) == ["", "r1", "r0"]


@pytest.mark.usefixtures("night")
def test_in_a_tab_of_airflow_the_way_out_leads_to_the_page(admin: httpx.Client) -> None:
    tab = admin.get("/masters/night?tab=dag").text
    assert '<a class="button quiet" href="/plugin/master-dags/pages/masters" data-leave>All master DAGs</a>' in tab
    assert '<input type="hidden" name="tab" value="dag">' in tab
    assert 'hx-get="/pages/masters/night?tab=dag"' in tab
    assert "<select" not in admin.get("/masters/night?tab=run&run=r1").text  # Airflow's page says which run
    assert admin.get("/masters/night?tab=other").status_code == 422


@pytest.mark.usefixtures("night")
def test_a_child_names_its_masters(admin: httpx.Client) -> None:
    assert '<a href="/pages/masters/night">night</a>' in admin.get("/masters/load").text
    assert (
        '<a href="/plugin/master-dags/pages/masters/night" data-leave>night</a>'
        in admin.get("/masters/load?tab=dag").text
    )
    assert "This DAG starts no other DAG." in admin.get("/masters/load").text


def test_a_dag_that_has_not_run(admin: httpx.Client, dags: ListedDags) -> None:
    dags.known["quiet"] = DagHead()
    text = admin.get("/masters/quiet").text
    assert "It has not run yet." in text
    assert "<select" not in text


@pytest.mark.usefixtures("night")
def test_who_may_not_read_a_dag_sees_nothing_of_it(pages: Pages, admin: httpx.Client) -> None:
    for dag_id in ("private_pay", "private_none"):
        answer = admin.get(f"/masters/{dag_id}")
        assert answer.status_code == 403
        assert f"This needs the permission to read the DAG &#39;{dag_id}&#39;." in answer.text
    assert admin.get("/masters/nihgt").status_code == 404
    assert admin.get("/masters/night?run=r9").status_code == 404
    assert pages.of("Viewer").get("/masters/night").status_code == 200


@pytest.mark.usefixtures("night")
def test_the_list(admin: httpx.Client) -> None:
    text = admin.get("/masters").text
    assert '<a id="m-night" href="/pages/masters/night">night</a>' in text
    assert '<a id="r-night" href="/dags/night/runs/r1" data-leave>r1</a>' in text
    assert "1 DAG that starts others" in text
    assert 'hx-get="/pages/masters?page=1" hx-trigger="every 3s"' in text
    part = admin.get("/masters", headers=PART).text
    assert part.lstrip().startswith('<div id="list"')


@pytest.mark.usefixtures("night")
def test_the_list_is_searched(admin: httpx.Client) -> None:
    assert "m-night" in admin.get("/masters?search=IGH").text
    assert "No master DAG that you may read has “day” in its name" in admin.get("/masters?search=day").text
    assert EVIL not in admin.get("/masters", params={"search": EVIL}).text


def test_many_masters_have_pages(admin: httpx.Client, dags: ListedDags) -> None:
    for number in range(120):
        dags.known[f"m{number:03}"] = DagHead(is_paused=True)
        dags.starting.append(DagTask(f"m{number:03}", "a", "m000", "m000"))
    text = admin.get("/masters?page=2").text
    assert re.findall(r'id="m-([^"]+)"', text)[0] == "m050"
    assert "120 DAGs that start others" in text
    assert '<a rel="prev" href="/pages/masters?page=1">Previous</a>' in text
    assert '<a rel="next" href="/pages/masters?page=3">Next</a>' in text
    assert '<span class="mark mark-bad">paused</span>' in text
    assert "There is no page 9" in admin.get("/masters?page=9").text


def test_an_airflow_without_masters_says_what_one_is(admin: httpx.Client) -> None:
    assert "No DAG that you may read starts another one." in admin.get("/masters").text


def test_what_others_wrote_is_text(admin: httpx.Client, dags: ListedDags) -> None:
    dags.known["m"] = DagHead()
    dags.starting.append(DagTask("m", EVIL, None, EVIL))
    dags.all_runs.append(RunHead("m", EVIL, "success", START, END))
    for path in ("/masters", "/masters/m"):
        assert EVIL not in admin.get(path).text
