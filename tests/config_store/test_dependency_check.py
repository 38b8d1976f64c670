"""Whether the uploaded files that a content names are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config_store.content import Content, Dependency, check_content
from config_store.dependency_check import check_dependencies
from config_store.errors import MAX_TOLD, InvalidInput
from config_store.settings import Setting

if TYPE_CHECKING:
    from tests.config_store.store import Store


def faults(store: Store, content: Content) -> list[str]:
    with store.database.reading() as session, pytest.raises(InvalidInput) as caught:
        check_dependencies(session, content)
    return [str(fault) for fault in caught.value.faults]


def test_what_is_there_passes(store: Store) -> None:
    store.upload("x.jar")
    content = Content(
        jars=(Dependency("x.jar", 1),), arguments={"files": Setting("x.jar, hdfs:/y.jar"), "queue": Setting("z.jar")}
    )
    with store.database.reading() as session:
        check_dependencies(session, content)


def test_what_is_missing_is_told_with_its_place(store: Store) -> None:
    store.upload("x.jar")
    content = Content(jars=(Dependency("x.jar", 2),), arguments={"files": Setting("z.zip")})
    assert faults(store, content) == [
        "jars: There is no version of dependency 'x.jar' with number '2'. Did you mean: 1? Upload it first.",
        "arguments.files: There is no dependency 'z.zip'. Upload it first.",
    ]
    many = Content(jars=tuple(Dependency(f"x{number}.jar") for number in range(MAX_TOLD + 5)))
    assert len(faults(store, many)) == MAX_TOLD


@pytest.mark.parametrize("name", ["files", "jars"])
def test_a_bare_name_that_cannot_be_uploaded_is_to_be_named_by_its_place(name: str) -> None:
    content = Content(arguments={name: Setting("log4j.properties,/etc/log4j.properties,x.whl")})
    with pytest.raises(InvalidInput) as caught:
        check_content(content)
    assert [str(fault) for fault in caught.value.faults] == [
        f"arguments.{name}: 'log4j.properties' is no uploaded dependency, which end in .jar, .py, .zip, .egg, .whl; "
        "name the file by its place: hdfs:/..., https://..., or an absolute path"
    ]
