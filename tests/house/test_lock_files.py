"""The lock files: all of pyproject.toml, hashed, and not a word of where packages come from."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.source import CHECKOUT

LOCK = "requirements.lock"
PEERS = "tests/bench/peers.lock"
_PIN = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)((?: *;[^\\]+)?) \\$")


def pins(text: str) -> dict[str, str]:
    return {match[1]: match[2] for match in map(_PIN.match, text.splitlines()) if match}


def places(text: str) -> list[str]:
    """Return the lines that name an index, an address or a path."""
    return [line for line in text.splitlines() if re.search(r"://|^-|^ +--(?!hash=sha256:)|@ |(^|[ =])[~/.]", line)]


def _wanted(*extras: str) -> list[Requirement]:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    lists = [project["project"]["optional-dependencies"][extra] for extra in extras]
    return [Requirement(text) for listed in [project["project"]["dependencies"], *lists] for text in listed]


def _build() -> list[Requirement]:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    return [Requirement(text) for text in project["build-system"]["requires"]]


@pytest.mark.parametrize(("file", "wanted"), [(LOCK, [*_wanted("test"), *_build()]), (PEERS, _wanted("peers"))])
def test_a_lock_file_pins_what_pyproject_wants(file: str, wanted: list[Requirement]) -> None:
    pinned = pins((CHECKOUT / file).read_text(encoding="utf-8"))
    amiss = [
        str(requirement)
        for requirement in wanted
        if pinned.get(canonicalize_name(requirement.name), "none") == "none"
        or not requirement.specifier.contains(pinned[canonicalize_name(requirement.name)])
    ]
    assert amiss == [], "make lock"


@pytest.mark.parametrize("file", [LOCK, PEERS])
def test_a_lock_file_has_a_hash_for_everything_and_names_no_place(file: str) -> None:
    text = (CHECKOUT / file).read_text(encoding="utf-8")
    blocks = re.findall(r"^[a-z0-9-]+==.*(?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+$", text, flags=re.MULTILINE)
    assert len(blocks) == len(pins(text)) == text.count("==")
    assert places(text) == []


def test_places_are_seen() -> None:
    lines = ["--index-url x", "-i x", "a @ file:///x", "# https://x", "    # from /x/y", "--find-links=/w", "x ../y"]
    assert places("\n".join(lines)) == lines
    assert places("a==1 \\\n    --hash=sha256:00\n    # via\n    #   pytest") == []
