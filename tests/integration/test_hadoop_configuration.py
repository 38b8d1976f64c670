"""Our reading and editing of Hadoop's files against Hadoop's own Configuration, run in a JVM.

COUTURE_ORACLE_EXAMPLES sets how many drawn files are compared, for a long run (`make soak ONLY=hadoop_oracle`), and
COUTURE_ORACLE_FIGURES names the file that says in the end how many were.
"""

from __future__ import annotations

import itertools
import json
import os
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

from config_store.errors import InvalidInput, NotFound
from config_store.hadoop.edit import PropertyEdit, edit_properties
from config_store.hadoop.reading import Files, Loaded, Variables
from config_store.hadoop.scan import scan
from tests.integration.hadoop_documents import NAMES, documents, values
from tests.integration.hadoop_oracle import ENVIRONMENT, SYSTEM, HadoopFailed, Oracle, Read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = pytest.mark.integration

EXAMPLES = int(os.environ.get("COUTURE_ORACLE_EXAMPLES", "100"))
DRAWN = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    """One JVM for all cases."""
    running = Oracle(tmp_path_factory.mktemp("oracle"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def deprecated(oracle: Oracle) -> dict[str, tuple[str, ...]]:
    """Hadoop's table of deprecated names."""
    table = oracle.deprecated()
    assert table["fs.default.name"] == ("fs.defaultFS",)
    return table


@pytest.fixture(scope="module")
def compared() -> Iterator[Counter[str]]:
    """How much was compared, and how often something differed."""
    counted: Counter[str] = Counter()
    yield counted
    if kept := os.environ.get("COUTURE_ORACLE_FIGURES"):
        Path(kept).write_text(json.dumps(counted))


_numbers = itertools.count()


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    """The files in a folder of their own, because Hadoop may remember what a path held."""
    place = folder / str(next(_numbers))
    place.mkdir()
    for name, content in files.items():
        (place / name).write_bytes(content)
    return place


def hadoops(oracle: Oracle, folder: Path, files: Mapping[str, bytes], roots: list[str]) -> dict[str, Read] | None:
    """What Hadoop reads, None when it fails."""
    place = written(folder, files)
    try:
        return oracle.read(place / root for root in roots)
    except HadoopFailed:
        return None


def ours(
    files: Mapping[str, bytes], roots: list[str], deprecated: Mapping[str, tuple[str, ...]]
) -> dict[str, Read] | None:
    """What we read, None when we refuse."""
    group, loaded = Files(files, deprecated), Loaded()
    try:
        for root in roots:
            loaded.add(group.items(root))
    except InvalidInput:
        return None
    variables = Variables(loaded.values, environment=ENVIRONMENT, system=SYSTEM, deprecated=deprecated)

    def read(name: str) -> Read:
        raw = loaded.values.get(name)
        if raw is None:
            return Read(None, None, name in loaded.finals)
        found = variables.evaluate(raw)
        effective = None if "more than 20" in found.fault else found.value
        return Read(raw, effective, name in loaded.finals)

    return {name: read(name) for name in {*loaded.values, *loaded.finals}}


@DRAWN
@given(core=documents(), site=documents(), one=documents(), two=documents(with_includes=False))
def test_drawn_files_are_read_as_hadoop_reads_them(
    oracle: Oracle,
    deprecated: dict[str, tuple[str, ...]],
    compared: Counter[str],
    tmp_path: Path,
    core: bytes,
    site: bytes,
    one: bytes,
    two: bytes,
) -> None:
    files = {"core-site.xml": core, "hdfs-site.xml": site, "one.xml": one, "two.xml": two}
    roots = ["core-site.xml", "hdfs-site.xml"]
    read, theirs = ours(files, roots, deprecated), hadoops(oracle, tmp_path, files, roots)
    compared["drawn_files"] += len(files)
    compared["meaning_differs"] += read != theirs
    assert read == theirs


def test_every_file_of_hadoops_defaults_is_read_as_hadoop_reads_it(
    oracle: Oracle, deprecated: dict[str, tuple[str, ...]], compared: Counter[str], tmp_path: Path
) -> None:
    for jar in sorted(oracle.jars.glob("hadoop-*.jar")):
        with zipfile.ZipFile(jar) as archive:
            for entry in archive.namelist():
                if entry.endswith("-default.xml"):
                    files = {"x.xml": archive.read(entry)}
                    theirs = hadoops(oracle, tmp_path, files, ["x.xml"])
                    assert theirs is not None
                    read = ours(files, ["x.xml"], deprecated)
                    compared["default_files"] += 1
                    compared["default_properties"] += len(theirs)
                    compared["meaning_differs"] += read != theirs
                    assert read == theirs
    assert compared["default_properties"] > 1000


edits = st.dictionaries(
    st.sampled_from([name for name in NAMES if name != "fs.default.name"] + ["new.one", "<new>"]),
    st.builds(PropertyEdit, value=values, final=st.sampled_from([None, True, False]))
    | st.builds(PropertyEdit, final=st.booleans())
    | st.just(PropertyEdit(delete=True)),
    min_size=1,
    max_size=3,
)


@DRAWN
@given(content=documents(with_includes=False), changes=edits)
def test_hadoop_reads_exactly_the_change_that_an_edit_was_to_make(
    oracle: Oracle,
    deprecated: dict[str, tuple[str, ...]],
    compared: Counter[str],
    tmp_path: Path,
    content: bytes,
    changes: dict[str, PropertyEdit],
) -> None:
    # a new name beside its old one that is final says nothing to Hadoop; which names are old is no matter of a file
    name = "core-site.xml"
    assume("fs.defaultFS" not in changes or "fs.default.name" not in names_in(name, content))
    before = hadoops(oracle, tmp_path, {name: content}, [name])
    assert before is not None
    try:
        edited = edit_properties(name, content, changes)
    except (InvalidInput, NotFound):
        return
    note(f"{content!r} with {changes!r} became {edited!r}")
    after = hadoops(oracle, tmp_path, {name: edited}, [name])
    assert after is not None
    raw = {key: (read.raw, read.final) for key, read in after.items()}
    expected = {key: (read.raw, read.final) for key, read in before.items()}
    for key, change in changes.items():
        old_value, old_final = expected.pop(key, (None, False))
        if old_final and old_value is None and change.final is False and change.value is None:
            # it was final without a value: now counts what else the file says of it, and nothing is final any more
            assert not raw.pop(key, (None, False))[1]
            continue
        value = old_value if change.value is None else change.value
        final = old_final if change.final is None else change.final
        if not change.delete and (value is not None or final):
            expected[key] = (value, final)
    around, kept = others(content, set(changes)), others(edited, set(changes))
    compared["edits"] += 1
    compared["meaning_differs"] += raw != expected
    compared["bytes_differ"] += around != kept
    assert raw == expected
    assert around == kept


def names_in(file: str, content: bytes) -> set[str]:
    """The names of the properties, decoded."""
    return {(found.name or "").strip() for found in scan(file, content).properties()}


def others(content: bytes, names: set[str]) -> str:
    """The file without the named properties, nothing decoded; without blanks, for those of new and gone ones."""
    scanned = scan("core-site.xml", content)
    units, done, kept = scanned.source.units, 0, ""
    for found in scanned.properties():
        if (found.name or "").strip() in names and not found.is_odd:
            kept += units[done : found.start]
            done = found.end
    return "".join((kept + units[done:]).split())
