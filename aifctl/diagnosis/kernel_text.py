"""A kernel's log as text, by whichever tool: dmesg, journalctl, a syslog file, /dev/kmsg as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.kernel import KernelSection
from aifctl.diagnosis.kernel_events import LogLine, events_of
from aifctl.diagnosis.kernel_json import OF_LINKS, an_entry_a_line, journal_line
from aifctl.diagnosis.kernel_lines import understand
from aifctl.diagnosis.unreadable import UnreadableError

_FLAGS = re.ASCII
_US = 1e6

#: `dmesg -x` puts "kern  :warn  : " before, `dmesg -r` "<4>", RFC 5424 "<4>1 "; a kernel that tells callers "[T312]" behind.
_BEFORE = r"(?:<[0-9]{1,3}>(?:1 )?|[a-z0-9]{1,8} *:[a-z]{1,7} *: ?)?"
_CALLER = r"(?: ?\[ *[TC][0-9]{1,8}(?:@C[0-9]{1,5})?\])?"
_KMSG = re.compile(r"([0-9]{1,4}),[0-9]{1,19},([0-9]{1,16}),[^;]{1,200};(.*)", _FLAGS)
_SINCE = re.compile(rf"{_BEFORE}\[ *([0-9]{{1,10}}\.[0-9]{{1,9}})(?: <[0-9. ]{{1,20}}>)?\]{_CALLER} ?(.*)", _FLAGS)
#: A node of another language says "[Di Mär  5 10:11:12 2024]": its line is read, and its date is not known.
_DATED = re.compile(rf"{_BEFORE}\[([^\[\]]{{2,24}} [ 0-9]?[0-9] [0-9:]{{8}} [0-9]{{4}})\]{_CALLER} ?(.*)", _FLAGS)
#: `dmesg -e`, or -H: the minute once, and how long after the line above.
_RELATIVE = re.compile(
    rf"{_BEFORE}\[(?:[^\[\]+]{{2,16}} ?[0-9]{{1,2}} [0-9]{{2}}:[0-9]{{2}}| *\+[0-9]{{1,7}}\.[0-9]{{6}})\]{_CALLER} ?(.*)",
    _FLAGS,
)
_ISO = re.compile(
    rf"{_BEFORE}([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ][0-9:]{{8}})(?:[.,]([0-9]{{1,9}}))?(Z|[+-][0-9]{{2}}:?[0-9]{{2}})? ?(.*)",
    _FLAGS,
)
_FULL = re.compile(
    r"\S{2,10} ([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8})(?:\.([0-9]{1,9}))?(?: (UTC)| [A-Z0-9+-]{1,6}) (\S{1,255} \S.*)",
    _FLAGS,
)
_UNIX = re.compile(r"([0-9]{9,10}\.[0-9]{3,6}) (\S{1,255} \S.*)", _FLAGS)
_SYSLOG = re.compile(rf"{_BEFORE}(\S{{2,8}} [ 0-3]?[0-9] [0-9:]{{8}})(?:\.[0-9]{{1,6}})? (\S{{1,255}} \S.*)", _FLAGS)
#: What stands behind the time in syslog: the node, who says it, and what; RFC 5424 has three more words between.
_SAID = re.compile(
    r"\S{1,255} ([A-Za-z0-9_.@/()-]{1,64})(?:\[[0-9]{1,10}\]:|:| \S{1,128} \S{1,32} -) (?:\[ *([0-9]{1,10}\.[0-9]{1,9})\] )?(.*)",
    _FLAGS,
)
#: `journalctl -o short-monotonic` has the node and who says it behind dmesg's own time.
_TAGGED = re.compile(
    r"\S{1,255} (?:kernel|systemd-networkd\[[0-9]{1,10}\]|NetworkManager\[[0-9]{1,10}\]): (.*)", _FLAGS
)

#: A node, and who says it there: "n1 kernel:", "n1 sshd[312]:", "n1 kernel - - -". dmesg's own "nvme nvme1:" is none.
_A_TAG = re.compile(
    r"[0-9:.,Z+-]{8,24} \S{1,255} (?:kernel(?: - - -|:)|[A-Za-z0-9_.@/-]{1,64}\[[0-9]{1,10}\]:) ", _FLAGS
)
_A_KERNEL = re.compile(r"\S{1,255} kernel: ", _FLAGS)

#: Without any time: `dmesg -t`, `journalctl -o cat`. Some line is one of these, and most begin with who says it.
_A_SPEAKER = re.compile(
    r"NVRM: |nvidia-nvswitch[0-9]|Linux version |mlx5_core 0000:|pci(?:_bus)? 0000:|nvme nvme[0-9]|EDAC MC|mce: ",
    _FLAGS,
)
_SPOKEN = re.compile(r"[A-Za-z0-9_][^\t\"{}|]{0,60}?: \S", _FLAGS)

#: What must not be overlooked, however the line begins.
_ALARM = re.compile(r"NVRM: Xid \(|SXid \(", _FLAGS)

#: A text is a log where this share of the lines that are looked at are of one form.
_LOOKED_AT, _SHARE = 200, 0.6
_A_DAY_S = 86400.0

Parse = Callable[[str], LogLine | None]


@dataclass(frozen=True, slots=True)
class _Form:
    """How one tool writes its lines; `somewhere`: at least one of them has it."""

    name: str
    parse: Parse
    somewhere: re.Pattern[str] | None = None

    def is_of(self, lines: list[str]) -> bool:
        if self.somewhere is not None and not any(map(self.somewhere.search, lines)):
            return False
        return sum(self.parse(line) is not None for line in lines) >= _SHARE * len(lines)


def looks_like_kernel_log(lines: list[str]) -> bool:
    """Whether lines are of one log: most of them in one form, and a kernel's or a syslog's."""
    return _form_of(an_entry_a_line("\n".join(lines)).split("\n"), None) is not None


def parse_kernel_text(text: str, now_s: float | None = None) -> KernelSection:
    """Return what a log tells; of one whose last line is cut that it is not complete.

    Args:
        text: the whole of it.
        now_s: syslog's dates have no year: it is the one that lets none of them lie in the future. Without it they
            tell no date.

    Raises:
        UnreadableError: it is no log, or in no form that we know.
    """
    text = an_entry_a_line(text)
    lines = text.split("\n")
    form = _form_of(lines, now_s)
    if form is None:
        raise UnreadableError("the text is no kernel's log: dmesg, journalctl -k, /dev/kmsg or a syslog file")
    read = _Read(form.parse, [other.parse for other in _forms(now_s) if other.name != form.name])
    events = events_of(read.lines(lines))
    return KernelSection(
        source=form.name,
        events=events,
        lines_count=read.count,
        first_s=read.first_s,
        complete=text.endswith("\n") and read.overlooked == 0 and read.other_count <= (1 - _SHARE) * max(1, len(lines)),
    )


class _Read:
    """Reads line by line. What begins with a blank goes on from the line above (a stack, a record's own fields); what else
    is not in the log's form was put in by others, and is read as whatever it is.

    Attributes:
        overlooked: lines that tell of an Xid and could not be understood: it is not known of which GPU.
    """

    def __init__(self, parse: Parse, others: Sequence[Parse]) -> None:
        self._parse, self._others = parse, others
        self.count = self.other_count = self.overlooked = 0
        self.first_s: float | Absent = Absent.MISSING

    def lines(self, lines: Iterable[str]) -> Iterator[LogLine]:
        for line in lines:
            if not line.strip():
                continue
            self.count += 1
            read = self._parse(line)
            if read is None:
                if line[:1] == " ":
                    continue
                self.other_count += 1
                read = next((found for parse in self._others if (found := parse(line))), LogLine(line))
            elif isinstance(self.first_s, Absent) and read.monotonic_s is not None:
                self.first_s = read.monotonic_s
            self.overlooked += _ALARM.search(read.text) is not None and understand(read.text) is None
            yield read


def _form_of(lines: list[str], now_s: float | None) -> _Form | None:
    """Return the form that most lines have; what stands behind the last line's end may be cut, and is not asked."""
    whole = lines[:-1] or lines
    own = [line for line in whole[:_LOOKED_AT] if line.strip() and line[:1] != " "]
    return next((form for form in _forms(now_s) if own and form.is_of(own)), None)


def _forms(now_s: float | None) -> tuple[_Form, ...]:
    return (
        _Form("kmsg", _kmsg),
        _Form("journal-json", journal_line),
        _Form("dmesg", _since),
        _Form("dmesg-dated", _dated),
        _Form("dmesg-relative", _relative),
        _Form("syslog-iso", _iso_syslog, _A_TAG),
        _Form("dmesg-iso", _iso),
        _Form("journal-full", _full, _A_KERNEL),
        _Form("journal-unix", _unix, _A_KERNEL),
        _Form("syslog", lambda line: _syslog(line, now_s)),
        _Form("bare", _bare, _A_SPEAKER),
    )


def _kmsg(line: str) -> LogLine | None:
    found = _KMSG.fullmatch(line)
    return LogLine(found[3], monotonic_s=int(found[2]) / _US) if found else None


def _since(line: str) -> LogLine | None:
    found = _SINCE.fullmatch(line)
    if not found:
        return None
    tagged = _TAGGED.fullmatch(found[2])
    return LogLine(tagged[1] if tagged else found[2], monotonic_s=float(found[1]))


def _dated(line: str) -> LogLine | None:
    found = _DATED.fullmatch(line)
    return LogLine(found[2], at_s=_seconds(found[1], "%a %b %d %H:%M:%S %Y")) if found else None


def _relative(line: str) -> LogLine | None:
    found = _RELATIVE.fullmatch(line)
    return LogLine(found[1]) if found else None


def _bare(line: str) -> LogLine | None:
    return LogLine(line) if _SPOKEN.match(line) else None


def _iso(line: str) -> LogLine | None:
    at_s, text = _iso_dated(line)
    return None if at_s is None else LogLine(text, at_s=at_s)


def _iso_syslog(line: str) -> LogLine | None:
    at_s, rest = _iso_dated(line)
    return None if at_s is None else _said(rest, at_s)


def _iso_dated(line: str) -> tuple[float | None, str]:
    found = _ISO.fullmatch(line)
    if not found:
        return None, ""
    zone = (found[3] or "Z").replace("Z", "+00:00")
    try:
        at_s = datetime.fromisoformat(found[1] + zone).timestamp()
    except ValueError:
        return None, ""
    return at_s + float(f"0.{found[2] or 0}"), found[4]


def _full(line: str) -> LogLine | None:
    found = _FULL.fullmatch(line)
    if not found:
        return None
    at_s = (
        _seconds(f"{found[1]} +0000", "%Y-%m-%d %H:%M:%S %z") if found[3] else None
    )  # other zones' names are anybody's
    return _said(found[4], at_s and at_s + float(f"0.{found[2] or 0}"))


def _unix(line: str) -> LogLine | None:
    found = _UNIX.fullmatch(line)
    return _said(found[2], float(found[1])) if found else None


def _syslog(line: str, now_s: float | None) -> LogLine | None:
    found = _SYSLOG.fullmatch(line)
    if not found:
        return None
    at_s = None if now_s is None else _of_last_year(found[1], now_s)
    return _said(found[2], at_s)


def _said(rest: str, at_s: float | None) -> LogLine:
    """Take apart what stands behind syslog's time; what is not the kernel's says nothing, but for links."""
    found = _SAID.fullmatch(rest)
    if found and (found[1] == "kernel" or (found[1] in OF_LINKS and "arrier" in found[3])):
        return LogLine(found[3], at_s=at_s, monotonic_s=float(found[2]) if found[2] else None)
    return LogLine("", at_s=at_s)


@lru_cache(maxsize=1024)  # a log has many lines of one second
def _seconds(text: str, form: str) -> float | None:
    try:
        moment = datetime.strptime(" ".join(text.split()), form)  # noqa: DTZ007  the zone is set in the next line
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@lru_cache(maxsize=1024)
def _of_last_year(text: str, now_s: float) -> float | None:
    """Return a date without a year in the last year that lets it lie in the past, but for a day of clocks and zones."""
    this_year = datetime.fromtimestamp(now_s, UTC).year
    for year in range(this_year + 1, this_year - 9, -1):  # a 29th of February has a year every four, or eight
        at_s = _seconds(f"{year} {text}", "%Y %b %d %H:%M:%S")
        if at_s is not None and at_s <= now_s + _A_DAY_S:
            return at_s
    return None
