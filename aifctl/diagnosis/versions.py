"""How versions compare: each kind of firmware has its own way of writing them, and its own traps.

Which kind of text a component prints, with examples: the tables of NVIDIA's DGX H100 firmware update guide, Supermicro's and
Dell's inventories, `mlxfwmanager`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

#: What orders two versions of one scheme: tuples of numbers and texts, alike in their kinds place by place.
Key = tuple[Any, ...]


class Relation(StrEnum):
    """What one version is to another."""

    SAME = "same"
    OLDER = "older"
    NEWER = "newer"
    OTHER = "other"  # it differs, and nothing says which is newer
    UNREADABLE = "unreadable"  # one of the two is not written as the scheme has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One way of writing versions.

    Attributes:
        name: `hex-bytes`, as a baseline file and `firmware explain` say it.
        about: one sentence, with an example.
        parse: a trimmed text → (family, key): versions of one family are ordered by their keys, those of two are not; None
            where the text is not of this scheme.
        ordered: whether newer means anything; of an opaque version only that it is another one is known.
    """

    name: str
    about: str
    parse: Callable[[str], tuple[Key, Key] | None]
    ordered: bool = True

    def relation(self, version: str, to: str) -> Relation:
        """Return what `version` is to `to`; blanks around either are no part of it."""
        one, other = self.parse(version.strip()), self.parse(to.strip())
        if one is None or other is None:
            return Relation.UNREADABLE
        if one == other:
            return Relation.SAME
        if not self.ordered or one[0] != other[0]:
            return Relation.OTHER
        return Relation.NEWER if one[1] > other[1] else Relation.OLDER

    def same(self, version: str, other: str) -> bool:
        """Return whether two texts name one version."""
        return self.relation(version, other) is Relation.SAME

    def readable(self, version: str) -> bool:
        """Return whether the text is written as this scheme has it."""
        return self.parse(version.strip()) is not None


_HEX_BYTES = re.compile(r"[0-9A-F]{2}(\.[0-9A-F]{2}){4}", re.IGNORECASE)
_HEX_PAIR = re.compile(r"([0-9A-F]{1,2})\.([0-9A-F]{1,2})", re.IGNORECASE)
_HEX_LAST = re.compile(r"(\d{1,3})\.(\d{1,3})\.([0-9A-F]{1,3})", re.IGNORECASE)
_NUMBERS = re.compile(r"\d{1,9}(\.\d{1,9}){1,5}")
_NUMBERS_IN_TEXT = re.compile(r"(?:^|Ver(?:sion)?[. ]*)(\d{1,5}(?:\.\d{1,5}){1,4})[a-z]?(?=$|\s)", re.IGNORECASE)
_SIGNED = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})\.(\d{4})_([a-z]\d{2})", re.IGNORECASE)
_HCA = re.compile(r"(\d{1,2})\.(\d{1,2})\.(?:(\d{3,4})|(\d{1,2})\.(\d{1,2}))")
_GROUPS = re.compile(r"\d{4}(\.\d{4}){1,4}")
_RELEASE = re.compile(r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9.]+)+")
_RUNS = re.compile(r"\d+|[A-Za-z]+")

_MOST_CHARACTERS = 120


def _hex_bytes(text: str) -> tuple[Key, Key] | None:
    # The last byte tells the variant of the board, not how new it is.
    if not _HEX_BYTES.fullmatch(text):
        return None
    numbers = tuple(int(part, 16) for part in text.split("."))
    return numbers[-1:], numbers[:-1]


def _hex_pair(text: str) -> tuple[Key, Key] | None:
    found = _HEX_PAIR.fullmatch(text)
    return found and ((), tuple(int(part, 16) for part in found.groups()))


def _hex_last(text: str) -> tuple[Key, Key] | None:
    found = _HEX_LAST.fullmatch(text)
    return found and ((), (int(found[1]), int(found[2]), int(found[3], 16)))


def _numbers(text: str) -> tuple[Key, Key] | None:
    if not _NUMBERS.fullmatch(text):
        return None
    return (), tuple(int(part) for part in text.split("."))


def _numbers_in_text(text: str) -> tuple[Key, Key] | None:
    found = _NUMBERS_IN_TEXT.findall(text) if len(text) <= _MOST_CHARACTERS else []
    return _numbers(found[-1]) if len(found) == 1 else None


def _signed(text: str) -> tuple[Key, Key] | None:
    # Two images signed with two sets of keys never take each other's place.
    found = _SIGNED.fullmatch(text)
    return found and ((found[5].lower(),), tuple(int(part) for part in found.groups()[:4]))


def _hca(text: str) -> tuple[Key, Key] | None:
    # Supermicro's BMC writes 28.37.1014 as 28.37.10.14: mstflint keeps the last field as hundreds and the rest.
    found = _HCA.fullmatch(text)
    if found is None:
        return None
    last = int(found[3]) if found[3] else int(found[4]) * 100 + int(found[5])
    return (), (int(found[1]), int(found[2]), last)


def _groups(text: str) -> tuple[Key, Key] | None:
    return ((), tuple(text.split("."))) if _GROUPS.fullmatch(text) else None


def _release(text: str) -> tuple[Key, Key] | None:
    # HGX-22.10-1-rc77: these rc were released, so that an rc of a release is no older than the release itself.
    if len(text) > _MOST_CHARACTERS or not _RELEASE.fullmatch(text):
        return None
    runs = _RUNS.findall(text)
    return (runs[0].lower(),), tuple((0, int(run), "") if run.isdigit() else (1, 0, run.lower()) for run in runs[1:])


def _opaque(text: str) -> tuple[Key, Key] | None:
    return ((), (text,)) if 0 < len(text) <= _MOST_CHARACTERS and text.isprintable() else None


HEX_BYTES = Scheme(
    name="hex-bytes", about="five bytes in hex, the last the board's variant: 96.00.BC.00.01", parse=_hex_bytes
)
HEX_PAIR = Scheme(name="hex-pair", about="two bytes in hex: 2.2C is older than 2.37", parse=_hex_pair)
HEX_LAST = Scheme(name="hex-last", about="three fields, the last in hex: 1.7.5F", parse=_hex_last)
NUMBERS = Scheme(
    name="numbers", about="dotted numbers, zeros before them mean nothing: 2.07.19 is 2.7.19", parse=_numbers
)
NUMBERS_IN_TEXT = Scheme(
    name="numbers-in-text",
    about="dotted numbers with a vendor's words around them: 01.01.03 is 1.1.3, and so is 'Ver 1.1.3'",
    parse=_numbers_in_text,
)
SIGNED = Scheme(
    name="signed", about="four numbers and the set of keys that signed it: 00.02.0134.0000_n00", parse=_signed
)
HCA = Scheme(name="hca", about="28.37.1014, which some BMCs write as 28.37.10.14", parse=_hca)
GROUPS = Scheme(
    name="groups", about="groups of four digits that are no order: 0204.0201.0202", parse=_groups, ordered=False
)
RELEASE = Scheme(name="release", about="a name and numbers, where rc77 is a release: HGX-22.10-1-rc77", parse=_release)
OPAQUE = Scheme(
    name="opaque", about="another text is another version, and neither is newer", parse=_opaque, ordered=False
)

SCHEMES = {
    scheme.name: scheme
    for scheme in (HEX_BYTES, HEX_PAIR, HEX_LAST, NUMBERS, NUMBERS_IN_TEXT, SIGNED, HCA, GROUPS, RELEASE, OPAQUE)
}
