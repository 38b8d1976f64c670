"""What pages show of a plan: as many settings as one reads, those that match, and every file."""

from __future__ import annotations

import pytest

from admin_views.pages.plan_view import PAGE_SIZE, PlanView
from config_store.wire import EffectiveSetting, Language, Layer, Resource, ResourceKind, SettingKind, SubmitPlan


def plan(count: int) -> SubmitPlan:
    settings = tuple(
        EffectiveSetting(
            kind=SettingKind.CONFIGURATION, name=f"spark.a{number}", value=f"V{number}", layer=Layer.OPERATOR
        )
        for number in range(count)
    )
    elsewhere = Resource(kind=ResourceKind.JAR, layer=Layer.OPERATOR, uri="hdfs:/lib.jar")
    return SubmitPlan(
        group="prod", revision=1, language=Language.JAVA, app_name="a", settings=settings, resources=(elsewhere,)
    )


@pytest.mark.parametrize(("search", "found"), [("", 300), ("a299", 1), ("v29", 11), ("oper", 300), ("nothing", 0)])
def test_the_search_looks_into_names_values_and_layers(search: str, found: int) -> None:
    view = PlanView(plan(300), search)
    assert len(view.found) == found
    assert view.settings == view.found[:PAGE_SIZE]


def test_the_settings_come_in_pages() -> None:
    views = [PlanView(plan(250), page=number) for number in (1, 2, 3, 4)]
    assert [view.pages for view in views] == [3, 3, 3, 3]
    assert [len(view.settings) for view in views] == [100, 100, 50, 0]
    assert [setting for view in views for setting in view.settings] == list(plan(250).settings)


def test_what_lies_elsewhere_is_no_file_of_the_store() -> None:
    view = PlanView(plan(1))
    assert view.files == []
    assert view.places == [("jars", "hdfs:/lib.jar")]
