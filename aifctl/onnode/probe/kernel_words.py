"""Which lines of a kernel's log could mean something, by words that are cheap to look for; and keeping few of many.

What a line means is found out on the control host: the words here are wider than that, and a healthy boot of 2,400 lines
leaves some dozen.
"""

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Tuple

    Line = Tuple[int, int, str]
    Numbered = Tuple[int, Line]
    Kinds = Dict[bytes, Tuple[List[Numbered], List[Numbered]]]

_ANY = (b"",)

#: A word that stands in the line, and of these one that does, too.
_WORDS = (
    (b"Xid (", _ANY),
    (b"NVRM:", (b"fallen off", b"loading NVIDIA", b"API mismatch", b"RmInitAdapter", b"rm_init_adapter", b"GPU at PCI", b"The NVIDIA GPU",
                b"versions", b"lost from", b"failed")),
    (b"GPU has fallen", _ANY),
    (b"peermem", (b"ERROR", b"rror")),
    (b"PCIe Bus Error", _ANY),
    (b"AER:", (b"orrected", b"orrectable", b"Fatal", b"fatal")),
    (b"Hardware Error]", _ANY),
    (b"achine check", _ANY),
    (b"mce: CPU", _ANY),
    (b"temperature above threshold", _ANY),
    (b"EDAC ", (b" CE ", b" UE ", b"CE:", b"UE:")),
    (b"mlx5", (b"health", b"unrecoverable", b"emperature", b"Cable ", b"leak", b"atal", b"timeout", b"internal error",
               b"Link down", b"synd", b"Link up")),
    (b"ut of memory", _ANY),
    (b"oom-kill", _ANY),
    (b"oom_reaper", _ANY),
    (b"Kernel panic", _ANY),
    (b"Oops", _ANY),
    (b"BUG: ", _ANY),
    (b"general protection fault", _ANY),
    (b"blocked for more than", _ANY),
    (b"LOCKUP", _ANY),
    (b"lockup", (b"soft", b"hard")),
    (b"segfault", _ANY),
    (b"EXT4-fs", (b"rror", b"ead-only")),
    (b"JBD2", (b"rror",)),
    (b"XFS", (b"orruption", b"hutdown", b"hutting", b"rror")),
    (b"BTRFS", (b"rror", b"eadonly", b"critical")),
    (b"nfs", (b"not responding", b"timed out", b": server", b"tale")),
    (b"I/O error", _ANY),
    (b"critical medium error", _ANY),
    (b"nvme", (b"timeout", b"controller is down", b"Removing", b"failed", b"not ready", b"aborting", b"disabled",
               b"rror", b"emoved")),
    (b"ink is down", _ANY),
    (b"ink is Down", _ANY),
    (b"carrier", (b"lost", b"Lost")),
    (b" [nvidia", (b"+0x",)),
    (b" [nfs", (b"+0x",)),
    (b" [sunrpc]", (b"+0x",)),
)  # fmt: skip

#: What a line goes by in a storm: an Xid by its GPU and number, anything else by how it begins.
_XID = re.compile(rb"Xid \([^)]{1,40}\): \d{1,6}")
_BEGINNING_BYTES = 24

#: Of one kind the first and the last; of all kinds the first and the last, NVIDIA's apart: a storm of anything else
#: pushes no Xid out. A line of a storm deflates to some 25 bytes.
_KIND_FIRST, _KIND_LAST = 40, 16
_MOST_XIDS, _MOST_OTHERS = 200, 120
_LINE_MOST_BYTES = 480


#: All first words at once, which takes a quarter of the time: 4 ms for the 2,400 lines of a boot.
_FIRST_WORD = re.compile(b"|".join(re.escape(word) for word, _ in _WORDS))


def is_telling(text: bytes) -> bool:
    """Whether a line could mean something."""
    if not _FIRST_WORD.search(text):
        return False
    return any(word in text and any(one in text for one in further) for word, further in _WORDS)


class Kept:
    """The lines that travel, and how many of their kind do not."""

    def __init__(self) -> None:
        self._kinds = {}  # type: Kinds
        self._added_count = 0

    def add(self, at_us: int, level: int, text: bytes) -> None:
        found = _XID.search(text)
        kind = b"x" + found.group() if found else b"-" + text[:_BEGINNING_BYTES]
        first, last = self._kinds.setdefault(kind, ([], []))
        line = (self._added_count, (at_us, level, text[:_LINE_MOST_BYTES].decode("utf-8", "replace")))
        self._added_count += 1
        if len(first) < _KIND_FIRST:
            first.append(line)
            return
        last.append(line)
        if len(last) > 2 * _KIND_LAST:
            del last[:-_KIND_LAST]

    def result(self) -> "Tuple[List[Line], int]":
        """Return the lines in the order in which they came, and how many were left out."""
        kept = []  # type: List[Numbered]
        for mark, most in ((b"x", _MOST_XIDS), (b"-", _MOST_OTHERS)):
            kinds = [those for kind, those in self._kinds.items() if kind[:1] == mark]
            kept += _shared_out([first + last[-_KIND_LAST:] for first, last in kinds], most)
        kept.sort()
        return [line for _, line in kept], self._added_count - len(kept)


def _shared_out(kinds: "List[List[Numbered]]", most: int) -> "List[Numbered]":
    """Give every kind the same room; where there are more kinds than room, the first and the last to come have it."""
    kinds = sorted(kinds)
    if len(kinds) > most:
        kinds = kinds[: most // 2] + kinds[-(most - most // 2) :]
    room = most
    kept = []  # type: List[Numbered]
    for at, lines in enumerate(sorted(kinds, key=len)):
        share = max(1, room // (len(kinds) - at))
        if len(lines) > share:
            behind = share // 3
            lines = lines[: share - behind] + (lines[-behind:] if behind else [])  # noqa: PLW2901  the kind's own, cut
        room -= len(lines)
        kept += lines
    return kept
