"""Simple commands: assignments, words and redirections."""

from __future__ import annotations

import re

from aifctl.sim.shell.scan import Scanner
from aifctl.sim.shell.syntax import Literal, Redirection, ShellSyntaxError, Simple, Word

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=", re.ASCII)
_REDIRECTION = re.compile(r"(\d*)(<<-|<<|>>|>&|<&|>\||<>|<|>|&>(?!&))")


def parse_simple(scanner: Scanner) -> Simple:
    """Return the command that begins here; ShellSyntaxError where none does."""
    assignments: list[tuple[str, Word]] = []
    words: list[Word] = []
    redirections: list[Redirection] = []
    while True:
        scanner.skip_blank()
        if _redirection(scanner, redirections):
            continue
        word = scanner.word()
        if word is None:
            break
        assigned = None if words else _assignment(word)
        if assigned:
            assignments.append(assigned)
        else:
            words.append(word)
    if not (assignments or words or redirections):
        found = scanner.peek(2).strip() or "newline"
        raise ShellSyntaxError(f"syntax error near unexpected token '{found}'")
    return Simple(tuple(assignments), tuple(words), tuple(redirections))


def _assignment(word: Word) -> tuple[str, Word] | None:
    first = word.parts[0]
    match = _ASSIGNMENT.match(first.text) if isinstance(first, Literal) and not first.quoted else None
    if not match or not isinstance(first, Literal):
        return None
    rest = first.text[match.end() :]
    return match[1], Word(((Literal(rest),) if rest else ()) + word.parts[1:])


def parse_redirections(scanner: Scanner) -> tuple[Redirection, ...]:
    """Return what stands behind a compound command."""
    found: list[Redirection] = []
    scanner.skip_blank()
    while _redirection(scanner, found):
        scanner.skip_blank()
    return tuple(found)


def _redirection(scanner: Scanner, found: list[Redirection]) -> bool:
    match = _REDIRECTION.match(scanner.text, scanner.at)
    if not match:
        return False
    scanner.at = match.end()
    scanner.skip_blank()
    target = scanner.word()
    if target is None:
        raise ShellSyntaxError(f"syntax error near '{match[2]}': no file name")
    fd = int(match[1][:3]) if match[1] else int(not match[2].startswith("<"))
    if match[2].startswith("<<"):
        found.append(scanner.announce(target, strip=match[2] == "<<-", fd=fd))
    else:
        found.append(Redirection(fd, match[2], target))
    return True
