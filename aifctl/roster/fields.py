"""Node fields: which keys a node, or a level above it, may have, and the columns that they fill.

Columns are those of aifctl.fleet.columns; beside them `option:NAME` (ssh options, gathered later) and `height` and
`rack_height`, which only the check of rack units reads. A column `x:*` with nothing in it takes away all below x.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping as Map

from aifctl.core.marked_yaml import Mapping, Mistakes, Place, Scalar, Sequence, Value
from aifctl.fleet.topology import RAIL_COUNT
from aifctl.roster import kinds
from aifctl.roster.cells import Cell, Constant, Pattern, constant_list, make_cell
from aifctl.roster.kinds import Convert
from aifctl.roster.patterns import BadValueError, expand_names

Cells = dict[str, Cell]

_SIMPLE: Map[str, tuple[str, Convert]] = {
    "address": ("address", kinds.parse_address),
    "port": ("port", kinds.parse_port),
    "user": ("user", kinds.parse_user),
    "site": ("site", kinds.parse_word),
    "hall": ("hall", kinds.parse_word),
    "su": ("su", kinds.parse_word),
    "rack": ("rack", kinds.parse_word),
    "unit": ("unit", kinds.parse_count),
    "height": ("height", kinds.parse_count),
    "rack_height": ("rack_height", kinds.parse_count),
    "sku": ("sku", kinds.parse_word),
    "state": ("state", kinds.parse_state),
    "off": ("off", kinds.parse_flag),
    "mac": ("mac", kinds.parse_mac),
    "slurm_name": ("slurm_name", kinds.parse_node_name),
    "serial": ("serial:chassis", kinds.parse_text),
}
_LISTS: Map[str, Convert] = {
    "identity": kinds.parse_text,
    "jump": kinds.parse_jump,
    "host_keys": kinds.parse_host_key,
    "feeds": kinds.parse_word,
    "groups": kinds.parse_word,
}
_BMC: Map[str, Convert] = {
    "address": kinds.parse_bmc_address,
    "kind": kinds.parse_bmc_kind,
    "user": kinds.parse_user,
    "mac": kinds.parse_mac,
}
_RAIL: Map[str, Convert] = {
    "hca": kinds.parse_word,
    "leaf": kinds.parse_word,
    "port": kinds.parse_count,
    "guid": kinds.parse_guid,
}
#: key → (column prefix, how its keys look, how its values look)
_MAPS: Map[str, tuple[str, Callable[[str], str], Convert]] = {
    "serials": ("serial", kinds.parse_key, kinds.parse_text),
    "labels": ("label", kinds.parse_key, kinds.parse_text),
    "ssh": ("option", kinds.parse_option_name, kinds.parse_text),
}

NODE_KEYS = frozenset({*_SIMPLE, *_LISTS, *_MAPS, "bmc", "rails"})


class FieldReader:
    """Reads bodies; whatever is wrong goes to `mistakes` and is left out."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes

    def fields(self, body: Mapping, *, others: frozenset[str] = frozenset(), of: str) -> Cells:
        """Return the cells of a body; its keys among `others` are somebody else's, any further one is a mistake."""
        cells: Cells = {}
        for key, (place, value) in body.items.items():
            if key in others:
                continue
            if key in NODE_KEYS:
                cells.update(self._field(key, place, value))
            else:
                self.no_such_key(place, key, NODE_KEYS | others, of=of)
        return cells

    def column_of(self, key: str, place: Place) -> tuple[str, Convert] | None:
        """Return column and kind of a key of `each`: a plain field, bmc.mac, serials.gpu0, labels.asset, rails.0.guid."""
        head, _, rest = key.partition(".")
        rail, _, part = rest.partition(".")
        if kinds.is_credential_key(key):
            self.no_such_key(place, key, (), of="each")
        elif key in _SIMPLE or key == "bmc":
            return _SIMPLE.get(key) or ("bmc:address", kinds.parse_bmc_address)
        elif head == "bmc" and rest in _BMC:
            return f"bmc:{rest}", _BMC[rest]
        elif head in _MAPS and rest:
            return f"{_MAPS[head][0]}:{rest}", _MAPS[head][2]
        elif head == "rails" and rail in _RAIL_NAMES and part in _RAIL:
            return f"rail:{rail}:{part}", _RAIL[part]
        else:
            known = {*_SIMPLE, "bmc", *(f"bmc.{part}" for part in _BMC), "rails.0.guid", "serials.gpu0", "labels.asset"}
            self.no_such_key(place, key, known, of="each")
        return None

    def scalar(
        self, value: Value, place: Place, convert: Convert, *, what: str, rail: int | None = None
    ) -> Cell | None:
        """Return the cell of one value; None after a mistake. Nothing (null) is a constant None."""
        if not isinstance(value, Scalar):
            self._mistakes.add(place, f"{what} must be one value, and here stands a {_shape(value)}")
            return None
        return Constant(place, None) if value.null else self._cell(value, convert, what, rail)

    def no_such_key(
        self, place: Place, key: str, allowed: frozenset[str] | set[str] | tuple[str, ...], *, of: str
    ) -> None:
        """Record a key that does not exist, or that holds a credential."""
        if kinds.is_credential_key(key):
            self._mistakes.add(
                place, f"{key[:40]!r} is a credential in clear; take it out, and change it where it is used"
            )
        else:
            self._mistakes.unknown_key(place, key, allowed, of=of)

    def names(self, text: str, place: Place, *, what: str) -> list[str]:
        """Return the names that a pattern stands for, none after a mistake."""
        try:
            return [kinds.parse_node_name(name) for name in expand_names(text)]
        except BadValueError as problem:
            self._mistakes.add(place, f"{what}: {problem}")
            return []

    def _field(self, key: str, place: Place, value: Value) -> Cells:
        if key in _SIMPLE:
            column, convert = _SIMPLE[key]
            cell = self.scalar(value, place, convert, what=key)
            return {column: cell} if cell else {}
        if key in _LISTS:
            cell = self._list(key, place, value)
            return {key: cell} if cell else {}
        if key in _MAPS:
            return self._map(key, place, value)
        return self._bmc(place, value) if key == "bmc" else self._rails(place, value)

    def _list(self, key: str, place: Place, value: Value) -> Cell | None:
        if isinstance(value, Scalar) and value.null:
            return Constant(place, None)
        items = value.items if isinstance(value, Sequence) else (value,)
        parts = [self.scalar(item, place, _LISTS[key], what=key) for item in items]
        good = [part for part in parts if isinstance(part, Pattern) or (part is not None and part.value is not None)]  # type: ignore[union-attr]
        return constant_list(place, good)  # type: ignore[arg-type]

    def _map(self, key: str, place: Place, value: Value) -> Cells:
        prefix, name_kind, convert = _MAPS[key]
        cells: Cells = {}
        for part, at, item in self._items(value, place, key, prefix, cells):
            if kinds.is_credential_key(part):
                self.no_such_key(at, part, (), of=key)
                continue
            try:
                column = f"{prefix}:{name_kind(part)}"
            except BadValueError as problem:
                self._mistakes.add(at, f"{key}: {problem}")
                continue
            if cell := self.scalar(item, at, convert, what=f"{key}.{part}"):
                cells[column] = cell
        return cells

    def _bmc(self, place: Place, value: Value) -> Cells:
        if isinstance(value, Scalar) and not value.null:
            cell = self.scalar(value, place, kinds.parse_bmc_address, what="bmc")
            return {"bmc:address": cell} if cell else {}
        cells: Cells = {}
        for part, at, item in self._items(value, place, "bmc", "bmc", cells):
            self._known_part(cells, f"bmc:{part}", part, at, item, _BMC, of="bmc")
        return cells

    def _rails(self, place: Place, value: Value) -> Cells:
        cells: Cells = {}
        for span, at, body in self._items(value, place, "rails", "rail", cells):
            for rail in self._rail_numbers(span, at):
                prefix = f"rail:{rail}"
                for part, part_at, item in self._items(body, at, f"rail {rail}", prefix, cells):
                    self._known_part(cells, f"{prefix}:{part}", part, part_at, item, _RAIL, of="a rail", rail=rail)
        return cells

    def _known_part(
        self,
        cells: Cells,
        column: str,
        part: str,
        place: Place,
        value: Value,
        known: Map[str, Convert],
        *,
        of: str,
        rail: int | None = None,
    ) -> None:
        if part not in known:
            self.no_such_key(place, part, set(known), of=of)
        elif cell := self.scalar(value, place, known[part], what=f"{of} {part}", rail=rail):
            cells[column] = cell

    def _items(
        self, value: Value, place: Place, what: str, prefix: str, cells: Cells
    ) -> Iterator[tuple[str, Place, Value]]:
        """Yield a mapping's entries; nothing (null) takes away what stands above, anything else is a mistake."""
        if isinstance(value, Mapping):
            for key, (at, item) in value.items.items():
                yield key, at, item
        elif isinstance(value, Scalar) and value.null:
            cells[f"{prefix}:*"] = Constant(place, None)
        else:
            self._mistakes.add(place, f"{what} must be a mapping, and here stands a {_shape(value)}")

    def _rail_numbers(self, span: str, place: Place) -> list[int]:
        if span in _RAIL_NAMES:
            return [int(span)]
        try:
            numbers = [int(number) for number in expand_names(f"[{span.strip('[]')}]")]
        except (BadValueError, ValueError):
            self._mistakes.add(place, f"{span[:40]!r} names no rails; write 3, 0-7 or 0,2,4")
            return []
        beyond = [number for number in numbers if not 0 <= number < RAIL_COUNT]
        if beyond:
            self._mistakes.add(place, f"there is no rail {beyond[0]}; rails are 0-{RAIL_COUNT - 1}")
        return [number for number in numbers if 0 <= number < RAIL_COUNT]

    def _cell(self, value: Scalar, convert: Convert, what: str, rail: int | None) -> Cell | None:
        if kinds.holds_credential(value.text):
            self._mistakes.add(
                value.place, f"{what} holds a credential in clear; take it out, and change it where it is used"
            )
            return None
        try:
            return make_cell(value.text, value.place, convert, rail=rail)
        except BadValueError as problem:
            self._mistakes.add(value.place, f"{what}: {problem}")
            return None


def kind_of_column(column: str) -> Convert:
    """Return what the values of a column must look like; for lists, each part of them."""
    head, _, rest = column.partition(":")
    if head in _PREFIXES:
        return _PREFIXES[head]
    if head == "bmc":
        return _BMC[rest]
    if head == "rail":
        return _RAIL[rest.partition(":")[2]]
    return _LISTS[column] if column in _LISTS else _SIMPLE[column][1]


_PREFIXES = {prefix: convert for prefix, _, convert in _MAPS.values()}
_RAIL_NAMES = frozenset(map(str, range(RAIL_COUNT)))


def _shape(value: Value) -> str:
    return {Scalar: "plain value", Sequence: "list", Mapping: "mapping"}[type(value)]
