"""What a selector says, parsed: operands joined by operators, left to right, all of equal precedence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aifctl.fleet.glob import is_glob
from aifctl.fleet.nodeset_ranges import Pattern


class Operator(StrEnum):
    """ClusterShell's four; `not`, `and` and `xor` are words for the last three."""

    UNION = ","
    MINUS = "!"
    AND = "&"
    XOR = "^"


class Kind(StrEnum):
    """What can stand behind an @, as it is typed."""

    ALL = "all"
    GROUP = "group"
    SITE = "site"
    HALL = "hall"
    SU = "su"
    RACK = "rack"
    LEAF = "leaf"
    FEED = "feed"
    SKU = "sku"
    STATE = "state"
    ATTR = "attr"
    RUN = "run"
    JOB = "job"
    SLURM = "slurm"
    FILE = "file"
    STDIN = "stdin"


#: What these select changes from night to night, so that selecting nothing may be right (`--allow-empty`).
DYNAMIC = frozenset({Kind.STATE, Kind.ATTR, Kind.RUN, Kind.JOB, Kind.SLURM, Kind.FILE, Kind.STDIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names as typed: ranges, and * and ? that filter the fleet."""

    pattern: Pattern

    @property
    def is_glob(self) -> bool:
        return is_glob(self.pattern.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """@kind:values, or @kind:key:values.

    Attributes:
        key: attr: the attribute; run: the run; slurm: job, part or state; empty otherwise.
        values: what is asked for, ranges expanded, maybe with * and ?; one text as typed for run (the outcome),
            job, slurm and file; none for all and stdin, and for a run without an outcome.
        text: as typed; `column` is where it starts, `value_column` where the values do, 0-based.
    """

    kind: Kind
    key: str = ""
    values: tuple[str, ...] = ()
    text: str
    column: int
    value_column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """first, then each step in turn; long unions stay flat, so that they need no deep recursion."""

    first: Operand
    steps: tuple[tuple[Operator, Operand], ...] = ()


Operand = Names | Term | Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """A selector that parses. `text` is as typed."""

    text: str
    expression: Expression
