"""The check of master DAGs: Airflow's stored DAGs, judged by the store's rules."""

from __future__ import annotations

from airflow import settings
from sqlalchemy.exc import SQLAlchemyError

from admin_views.checks.database import missing_file
from config_store.master_dags import CHECK, check_masters
from config_store.wire import Finding

_SUBJECT = "the master DAGs"


def look_at_masters() -> list[Finding]:
    """What is wrong with the DAGs that start others; a fault where Airflow's database does not tell them."""
    if file := missing_file(str(settings.SQL_ALCHEMY_CONN)):
        return [_untold(f"the file {file} does not exist")]
    from admin_views.dag_catalogue import AirflowDags  # brings Airflow's models: not where only a worker is checked

    catalogue = AirflowDags()
    try:
        return list(check_masters(catalogue.tasks(), catalogue.heads()))
    except SQLAlchemyError as error:
        return [_untold(" ".join(str(getattr(error, "orig", None) or error).split())[:300])]


def _untold(reason: str) -> Finding:
    advice = "Start that database, or make it: airflow db migrate"
    return Finding.fault(CHECK, _SUBJECT, f"Airflow's database does not tell them: {reason}", advice)
