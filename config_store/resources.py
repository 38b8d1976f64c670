"""The files that reach a job beside its application: dependencies of the group and of the task, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config_store.artifacts import ArtifactKind, check_artifact_name, planned_artifact
from config_store.content import is_place, split_version
from config_store.errors import DependencyClash, FinalOverridden, InvalidInput, reject
from config_store.settings import TWINS, place_faults
from config_store.wire import HIDDEN, Layer, PlannedArtifact, Resource, ResourceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from config_store.content import Content, Dependency
    from config_store.groups import Group
    from config_store.version_finder import VersionFinder
    from config_store.wire import JobRequest


def plan_resources(
    find: VersionFinder,
    group: Group,
    request: JobRequest,
    lists: Mapping[str, Sequence[tuple[Layer, str]]],
    application: PlannedArtifact | None,
) -> tuple[Resource, ...]:
    """The jars, py-files and files of a job, the group's before the task's.

    ``lists`` holds what the layers say as arguments (``--jars a,b``). A file that several name is taken
    once; two different files of one name raise DependencyClash.
    """
    resources: list[Resource] = []
    for kind in ResourceKind:
        _check_final_list(group, request, kind)
        resources += _of_group(find, group.content, request, kind)
        resources += [_named(find, kind, layer, entry) for layer, entry in lists[kind]]
        resources += [_named(find, kind, Layer.OPERATOR, entry) for entry in _asked(request, kind)]
    return tuple(_each_once(resources, application))


def _asked(request: JobRequest, kind: ResourceKind) -> Sequence[str]:
    fields = {ResourceKind.JAR: request.jars, ResourceKind.PY_FILE: request.py_files, ResourceKind.FILE: request.files}
    return fields[kind]


def _check_final_list(group: Group, request: JobRequest, kind: ResourceKind) -> None:
    asked = [*_asked(request, kind), request.spark_arguments.get(kind), request.spark_configurations.get(TWINS[kind])]
    added = ", ".join(entries for entries in asked if entries)
    for name, section in ((kind, group.content.arguments), (TWINS[kind], group.content.configurations)):
        setting = section.get(name)
        if setting and setting.final and added:
            raise FinalOverridden(group.name, name, HIDDEN if setting.secret else setting.value, "add to", added)


def _of_group(find: VersionFinder, content: Content, request: JobRequest, kind: ResourceKind) -> Iterator[Resource]:
    chosen: dict[ResourceKind, tuple[Dependency, ...]] = {
        ResourceKind.JAR: content.jars,
        ResourceKind.PY_FILE: content.py_files,
    }
    if {kind, TWINS[kind]} & set(request.exclude_spark_args):
        return
    for dependency in chosen.get(kind, ()):
        artifact = _dependency(find, dependency.name, dependency.version)
        yield Resource(kind=kind, layer=Layer.GROUP, artifact=artifact)


def _named(find: VersionFinder, kind: ResourceKind, layer: Layer, entry: str) -> Resource:
    """A resource by what a list says: a path or URI is passed on, a bare name is an uploaded dependency."""
    if "," in entry or "\x00" in entry or not entry.strip():
        raise reject(kind, f"{entry!r} is refused: Spark splits such lists at commas")
    entry = entry.strip()  # Spark drops an entry with a blank before it without a word
    if is_place(entry):
        if faults := list(place_faults(kind, entry)):
            raise InvalidInput(faults)
        return Resource(kind=kind, layer=layer, uri=entry)
    name, version = split_version(kind, entry)
    return Resource(kind=kind, layer=layer, artifact=_dependency(find, name, version))


def _dependency(find: VersionFinder, name: str, version: int | None) -> PlannedArtifact:
    check_artifact_name(ArtifactKind.DEPENDENCY, name)
    return planned_artifact(find(ArtifactKind.DEPENDENCY, name, version))


def _each_once(resources: Iterable[Resource], application: PlannedArtifact | None) -> Iterator[Resource]:
    seen: dict[str, tuple[str, str]] = {}
    if application:
        seen[application.name] = (application.sha256, f"the application {application.name}@{application.version}")
    taken: set[tuple[ResourceKind, str]] = set()
    for resource in resources:
        name, identity, words = _identity(resource)
        if name in seen and seen[name][0] != identity:
            raise DependencyClash(name, seen[name][1], words)
        seen.setdefault(name, (identity, words))
        if (resource.kind, name) not in taken:
            taken.add((resource.kind, name))
            yield resource


def _identity(resource: Resource) -> tuple[str, str, str]:
    """The name Spark will know it by, what tells two of that name apart, and words for a message."""
    if resource.artifact:
        artifact = resource.artifact
        return artifact.name, artifact.sha256, f"{artifact.name}@{artifact.version} ({resource.layer})"
    uri = resource.uri or ""
    alias = uri.rpartition("#")[2] if "#" in uri else uri
    return alias.rstrip("/").rpartition("/")[2], uri, f"{uri} ({resource.layer})"
