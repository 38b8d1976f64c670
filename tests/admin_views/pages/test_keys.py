"""What the page says while somebody types: proposals, what a key is, what is odd."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from config_store.catalogue.lookup import Installed
from tests.admin_views.calls import change
from tests.admin_views.pages.conftest import PART
from tests.admin_views.pages.test_groups import form, row
from tests.key_document import catalogue
from tests.stand_ins import ListedCatalogues

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages

FACTS = "Size, a bare number is MiB · default <code>1g</code> · since 1.0.0"

REPLACES = "Warning:</strong> is in the group already; a save replaces its value and marks"


@pytest.fixture
def admin(pages: Pages, admin: httpx.Client) -> httpx.Client:
    """An admin on a server that knows the keys of its Spark."""
    assert isinstance(pages.services.key_catalogues, ListedCatalogues)
    pages.services.key_catalogues.installed = Installed(catalogue())
    return admin


def proposed(admin: httpx.Client, section: str, typed: str) -> list[str]:
    """The names that are proposed."""
    query = {"section": section, "token": "new-1", "name.new-1": typed}
    return re.findall('data-value="([^"]+)"', admin.get("/groups/prod/keys", params=query).text)


def told(admin: httpx.Client, *rows: dict[str, str], token: str = "a") -> list[str]:
    """What is said at the field of a row."""
    text = admin.post(f"/groups/prod/field?token={token}", data=form(*rows), headers=PART).text
    return re.findall(r"<strong>([\w ]+:</strong> [^<]*)</p>", text)


def test_keys_are_proposed_with_what_they_are(admin: httpx.Client) -> None:
    query = {"section": "configurations", "token": "new-1", "name.new-1": "spark.executor.mem"}
    text = admin.get("/groups/prod/keys", params=query).text
    assert '<li role="option" id="new-1-key-1" data-value="spark.executor.memory" aria-selected="false">' in text
    assert FACTS in text
    assert "What spark.executor.memory is for." in text


@pytest.mark.parametrize(
    ("section", "typed", "names"),
    [
        ("configurations", "", []),
        ("configurations", "spark.hadoop.io", ["spark.hadoop.io.file.buffer.size"]),
        ("configurations", "nothing like it", []),
        ("arguments", "driver-mem", ["driver-memory"]),
        ("arguments", "--exec", ["executor-cores", "executor-memory", "num-executors", "total-executor-cores"]),
        ("arguments", "keytab", []),
        ("environment", "PATH", []),
    ],
)
def test_each_table_proposes_its_own(admin: httpx.Client, section: str, typed: str, names: list[str]) -> None:
    found = proposed(admin, section, typed)
    assert found == names or (not names and section == "arguments" and "keytab" not in found)


def test_an_option_is_described_as_the_key_that_says_the_same(admin: httpx.Client) -> None:
    query = {"section": "arguments", "token": "1", "name.1": "executor-memory"}
    assert FACTS in admin.get("/groups/prod/keys", params=query).text


def test_a_row_says_what_its_key_is(admin: httpx.Client) -> None:
    assert FACTS in admin.get("/groups/prod/edit?section=arguments&key=driver-memory").text
    assert FACTS in admin.post("/groups/prod/field?token=a", data=form(row("a", "arguments", "executor-memory"))).text


@pytest.mark.parametrize(
    ("section", "name", "value", "said"),
    [
        ("arguments", "executor-memory", "7g", []),
        (
            "arguments",
            "executor-memory",
            "7 gig",
            [
                "Error:</strong> Unexpected value &#39;7 gig&#39;: executor-memory is a size like &#39;7g&#39; or "
                "&#39;512m&#39;, without a fraction. This can't be saved."
            ],
        ),
        (
            "configurations",
            "spark.executor.memroy",
            "7g",
            ["Warning:</strong> spark.executor.memroy is no key of Spark 4.2.0; did you mean spark.executor.memory?"],
        ),
        (
            "configurations",
            "spark.driver.memory",
            "7g",
            [
                "Error:</strong> spark.driver.memory and --driver-memory are the same setting and both are given; "
                "keep one. This can't be saved."
            ],
        ),
        (
            "configurations",
            "spark.app.name",
            "x",
            [
                "Error:</strong> spark.app.name can&#39;t be set here: the application&#39;s name comes from the task "
                "(app_name). This can't be saved."
            ],
        ),
        (
            "arguments",
            "driver-memroy",
            "7g",
            [
                "Error:</strong> spark-submit has no option --driver-memroy; did you mean driver-memory or "
                "driver-cores or executor-memory? This can't be saved."
            ],
        ),
        (
            "arguments",
            "master",
            "yarm",
            [
                "Will fail:</strong> master=&#39;yarm&#39; is no master that spark-submit knows; did you mean yarn?",
            ],
        ),
        ("arguments", "driver-memory", "8g", [REPLACES]),
        ("configurations", "", "7 gig", []),
        ("configurations", "spark.my.password", "", [REPLACES]),
    ],
)
def test_what_is_odd_is_said_at_the_field(
    admin: httpx.Client, section: str, name: str, value: str, said: list[str]
) -> None:
    assert told(admin, row("a", section, name, value=value)) == said


def test_a_twin_in_another_row_counts_and_one_that_is_deleted_does_not(admin: httpx.Client) -> None:
    other = row("b", "arguments", "executor-memory", value="7g")
    mine = row("a", "configurations", "spark.executor.memory", value="7g")
    assert len(told(admin, mine, other)) == 1
    gone = row("b", "arguments", "driver-memory", drop="1")
    assert told(admin, row("a", "configurations", "spark.driver.memory", value="7g"), gone) == []


def test_the_review_says_what_is_odd_about_the_edits_alone(pages: Pages, admin: httpx.Client) -> None:
    assert change(pages.api, "prod", 4, configurations={"spark.memory.fraction": "x", "spark.sql.gone": "1"}).is_success
    edited = row("a", "configurations", "spark.eventLog.enabled", value="yes")
    text = admin.post("/groups/prod/review", data=form(edited, parent=5), headers=PART).text
    assert (
        "<li><strong>Will fail:</strong> <code>configurations.spark.eventLog.enabled</code>: Unexpected value "
        "&#39;yes&#39;: spark.eventLog.enabled is &#39;true&#39; or &#39;false&#39;</li>"
    ) in text
    assert text.count("<li><strong>") == 1


def test_the_review_says_what_spark_drops(pages: Pages) -> None:
    edited = row("a", "configurations", "hello.world", value="1")
    said = "Spark drops hello.world: it reads only properties that start with &#39;spark.&#39;; one of Hadoop&#39;s is "
    assert said in pages.of("Op").post("/groups/prod/review", data=form(edited), headers=PART).text
    assert [text.partition("</strong> ")[2].startswith(said) for text in told(pages.of("Op"), edited)] == [True]


def test_without_a_catalogue_the_page_says_so_to_those_who_edit(pages: Pages) -> None:
    line = '<p class="small">No keys are known in this test.</p>'
    assert line in pages.of("Op").get("/groups/prod").text
    assert line not in pages.of("Viewer").get("/groups/prod").text
    assert proposed(pages.of("Op"), "configurations", "spark.e") == []
    assert proposed(pages.of("Op"), "arguments", "driver-mem") == ["driver-memory"]


def test_what_was_typed_is_text(admin: httpx.Client) -> None:
    evil = row("a", "configurations", "<script>alert(1)</script>", value="<b>")
    text = admin.post("/groups/prod/field?token=a", data=form(evil), headers=PART).text
    assert "<script>" not in text
