"""What archives hold: jars, wheels, damaged and hostile ones."""

from __future__ import annotations

import io
from pathlib import Path

import pyspark
import pytest

from config_store import insides
from config_store.insides import Inside, Member, look_inside, read_attributes
from tests.config_store.archives import MAIN_TYPE, PUBLIC, STATIC, java_class, zipped

MANIFEST = (
    b"Manifest-Version: 1.0\r\nMain-Class: com.example.a.very.long\r\n .name.Etl\r\n"
    b"Built-By: <b>ada</b>\r\n\r\nName: x\r\n"
)
STARTS = java_class([(PUBLIC | STATIC, "main", MAIN_TYPE)], java=21)


def look(files: dict[str, bytes], name: str = "etl.jar") -> Inside:
    return look_inside(io.BytesIO(zipped(files)), name)


def test_a_jar() -> None:
    found = look(
        {
            "META-INF/MANIFEST.MF": MANIFEST,
            "com/example/Etl.class": STARTS,
            "com/example/Part.class": java_class([], java=8),
            "META-INF/versions/25/com/example/Etl.class": java_class([], java=25),
            "module-info.class": java_class([], java=9),
            "folder/": b"",
        }
    )
    assert found == Inside(
        members=(
            Member("META-INF/MANIFEST.MF", len(MANIFEST)),
            Member("META-INF/versions/25/com/example/Etl.class", found.members[1].size),
            Member("com/example/Etl.class", len(STARTS)),
            Member("com/example/Part.class", found.members[3].size),
            Member("module-info.class", found.members[4].size),
        ),
        files=5,
        unpacked=sum(member.size for member in found.members),
        attributes={
            "Manifest-Version": "1.0",
            "Main-Class": "com.example.a.very.long.name.Etl",
            "Built-By": "<b>ada</b>",
        },
        mains=("com.example.Etl",),
        java=21,
        classes=2,
        classes_read=2,
    )


def test_a_wheel() -> None:
    metadata = b"Metadata-Version: 2.1\nName: features\nRequires-Dist: a\nRequires-Dist: b>=2\n\nName: of the text"
    found = look({"features/__init__.py": b"x", "features-1.dist-info/METADATA": metadata}, "features.whl")
    assert found.attributes == {"Metadata-Version": "2.1", "Name": "features", "Requires-Dist": "a, b>=2"}
    assert (found.files, found.classes, found.java, found.mains) == (2, 0, None, ())


def test_sparks_own_jar_has_what_its_users_start() -> None:
    (jar,) = (Path(pyspark.__file__).parent / "jars").glob("spark-core_*.jar")
    with jar.open("rb") as file:
        found = look_inside(file, jar.name)
    assert {"org.apache.spark.deploy.SparkSubmit", "org.apache.spark.deploy.master.Master"} <= set(found.mains)
    assert found.java == 17
    assert found.classes == found.classes_read > 1000
    assert (len(found.members), found.files > 1000) == (1000, True)


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("job.py", b"print()", "it is a single file, no archive"),
        ("a.jar", b"PK\x03\x04 and no more", "it has no end of a zip archive; was it cut off?"),
    ],
)
def test_what_can_not_be_read_says_why(name: str, content: bytes, fault: str) -> None:
    assert look_inside(io.BytesIO(content), name) == Inside(fault=fault)


def test_a_class_that_is_damaged_does_not_hide_the_others() -> None:
    archive = zipped({"a/A.class": b"\xca\xfe" * 100, "b/B.class": STARTS})
    broken = archive.replace(b"PK\x03\x04", b"PK\x03\x05", 1)
    found = look_inside(io.BytesIO(broken), "a.jar")
    assert (found.classes, found.classes_read, found.mains) == (2, 1, ("b.B",))


def test_limits_hold_and_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, limit in (("MAX_LISTED", 3), ("MAX_ENTRIES", 20), ("MAX_CLASSES", 5), ("MAX_MAINS", 2)):
        monkeypatch.setattr(insides, name, limit)
    found = look({f"p/C{number:02}.class": STARTS for number in reversed(range(30))})
    assert (found.files, found.cut, found.classes, found.classes_read) == (20, True, 20, 5)
    assert [member.name for member in found.members] == ["p/C10.class", "p/C11.class", "p/C12.class"]
    assert len(found.mains) == 2


def test_classes_are_unpacked_up_to_a_limit_of_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insides, "MAX_UNPACKED", 2 * len(STARTS) + 10)
    found = look({f"C{number}.class": STARTS for number in range(9)})
    assert (found.classes, found.classes_read) == (9, 3)


def test_a_bomb_among_the_classes_is_read_to_the_limit_of_one() -> None:
    found = look({"Bomb.class": STARTS + bytes(60_000_000), "META-INF/MANIFEST.MF": b"A: " + b"x" * 60_000_000})
    assert (found.mains, found.unpacked > 120_000_000) == (("Bomb",), True)
    assert found.attributes == {"A": "x" * 500}


def test_attributes_are_bounded() -> None:
    text = "".join(f"Name-{number}: x\n" for number in range(1000)) + "not one\n"
    assert len(read_attributes(text)) == 50
    assert read_attributes(" goes on with nothing\nA: b") == {"A": "b"}
