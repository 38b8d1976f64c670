"""The example's config groups: the store takes them as they are."""

from __future__ import annotations

import pytest

from admin_views.api.schemas import WritableContent, replaced_content
from config_store.content import Content, check_content
from config_store.hadoop_xml import check_hadoop_file
from couture_ops.cli.settings_file import read_settings_file
from tools.demo.store import DEPENDENCIES, GROUPS


def read_group(name: str) -> Content:
    """The content that `couture settings apply` would save."""
    path = GROUPS / f"{name}.yaml"
    with path.open() as file:
        document, _ = read_settings_file(str(path), file)
    return replaced_content(Content(), WritableContent.model_validate(document))


@pytest.mark.parametrize("name", ["default", "prod"])
def test_a_group_is_valid_and_all_it_names_is_uploaded(name: str) -> None:
    content = read_group(name)
    check_content(content)
    assert {dependency.name for _, dependency in content.dependencies()} <= {path.name for path in DEPENDENCIES}


@pytest.mark.parametrize("name", ["default", "prod"])
def test_a_group_listens_on_the_loopback_alone(name: str) -> None:
    values = {key: setting.value for key, setting in read_group(name).configurations.items()}
    assert values == {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "4",
        "spark.ui.enabled": "false",
    }


def test_prod_shows_a_final_setting_and_an_environment_variable() -> None:
    content = read_group("prod")
    assert content.arguments["master"].final
    assert not content.arguments["driver-memory"].final
    assert content.environment["TZ"].value == "UTC"


def test_the_hadoop_file_is_sound() -> None:
    check_hadoop_file("core-site.xml", (GROUPS / "prod" / "core-site.xml").read_bytes())
