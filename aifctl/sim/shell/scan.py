"""From characters to words: quotes, parameters, substitutions, here-documents."""

from __future__ import annotations

import re
from collections.abc import Callable

from aifctl.sim.shell.syntax import (
    Arithmetic,
    Document,
    Literal,
    Parameter,
    Part,
    Redirection,
    Script,
    ShellSyntaxError,
    Substitution,
    Word,
)

_DEEPEST = 48
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PARAMETER = re.compile(r"[A-Za-z_]\w*|\d+|[#?$!@*-]", re.ASCII)
_OPERATOR = re.compile(r":[-=+?]|##?|%%?|[-=+?]")
_METACHARACTERS = frozenset(" \t\n;&|<>()")
_BLANK = re.compile(r"(?:[ \t]|\\\n)*")


class Scanner:
    """Words from a text; `script` parses commands up to a closing character, for substitutions."""

    def __init__(self, text: str, script: Callable[[Scanner, str], Script]) -> None:
        self.text, self.at, self._script = text, 0, script
        self.depth = 0
        self._pending: list[tuple[str, bool, bool, Document]] = []

    def peek(self, length: int = 1) -> str:
        return self.text[self.at : self.at + length]

    def take(self, expected: str) -> bool:
        if self.text.startswith(expected, self.at):
            self.at += len(expected)
            return True
        return False

    def deeper(self) -> None:
        """Enter one more level of nesting; hostile input must not exhaust this process's stack."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ShellSyntaxError("nested too deeply")

    def skip_blank(self) -> None:
        """Skip blanks, continued lines and a comment."""
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at
        if self.peek() == "#":
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end

    def skip_newline(self) -> bool:
        """Take a newline, and with it the here-documents that were announced on its line."""
        if not self.take("\n"):
            return False
        for end, strip, quoted, document in self._pending:
            body = self._document(end, strip=strip)
            document.body = Word((Literal(body, quoted=True),)) if quoted else self._inner(body)
        self._pending = []
        return True

    def announce(self, end: Word, *, strip: bool, fd: int) -> Redirection:
        """Note a here-document whose body begins on the next line."""
        quoted = any(not isinstance(part, Literal) or part.quoted for part in end.parts)
        text = "".join(part.text for part in end.parts if isinstance(part, Literal))
        document = Document()
        self._pending.append((text, strip, quoted, document))
        return Redirection(fd, "<<", document)

    def word(self) -> Word | None:
        """Return the word that begins here, None where none does."""
        parts: list[Part] = []
        start = self.at
        while self.at < len(self.text) and self.peek() not in _METACHARACTERS:
            if self.take("\\\n"):
                continue
            parts += self._part()
        return Word(_joined(parts)) if self.at > start else None

    def _part(self) -> list[Part]:
        character = self.peek()
        if character == "'":
            return [Literal(self._until("'"), quoted=True)]
        if character == '"':
            self.at += 1
            return [Literal("", quoted=True), *self._quoted('"')]
        if character == "\\":
            self.at += 2
            return [Literal(self.text[self.at - 1 : self.at] or "\\", quoted=True)]
        if character in "$`":
            return [self._dollar(quoted=False)]
        self.at += 1
        return [Literal(character)]

    def _until(self, quote: str) -> str:
        end = self.text.find(quote, self.at + 1)
        if end < 0:
            raise ShellSyntaxError("unterminated quoted string")
        found, self.at = self.text[self.at + 1 : end], end + 1
        return found

    def _quoted(self, closing: str) -> list[Part]:
        """Return the parts up to a closing quote, or to the end of a here-document."""
        parts: list[Part] = []
        while not (closing and self.take(closing)):
            character = self.peek()
            if not character:
                if not closing:
                    break
                raise ShellSyntaxError("unterminated quoted string")
            if character in "$`":
                parts.append(self._dollar(quoted=True))
            elif character == "\\" and self.peek(2)[1:] in {"$", "`", '"', "\\", "\n"}:
                self.at += 2
                parts.append(Literal(self.text[self.at - 1].replace("\n", ""), quoted=True))
            else:
                self.at += 1
                parts.append(Literal(character, quoted=True))
        return parts

    def _dollar(self, *, quoted: bool) -> Part:
        self.deeper()
        try:
            if self.peek() == "`":
                inner = re.sub(r"\\([`$\\])", r"\1", self._until("`"))
                return Substitution(self._script(self._below(inner), ""), quoted)
            self.at += 1
            return self._after_dollar(quoted=quoted)
        finally:
            self.depth -= 1

    def _after_dollar(self, *, quoted: bool) -> Part:
        if self.take("(("):
            return Arithmetic(self._arithmetic(), quoted)
        if self.take("("):
            return Substitution(self._script(self, ")"), quoted)
        if self.take("{"):
            return self._braced(quoted=quoted)
        match = _NAME.match(self.text, self.at) or re.compile(r"[0-9#?$!@*-]").match(self.text, self.at)
        if not match:
            return Literal("$", quoted)
        self.at = match.end()
        return Parameter(match[0], quoted=quoted)

    def _arithmetic(self) -> Word:
        depth, start = 0, self.at
        while depth or not self.text.startswith("))", self.at):
            character = self.peek()
            if not character:
                raise ShellSyntaxError("missing '))'")
            depth += {"(": 1, ")": -1}.get(character, 0)
            self.at += 1
        inner = self.text[start : self.at]
        self.at += 2
        return self._inner(inner)

    def _braced(self, *, quoted: bool) -> Parameter:
        length = self.peek() == "#" and self.peek(2) not in {"#}", "##", "#%", "#-", "#:"}
        self.at += length
        match = _PARAMETER.match(self.text, self.at)
        if not match:
            raise ShellSyntaxError("bad substitution")
        self.at = match.end()
        if length or self.peek() == "}":
            if not self.take("}"):
                raise ShellSyntaxError("bad substitution")
            return Parameter(match[0], "length" if length else "", quoted=quoted)
        operator = _OPERATOR.match(self.text, self.at)
        if not operator:
            raise ShellSyntaxError("bad substitution")
        self.at = operator.end()
        return Parameter(match[0], operator[0], self._brace_word(), quoted)

    def _brace_word(self) -> Word:
        parts: list[Part] = []
        while not self.take("}"):
            if not self.peek():
                raise ShellSyntaxError("missing '}'")
            parts += self._part()
        return Word(_joined(parts))

    def _document(self, end: str, *, strip: bool) -> str:
        lines = []
        while self.at < len(self.text):
            stop = self.text.find("\n", self.at)
            line = self.text[self.at : stop if stop >= 0 else len(self.text)]
            self.at = stop + 1 if stop >= 0 else len(self.text)
            line = line.lstrip("\t") if strip else line
            if line == end:
                break
            lines.append(line + "\n")
        return "".join(lines)

    def _inner(self, text: str) -> Word:
        """Return a text with its parameters and substitutions, as within double quotes."""
        return Word(_joined(self._below(text)._quoted("")))  # noqa: SLF001  another scanner

    def _below(self, text: str) -> Scanner:
        scanner = Scanner(text, self._script)
        scanner.depth = self.depth
        return scanner


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    """Return the parts with neighbouring literals put together."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, Literal) and isinstance(last, Literal) and part.quoted == last.quoted:
            joined[-1] = Literal(last.text + part.text, part.quoted)
        else:
            joined.append(part)
    return tuple(joined)
