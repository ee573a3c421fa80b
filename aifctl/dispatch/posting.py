"""Calling an address that is a secret, in bounded time: heartbeats and notifications. It is never in what is said of it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

from aifctl.core.secret import Secret

CALL_TIMEOUT_S = 10.0
_ANSWER_BYTES = 1 << 16
_MOST_RETRY_AFTER_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is sent; without a body it is a GET.

    Attributes:
        ca_file: PEM of the authorities that may vouch for the receiver; the system's where empty.
    """

    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    ca_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """How it went.

    Attributes:
        problem: "" where it was taken; otherwise why not, behind "was not sent: " or as a sentence of its own.
        status: of an answer that is a refusal. retry_after_s: how long it wants to be left alone, where it said so.
    """

    problem: str = ""
    status: int | None = None
    retry_after_s: float | None = None


#: Sends a letter to an address; raises OSError or ValueError.
Send = Callable[[str, Letter], None]


def call_out(
    url: Secret, letter: Letter, *, what: str, send: Send | None = None, timeout_s: float = CALL_TIMEOUT_S
) -> Reply:
    """Call an address; `what` names it in sentences ("the heartbeat").

    The whole takes at most `timeout_s`, name look-up and slow answers included: that is why it has a thread.
    """
    text = url.reveal().decode("utf-8", "replace").strip()
    if not text.startswith(("https://", "http://")):
        return Reply(problem=f"{what} was not sent: its URL does not begin with https:// or http://")
    replies: list[Reply] = []
    sender = threading.Thread(target=_try_sending, args=(send or _send, text, letter, what, replies), daemon=True)
    sender.start()
    sender.join(timeout_s)
    if sender.is_alive() or not replies:
        return Reply(problem=f"{what} was not answered within {timeout_s:g} s")
    return replies[0]


def _try_sending(send: Send, url: str, letter: Letter, what: str, replies: list[Reply]) -> None:
    try:
        send(url, letter)
    except (OSError, ValueError) as problem:  # urllib.error.URLError is an OSError, a malformed URL a ValueError
        status = getattr(problem, "code", None)
        replies.append(
            Reply(
                problem=f"{what} was not sent: {_said(problem, status)}",
                status=status,
                retry_after_s=_retry_after_s(problem),
            )
        )
    except Exception as bug:  # noqa: BLE001  http.client has errors of its own (a status line that is none); their text may hold the URL
        replies.append(Reply(problem=f"{what} was not sent: {type(bug).__name__}"))
    else:
        replies.append(Reply())


def _said(problem: Exception, status: int | None) -> str:
    cause = getattr(problem, "reason", None)
    verifying = getattr(cause, "verify_message", None)
    if status:
        return f"it answered {status}"
    if verifying:
        return f"its certificate is not to be trusted: {verifying}"
    return getattr(cause, "strerror", None) or getattr(problem, "strerror", None) or type(problem).__name__


def _retry_after_s(problem: Exception) -> float | None:
    headers = getattr(problem, "headers", None)
    told = headers.get("Retry-After", "") if headers is not None else ""
    return min(float(told), _MOST_RETRY_AFTER_S) if told.isdecimal() else None


def _send(url: str, letter: Letter) -> None:
    import ssl  # noqa: PLC0415  40 ms that only who calls somebody pays
    import urllib.request  # noqa: PLC0415  as above

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        """A redirect would turn a POST into a GET elsewhere."""

        def redirect_request(self, *_: object) -> None:
            return None

    address, user = _without_user(url)
    headers = {"User-Agent": "aifctl", **letter.headers, **user}
    request = urllib.request.Request(address, data=letter.body, headers=headers)  # noqa: S310  http and https alone, checked
    context = ssl.create_default_context(cafile=letter.ca_file or None)
    handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=context)]
    if letter.body is not None:
        handlers.append(NoRedirect())
    with urllib.request.build_opener(*handlers).open(request, timeout=CALL_TIMEOUT_S) as answer:
        answer.read(_ANSWER_BYTES)


def _without_user(url: str) -> tuple[str, Mapping[str, str]]:
    """Return the address, and as a header the USER:PASSWORD that stood in it."""
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    token = base64.b64encode(unquote(user).encode()).decode("ascii")
    return urlunsplit(parts._replace(netloc=place)), {"Authorization": f"Basic {token}"}
