"""Unquoted brackets: in a folder with a file n2, the shell turns n[1-3] into n2 before anyone else sees it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aifctl.core.printable import printable_line
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.nodeset_fold import fold
from aifctl.fleet.nodeset_ranges import is_name

_LAST_NUMBER = re.compile(r"[0-9]+(?=[^0-9]*$)")


def explain_expanded_words(words: Sequence[str], fleet: Fleet) -> str:
    """Return why these words look like a range that the shell has replaced, "" where they don't.

    A single name of a node proves nothing: whoever pulls files has folders called like nodes.

    Args:
        words: what stands where the selector belongs; the caller has seen that each is a file here.
        fleet: what a selector could have meant.
    """
    if not words or not all(map(is_name, words)) or (len(words) == 1 and words[0] in fleet):
        return ""
    shown = printable_line(" ".join(words[:3]) + (" …" if len(words) > 3 else ""))  # noqa: PLR2004 - enough to see it
    is_are = "is a file" if len(words) == 1 else "are files"
    return (
        f"{shown} {is_are} in this folder, so the shell has probably put {'it' if len(words) == 1 else 'them'} in place "
        f"of an unquoted range; write the selector in quotes, such as {_example(words)}"
    )


def _example(words: Sequence[str]) -> str:
    if len(words) > 1:
        return f"'{printable_line(fold(words))}'"
    return f"'{printable_line(_LAST_NUMBER.sub('[1-9]', words[0]))}'" if _LAST_NUMBER.search(words[0]) else "'n[1-9]'"
