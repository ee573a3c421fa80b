"""Options of the verbs over a fan-out, turned into what those verbs ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from aifctl.cli.call import reaching_flags
from aifctl.cli.invocation import current
from aifctl.cli.options import Becoming, BeingRoot, Guarding, Keeping, Pacing, Reaching, Selecting, Timetable
from aifctl.core.errors import UsageError
from aifctl.core.units import parse_duration_s, parse_share
from aifctl.dispatch import asked


def chosen(selecting: Selecting, include_state: list[str] | None = None) -> asked.Chosen:
    """Return which nodes; a selector is needed unless a host file is given."""
    if selecting.selector is None and selecting.hostfile is None:
        raise UsageError("which nodes? name a SELECTOR, such as @all or 'r[01-12]n[01-32]', or give --hostfile FILE")
    return asked.Chosen(
        selector=selecting.selector,
        exclude=selecting.exclude,
        first=selecting.first,
        sample=selecting.sample,
        allow_empty=selecting.allow_empty,
        include_states=tuple(include_state or ()),
    )


def verb_words(
    selecting: Selecting, *, more: Sequence[str] | None = None, **words: str | None
) -> tuple[Selecting, list[str]]:
    """Return which nodes, and a verb's own words, by what its help calls them; UsageError where one is missing.

    A host file stands in place of SELECTOR, so all words are the verb's own then. Only where it takes a fixed number of
    them can there be one too many, which chooses among the hosts.
    """
    given = [word for word in (selecting.selector, *words.values(), *(more or ())) if word is not None]
    chooses = selecting.hostfile is None or (more is None and len(given) > len(words))
    selector = given.pop(0) if given and chooses else None
    if len(given) < len(words):
        raise UsageError(f"{list(words)[len(given)]} is missing; see `aifctl {current().words[0]} --help`")
    return replace(selecting, selector=selector), given


def fan(
    selecting: Selecting,
    pacing: Pacing,
    guarding: Guarding,
    *,
    keeping: Keeping | None = None,
    timetable: Timetable | None = None,
    min_coverage: str = "100%",
) -> asked.Fan:
    """Return all that a verb over a fan-out takes beside its own arguments; `min_coverage` where none was given."""
    return asked.Fan(
        chosen=chosen(selecting, pacing.include_state),
        pace=asked.Pace(
            wave=pacing.wave or "",
            deadline_s=seconds("--deadline", pacing.deadline),
            stragglers=_stragglers(pacing.stragglers),
            retries=pacing.retries,
            max_failed=pacing.max_failed or "",
            workers=pacing.workers,
            min_coverage=told("--min-coverage", parse_share, pacing.min_coverage or min_coverage),
        ),
        keep=_keep(keeping) if keeping else asked.Keep(),
        consent=consent(guarding),
        timetable=timetable_of(timetable) if timetable else asked.Timetable(),
        argv=current().argv,
    )


def consent(guarding: Guarding) -> asked.Consent:
    """Return whether it may be done, and why it is."""
    return asked.Consent(
        dry_run=guarding.dry_run, yes=guarding.yes, confirm_hash=guarding.confirm_hash, reason=guarding.reason
    )


def timetable_of(given: Timetable) -> asked.Timetable:
    """Return what cron asked for."""
    return asked.Timetable(
        lock=given.lock or "",
        jitter_s=seconds("--jitter", given.jitter) or 0.0,
        textfile=given.textfile,
        heartbeat=given.heartbeat_url,
    )


def flags(
    selecting: Selecting,
    reaching: Reaching,
    pacing: Pacing,
    *,
    keeping: Keeping | None = None,
    becoming: Becoming | BeingRoot | None = None,
) -> dict[str, str | None]:
    """Return the settings that these options override."""
    return {
        **reaching_flags(reaching),
        "hostfile": selecting.hostfile,
        "width": None if pacing.width is None else str(pacing.width),
        "timeout": pacing.timeout,
        "output_cap": keeping.output_cap if keeping else None,
        "sudo_password": becoming.sudo_password if becoming else None,
    }


def _keep(keeping: Keeping) -> asked.Keep:
    if keeping.live and keeping.only_changes:
        raise UsageError("--live shows lines before anybody knows whether they are changes; leave --only-changes away")
    return asked.Keep(outdir=keeping.outdir, live=keeping.live, only_changes=keeping.only_changes)


def seconds(option: str, text: str | None) -> float | None:
    """Return a duration that an option gives; None where it was not given."""
    return None if text is None else told(option, parse_duration_s, text)


def _stragglers(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    share, colon, rest = text.partition(":")
    if not colon:
        raise UsageError(f"--stragglers {text!r}: write SHARE:TIME, such as 99.5%:30s")
    return told("--stragglers", parse_share, share), told("--stragglers", parse_duration_s, rest)


def told(option: str, parse: Callable[[str], float], text: str) -> float:
    """Parse what an option says; a mistake in it names the option."""
    try:
        return parse(text)
    except UsageError as problem:
        raise UsageError(f"{option}: {problem}") from problem
