"""Measures the pages on a store as large as they get: server time beside Airflow's Connections, bytes, an edit."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import httpx

from config_store.artifacts import ArtifactKind
from config_store.hadoop.edit import PropertyEdit, edit_properties
from tools.bench.big_store import artifact_name
from tools.bench.errors import WrongResult
from tools.bench.figures import Figure, Judged, at_most
from tools.bench.page_store import LARGE, USUAL, PageSizes, dag_name, fill_pages, setting_name, task_name
from tools.bench.progress import say
from tools.bench.stage import API_SERVER
from tools.bench.statistics import Samples, median, percentile, take_turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.bench.page_store import Names
    from tools.bench.scale import Scale
    from tools.bench.stage import Stage

PAGES = "/couture/pages"
CONNECTIONS = "/api/v2/connections"
#: As Airflow's page of them asks.
PEER_PAGE = f"{CONNECTIONS}?limit=50&offset=0&order_by=connection_id"
#: Airflow takes so many of a bulk request.
_BULK = 100
WARM_UP = 2
MS, KB, MB = 1000, 1000, 1_000_000
P = 95
OK = 200
XML_RUNS = 5
EDITS = 20


@dataclass
class Clock:
    """Asks an API server; what it answers must be what was meant."""

    client: httpx.Client

    def get(self, path: str) -> float:
        """The milliseconds from a request to the last byte of its answer. Raises WrongResult."""
        begun = time.perf_counter()
        answer = self.client.get(path)
        taken = (time.perf_counter() - begun) * MS
        _check(answer)
        return taken


def _check(answer: httpx.Response) -> None:
    if answer.status_code != OK:
        raise WrongResult(
            f"{answer.request.method} {answer.request.url}", OK, f"{answer.status_code}: {answer.text[:500]}"
        )


def measure(stage: Stage) -> list[Figure]:
    """Every page by turns with the Connections of the same API server; then bytes, an edit, and a large XML file."""
    scale = stage.scale
    folder = stage.scratch("pages")
    url = f"sqlite:///{folder}/store.db"
    say(f"pages: fills a store with {scale.page_receipts:,} receipts")
    names = fill_pages(url, PageSizes(scale.page_settings, scale.page_artifacts, scale.page_receipts))
    stage.run(ours=(API_SERVER,))
    settings = {"AIRFLOW__COUTURE__SQL_ALCHEMY_CONN": url, "AIRFLOW__COUTURE__BLOB_ROOT": str(folder / "blobs")}
    address = stage.ours.start_api_server(f"{API_SERVER}-pages", settings)
    api = stage.ours.api(address)
    try:
        headers = api.authorization()
    finally:
        api.close()
    with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
        _make_connections(client, scale.connections)
        paths = page_paths(names)
        times = {name: _time_page(Clock(client), name, path, scale.page_requests) for name, path in paths.items()}
        figures = _page_figures(times, scale)
        figures += [_bytes_figure(client, paths), _edit_figure(client, min(EDITS, scale.page_requests), scale)]
    return [*figures, _xml_figure(scale.xml_bytes)]


def page_paths(names: Names) -> dict[str, str]:
    """The pages that are asked for, each with a name of its own."""
    key = {"section": "configurations", "key": setting_name(1)}
    dag = {"dag": dag_name(7), "task": task_name(2)}
    hot, rare = (artifact_name(ArtifactKind.CODE, number) for number in (0, 7))
    queries = {
        "": {},
        "_dag": {"dag": dag["dag"]},
        "_task": dag,
        "_dag_failed": {"dag": dag_name(8), "status": "failed"},
        "_run": {"run": "scheduled__1"},
        "_group": {"group": USUAL},
        "_artifact": {"artifact": hot},
        "_artifact_rare": {"artifact": rare},
        "_failed": {"status": "failed"},
        "_live": {"status": "live"},
        "_who": {"by": "ada"},
        "_all": {**dag, "group": LARGE, "artifact": hot, "status": "succeeded", "by": "task", "since": "2020-01-01"},
    }
    submissions = {f"submissions{name}": f"submissions?{urlencode(query)}" for name, query in queries.items()}
    return {
        "group": f"groups/{LARGE}",
        "group_search": f"groups/{LARGE}?search=part7",
        "group_edit": f"groups/{LARGE}/edit?{urlencode(key)}",
        "group_history": f"groups/{LARGE}/history",
        "dependencies": "artifacts/dependencies",
        "code": "artifacts/code?search=9",
        "artifact": f"artifacts/code/{hot}",
        **submissions,
        "receipt": f"submissions/{names.usual_receipt}",
        "receipt_large": f"submissions/{names.large_receipt}",
        "receipt_progress": f"submissions/{names.large_receipt}/progress",
        "previews": "previews",
        "masters": "masters",
    }


def _make_connections(client: httpx.Client, count: int) -> None:
    """So many connections of Airflow's own, as its page would list them."""
    for start in range(0, count, _BULK):
        names = [f"bench_{number:05d}" for number in range(start, min(start + _BULK, count))]
        entities = [{"connection_id": name, "conn_type": "http", "host": "localhost"} for name in names]
        body = {"actions": [{"action": "create", "entities": entities, "action_on_existence": "overwrite"}]}
        _check(client.patch(CONNECTIONS, json=body))
    total = client.get(PEER_PAGE).json()["total_entries"]
    if total < count:
        raise WrongResult("Connections", count, total)


def _time_page(clock: Clock, name: str, path: str, rounds: int) -> Samples:
    ours = f"{PAGES}/{path}"
    for _ in range(WARM_UP):
        clock.get(ours), clock.get(PEER_PAGE)
    samples = take_turns(rounds, lambda: clock.get(ours), lambda: clock.get(PEER_PAGE), lambda *_: None)
    say(f"pages: {name} p95 {percentile(samples.ours, P):.1f} ms, Connections {percentile(samples.peer, P):.1f} ms")
    return samples


def _page_figures(times: dict[str, Samples], scale: Scale) -> list[Figure]:
    """The slowest page alone and beside the Connections; which it is, and how the others did, in the notes."""
    by_time = sorted(times, key=lambda name: percentile(times[name].ours, P), reverse=True)
    by_ratio = sorted(times, key=lambda name: _ratio(times[name]), reverse=True)
    slow, worst = times[by_time[0]], times[by_ratio[0]]
    sizes = (scale.page_settings, scale.page_artifacts, scale.page_receipts)
    what = "{:,} settings in a group, {:,} artifacts, {:,} submissions".format(*sizes)
    all_of_them = ", ".join(f"{name} {percentile(times[name].ours, P):.0f}" for name in by_time)
    many = sum(_ratio(samples) > 1 for samples in times.values())
    beside = f"{by_ratio[0]}; {len(times) - many} of {len(times)} pages are at least as fast as it"
    peer = f"Airflow's Connections list of {scale.connections:,}"
    return [
        Figure(
            "pages_p95",
            f"p95 of the slowest of {len(times)} pages; {what}",
            percentile(slow.ours, P),
            None,
            "ms",
            at_most(100, Judged.OURS),
            len(slow.ours),
            f"p95 in ms: {all_of_them}",
        ),
        Figure(
            "pages_beside",
            f"p95 of the page that is slowest beside the peer; the peer: {peer}",
            percentile(worst.ours, P),
            percentile(worst.peer, P),
            "ms",
            at_most(1.0),
            len(worst.ours),
            beside,
        ),
    ]


def _ratio(samples: Samples) -> float:
    return percentile(samples.ours, P) / percentile(samples.peer, P)


def _bytes_figure(client: httpx.Client, paths: dict[str, str]) -> Figure:
    """A first load: the page, compressed as Airflow sends it, and every script and stylesheet that it names."""
    sizes = {name: _first_load(client, f"{PAGES}/{path}") for name, path in paths.items()}
    largest = max(sizes, key=lambda name: sizes[name])
    what = "the largest first load of a page, compressed, with its scripts and styles"
    return Figure("pages_bytes", what, sizes[largest] / KB, None, "kB", at_most(150, Judged.OURS), len(sizes), largest)


def _first_load(client: httpx.Client, path: str) -> int:
    taken, text = _wire_bytes(client, path)
    assets = set(re.findall(r'(?:src|href)="(/couture/static/[^"]+)"', text))
    return taken + sum(_wire_bytes(client, asset)[0] for asset in assets)


def _wire_bytes(client: httpx.Client, path: str) -> tuple[int, str]:
    """The bytes of a body as they came over the wire, and what it says."""
    with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        text = answer.read().decode()
        _check(answer)
        return answer.num_bytes_downloaded, text


@dataclass
class Editor:
    """Changes one setting of the large group by the requests that the page sends; each edit makes a revision."""

    client: httpx.Client
    count: int = field(default=0)

    def __call__(self) -> float:
        """The milliseconds from the click on Edit to the page with the saved row. Raises WrongResult."""
        self.count += 1
        page, part, value = f"{PAGES}/groups/{LARGE}", {"HX-Request": "true"}, f"edited {self.count}"
        section, key = "configurations", setting_name(0)
        begun = time.perf_counter()
        _check(self.client.get(f"{page}/edit?{urlencode({'section': section, 'key': key})}", headers=part))
        token = f"{section}.{key}"
        form = {"parent": str(self.count), "row": token, f"section.{token}": section, f"name.{token}": key}
        form |= {f"value.{token}": value, f"note.{token}": "", "note": "benchmarks"}
        _check(self.client.post(f"{page}/review", data=form, headers=part))
        saved = self.client.post(f"{page}/save", data=form, headers=part)
        _check(saved)
        shown = self.client.get(saved.headers["HX-Redirect"])
        taken = (time.perf_counter() - begun) * MS
        if value not in shown.text:
            raise WrongResult("The page after a save", value, "the former value")
        return taken


def _edit_figure(client: httpx.Client, rounds: int, scale: Scale) -> Figure:
    edit = Editor(client)
    edit()
    taken = [edit() for _ in range(rounds)]
    what = f"from Edit to the saved row: four requests, on a group of {scale.page_settings:,} settings"
    return Figure("pages_edit", what, median(taken), None, "ms", at_most(150, Judged.OURS), rounds)


def _xml_figure(size: int) -> Figure:
    """One property in the middle of a large file, by the domain alone."""
    content, middle = large_xml(size)
    taken = []
    for number in range(XML_RUNS):
        begun = time.perf_counter()
        edited = edit_properties("core-site.xml", content, {middle: PropertyEdit(value=f"edited {number}")})
        taken.append(time.perf_counter() - begun)
        if f"edited {number}".encode() not in edited:
            raise WrongResult("An edited file", f"edited {number}", "the former value")
    what = f"edit of one property in an XML file of {len(content) / MB:.1f} MB, without HTTP"
    return Figure("pages_xml", what, median(taken), None, "s", at_most(1, Judged.OURS), XML_RUNS)


def large_xml(size: int) -> tuple[bytes, str]:
    """A Hadoop file of at least so many bytes, and the name of a property in its middle."""
    one = "  <property>\n    <name>{name}</name>\n    <value>value {number}</value>\n  </property>\n"
    count = size // len(one.format(name=setting_name(0), number=0)) + 1
    names: Sequence[str] = [setting_name(number) for number in range(count)]
    rows = "".join(one.format(name=name, number=number) for number, name in enumerate(names))
    text = f'<?xml version="1.0"?>\n<configuration>\n{rows}</configuration>\n'
    return text.encode(), names[count // 2]
