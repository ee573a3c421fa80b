"""From items as they arrive to a report on stdout: in order of arrival or in nodeset order, as the format wants it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from aifctl.core.errors import AifctlError, SetupError, UsageError
from aifctl.core.exit_codes import ExitCode, first_that_applies
from aifctl.core.outcome import Outcome
from aifctl.core.printable import printable
from aifctl.core.report import Head, Item, Kind, ReaderGoneError, Report
from aifctl.fleet.nodeset import fold, sort_names
from aifctl.output.errors import ERROR, error_facts
from aifctl.output.format import Format, Page, Writing, whole_text
from aifctl.output.pipe import TextPipe
from aifctl.output.shared import shared_scopes
from aifctl.output.streams import is_readable
from aifctl.ports.work import Output


def open_sink(
    name: str,
    formats: Mapping[str, Format],
    *,
    page: Page,
    stdout: TextPipe,
    stderr: TextPipe,
    quiet: bool = False,
    known: Callable[[], Mapping[str, Format]] | None = None,
) -> ReportSink:
    """Choose a format by name; UsageError where there is none, or where `--live` lines would spoil it.

    `known`: all formats, for the advice in an error, where `formats` are not all.
    """
    chosen = formats.get(name)
    if chosen is None:
        raise UsageError(f"there is no format {name!r}; -o takes {', '.join(formats)}")
    if page.live and not chosen.shows_live:
        able = " or ".join(one.name for one in formats.values() if one.shows_live)
        raise UsageError(f"--live prints lines as they come, and -o {name} can't hold them; with it, use -o {able}")
    return ReportSink(
        format=chosen, page=page, stdout=stdout, stderr=stderr, quiet=quiet, known=known or (lambda: formats)
    )


@dataclass(slots=True, kw_only=True)
class ReportSink:
    """A Sink over one format.

    Items are small while they wait: equal streams of different nodes are one object, streams in files stay there.

    Attributes:
        exit: the exit code that was written, with which the command ends; None before `close`.
        gone: whoever read stdout has left; nothing more is written, and that is no error.
        known: all formats there are.
    """

    format: Format
    page: Page
    stdout: TextPipe
    stderr: TextPipe
    known: Callable[[], Mapping[str, Format]]
    quiet: bool = False
    exit: int | None = None
    gone: bool = False
    _head: Head | None = None
    _writing: Writing | None = None
    _items: list[Item] = field(default_factory=list)
    _streams: dict[tuple[str, int], Output] = field(default_factory=dict)
    _outcomes: list[tuple[str, Outcome]] = field(default_factory=list)
    _gone: list[str] = field(default_factory=list)

    @property
    def wants_fields(self) -> bool:
        """Whether items need more than their kind's key: names alone are cheaper to come by."""
        return not self.format.names_only

    def accept(self, kind: Kind) -> None:
        if not self.format.fits(kind):
            able = ", ".join(one.name for one in self.known().values() if one.fits(kind))
            raise UsageError(f"-o {self.format.name} can't show this (a report of {kind.name}); use -o {able}")

    def open(self, head: Head) -> None:
        self.accept(head.kind)
        self._head = head
        if self.format.streams:
            self._writing = self.format.make(self.page)
            self._write(self._writing.open(head))

    def item(self, item: Item) -> None:
        kept = self._kept(item)
        if self._head is not None and self._head.kind.folds:
            self._outcomes.append((str(item.get("node")), Outcome(item["outcome"])))
        if self._writing is not None:
            self._write(self._writing.item(kept))
        else:
            self._items.append(kept)

    def close(self, report: Report) -> None:
        if self.exit is not None:
            return
        full = self._completed(report)
        self.exit = self.format.code(full)
        self._write_rest(full)
        self._tell(full)

    def fail(self, error: AifctlError) -> None:
        """Close with what has arrived so far and an error; whoever calls this tells it on stderr."""
        if self.exit is not None:
            return
        report = Report(exit=error.exit_code, errors=error_facts(error), complete=False)
        self.exit = self.format.code(report)
        if self._items or self._outcomes or self.format.holds_errors:
            self._write_rest(report)

    def code_of(self, error: AifctlError) -> int:
        """Return what the process ends with where this error is the last that happens."""
        return self.format.code(Report(exit=error.exit_code, errors=error_facts(error), complete=False))

    def _write_rest(self, report: Report) -> None:
        if self._head is None and not report.errors:  # a verb that has no report of its own
            return
        if self._head and "since" in self._head.facts and not self._items and not self.format.holds_errors:
            return  # only changes were wanted and there is none: a cron job's mail must stay empty
        if self._writing is not None:
            self._write(self._writing.close(report))
        else:
            head = self._head or Head(kind=ERROR)
            self._write(whole_text(self.format.make(self.page), head, self._in_order(head.kind), report))

    def _write(self, texts: Iterable[str]) -> None:
        if self.gone:
            return
        try:
            for text in texts:
                self.stdout.write(text)
            self.stdout.flush()
        except ReaderGoneError:
            self.gone = True
        except OSError as problem:  # readable when the item came, and gone since
            raise SetupError(f"kept output can't be read: {problem.filename}: {problem.strerror}") from problem

    def _kept(self, item: Item) -> Item:
        kept = dict(item)
        for key, value in item.items():
            if isinstance(value, Output):
                kept[key] = self._kept_stream(value)
                if kept[key] is None:
                    self._gone.append(str(item.get("node")))
        return kept

    def _kept_stream(self, output: Output) -> Output | None:
        key = (output.sha256, -1 if output.inline is None else len(output.inline))
        if key not in self._streams and not is_readable(output):
            return None
        same = self._streams.setdefault(key, output)
        return same if same == output else output

    def _completed(self, report: Report) -> Report:
        summary, scopes_of = dict(report.summary), self.page.scopes_of
        if scopes_of is not None and (sentences := shared_scopes(self._outcomes, scopes_of)):
            summary["shared"] = sentences
        if not self._gone:
            return replace(report, summary=summary)
        sentence = f"kept output can't be read, it was removed or lies on a failed disk: {fold(sort_names(self._gone))}"
        return replace(
            report,
            summary=summary,
            errors=(*report.errors, {"code": int(ExitCode.SETUP), "message": sentence}),
            exit=first_that_applies(report.exit, ExitCode.SETUP),
            complete=False,
        )

    def _in_order(self, kind: Kind) -> Iterator[Item]:
        if kind.key != "node" or kind.keeps_order:
            yield from self._items
            return
        by_name: dict[str, list[Item]] = {}
        for item in self._items:
            by_name.setdefault(str(item.get("node")), []).append(item)
        for name in sort_names(by_name):
            yield from by_name[name]

    def _tell(self, report: Report) -> None:
        sentences = [f"aifctl: {error.get('message', '')}" for error in report.errors]
        sentences += () if self.quiet else report.notes
        with contextlib.suppress(ReaderGoneError, SetupError):  # there is no third place to say it
            for sentence in sentences:
                self.stderr.write(printable(sentence) + "\n")
            self.stderr.flush()
