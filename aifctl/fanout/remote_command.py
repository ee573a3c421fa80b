"""A command for the nodes, as the login user or as another: sudo and its password. Pure: text in, Command out."""

from __future__ import annotations

import secrets
import shlex

from aifctl.core.secret import Secret
from aifctl.core.units import parse_login
from aifctl.ports.transport import Command


def build_command(
    line: str, *, sudo: str | None, password: Secret | None, timeout_s: float | None, stdin: bytes = b""
) -> Command:
    """Return the Command that runs `line` in the login user's own shell, as `sudo` where one is named."""
    if sudo is None:
        return Command(line=line, stdin=stdin, timeout_s=timeout_s)
    parse_login(sudo)
    # The login shell expands "$SHELL" (bash, zsh, fish and csh all do), so --sudo changes who runs it, not what reads it.
    inner = f'"$SHELL" -c {shlex.quote(line)}'
    if password is None:
        return Command(line=f"sudo -n -u {shlex.quote(sudo)} -- {inner}", stdin=stdin, timeout_s=timeout_s, end_as=sudo)
    prompt = f"aifctl-{secrets.token_hex(8)}:"
    return Command(
        line=f"sudo -S -p {prompt} -u {shlex.quote(sudo)} -- {inner}",
        stdin=stdin,
        prompt=prompt.encode(),
        password=password,
        timeout_s=timeout_s,
        end_as=sudo,
    )
