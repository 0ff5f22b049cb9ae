"""How kubectl tells that something went wrong: its wrappers round the server's `Status`, and its own refusals.

Source: kubernetes/kubectl pkg/cmd/util/helpers.go (`checkErr`, `StandardErrorMessage`, `MultilineError`).
"""

from __future__ import annotations

import re
from typing import Any


class KubectlError(Exception):
    """The command cannot go on; `text` is what kubectl prints on its error output, `code` its exit status."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class StatusError(KubectlError):
    """The server refused a request; `status` is its `Status` object."""

    def __init__(self, status: dict[str, Any]) -> None:
        self.status = status
        super().__init__(explain_status(status))

    @property
    def reason(self) -> str:
        """The machine-readable reason, e.g. `NotFound`."""
        return str(self.status.get("reason") or "")

    @property
    def message(self) -> str:
        """The server's sentence."""
        return str(self.status.get("message") or "")

    def at(self, doing: str) -> StatusError:
        """The same error with what was being done before the message, e.g. `error when creating "f.yaml"`."""
        return StatusError({**self.status, "message": f"{doing}: {self.message}"})


def failure(text: str) -> KubectlError:
    """An error of kubectl's own, printed after `error: `."""
    return KubectlError(f"error: {text}")


def unreachable(message: str) -> KubectlError:
    """Nobody answered: `message` is what the client library says, the error is what kubectl makes of it.

    Source: `StandardErrorMessage` in k8s.io/kubectl/pkg/cmd/util/helpers.go.
    """
    reason = message.partition('": ')[2] or message
    found = re.search(r"dial tcp (\S+): connect: connection refused", reason)
    if found is not None:
        asked = "did you specify the right host or port?"
        return KubectlError(f"The connection to the server {found[1]} was refused - {asked}")
    return KubectlError(f"Unable to connect to the server: {reason}")


def usage(text: str, command: str) -> KubectlError:
    """A wrong use of `command`, with the pointer to its help that kubectl adds."""
    return KubectlError(f"error: {text}\nSee 'kubectl {command} -h' for help and examples")


def several(errors: list[KubectlError]) -> KubectlError:
    """One error out of many: each on its own line, repeated ones once (`utilerrors.Aggregate`)."""
    if len(errors) == 1:
        return errors[0]
    return KubectlError("\n".join(dict.fromkeys(error.text for error in errors)))


def explain_status(status: dict[str, Any]) -> str:
    """The text that kubectl prints for a `Status`."""
    if status.get("reason") == "Invalid":
        return _invalid(status)
    reason, message = status.get("reason") or "", status.get("message") or ""
    if reason == "Unauthorized":
        return f"error: You must be logged in to the server ({message or 'Unauthorized'})"
    return f"Error from server ({reason}): {message}" if reason else f"Error from server: {message}"


def _invalid(status: dict[str, Any]) -> str:
    details, message = status.get("details"), status.get("message") or ""
    if details is None:
        return f"The request is invalid: {message}" if message else "The request is invalid"
    causes = details.get("causes") or []
    text = "The request is invalid"
    if details.get("kind") or details.get("name"):
        text = f'The {details.get("kind", "")} "{details.get("name", "")}" is invalid'
    elif message and not causes:
        text += f": {message}"
    if not causes:
        return text
    lines = list(dict.fromkeys(_cause(cause) for cause in causes))
    return f"{text}: {lines[0]}" if len(lines) == 1 else f"{text}: " + "".join(f"\n* {line}" for line in lines)


def _cause(cause: dict[str, Any]) -> str:
    message = cause.get("message") or ""
    return f"{cause['field']}: {message}" if cause.get("field") else message
