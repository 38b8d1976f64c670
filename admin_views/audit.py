"""Who changed what: rows in Airflow's own audit log, written with the change they speak of."""

from __future__ import annotations

import getpass
import json
import socket
from typing import TYPE_CHECKING, Any

from airflow.models.log import Log
from airflow.utils.session import create_session
from sqlalchemy.exc import SQLAlchemyError

from admin_views.services import AuditEntry, Caller

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

_MAX_EVENT = 60  # the column's length
#: A longer text is cut, in characters: the revision, the artifact or the receipt itself holds all of it.
MAX_VALUE = 200
#: What a row may take in UTF-8; MySQL's TEXT ends at 65,535 bytes.
MAX_ROW_BYTES = 60_000


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


def record_command(event: str, subject: str, **details: Any) -> None:
    """A row of its own for what ``airflow couture …`` does, in the name of this machine's user; ``ip`` is its host.

    Called before the deed, so that none goes without a row; ends the process where Airflow's database takes none.
    """
    caller = Caller(name=getpass.getuser(), address=socket.gethostname(), user=None)
    try:
        with create_session() as session:
            session.add(_row(caller, AuditEntry(event, subject, details)))
    except SQLAlchemyError as error:
        said = " ".join(str(getattr(error, "orig", None) or error).split())[:300]
        raise SystemExit(
            f"Airflow's database takes no audit row ({said}). Nothing more is done; start it, or run "
            "`airflow db migrate`."
        ) from error


def _row(caller: Caller, entry: AuditEntry) -> Log:
    return Log(
        event=f"couture.{entry.event}"[:_MAX_EVENT],
        owner=caller.name,
        owner_display_name=caller.name,
        extra=bounded_extra(entry.subject, entry.details, caller.address),
    )


def bounded_extra(subject: str, details: Mapping[str, Any], address: str) -> str:
    """The JSON of a row, of MAX_ROW_BYTES at most.

    Long texts are cut and say how long they were; of lists that are too long the first entries stay, and
    ``left_out`` says how many of each went.
    """
    extra: dict[str, Any] = _shortened({"subject": subject, **details, "ip": address})
    lengths = {name: len(value) for name, value in extra.items() if isinstance(value, list)}
    while len(text := json.dumps(extra, ensure_ascii=False)) > MAX_ROW_BYTES or _size(text) > MAX_ROW_BYTES:
        longest = max(lengths, key=lambda name: len(json.dumps(extra[name])), default=None)
        if longest is None or not extra[longest]:
            return json.dumps({"subject": extra["subject"], "ip": extra["ip"], "left_out": sorted(details)[:100]})
        extra[longest] = extra[longest][: len(extra[longest]) // 2]
        extra["left_out"] = {name: n - len(extra[name]) for name, n in lengths.items() if n > len(extra[name])}
    return text


def _size(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def _shortened(value: Any) -> Any:
    """The value with every text in it cut to MAX_VALUE characters; names of members, too."""
    if isinstance(value, str) and len(value) > MAX_VALUE:
        return f"{value[:MAX_VALUE]}… ({len(value):,} characters)"
    if isinstance(value, dict):
        return {_shortened(name): _shortened(member) for name, member in value.items()}
    return [_shortened(item) for item in value] if isinstance(value, (list, tuple)) else value
