"""ssh_config as far as it says how a node is reached: read once, evaluated per node with compiled patterns.

asyncssh parses the files anew for every connection. Here a node costs one regular expression per block, and nodes that
the same blocks apply to share one result.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from pathlib import Path

from aifctl.core.errors import SettingsError

#: Options that add up over blocks; of all others the first one wins, as in ssh.
_ADDING = frozenset({"identityfile", "certificatefile"})
_MAX_INCLUDES = 16

Values = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Block:
    criteria: tuple[tuple[str, re.Pattern[str] | None, tuple[re.Pattern[str], ...]], ...]
    options: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


class SshConfig:
    """The blocks of all files, in order."""

    def __init__(self, blocks: Sequence[_Block]) -> None:
        self._blocks = tuple(block for block in blocks if block.options)
        self._merged: dict[tuple[int, ...], Values] = {}

    @classmethod
    def read(cls, files: Sequence[str]) -> SshConfig:
        """Read files in order; a missing one holds nothing, SettingsError (file:line) where one can't be understood."""
        return cls([block for file in files for block in _parse(Path(file).expanduser(), depth=0)])

    def options(self, host: str, user: str | None = None) -> Values:
        """Return the options for a host as it was named, names in lower case."""
        applied = tuple(number for number, block in enumerate(self._blocks) if _applies(block, host, user or ""))
        if applied not in self._merged:
            self._merged[applied] = self._merge(applied)
        return self._merged[applied]

    def _merge(self, applied: Sequence[int]) -> Values:
        merged: dict[str, tuple[str, ...]] = {}
        for number in applied:
            for name, values in self._blocks[number].options:
                if name in _ADDING:
                    merged[name] = (*merged.get(name, ()), *values)
                else:
                    merged.setdefault(name, values)
        return merged


def expand_tokens(text: str, *, host: str, port: int, user: str, original: str) -> str:
    """Expand %h %n %p %r %% as ssh does; other tokens stay as they are."""
    values = {"h": host, "n": original, "p": str(port), "r": user, "%": "%"}
    return re.sub(r"%([hnpr%])", lambda match: values[match[1]], text)


def _parse(path: Path, *, depth: int) -> Iterator[_Block]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    except OSError as problem:
        raise SettingsError(f"the ssh_config file {path} can't be read: {problem.strerror}") from problem
    criteria: tuple[tuple[str, re.Pattern[str] | None, tuple[re.Pattern[str], ...]], ...] = ()
    block = _Block(criteria)
    for number, line in enumerate(text.splitlines(), 1):
        name, arguments = _split(line, path, number)
        if name in {"host", "match"}:
            yield block
            block = _Block(_criteria(name, arguments))
        elif name == "include":
            yield block
            for included in _included(arguments, path, depth, number):
                # An include inside a block applies only where the block does.
                yield from (_Block((*block.criteria, *one.criteria), one.options) for one in included)
            block = _Block(block.criteria)
        elif name:
            block.options.append((name, tuple(arguments)))
    yield block


def _split(line: str, path: Path, number: int) -> tuple[str, list[str]]:
    line = line.strip()
    if not line or line.startswith("#"):
        return "", []
    name, _, rest = re.sub(r"^(\S+?)(\s*=\s*|\s+|$)", r"\1\0", line, count=1).partition("\0")
    try:
        return name.lower(), shlex.split(rest, comments=True)
    except ValueError as problem:
        raise SettingsError(f"{path}:{number}: {problem} in {line[:60]!r}") from problem


def _included(arguments: Sequence[str], path: Path, depth: int, number: int) -> Iterator[list[_Block]]:
    if depth >= _MAX_INCLUDES:
        raise SettingsError(f"{path}:{number}: ssh_config files include each other without end")
    for pattern in arguments:
        whole = Path(pattern).expanduser()
        if not whole.is_absolute():
            whole = path.parent / pattern
        for file in sorted(whole.parent.glob(whole.name)):
            yield list(_parse(file, depth=depth + 1))


def _criteria(
    name: str, arguments: Sequence[str]
) -> tuple[tuple[str, re.Pattern[str] | None, tuple[re.Pattern[str], ...]], ...]:
    if name == "host":
        return (("host", *_patterns(arguments)),)
    found = []
    words = iter(arguments)
    for word in words:
        negated, kind = word.startswith("!"), word.lstrip("!").lower()
        if kind == "all":
            found.append(("host", *_patterns(["*"])))
        elif kind in {"host", "originalhost", "user"} and not negated:
            found.append(("user" if kind == "user" else "host", *_patterns(next(words, "").split(","))))
        else:
            # exec, localuser, final, canonical, tagged: not evaluated here, so such a block never applies.
            return (("never", None, ()),)
    return tuple(found)


def _patterns(arguments: Sequence[str]) -> tuple[re.Pattern[str] | None, tuple[re.Pattern[str], ...]]:
    """Return one pattern for what is wanted and those for what is not."""
    wanted = [_glob(argument) for argument in arguments if argument and not argument.startswith("!")]
    refused = tuple(re.compile(_glob(argument[1:])) for argument in arguments if argument.startswith("!"))
    return (re.compile("|".join(wanted)) if wanted else None), refused


def _glob(pattern: str) -> str:
    return translate(pattern.lower().replace("[", "[[]"))


def _applies(block: _Block, host: str, user: str) -> bool:
    values = {"host": host.lower(), "user": user}
    return all(
        kind in values
        and wanted is not None
        and wanted.match(values[kind])
        and not any(pattern.match(values[kind]) for pattern in refused)
        for kind, wanted, refused in block.criteria
    )
