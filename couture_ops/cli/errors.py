"""What can go wrong in the client, in words: one family, shown as ``Error: …`` with exit code 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from couture_ops.cli.texts import quoted, time_text

HOW_TO_NAME_A_SERVER = "Name a server by --url, by COUTURE_URL, or once and for all by: couture login --url URL"


class CliError(Exception):
    """Base of the family. ``str()`` is what the user reads: a sentence, then lines indented by two blanks."""


class NoServerError(CliError):
    """No URL by option, environment or login."""

    def __init__(self) -> None:
        super().__init__(f"No server is known. {HOW_TO_NAME_A_SERVER}")


class InvalidUrlError(CliError):
    """A URL that cannot be a server's. The URL itself stays unsaid: it may hold a password."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The URL of the server {reason}. Give it like this: https://airflow.example.com")


class UnaddressableNameError(CliError):
    """A name that no URL path can carry."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{quoted(name)} is not a name: names are not blank, not '.' or '..', and hold no '/' and no NUL."
        )


class ServerUnreachableError(CliError):
    """No connection came about."""

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        super().__init__(f"Cannot reach {url} ({reason}). Is the server up?\n  {HOW_TO_NAME_A_SERVER}")


class UntrustedServerError(CliError):
    """A certificate that no known authority vouches for."""

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        super().__init__(
            f"The certificate of {url} is not trusted ({reason}).\n"
            "  If an authority of your own issued it, name that authority's certificate in SSL_CERT_FILE."
        )


class NoAnswerError(CliError):
    """The server took the connection and stayed silent."""

    def __init__(self, url: str, method: str) -> None:
        self.url = url
        super().__init__(f"{url} did not answer in time.{_doubt(method)}")


class ConnectionBrokenError(CliError):
    """The connection broke in the middle of a request or its answer."""

    def __init__(self, url: str, method: str, reason: str) -> None:
        self.url = url
        super().__init__(f"The connection to {url} broke ({reason}).{_doubt(method)}")


class RedirectedError(CliError):
    """The server sends elsewhere; not followed, for the token would go along."""

    def __init__(self, url: str, location: str) -> None:
        self.location = location
        super().__init__(f"{url} redirects to {location or 'another address'}. Give the final address by --url.")


class NoPluginError(CliError):
    """Airflow's own pages or routes answered instead of the API."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(
            f"{url} is there, but has no couture plugin: no API answered under /couture/api/v1.\n"
            "  If this is the right Airflow, its administrator installs couture-ops there; "
            "else give another address by --url."
        )


class UnexpectedAnswerError(CliError):
    """An answer that is neither what was asked for nor a problem in words."""

    def __init__(self, url: str, status: int, reason: str) -> None:
        self.status = status
        super().__init__(f"{url} answered {status} {reason}".rstrip())


class NotLoggedInError(CliError):
    """The server answered 401. ``token_from``: where the refused token came from, None when none was sent."""

    def __init__(self, url: str, token_from: str | None) -> None:
        self.url = url
        if token_from is None:
            super().__init__(f"Not logged in at {url}. Run: couture login --url {url}")
        elif token_from == "COUTURE_TOKEN":
            super().__init__(
                f"{url} refuses the token of COUTURE_TOKEN: it has expired or belongs to another server.\n"
                "  Set a new one, or unset COUTURE_TOKEN and run: couture login"
            )
        else:
            super().__init__(f"The login at {url} has expired. Run: couture login")


class LoginRefusedError(CliError):
    """User name or password are wrong."""

    def __init__(self, url: str, username: str) -> None:
        super().__init__(f"{url} refuses the login of {quoted(username)}: wrong user name or password.")


class NoPasswordLoginError(CliError):
    """The server's auth manager hands out no tokens for passwords."""

    def __init__(self, url: str, status: int) -> None:
        super().__init__(
            f"{url} hands out no token for a password (/auth/token answered {status}).\n"
            "  Is it an Airflow? Where people log in by other means, get a token there and set COUTURE_TOKEN."
        )


class CredentialsUnreadableError(CliError):
    """The stored login is not what ``couture login`` wrote."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not a login written by couture. Remove it and run: couture login")


class NoTerminalError(CliError):
    """A question that nobody is there to answer."""

    def __init__(self, question: str, way_out: str) -> None:
        super().__init__(f"{question}, and there is no terminal to ask at. {way_out}")


class SecretInArgvError(CliError):
    """A new value for a stored secret was typed as a literal."""

    def __init__(self, key: str, group: str) -> None:
        super().__init__(
            f"{quoted(key)} is a secret in {group}: a value on the command line can be read by every user of "
            f"this machine.\n  Write {key}=- to type it hidden or to give it on standard input; --no-secret "
            "lifts the mark."
        )


class NotSetError(CliError):
    """A setting to be removed that the group does not have."""

    def __init__(self, key: str, group: str, nearest: Sequence[str]) -> None:
        hint = f" Nearest: {', '.join(nearest)}" if nearest else f" `couture settings show {group}` lists what is."
        super().__init__(f"{quoted(key)} is not set in {group}.{hint}")


class SettingsFileError(CliError):
    """A file for ``settings apply`` that does not hold a group's content."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


class TreeError(CliError):
    """A folder or archive that no import can be read from, or no export be written to."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


class ExportTargetError(TreeError):
    """A place that an export must not overwrite."""


class SecretsFileError(CliError):
    """A file for --secrets-from that holds no values. What it holds stays unsaid."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}; write one line for each secret: COUTURE_SECRET_PROD_PASSWORD: 'its value'")


class MissingSecretsError(CliError):
    """Secrets without a value, and nobody to ask: (name, group, place) of each."""

    def __init__(self, missing: Sequence[tuple[str, str, str]]) -> None:
        lines = [f"  {name} ({where} of group {group})" for name, group, where in missing]
        super().__init__(
            "\n".join(
                [
                    "Nothing was imported: the store does not have these secrets, and no value is given.",
                    *lines,
                    "  Set them in the environment, or name a file by --secrets-from.",
                ]
            )
        )


class LackingPermissionsError(CliError):
    """An import by somebody who may not do all of it: ``lacking`` as ``can_edit on Couture Config Groups``."""

    def __init__(self, lacking: Sequence[str]) -> None:
        self.lacking = tuple(lacking)
        super().__init__(
            f"Nothing was imported: it needs {', '.join(lacking)}, which you lack.\n"
            "  Ask an admin to give that to one of your roles; `couture diff` shows what would change without it."
        )


class RepeatedFileError(CliError):
    """Two files of one name, of which a group can hold one."""

    def __init__(self, first: Path, second: Path) -> None:
        super().__init__(f"{first} and {second} have the same name in the group; nothing was stored. Give one of them.")


class UnknownVersionError(CliError):
    """A version that an artifact does not have."""

    def __init__(self, name: str, version: int, known: Sequence[int]) -> None:
        versions = ", ".join(map(str, known)) or "none"
        super().__init__(f"{quoted(name)} has no version {version}. It has: {versions}")


class DigestMismatchError(CliError):
    """What arrived is not what the server announced."""

    def __init__(self, name: str, expected: str, received: str) -> None:
        super().__init__(f"{name} arrived damaged: sha256 {received}, expected {expected}. Run the command again.")


class ProblemError(CliError):
    """A problem as the server tells it (RFC 9457): title, detail, and a line per ``errors[]``."""

    def __init__(self, problem: Mapping[str, Any], *more: str) -> None:
        self.problem = problem
        super().__init__("\n".join([_headline(problem), *_error_lines(problem), *more]))


class StillUsedError(ProblemError):
    """A deletion refused because of who uses the thing."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        detail = str(problem.get("detail"))
        lines = [f"  {user}" for user in map(_user_text, problem["users"]) if user not in detail]
        super().__init__(problem, *lines, "  --force deletes it all the same.")


class StaleSaveError(CliError):
    """Somebody saved the group between our reading and our saving."""

    def __init__(self, problem: Mapping[str, Any], remedy: str = "Look at it, then run the command again.") -> None:
        self.problem = problem
        note = f": {problem['note']}" if problem.get("note") else ""
        when = time_text(problem.get("saved_at"))
        lines = [
            f"Nothing was saved: {problem.get('saved_by')} saved revision {problem['current_revision']} "
            f"meanwhile, at {when}{note}"
        ]
        lines += [f"  {change_line(change)}" for change in problem.get("changes") or ()]
        super().__init__("\n".join([*lines, f"  {remedy}"]))


class StaleFileError(StaleSaveError):
    """A file for ``settings apply`` from a revision that is no longer the current one; to repeat it helps nobody."""

    def __init__(self, problem: Mapping[str, Any], group: str) -> None:
        super().__init__(
            problem,
            f"Fetch it anew with `couture groups show {group} --output yaml`, or, to save the file all the same, "
            f"give `--revision {problem['current_revision']}`.",
        )


class FileExistsHereError(CliError):
    """A download whose file is there already."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path} exists already; nothing was downloaded. Give `--force` to replace it, or another name by `-o`."
        )


def change_line(change: Mapping[str, Any]) -> str:
    """``{"where", "old", "new"}`` as ``where: old -> new``; what is not set says so."""
    old, new = ("(not set)" if change.get(side) is None else change[side] for side in ("old", "new"))
    return f"{change['where']}: {old} -> {new}"


def _doubt(method: str) -> str:
    if method == "GET":
        return "\n  Nothing was changed: run the command again."
    return "\n  Whether it was carried out is unknown: look before you run it again."


def _headline(problem: Mapping[str, Any]) -> str:
    title, detail = str(problem.get("title") or ""), problem.get("detail")
    # A detail that only repeats the title, or the errors that get a line each, is said once.
    repeated = (title, "; ".join(_errors(problem)))
    if not isinstance(detail, str) or not detail or detail in repeated:
        return title
    return f"{title}: {detail}" if title else detail


def _errors(problem: Mapping[str, Any]) -> list[str]:
    return [f"{error.get('where', '')}: {error.get('message', '')}" for error in problem.get("errors") or ()]


def _error_lines(problem: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"  {error}" for error in _errors(problem))
    # FastAPI's own shape, which Airflow's routes use.
    if isinstance(detail := problem.get("detail"), list):
        for error in detail:
            yield f"  {'.'.join(map(str, error.get('loc', ())))}: {error.get('msg', '')}"


def _user_text(user: Any) -> str:
    """``{"noun": "DAG", "name": "ratings"}`` as ``DAG ratings``."""
    return " ".join(map(str, user.values())) if isinstance(user, Mapping) else str(user)
