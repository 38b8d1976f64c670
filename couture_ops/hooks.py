"""The connection to a store in another Airflow: type ``couture``, ``couture_default`` by default."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseHook

from couture_ops.client import API_PATH
from couture_ops.errors import StoreRefused, UnusableConnection

_TIMEOUT_S = 10.0


class CoutureHook(BaseHook):
    """Knows the address of a store and how to log in there.

    Host (with its scheme, or ``schema`` http or https) and port name the API server. Login and password are
    those of a user with the role *Couture Worker*; a token alone (in the password, without a login) is used as it is.
    """

    conn_name_attr = "couture_conn_id"
    default_conn_name = "couture_default"
    conn_type = "couture"
    hook_name = "Couture config store"

    def __init__(self, couture_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.couture_conn_id = couture_conn_id

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """How Airflow's form for such a connection looks."""
        return {
            "hidden_fields": ["extra"],
            "relabeling": {"host": "API server", "schema": "Scheme", "password": "Password, or a token"},
            "placeholders": {"host": "airflow.example.com", "schema": "https", "port": "443"},
        }

    def base_url(self) -> str:
        """The address of the API server; raises UnusableConnection without a host."""
        connection = self.get_connection(self.couture_conn_id)
        if not connection.host:
            raise UnusableConnection(self.couture_conn_id, "it names no host")
        scheme, _, rest = connection.host.rpartition("://")
        host, port = rest.rstrip("/"), f":{connection.port}" if connection.port else ""
        return f"{scheme or connection.schema or 'http'}://{host}{port}"

    def authorization(self) -> str:
        """The Authorization header: a token of Airflow's, asked for with login and password."""
        import httpx

        connection = self.get_connection(self.couture_conn_id)
        if not connection.password:
            raise UnusableConnection(self.couture_conn_id, "it has no password and no token")
        if not connection.login:
            return f"Bearer {connection.password}"
        login = {"username": connection.login, "password": connection.password}
        answer = httpx.post(f"{self.base_url()}/auth/token", json=login, timeout=_TIMEOUT_S)
        if not answer.is_success:
            raise UnusableConnection(self.couture_conn_id, f"the login was refused (HTTP {answer.status_code})")
        return f"Bearer {answer.json()['access_token']}"

    def test_connection(self) -> tuple[bool, str]:
        """Log in and ask for the store's version; what the button *Test* shows."""
        import httpx

        try:
            headers = {"Authorization": self.authorization()}
            answer = httpx.get(f"{self.base_url()}{API_PATH}/version", headers=headers, timeout=_TIMEOUT_S)
            if not answer.is_success or "json" not in answer.headers.get("content-type", ""):
                return False, f"{self.base_url()} answered {answer.status_code}, and not as a config store"
            return True, f"Couture {answer.json()['couture']} answers, and knows you as {answer.json()['user']}"
        except (httpx.HTTPError, StoreRefused, UnusableConnection) as error:
            return False, str(error)
