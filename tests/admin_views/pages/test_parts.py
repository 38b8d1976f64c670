"""What a group has beside its tables: chosen jars and python files in their order, Spark home, principal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from config_store.artifacts import ArtifactKind, add_version
from config_store.blobs.protocol import Blob
from tests.admin_views.calls import change, upload
from tests.admin_views.pages.conftest import PART

if TYPE_CHECKING:
    import httpx

    from tests.admin_views.pages.conftest import Pages


def lists(*chosen: tuple[str, str], field: str = "jars") -> dict[str, Any]:
    """The form of a list with those names and versions."""
    names, versions = zip(*chosen, strict=True) if chosen else ((), ())
    return {"parent": "4", "part": field, f"{field}.name": list(names), f"{field}.version": list(versions)}


def test_the_page_shows_them_in_order_with_versions(pages: Pages, admin: httpx.Client) -> None:
    upload(pages.api, "lib.jar", b"newer classes", "dependencies")
    change(pages.api, "prod", 4, jars=[{"name": "unused.jar"}, {"name": "lib.jar", "version": 1}])
    text = admin.get("/groups/prod").text
    found = re.findall(r"<code>(\w+\.jar)</code></a>\s+<span[^>]*>([^<]*)</span>(?: <span[^>]*>([^<]*)</span>)?", text)
    assert found == [("unused.jar", "newest, now 1", ""), ("lib.jar", "version 1", "newest is 2")]
    assert "<code>etl@EXAMPLE.COM</code>" in text
    assert "the workers&#39; default" in text or "the workers' default" in text
    assert "encrypted; it is never shown" in text
    assert 'aria-label="Choose Jars"' in text
    viewer = pages.of("Viewer").get("/groups/prod").text
    assert "lib.jar" in viewer
    assert [word for word in ("Choose", "Edit") if word in viewer] == []


def test_a_list_becomes_fields(pages: Pages, admin: httpx.Client) -> None:
    upload(pages.api, "lib.jar", b"newer classes", "dependencies")
    text = admin.get("/groups/prod/part/edit?field=jars").text
    assert '<input type="hidden" name="part" value="jars">' in text
    assert '<input type="hidden" name="jars.name" value="lib.jar">' in text
    assert re.findall(r'<option value="(\d*)"', text) == ["", "2", "1"]
    assert '<option value="">newest, now 2</option>' in text
    assert 'id="part-jars"' in admin.get("/groups/prod/part?field=jars").text
    assert admin.get("/groups/prod/part/edit?field=files").status_code == 422


def test_uploaded_dependencies_that_fit_are_proposed(admin: httpx.Client) -> None:
    assert re.findall('data-value="([^"]+)"', admin.get("/groups/prod/choices?field=jars").text) == [
        "lib.jar",
        "unused.jar",
    ]
    assert 'data-value="lib.jar"' in admin.get("/groups/prod/choices?field=jars&search=LI").text
    assert "data-value" not in admin.get("/groups/prod/choices?field=py_files&search=lib").text
    assert "<code>lib.jar</code>" in admin.get("/groups/prod/choice?field=jars&search=lib.jar").text
    missing = admin.get("/groups/prod/choice?field=jars&search=lab.jar", headers=PART)
    assert missing.status_code == 404
    assert "Did you mean: lib.jar" in missing.text
    assert admin.get("/groups/prod/choice?field=py_files&search=lib.jar").status_code == 422


def test_those_that_fit_are_proposed_behind_many_that_do_not(pages: Pages, admin: httpx.Client) -> None:
    with pages.services.database.writing() as session:
        for number in range(201):
            add_version(session, ArtifactKind.DEPENDENCY, f"many-{number:03}.py", Blob("0" * 64, 1), author="ada")
        add_version(session, ArtifactKind.DEPENDENCY, "many.jar", Blob("0" * 64, 1), author="ada")
    proposed = admin.get("/groups/prod/choices?field=jars&search=many").text
    assert re.findall('data-value="([^"]+)"', proposed) == ["many.jar"]
    proposed = admin.get("/groups/prod/choices?field=py_files&search=many").text
    assert re.findall('data-value="([^"]+)"', proposed) == [f"many-{number:03}.py" for number in range(12)]


def test_a_page_asks_for_all_chosen_ones_at_once(pages: Pages, admin: httpx.Client) -> None:
    statements: list[str] = []
    event.listen(pages.services.database.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    assert "lib.jar" in admin.get("/groups/prod").text
    with_one, names = len(statements), [f"dep-{number}.jar" for number in range(20)]
    for name in names:
        upload(pages.api, name, b"classes", "dependencies")
    change(pages.api, "prod", 4, jars=[{"name": name} for name in names])
    statements.clear()
    assert "dep-19.jar" in admin.get("/groups/prod").text
    assert len(statements) == with_one


def test_the_order_and_the_pins_are_saved(pages: Pages, admin: httpx.Client) -> None:
    form = lists(("unused.jar", ""), ("lib.jar", "1"))
    review = admin.post("/groups/prod/review", data=form, headers=PART)
    assert "<code>unused.jar, lib.jar@1</code>" in review.text
    assert admin.post("/groups/prod/save", data=form, headers=PART).is_success
    saved = pages.api.get("/groups/prod").json()["content"]
    assert saved["jars"] == [{"name": "unused.jar", "version": None}, {"name": "lib.jar", "version": 1}]
    emptied = {**lists(), "parent": "5"}
    assert admin.post("/groups/prod/save", data=emptied, headers=PART).is_success
    assert pages.api.get("/groups/prod").json()["content"]["jars"] == []


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (lists(("lib.jar", ""), ("lib.jar", "1")), "lib.jar is chosen twice; keep one"),
        (lists(("lib.jar", "9")), "Upload it first."),
        (lists(("lib.jar", "x")), "the version behind &#39;@&#39; must be a number"),
        (lists(("job.py", "")), "must end with .jar"),
        ({"parent": "4", "part": "jars", "jars.name": "lib.jar"}, "has 1 names and 0 versions; reload the page"),
        ({"parent": "4", "part": "hadoop_files"}, "&#39;hadoop_files&#39; is none of jars, py_files"),
        ({"parent": "4", "part": "spark_home", "spark_home": "/opt/spark"}, "is no name out of [couture] spark_homes"),
    ],
)
def test_what_is_wrong_is_told(admin: httpx.Client, pages: Pages, form: dict[str, Any], told: str) -> None:
    for deed in ("review", "save"):
        answer = admin.post(f"/groups/prod/{deed}", data=form, headers=PART)
        assert (deed, answer.status_code) == (deed, 422)
        assert told in answer.text
    assert pages.api.get("/groups/prod").json()["revision"] == 4


def test_texts_are_saved_and_emptied(pages: Pages, admin: httpx.Client) -> None:
    assert 'value="etl@EXAMPLE.COM"' in admin.get("/groups/prod/part/edit?field=principal").text
    form = {"parent": "4", "part": ["spark_home", "principal"], "spark_home": " spark4 ", "principal": ""}
    assert admin.post("/groups/prod/save", data=form, headers=PART).is_success
    saved = pages.api.get("/groups/prod").json()["content"]
    assert (saved["spark_home"], saved["principal"]) == ("spark4", "")
    form = {"parent": "5", "part": "spark_home", "spark_home": ""}
    assert admin.post("/groups/prod/save", data=form, headers=PART).is_success
    assert pages.api.get("/groups/prod").json()["content"]["spark_home"] is None
