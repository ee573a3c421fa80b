"""The store's URL: `sqlite:////path` or `postgresql://…`. A password stands in it by reference alone: shells, `ps` and
history see what is typed, settings files are read by others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aifctl.core.errors import UsageError

_REFERENCES = ("file:", "fd:", "cmd:", "ask")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreUrl:
    """Where the store is.

    Attributes:
        path: of the SQLite file; None for PostgreSQL, and for the default, which lies in the state directory.
        conninfo: for libpq, without the password; "" for SQLite.
        password: reference to it, or "": libpq then looks where it always does (passfile, service, peer).
    """

    path: Path | None = None
    conninfo: str = ""
    password: str = ""

    @property
    def is_postgresql(self) -> bool:
        return bool(self.conninfo)

    @property
    def shown(self) -> str:
        """Return it for people; there is no password in it."""
        return self.conninfo or str(self.path or "the default store")


def parse_store_url(text: str) -> StoreUrl:
    """Read a URL, "" for the default; UsageError for what is none, or has a password in it."""
    scheme, colon, rest = text.partition(":")
    if not text:
        return StoreUrl()
    if scheme == "sqlite" and rest.startswith("////") and rest.strip("/"):
        return StoreUrl(path=Path(rest[3:]))
    if colon and scheme in {"postgresql", "postgres"} and rest.startswith("//"):
        return _postgresql(rest)
    raise UsageError(
        f"{_without_password(text)!r} is no store; write sqlite:////ABSOLUTE/PATH or postgresql://USER@HOST/DATABASE"
    )


def _postgresql(rest: str) -> StoreUrl:
    from urllib.parse import parse_qsl, urlencode, urlsplit  # noqa: PLC0415  2 ms for those alone who have one

    try:
        parts = urlsplit(f"postgresql:{rest}")
        query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as problem:
        raise UsageError(f"{_without_password(rest)!r} is no PostgreSQL URL: {problem}") from problem
    password = dict(query).get("password", "")
    if ":" in parts.netloc.rpartition("@")[0] or (password and not password.startswith(_REFERENCES)):
        raise UsageError(
            f"{_without_password(rest)!r} has a password in it, which others could read; write ?password=file:PATH, "
            "?passfile=PATH or ?service=NAME, or put it into ~/.pgpass"
        )
    left = urlencode([(name, value) for name, value in query if name != "password"])
    conninfo = f"postgresql://{parts.netloc}{parts.path}" + (f"?{left}" if left else "")
    return StoreUrl(conninfo=conninfo, password=password)


def _without_password(text: str) -> str:
    """Return the text without what could be one."""
    before, found, _ = text.partition("password=")
    user, at, place = before.rpartition("@")
    return (f"{user.partition('//')[0]}//…@{place}" if at else place) + (f"{found}…" if found else "")
