"""Options of an emulated command, as getopt reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from aifctl.core.errors import UsageError
from aifctl.core.units import parse_size_bytes
from aifctl.sim.shell.context import Call, CommandError


@dataclass(slots=True, kw_only=True)
class Flags:
    """What was given: `given` single letters, `values` of letters that take one, `operands` the rest."""

    given: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    operands: list[str] = field(default_factory=list)

    def __contains__(self, letter: str) -> bool:
        return letter in self.given or letter in self.values

    def __iter__(self) -> Iterator[str]:
        return iter(self.given | set(self.values))

    def number(self, letter: str, default: int = 0) -> int:
        """Return a value as a number of bytes or lines, suffixes allowed."""
        return self.size(self.values[letter].lstrip("+-")) if letter in self.values else default

    def size(self, text: str) -> int:
        try:
            return parse_size_bytes(text)
        except UsageError:
            raise CommandError(f"invalid number: '{text[:40]}'") from None


def parse_flags(call: Call, single: str, valued: str = "", *, digits: str = "") -> Flags:
    """Read options; unknown ones are refused.

    Args:
        call: whose arguments.
        single: letters that stand alone.
        valued: letters that take a value.
        digits: the letter that -NUMBER stands for (head -5).
    """
    flags, rest = Flags(), list(call.arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            flags.operands += rest
            break
        if digits and word[:1] == "-" and word[1:].isdigit():
            flags.values[digits] = word[1:]
        elif word.startswith("--") and "=" in word:
            name, _, value = word[2:].partition("=")
            flags.values[name[0]] = value
        elif len(word) > 1 and word[0] == "-" and not word[1].isdigit():
            _letters(word[1:] if word[1] != "-" else word[2:3], single, valued, flags, rest)
        else:
            flags.operands.append(word)
    return flags


def _letters(letters: str, single: str, valued: str, flags: Flags, rest: list[str]) -> None:
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter in valued:
            if not letters and not rest:
                raise CommandError(f"option requires an argument -- '{letter}'", 2)
            flags.values[letter] = letters or rest.pop(0)
            return
        if letter not in single:
            raise CommandError(f"invalid option -- '{letter}' (not emulated on a simulated node)", 2)
        flags.given.add(letter)
