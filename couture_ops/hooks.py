"""The connection to a store in another Airflow: type ``couture``, ``couture_default`` by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from couture_ops.client import API_PATH, ask_patiently, problem_of
from couture_ops.errors import CoutureError, StoreRefused, UnusableConnection

if TYPE_CHECKING:
    import httpx

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

    def base_url(self) -> str:
        """The address of the API server; raises UnusableConnection without a host."""
        connection = self.get_connection(self.couture_conn_id)
        if not connection.host:
            raise UnusableConnection(self.couture_conn_id, "it names no host")
        scheme, _, rest = connection.host.rpartition("://")
        # behind a proxy the API server may lie below a path
        host, slash, path = rest.rstrip("/").partition("/")
        port = f":{connection.port}" if connection.port else ""
        return f"{scheme or connection.schema or 'http'}://{host}{port}{slash}{path}"

    def authorization(self, *, patience_s: float = 0.0) -> str:
        """The Authorization header: a token of Airflow's, asked for with login and password.

        Raises UnusableConnection, and StoreUnreachable when no API server answered for ``patience_s`` seconds.
        """
        import httpx

        connection = self.get_connection(self.couture_conn_id)
        if not connection.password:
            raise UnusableConnection(self.couture_conn_id, "it has no password and no token")
        if not connection.login:
            return f"Bearer {connection.password}"
        url, login = self.base_url(), {"username": connection.login, "password": connection.password}
        answer = ask_patiently(lambda: httpx.post(f"{url}/auth/token", json=login, timeout=_TIMEOUT_S), url, patience_s)
        if not answer.is_success:
            raise UnusableConnection(self.couture_conn_id, f"the login was refused (HTTP {answer.status_code})")
        token = _member(answer, "access_token")
        if token is None:
            raise UnusableConnection(self.couture_conn_id, f"what answers at {url} is no Airflow")
        return f"Bearer {token}"

    def test_connection(self) -> tuple[bool, str]:
        """Log in, ask for the store's version and whether the user may submit; what the button *Test* shows."""
        import httpx

        try:
            url, headers = self.base_url(), {"Authorization": self.authorization()}
            answer = httpx.get(f"{url}{API_PATH}/version", headers=headers, timeout=_TIMEOUT_S)
        except (httpx.HTTPError, httpx.InvalidURL, CoutureError) as error:
            return False, str(error) or type(error).__name__
        version, user = _member(answer, "couture"), _member(answer, "user")
        if not answer.is_success or version is None:
            return False, str(StoreRefused(url, answer.status_code, problem_of(answer)))
        met = f"Couture {version} answers, and knows you as {user}"
        if answer.json().get("may_submit") is not True:
            return False, f"{met}, who may not submit: give that user the role Couture Worker"
        return True, f"{met}, who may submit"


def _member(answer: httpx.Response, name: str) -> str | None:
    """A member of a JSON answer; None when it is no JSON object or has none of that name."""
    try:
        told = answer.json()
    except ValueError:
        return None
    return told.get(name) if isinstance(told, dict) else None
