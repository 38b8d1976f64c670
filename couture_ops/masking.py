"""Values whose names say that they are secrets, kept out of Airflow's log and rendered fields."""

from __future__ import annotations

from collections.abc import Mapping

from airflow.sdk.log import mask_secret

from config_store.wire import is_secret_name


def mask_named_secrets(values: object) -> None:
    """Have Airflow mask every value of a dictionary whose name sounds like a secret; other things pass."""
    if not isinstance(values, Mapping):
        return
    for name, value in values.items():
        if isinstance(value, str) and value and is_secret_name(str(name)):
            mask_secret(value)
