"""From words to commands: a POSIX shell's grammar, less job control and aliases."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from aifctl.sim.shell.scan import Scanner
from aifctl.sim.shell.simple import parse_redirections, parse_simple
from aifctl.sim.shell.syntax import (
    AndOr,
    Case,
    Command,
    For,
    Function,
    Group,
    If,
    Loop,
    Pipeline,
    Script,
    ShellSyntaxError,
    Word,
)

LONGEST_CHARACTERS = 2 << 20
_FUNCTION = re.compile(r"[A-Za-z_][\w.-]*[ \t]*\([ \t]*\)", re.ASCII)
_CLOSING = frozenset({"then", "else", "elif", "fi", "do", "done", "esac", "}", ";;"})
#: One run sends one line to thousands of nodes.
_REMEMBERED = 64
_REMEMBERED_CHARACTERS = 65536


def parse(text: str) -> Script:
    """Return the script; ShellSyntaxError where it is none."""
    if len(text) > LONGEST_CHARACTERS:
        raise ShellSyntaxError("script too long")
    return _parse_again(text) if len(text) > _REMEMBERED_CHARACTERS else _parse(text)


def _parse_again(text: str) -> Script:
    scanner = Scanner(text, _script_until)
    script = _script(scanner)
    _refuse_leftovers(scanner)
    return script


_parse = lru_cache(maxsize=_REMEMBERED)(_parse_again)


def _script_until(scanner: Scanner, closing: str) -> Script:
    """Return the commands up to a closing character, which is taken; "" means to the end."""
    script = _script(scanner)
    if closing and not scanner.take(closing):
        raise ShellSyntaxError(f"expecting '{closing}'")
    if not closing:
        _refuse_leftovers(scanner)
    return script


def _refuse_leftovers(scanner: Scanner) -> None:
    if scanner.at < len(scanner.text):
        raise ShellSyntaxError(f"syntax error near unexpected token '{scanner.peek(12).split()[0][:12]}'")


def _script(scanner: Scanner) -> Script:
    scanner.deeper()
    items: list[AndOr] = []
    _skip_lines(scanner)
    while not _at_end(scanner):
        items.append(_and_or(scanner))
        scanner.skip_blank()
        if not (scanner.peek() == ";" and scanner.peek(2) != ";;" and scanner.take(";")) and scanner.peek() != "\n":
            if items[-1].background:
                _skip_lines(scanner)
                continue
            break
        _skip_lines(scanner)
    scanner.depth -= 1
    return Script(tuple(items))


def _at_end(scanner: Scanner) -> bool:
    return scanner.peek() in {"", ")"} or scanner.peek(2) == ";;" or _reserved(scanner) in _CLOSING


def _skip_lines(scanner: Scanner) -> None:
    scanner.skip_blank()
    while scanner.skip_newline():
        scanner.skip_blank()


def _reserved(scanner: Scanner) -> str:
    """Return the bare word that stands here, without taking it."""
    match = re.compile(r"[a-z]+(?=[ \t\n;&|<>()]|$)|[{}!](?=[ \t\n;]|$)").match(scanner.text, scanner.at)
    return match[0] if match else ""


def _expect(scanner: Scanner, word: str) -> None:
    _skip_lines(scanner)
    if _reserved(scanner) != word:
        found = scanner.peek(12).split("\n")[0] or "end of file"
        raise ShellSyntaxError(f"syntax error: '{found}' unexpected (expecting '{word}')")
    scanner.at += len(word)


def _and_or(scanner: Scanner) -> AndOr:
    links = [("", _pipeline(scanner))]
    scanner.skip_blank()
    while scanner.peek(2) in {"&&", "||"}:
        operator = scanner.peek(2)
        scanner.at += 2
        _skip_lines(scanner)
        links.append((operator, _pipeline(scanner)))
        scanner.skip_blank()
    return AndOr(tuple(links), background=scanner.take("&"))


def _pipeline(scanner: Scanner) -> Pipeline:
    scanner.skip_blank()
    negated = _reserved(scanner) == "!" and scanner.take("!")
    stages = [_command(scanner)]
    scanner.skip_blank()
    while scanner.peek() == "|" and scanner.peek(2) != "||":
        scanner.at += 1
        _skip_lines(scanner)
        stages.append(_command(scanner))
        scanner.skip_blank()
    return Pipeline(tuple(stages), negated)


def _command(scanner: Scanner) -> Command:
    scanner.skip_blank()
    scanner.deeper()
    try:
        if scanner.take("("):
            return Group(_script_until(scanner, ")"), subshell=True, redirections=parse_redirections(scanner))
        compound = _COMPOUNDS.get(_reserved(scanner))
        if compound:
            scanner.at += len(_reserved(scanner))
            return compound(scanner)
        function = _FUNCTION.match(scanner.text, scanner.at)
        if function:
            scanner.at = function.end()
            _skip_lines(scanner)
            return Function(function[0].split("(")[0].strip(), _command(scanner))
        return parse_simple(scanner)
    finally:
        scanner.depth -= 1


def _group(scanner: Scanner) -> Group:
    script = _script(scanner)
    _expect(scanner, "}")
    return Group(script, subshell=False, redirections=parse_redirections(scanner))


def _if(scanner: Scanner) -> If:
    branches, otherwise = [], None
    while True:
        condition = _script(scanner)
        _expect(scanner, "then")
        branches.append((condition, _script(scanner)))
        _skip_lines(scanner)
        if _reserved(scanner) != "elif":
            break
        scanner.at += len("elif")
    if _reserved(scanner) == "else":
        scanner.at += len("else")
        otherwise = _script(scanner)
    _expect(scanner, "fi")
    return If(tuple(branches), otherwise, parse_redirections(scanner))


def _loop(scanner: Scanner, *, until: bool) -> Loop:
    condition = _script(scanner)
    return Loop(condition, _body(scanner), until, parse_redirections(scanner))


def _for(scanner: Scanner) -> For:
    scanner.skip_blank()
    name = scanner.word()
    if name is None or name.plain is None:
        raise ShellSyntaxError("syntax error: bad for loop variable")
    _skip_lines(scanner)
    words = None
    if _reserved(scanner) == "in":
        scanner.at += len("in")
        words = _words(scanner)
    scanner.skip_blank()
    scanner.take(";")
    return For(name.plain, words, _body(scanner), parse_redirections(scanner))


def _body(scanner: Scanner) -> Script:
    _expect(scanner, "do")
    body = _script(scanner)
    _expect(scanner, "done")
    return body


def _case(scanner: Scanner) -> Case:
    scanner.skip_blank()
    subject = scanner.word()
    if subject is None:
        raise ShellSyntaxError("syntax error: 'case' without a word")
    _expect(scanner, "in")
    arms = []
    _skip_lines(scanner)
    while _reserved(scanner) != "esac":
        arms.append(_arm(scanner))
        _skip_lines(scanner)
    _expect(scanner, "esac")
    return Case(subject, tuple(arms), parse_redirections(scanner))


def _arm(scanner: Scanner) -> tuple[tuple[Word, ...], Script]:
    scanner.take("(")
    patterns = []
    while True:
        scanner.skip_blank()
        pattern = scanner.word()
        if pattern is None:
            raise ShellSyntaxError("syntax error: bad pattern in 'case'")
        patterns.append(pattern)
        scanner.skip_blank()
        if not scanner.take("|"):
            break
    if not scanner.take(")"):
        raise ShellSyntaxError("syntax error: 'case' pattern without ')'")
    body = _script(scanner)
    _skip_lines(scanner)
    if not scanner.take(";;") and _reserved(scanner) != "esac":
        raise ShellSyntaxError("syntax error: expecting ';;'")
    return tuple(patterns), body


_COMPOUNDS: dict[str, Callable[[Scanner], Command]] = {
    "{": _group,
    "if": _if,
    "while": lambda scanner: _loop(scanner, until=False),
    "until": lambda scanner: _loop(scanner, until=True),
    "for": _for,
    "case": _case,
}


def _words(scanner: Scanner) -> tuple[Word, ...]:
    words = []
    scanner.skip_blank()
    while (word := scanner.word()) is not None:
        words.append(word)
        scanner.skip_blank()
    return tuple(words)
