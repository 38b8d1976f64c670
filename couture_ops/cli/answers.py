"""Judges an answer: its JSON, or the error of our family that tells what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from couture_ops.cli.errors import (
    CliError,
    NoPluginError,
    NotLoggedInError,
    ProblemError,
    RedirectedError,
    StaleSaveError,
    StillUsedError,
    UnexpectedAnswerError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from couture_ops.cli.connection import Server


def check_answer(answer: httpx.Response, server: Server) -> None:
    """Nothing for a good answer, else raises what it means. Works on a streamed answer too."""
    if answer.is_redirect:
        raise RedirectedError(server.url, answer.headers.get("Location", ""))
    if answer.status_code == 401:
        raise NotLoggedInError(server.url, server.token_from)
    # Airflow serves its pages for every GET that it does not know, with 200, and 405 for other methods.
    if answer.status_code == 405 or (_is(answer, "html") and answer.status_code < 500):
        raise NoPluginError(server.url)
    if not answer.is_success:
        answer.read()
        raise _refusal(answer, server)


def document_of(answer: httpx.Response, server: Server) -> Any:
    """The JSON of a good answer, None for an empty one."""
    if answer.status_code == 204:
        return None
    try:
        return answer.json()
    except ValueError as error:
        raise UnexpectedAnswerError(server.url, answer.status_code, "without the JSON that belongs to it.") from error


def _refusal(answer: httpx.Response, server: Server) -> CliError:
    problem = _problem(answer)
    if problem is None:
        return UnexpectedAnswerError(server.url, answer.status_code, answer.reason_phrase)
    if "current_revision" in problem:
        return StaleSaveError(problem)
    if "users" in problem:
        return StillUsedError(problem)
    titled = {"title": f"{answer.status_code} {answer.reason_phrase}", **problem}
    return ProblemError(titled, *_next_steps(answer, problem))


def _next_steps(answer: httpx.Response, problem: dict[str, Any]) -> Iterator[str]:
    """The command that lists what is there, where a name is not; an unknown group is told with all groups."""
    if answer.status_code == 404 and str(problem.get("type")).endswith(":NotFound"):
        from couture_ops.cli.next_steps import next_step

        if sentence := next_step(answer.request.url.raw_path.decode("ascii").partition("?")[0]):
            yield f"  {sentence}"


def _problem(answer: httpx.Response) -> dict[str, Any] | None:
    if not _is(answer, "json"):
        return None
    try:
        document = answer.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _is(answer: httpx.Response, form: str) -> bool:
    return form in answer.headers.get("Content-Type", "")
