"""What a command says: a Head, any number of Items, and at the end a Report with the exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aifctl.core.exit_codes import ExitCode

#: One row: JSON-able values by key. Bytes of a remote command are an object with `read() -> bytes` (see output).
Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of tables: which key, what stands above it.

    Attributes:
        wide: shown by `-o wide`, `csv`, `tsv` and JSON, but not by the plain table.
        right: align right (numbers).
    """

    key: str
    title: str
    wide: bool = False
    right: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What the items are: the envelope's schema name and how a table shows them.

    Attributes:
        name: CamelCase, as in aifctl/v1/NAME.
        columns: in order; keys beyond them appear in JSON alone.
        key: which item key holds the node (or other) name, for `plain`, `nodeset`, `count` and the order of items.
        folds: results of a run: equal output, code and outcome share one entry headed by their nodeset.
        about: one sentence for `aifctl schema`.
    """

    name: str
    columns: tuple[Column, ...]
    key: str = "node"
    folds: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is known before the first item. `facts` are JSON-able: run id, command, selector, inventory."""

    kind: Kind
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of what was meant was looked at: asked = answered + not answered; skipped nodes stand beside."""

    asked: int = 0
    answered: int = 0
    skipped: int = 0

    @property
    def share(self) -> float:
        """Answered share of asked, 0-1; 1 where nothing was asked."""
        return self.answered / self.asked if self.asked else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is known at the end.

    Attributes:
        errors: sentences, each {"code": exit code, "message": …, …}.
        notes: sentences for stderr: who was skipped and why, what to do next.
        summary: JSON-able counts.
        complete: False where something meant to be looked at was not.
    """

    exit: ExitCode = ExitCode.OK
    errors: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    coverage: Coverage | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    complete: bool = True
