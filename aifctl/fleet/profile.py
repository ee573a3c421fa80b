"""What a kind of node is expected to be: values and thresholds, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One value that a check compares with, and where it comes from (a document, a capture, a site's decision)."""

    value: Any
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One profile file.

    Attributes:
        name: `h100-sxm5`.
        skus: globs of the inventory's `sku:` values that it is for.
        expectations: by key, as the checks name them: `gpu.count`, `gpu.power_limit_w`, …
        origin: the file, as a person would name it.
        digest: of all values; a changed threshold judges anew.
    """

    name: str
    skus: tuple[str, ...] = ()
    expectations: Mapping[str, Expectation]
    origin: str = ""
    digest: str = ""
