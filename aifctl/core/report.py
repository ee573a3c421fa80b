"""What a command says: a Head, any number of Items, and at the end a Report with the exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aifctl.core.exit_codes import ExitCode

#: One row: JSON-able values by key, where datetimes, enums, paths, tuples and sets count as JSON-able, too.
#: Bytes of a remote command are an `aifctl.ports.work.Output`. A key that ends in `_at` holds a point in time:
#: an aware datetime or seconds since the epoch (0 where there was none).
Item = Mapping[str, Any]


class FieldType(StrEnum):
    """What stands under a key in JSON; null is always possible, because absent is null."""

    ANY = "any"
    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"
    TIME = "time"  # ISO 8601, UTC
    OUTPUT = "output"  # one stream of a node: becomes text or base64, with its size and digest beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One key of an item that no table shows: its type in JSON, and a line about it for `aifctl schema`."""

    key: str
    type: FieldType = FieldType.ANY
    about: str = ""


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
    type: FieldType = FieldType.ANY
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What the items are: the envelope's schema name and how a table shows them.

    Attributes:
        name: CamelCase, as in aifctl/v1/NAME.
        columns: in order; keys beyond them appear in JSON, csv and tsv alone.
        fields: those further keys, in order; a key in neither place still reaches JSON, after these.
        key: which item key holds the node (or other) name, for `plain`, `nodeset`, `count`. Where it is "node",
            items are shown in nodeset order.
        keeps_order: items are shown as they arrive all the same (a time line, newest first).
        folds: results of a run: equal output, code and outcome share one entry headed by their nodeset.
        merges: in a table, rows that are alike but for the node share one, headed by their nodeset, the fewest first;
            `wide` and all formats for programs keep a row a node.
        text: the key of a text that is the whole report (a file to be, a schema): shown as it is by table, wide,
            plain and md; empty for rows.
        records: a table shows each item as a heading (its first column) and a line for each further column that has a
            value; a list of texts is a line each.
        draws: names of the formats beyond the usual ones that can show it: nagios, prometheus, html.
        about: one sentence for `aifctl schema`.
    """

    name: str
    columns: tuple[Column, ...]
    fields: tuple[Field, ...] = ()
    key: str = "node"
    keeps_order: bool = False
    folds: bool = False
    merges: bool = False
    text: str = ""
    records: bool = False
    draws: tuple[str, ...] = ()
    about: str = ""

    def __post_init__(self) -> None:
        keys = [*(column.key for column in self.columns), *(field.key for field in self.fields)]
        if len(set(keys)) != len(keys) or "type" in keys:
            raise ValueError(f"{self.name}: a key stands twice, or is 'type', which jsonl needs for itself: {keys}")


#: What became of each node of a fan-out: run, script, push, pull, `runs show` and their like.
RUN = Kind(
    name="Run",
    about="What became of each node of a run.",
    folds=True,
    columns=(
        Column(key="node", title="node", type=FieldType.STRING, about="the node's name"),
        Column(key="outcome", title="outcome", type=FieldType.STRING, about="ok, exit, timeout, connect-timeout, …"),
        Column(key="rc", title="rc", right=True, type=FieldType.INTEGER, about="exit status of the remote command"),
        Column(key="signal", title="signal", wide=True, type=FieldType.STRING, about="name without SIG"),
        Column(key="started_at", title="started", wide=True, type=FieldType.TIME, about="when the command was sent"),
        Column(key="duration_s", title="seconds", right=True, type=FieldType.NUMBER, about="from then to its end"),
        Column(key="stdout", title="stdout", wide=True, type=FieldType.OUTPUT, about="what was kept of it"),
        Column(key="stderr", title="stderr", wide=True, type=FieldType.OUTPUT, about="what was kept of it"),
        Column(key="message", title="message", type=FieldType.STRING, about="one sentence where the outcome is not ok"),
    ),
    fields=(
        Field(
            key="survivors",
            type=FieldType.ARRAY,
            about="remote process ids that outlived KILL; null: could not be learnt",
        ),
        Field(key="attempts", type=FieldType.INTEGER, about="dials made"),
        Field(key="detail", type=FieldType.OBJECT, about="what this kind of work has to say beside: files written, …"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is known before the first item.

    Attributes:
        facts: JSON-able. Known keys: `run` (its id, named in hints such as `aifctl runs show RUN NODE`), `command`,
            `selector`, `inventory`.
        drawing: how formats for people draw the report's `view` in place of plain rows: `fleet`, `map`,
            `changes`, `news` (nothing where nothing is new); "" is rows.
    """

    kind: Kind
    facts: Mapping[str, Any] = field(default_factory=dict)
    drawing: str = ""


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
        errors: sentences, each {"code": exit code, "message": …, …}; shown on stderr and in JSON.
        notes: sentences for stderr and JSON: who was skipped and why, what to do next.
        summary: JSON-able counts.
        complete: False where something meant to be looked at was not.
        view: what formats that draw need beside the items: an `aifctl.diagnosis.fleet_health.FleetHealth`; never in JSON.
        remote_code: with --remote-exit-code, the remote command's own; counts where `exit` is OK or FINDINGS.
    """

    exit: ExitCode = ExitCode.OK
    remote_code: int | None = None
    errors: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    coverage: Coverage | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    complete: bool = True
    view: object = None

    @property
    def code(self) -> int:
        """What the process ends with."""
        if self.remote_code is not None and self.exit in {ExitCode.OK, ExitCode.FINDINGS}:
            return self.remote_code
        return int(self.exit)


class ReaderGoneError(BrokenPipeError):
    """Whoever read our stdout has gone (`| head`): end quietly, without a word and without a traceback."""
