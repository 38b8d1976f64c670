"""Whether the uploaded files that a content names are there: looked at by a review, and anew by the save."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config_store.artifacts import ArtifactKind, find_version
from config_store.errors import MAX_TOLD, Fault, InvalidInput, NotFound

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from config_store.content import Content


def check_dependencies(session: Session, content: Content) -> None:
    """Raise InvalidInput naming the first MAX_TOLD dependencies that are not there; keeps nobody from writing."""
    faults = []
    for where, dependency in dict.fromkeys(content.dependencies()):
        try:
            find_version(session, ArtifactKind.DEPENDENCY, dependency.name, dependency.version)
        except NotFound as error:
            faults.append(Fault(where, f"{error} Upload it first."))
            if len(faults) == MAX_TOLD:  # each took a search for what is near
                break
    if faults:
        raise InvalidInput(faults)
