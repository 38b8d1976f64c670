"""The pages as users with a role see them, on a copy of the furnished store."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from admin_views.app import API_PREFIX
from tests.admin_views.calls import bearer, connect
from tests.stand_ins import ListedAudit, ListedTaskRuns, RoleIdentity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from fastapi import FastAPI

    from admin_views.services import Services
    from tests.admin_views.furnished import Furnished

#: How htmx asks for a part of the page that is open.
PART = {"HX-Request": "true"}


@dataclass
class Pages:
    """The pages of one store; ``names`` are the ids that the furnished store gave."""

    root: str
    services: Services
    names: dict[str, str]
    stack: ExitStack

    def of(self, role: str, prefix: str = "/pages") -> httpx.Client:
        """A browser, all but its screen, of a user with the role."""
        return self.stack.enter_context(connect(self.root + prefix, bearer(role, "ada")))

    @property
    def api(self) -> httpx.Client:
        """The JSON API as an admin."""
        return self.of("Admin", API_PREFIX)

    @property
    def audit(self) -> ListedAudit:
        """What was recorded of the changes."""
        assert isinstance(self.services.audit, ListedAudit)
        return self.services.audit

    @property
    def task_runs(self) -> ListedTaskRuns:
        """What was run again."""
        assert isinstance(self.services.task_runs, ListedTaskRuns)
        return self.services.task_runs


@pytest.fixture
def pages(app: FastAPI, served: str, furnished: Furnished, tmp_path: Path) -> Iterator[Pages]:
    """A fresh copy of the furnished store."""
    services = furnished.copy_to(tmp_path / "copy", identity=RoleIdentity())
    app.state.services = services
    with ExitStack() as stack:
        yield Pages(served.removesuffix(API_PREFIX), services, furnished.names, stack)
    services.database.engine.dispose()


@pytest.fixture
def admin(pages: Pages) -> httpx.Client:
    """The pages as the admin ada sees them."""
    return pages.of("Admin")
