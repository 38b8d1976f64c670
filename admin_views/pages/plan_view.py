"""What pages show of a plan: its settings with their layers, as many as one reads, and its files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from admin_views.pages.paging import count_pages
from config_store.artifacts import ArtifactKind

if TYPE_CHECKING:
    from config_store.wire import EffectiveSetting, StoredFile, SubmitPlan

PAGE_SIZE = 100


@dataclass(frozen=True)
class PlanFile:
    """A file of a plan. ``word``: what it is; ``kind``: of an artifact, whose page shows it, else None."""

    word: str
    file: StoredFile
    kind: ArtifactKind | None = None
    version: int | None = None


@dataclass(frozen=True)
class PlanView:
    """A plan without secrets; ``search`` matches anywhere in a setting's name, value or layer, in pages from 1 on."""

    plan: SubmitPlan
    search: str = ""
    page: int = 1

    @cached_property
    def found(self) -> list[EffectiveSetting]:
        """The settings that match."""
        wanted = self.search.lower()
        return [one for one in self.plan.settings if _matches(wanted, one)] if wanted else list(self.plan.settings)

    @property
    def settings(self) -> list[EffectiveSetting]:
        """Those of the page."""
        return self.found[(self.page - 1) * PAGE_SIZE : self.page * PAGE_SIZE]

    @property
    def pages(self) -> int:
        """How many pages the settings that match fill."""
        return count_pages(len(self.found), PAGE_SIZE)

    @property
    def files(self) -> list[PlanFile]:
        """Every file from the store."""
        plan = self.plan
        code = plan.application
        files = [PlanFile("code", code, ArtifactKind.CODE, code.version)] if code else []
        files += [
            PlanFile(str(one.kind), one.artifact, ArtifactKind.DEPENDENCY, one.artifact.version)
            for one in plan.resources
            if one.artifact
        ]
        files += [PlanFile("Hadoop", file) for file in plan.hadoop_files]
        return files + ([PlanFile("krb5.conf", plan.krb5_conf)] if plan.krb5_conf else [])

    @property
    def places(self) -> list[tuple[str, str]]:
        """Resources that lie elsewhere: what each is, and where."""
        return [(str(one.kind), one.uri) for one in self.plan.resources if one.uri]


def _matches(wanted: str, setting: EffectiveSetting) -> bool:
    return any(wanted in text.lower() for text in (setting.name, setting.value, setting.layer))
