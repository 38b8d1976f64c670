"""Who changed what: rows in Airflow's own audit log, written with the change they speak of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from airflow.models.log import Log
from airflow.utils.session import create_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from admin_views.services import AuditEntry, Caller

_MAX_EVENT = 60  # the column's length


class AirflowAuditTrail:
    """Writes to Airflow's table ``log``.

    ``shared``: the store lives in Airflow's database, so the row joins the change's own transaction. Else it
    is committed just before the change: a crash in between leaves a row for a change that was not made,
    never a change without a row.
    """

    def __init__(self, *, shared: bool) -> None:
        self._shared = shared

    def record(self, session: Session, caller: Caller, entries: Sequence[AuditEntry]) -> None:
        """See :class:`~admin_views.services.AuditTrail`."""
        if self._shared:
            session.add_all([_row(caller, entry) for entry in entries])
        else:
            with create_session() as airflow_session:
                airflow_session.add_all([_row(caller, entry) for entry in entries])


def _row(caller: Caller, entry: AuditEntry) -> Log:
    extra = {"subject": entry.subject, **entry.details, "ip": caller.address}
    return Log(
        event=f"couture.{entry.event}"[:_MAX_EVENT],
        owner=caller.name,
        owner_display_name=caller.name,
        extra=json.dumps(extra, ensure_ascii=False),
    )
