"""One command line: split at `--`, its format known even where the rest does not parse."""

from __future__ import annotations

import pytest

from aifctl.cli.invocation import Invocation, whole_app
from aifctl.cli.nouns import NOUNS


@pytest.mark.parametrize(
    ("argv", "words", "command"),
    [
        (("run", "@all", "--", "ls", "-l"), ("run", "@all"), ("ls", "-l")),
        (("run", "@all", "--", "a", "--", "b"), ("run", "@all"), ("a", "--", "b")),
        (("run", "@all", "--"), ("run", "@all"), ()),
        (("nodes",), ("nodes",), None),
        ((), (), None),
        (("-o", "json", "run", "@all", "--", "-o", "x"), ("run", "@all", "-o", "json"), ("-o", "x")),
        (("-q", "--inventory=x", "nodes", "-"), ("nodes", "-", "-q", "--inventory=x"), None),
    ],
)
def test_argv_is_split_at_the_first_double_dash(
    argv: tuple[str, ...], words: tuple[str, ...], command: tuple[str, ...] | None
) -> None:
    invocation = Invocation.parse(argv)
    assert (invocation.words, invocation.command, invocation.argv) == (words, command, argv)


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (("nodes", "-o", "json"), "json"),
        (("nodes", "-ojson"), "json"),
        (("nodes", "-o=json"), "json"),
        (("nodes", "--output", "json"), "json"),
        (("nodes", "--output=json", "--bogus"), "json"),
        (("nodes", "-o"), "table"),
        (("nodes",), "table"),
        (("run", "x", "--", "-o", "json"), "table"),
        (("--outdir", "o"), "table"),
    ],
)
def test_the_format_is_known_whatever_else_is_typed(argv: tuple[str, ...], name: str) -> None:
    assert Invocation.parse(argv).format == name


def test_every_noun_is_a_command_and_every_command_a_noun() -> None:
    app = whole_app()
    names = {one.name for one in app.registered_commands} | {one.name for one in app.registered_groups}
    assert names == set(NOUNS)
