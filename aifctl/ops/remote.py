"""Command lines for the nodes: quoting, scripts. Pure: text in, text out."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Sequence

from aifctl.core.errors import UsageError

#: Runs a script that arrives on stdin: $1 bytes of it, its file name $2, a word $3 that names its folder, then how many
#: words the interpreter has, those words, and the script's arguments. Standard input goes on to the script behind its
#: own text. 125 says that the node could not take the script; the trap removes it on every end but SIGKILL. The folder
#: is called the same on all nodes, so that what a script says of itself folds; nobody can guess it beforehand, and
#: where two of our nodes are one machine the second takes another.
_SCRIPT = (
    'umask 077; d="${TMPDIR:-/tmp}/aifctl-$3"; mkdir "$d" 2>/dev/null || { d="$d-$$"; mkdir "$d" || exit 125; }; '
    "trap 'rm -rf \"$d\"' EXIT; trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM; "
    'f="$d/$2"; head -c "$1" >"$f" && [ "$(wc -c <"$f")" -eq "$1" ] || exit 125; shift 3; '
    'n=$1; shift; if [ "$n" = 1 ]; then i=$1; shift; "$i" "$f" "$@"; else i=$1; a=$2; shift 2; "$i" "$a" "$f" "$@"; fi'
)


def command_line(words: Sequence[str]) -> str:
    """Return what the remote shell gets: one argument as it is, several quoted one by one; UsageError for none."""
    if not words or not any(words):
        raise UsageError("what shall the nodes run? put the command behind --, as in: aifctl run @all -- uptime")
    return words[0] if len(words) == 1 else shlex.join(words)


def script_line(name: str, text: bytes, arguments: Sequence[str]) -> str:
    """Return the command line that stores a script from its stdin, runs it with its own interpreter and removes it."""
    interpreter = interpreter_of(text)
    safe_name = (
        "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name).lstrip("-.") or "script"
    )
    words = ["sh", "-c", _SCRIPT, "aifctl-script", str(len(text)), safe_name, secrets.token_hex(8)]
    words += [str(len(interpreter)), *interpreter]
    return "exec " + shlex.join([*words, *arguments])


def interpreter_of(text: bytes) -> tuple[str, ...]:
    """Return a script's interpreter and its one argument, split as the kernel splits a #! line; sh where there is none."""
    first, _, _ = text.partition(b"\n")
    if not first.startswith(b"#!"):
        return ("/bin/sh",)
    try:
        words = first[2:].decode().strip().split(None, 1)
    except UnicodeDecodeError as problem:
        raise UsageError("the script's first line is not text; write an interpreter behind #!") from problem
    if not words:
        raise UsageError("the script's first line names no interpreter behind #!")
    return tuple(words)
