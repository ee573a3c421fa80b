"""Which lines of a kernel's log could mean something, by words that are cheap to look for; and keeping few of many.

What a line means is found out on the control host: the words here are wider than that, and a healthy boot of 2,400 lines
leaves some dozen.
"""

import json
import re
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Optional, Tuple

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

#: What a line goes by in a storm: an Xid by its GPU and number; what else the hardware reports by who reports it, and how
#: that begins; anything else by how it begins. All are looked for where no process's name can stand.
_XID = re.compile(rb"Xid \([^)]{1,40}\): \d{1,6}")
_HARDWARE = re.compile(
    rb"\S{1,40} [0-9a-f:.]{12,16}: (?:(?:AER: )?PCIe Bus Error|AER: )|(?:mce: |\{\d{1,6}\})?\[Hardware Error\]|mce: CPU\d"
    rb"|EDAC \S{1,20}: \d{1,9} [CU]E |NVRM: .{0,80}fallen off"
)
_BEGINNING_BYTES, _FURTHER_BYTES = 24, 32

#: Of one kind the first and the last; of all kinds the first and the last, Xids and what else the hardware reports apart:
#: a storm of anything else pushes none of them out. A line of a storm deflates to some 25 bytes.
_KIND_FIRST, _KIND_LAST = 40, 16
_X, _H, _REST = b"x", b"h", b"-"
_MOST = ((_X, 200), (_H, 80), (_REST, 120))
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
        self._kinds = {mark: {} for mark, _ in _MOST}  # type: Dict[bytes, Kinds]
        self._most = dict(_MOST)
        self._added_count = 0
        self._forgot = False

    def add(self, at_us: int, level: int, text: bytes) -> None:
        mark, kind = _kind_of(text)
        kinds = self._kinds[mark]
        if kind not in kinds and len(kinds) >= 2 * self._most[mark]:
            self._forget_some(kinds, self._most[mark])
        first, last = kinds.setdefault(kind, ([], []))
        line = (self._added_count, (at_us, level, text[:_LINE_MOST_BYTES].decode("utf-8", "replace")))
        self._added_count += 1
        if len(first) < _KIND_FIRST:
            first.append(line)
            return
        last.append(line)
        if len(last) > 2 * _KIND_LAST:
            del last[:-_KIND_LAST]

    def result(self, most_bytes: "Optional[int]" = None) -> "Tuple[List[Line], int, bool]":
        """Return the lines in the order in which they came, how many were left out, and whether of each kind one is there.

        Args:
            most_bytes: as many as they may have when they are deflated. Xids and what the hardware reports give way last.
        """
        most = dict(self._most)
        while True:
            kept = self._chosen(most)
            if most_bytes is None or not kept or _deflated_bytes(kept) <= most_bytes:
                break
            for mark in (_REST,) if most[_REST] else (_X, _H):
                most[mark] //= 2
        whole = not self._forgot and all(len(kinds) <= most[mark] for mark, kinds in self._kinds.items())
        return kept, self._added_count - len(kept), whole

    def _chosen(self, most: "Dict[bytes, int]") -> "List[Line]":
        kept = []  # type: List[Numbered]
        for mark, kinds in self._kinds.items():
            kept += _shared_out([first + last[-_KIND_LAST:] for first, last in kinds.values()], most[mark])
        return [line for _, line in sorted(kept)]

    def _forget_some(self, kinds: "Kinds", most: int) -> None:
        """Forget kinds that are neither among the first nor the last to come: a log has more than there is memory for."""
        self._forgot = True
        for kind in list(kinds)[most // 2 : -(most // 2)]:
            del kinds[kind]


def _kind_of(text: bytes) -> "Tuple[bytes, bytes]":
    found = _XID.search(text)
    if found:
        return _X, found.group()
    found = _HARDWARE.match(text)
    if found:
        return _H, text[: found.end() + _FURTHER_BYTES]
    return _REST, text[:_BEGINNING_BYTES]


def _deflated_bytes(lines: "List[Line]") -> int:
    return len(zlib.compress(json.dumps(lines).encode("ascii"), 6))


def _shared_out(kinds: "List[List[Numbered]]", most: int) -> "List[Numbered]":
    """Give every kind the same room; where there are more kinds than room, the first and the last to come have it."""
    if not most:
        return []
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
