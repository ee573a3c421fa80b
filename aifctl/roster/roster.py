"""The inventory port on files: YAML, the cache beside it, hostfiles, other tools' formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from aifctl.core.errors import InventoryError, Mistake, UsageError
from aifctl.core.state_dir import StateDir
from aifctl.fleet.fleet import Fleet
from aifctl.ports.roster import Exported, FormatAbout, Imported, Loaded
from aifctl.roster.cache import Cache
from aifctl.roster.packing import VERSION, Packed
from aifctl.roster.sources import Sources, read_sources

if TYPE_CHECKING:
    from aifctl.roster.format import RosterFormat

#: Mistakes that a notice about a broken inventory tells; `inventory check` tells all.
_TOLD_COUNT = 3


class FileRoster:
    """Satisfies aifctl.ports.roster.Roster.

    Args:
        state: where the cache lies; None keeps none.
        formats: gives the drawer's formats when import or export needs them; a plain load never does.
    """

    def __init__(self, state: StateDir | None, formats: Callable[[], Sequence[RosterFormat]] = tuple) -> None:
        self._cache = Cache(state) if state else None
        self._open_drawer = formats

    def load(self, path: Path, *, last_good: bool = False) -> Loaded:
        """Return the fleet of a file or directory; `last_good`: the last good reading where it doesn't parse now."""
        cached = self._cache.read(path) if self._cache else None
        try:
            sources = read_sources(path)
            if cached and cached.key == sources.key(VERSION):
                return _loaded(cached, path, modified_at=sources.modified_at, warm=True)
            return _loaded(self._compile(sources, path), path, modified_at=sources.modified_at)
        except InventoryError as problem:
            if not last_good or not cached:
                raise
            return _loaded(cached, path, modified_at=cached.modified_at, warm=True, notice=_notice(path, problem))

    def load_hostfile(
        self, path: Path, *, user: str | None = None, port: int | None = None, identity: tuple[str, ...] = ()
    ) -> Loaded:
        """Return the fleet that a file of names or addresses makes, one a line or folded."""
        from aifctl.roster.hostfile import parse_hostfile, read_hostfile_text  # noqa: PLC0415 - few commands read one

        text, modified_at = read_hostfile_text(path)
        fleet, notices = parse_hostfile(text, file=str(path), user=user, port=port, identity=identity)
        return Loaded(fleet=fleet, path=path, modified_at=modified_at, notices=tuple(notices))

    def check(self, path: Path) -> Sequence[Mistake]:
        """Return every mistake, in order of file and line; empty for a clean inventory. Reads no cache."""
        from aifctl.roster.compiling import compile_sources  # noqa: PLC0415 - loads PyYAML

        try:
            return compile_sources(read_sources(path).files)[1]
        except InventoryError as problem:
            return problem.mistakes

    def formats(self) -> Sequence[FormatAbout]:
        """Return the formats of import and export, by name."""
        return [
            FormatAbout(name=each.name, about=each.about, reads=each.read is not None, writes=each.write is not None)
            for each in self._formats.values()
        ]

    def import_text(self, text: str, *, format_name: str, file: str = "input") -> Imported:
        """Turn another tool's inventory into ours; InventoryError names `file` and line; UsageError: no such format."""
        from aifctl.roster.importing import import_found  # noqa: PLC0415 - loads PyYAML

        read = self._format(format_name).read
        if not read:
            raise UsageError(
                f"{format_name} can be written, not read; `aifctl inventory formats` lists what goes which way"
            )
        return import_found(read(text, file), about=f"{format_name} {file}")

    def export_text(self, fleet: Fleet, *, format_name: str, names: Sequence[str] | None = None) -> Exported:
        """Write a fleet (of it, only `names`) in another tool's format; UsageError: no such format."""
        write = self._format(format_name).write
        if not write:
            raise UsageError(
                f"{format_name} can be read, not written; `aifctl inventory formats` lists what goes which way"
            )
        written = write(fleet, fleet.names if names is None else names)
        return Exported(files=written.files, lost=written.lost)

    def template(self) -> str:
        """Return a small commented inventory that checks clean, to start from."""
        from aifctl.roster.template import TEMPLATE  # noqa: PLC0415 - 90 lines of text for one verb

        return TEMPLATE

    def _compile(self, sources: Sources, path: Path) -> Packed:
        from aifctl.roster.compiling import compile_sources, pack_compiled  # noqa: PLC0415 - loads PyYAML

        compiled, mistakes = compile_sources(sources.files)
        if mistakes:
            raise InventoryError(mistakes)
        data = pack_compiled(compiled, key=sources.key(VERSION), modified_at=sources.modified_at)
        if self._cache:
            self._cache.write(path, data)
        return Packed(data)

    @cached_property
    def _formats(self) -> dict[str, RosterFormat]:
        return {each.name: each for each in sorted(self._open_drawer(), key=lambda each: each.name)}

    def _format(self, name: str) -> RosterFormat:
        if name not in self._formats:
            from aifctl.fleet.nearest import nearest  # noqa: PLC0415 - only after a mistake

            near = nearest(name, self._formats)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(self._formats)}"
            raise UsageError(f"there is no inventory format {name!r}; {hint}")
        return self._formats[name]


def _loaded(packed: Packed, path: Path, *, modified_at: float, warm: bool = False, notice: str = "") -> Loaded:
    fleet = Fleet(packed, policy=packed.policy, origin=str(path), leaves=packed.leaves, selectors=packed.selectors)
    return Loaded(
        fleet=fleet,
        path=path,
        modified_at=modified_at,
        notices=(notice,) if notice else (),
        stale=bool(notice),
        warm=warm,
    )


def _notice(path: Path, problem: InventoryError) -> str:
    told = "; ".join(str(mistake) for mistake in problem.mistakes[:_TOLD_COUNT])
    more = len(problem.mistakes) - _TOLD_COUNT
    rest = f"; and {more} more, which `aifctl inventory check` lists" if more > 0 else ""
    return f"the inventory {path} has mistakes, so its last good reading is used: {told}{rest}"
