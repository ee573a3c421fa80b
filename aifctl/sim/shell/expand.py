"""From words to arguments: parameters, substitutions, splitting, file names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from aifctl.sim.shell import patterns
from aifctl.sim.shell.arithmetic import evaluate
from aifctl.sim.shell.context import CommandError, Io, Shell, ShellExit
from aifctl.sim.shell.syntax import Arithmetic, Literal, Parameter, Part, Script, Substitution, Word

#: What execve takes on Linux is of this order too.
_MOST_CHARACTERS = 2 << 20
_BLANKS = " \t\n"

#: Runs a substitution's script and returns what it printed, without the last newlines.
Substitute = Callable[[Shell, Io, Script], Awaitable[str]]


class Expander:
    """Expands words for one shell."""

    def __init__(self, shell: Shell, io: Io, substitute: Substitute) -> None:
        self._shell, self._io, self._substitute = shell, io, substitute
        self._left = _MOST_CHARACTERS

    async def fields(self, words: Sequence[Word]) -> list[str]:
        """Return the arguments that words make."""
        found: list[str] = []
        for word in words:
            if word.plain is not None and not patterns.is_pattern(word.plain) and not word.plain.startswith("~"):
                found.append(word.plain)
                continue
            builder = _Fields()
            for part in self._with_home(word.parts):
                await self._add(builder, part)
            for field in builder.fields:
                found += self._names(field)
        return found

    async def text(self, word: Word) -> str:
        """Return a word as one text: no splitting, no file names."""
        return "".join([await self._value(part) for part in self._with_home(word.parts)])

    async def pattern(self, word: Word) -> str:
        """Return a word as a pattern in which quoted characters stand for themselves."""
        return "".join(
            [
                patterns.escape(text) if part.quoted else text
                for part in word.parts
                for text in [await self._value(part)]
            ]
        )

    def _with_home(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        first = parts[0] if parts else None
        if isinstance(first, Literal) and not first.quoted and (first.text == "~" or first.text.startswith("~/")):
            home = self._shell.variables.get("HOME", "/")
            return (Literal(home, quoted=True), Literal(first.text[1:]), *parts[1:])
        return parts

    async def _add(self, builder: _Fields, part: Part) -> None:
        if isinstance(part, Parameter) and part.name in {"@", "*"} and not part.operator and part.quoted:
            every = self._shell.parameters
            self._spend(sum(map(len, every)))
            builder.add_all(every if part.name == "@" else [" ".join(every)], single=part.name == "*")
            return
        value = await self._value(part)
        if isinstance(part, Literal) or part.quoted:
            builder.add(value, quoted=part.quoted)
        else:
            builder.split(value)

    def _names(self, field: list[tuple[str, bool]]) -> list[str]:
        text = "".join(piece for piece, _ in field)
        pattern = "".join(patterns.escape(piece) if quoted else piece for piece, quoted in field)
        if not patterns.is_pattern(pattern):
            return [text]
        return patterns.paths(self._shell, pattern) or [text]

    async def _value(self, part: Part) -> str:
        value = await self._unbounded(part)
        self._spend(len(value))
        return value

    def _spend(self, characters: int) -> None:
        """Count what has been expanded: a short line can ask for any amount."""
        self._left -= characters
        if self._left < 0:
            raise CommandError("Argument list too long", 126)

    async def _unbounded(self, part: Part) -> str:
        match part:
            case Literal(text=text):
                return text
            case Substitution(script=script):
                return await self._substitute(self._shell, self._io, script)
            case Arithmetic(word=word):
                return self._calculate(await self.text(word))
            case Parameter(operator=""):
                return self._known(part.name) or ""
            case _:
                return await self._operated(part)

    def _calculate(self, text: str) -> str:
        try:
            return str(evaluate(text, lambda name: self._shell.variables.get(name, "")))
        except ValueError as problem:
            raise CommandError(f"{text}: arithmetic: {problem}", 1) from None

    def _known(self, name: str) -> str | None:
        """Return a parameter's value, None where it is not set."""
        shell = self._shell
        if name.isdigit() and name != "0":
            position = int(name[:6])
            return shell.parameters[position - 1] if position <= len(shell.parameters) else None
        special = _SPECIAL.get(name)
        value = special(shell) if special else shell.variables.get(name)
        if value is None and "u" in shell.options:
            raise ShellExit(1)
        return value

    async def _operated(self, part: Parameter) -> str:
        value, operator = self._quietly_known(part.name), part.operator
        if operator == "length":
            return str(len(value or ""))
        word = part.word or Word(())
        if operator[0] in "#%":
            return patterns.cut(operator, await self.pattern(word), value or "")
        absent = value is None or (operator[0] == ":" and not value)
        return await self._or_else(part, value or "", word, operator[-1], absent=absent)

    async def _or_else(self, part: Parameter, value: str, word: Word, operator: str, *, absent: bool) -> str:
        if operator == "+":
            return "" if absent else await self.text(word)
        if not absent:
            return value
        instead = await self.text(word)
        if operator == "?":
            raise CommandError(f"{part.name}: {instead or 'parameter null or not set'}", 127)
        if operator == "=":
            self._shell.assign(part.name, instead)
        return instead

    def _quietly_known(self, name: str) -> str | None:
        try:
            return self._known(name)
        except ShellExit:
            return None


_SPECIAL: dict[str, Callable[[Shell], str | None]] = {
    "0": lambda shell: shell.name,
    "#": lambda shell: str(len(shell.parameters)),
    "?": lambda shell: str(shell.status),
    "$": lambda shell: str(shell.process.pid),
    "PPID": lambda shell: str(shell.process.session_pid),
    "!": lambda shell: str(shell.background[-1].pid) if shell.background else None,
    "@": lambda shell: " ".join(shell.parameters),
    "*": lambda shell: " ".join(shell.parameters),
    "-": lambda shell: "".join(sorted(shell.options)),
    "PWD": lambda shell: shell.cwd,
}


class _Fields:
    """Puts pieces together to fields, as IFS of blanks splits them."""

    def __init__(self) -> None:
        self.fields: list[list[tuple[str, bool]]] = []
        self._open = False

    def add(self, text: str, *, quoted: bool) -> None:
        if not self._open:
            self.fields.append([])
            self._open = True
        self.fields[-1].append((text, quoted))

    def split(self, text: str) -> None:
        if text[:1] in _BLANKS:
            self._open = False
        pieces = text.split()
        for number, piece in enumerate(pieces):
            self._open = self._open and not number
            self.add(piece, quoted=False)
        if pieces and text[-1:] in _BLANKS:
            self._open = False

    def add_all(self, texts: Sequence[str], *, single: bool) -> None:
        for number, text in enumerate(texts):
            self._open = self._open and not number
            self.add(text, quoted=True)
        if single and not texts:
            self.add("", quoted=True)
