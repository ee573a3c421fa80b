"""The whole fleet as columns: a node object is only made when somebody asks for that node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from aifctl.fleet.columns import FIELDS, RAIL_PARTS, Columns, Table, columns_of
from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.lifecycle import State
from aifctl.fleet.node import Bmc, Node, Rail
from aifctl.fleet.nodeset_order import sort_names
from aifctl.fleet.policy import Policy
from aifctl.fleet.states import StatedColumns, StateNow
from aifctl.fleet.topology import RAIL_COUNT, Leaf

if TYPE_CHECKING:
    from aifctl.fleet.finding_nodes import NodeIndex

#: The scopes a node belongs to, by inventory key; a node may have several leaves, feeds and groups.
SCOPES = ("site", "hall", "su", "rack", "leaf", "feed", "sku", "state", "group")

_MANY = {"feed": "feeds", "group": "groups"}
_ALIASES = {"feed": "feeds", "group": "groups", "bmc": "bmc:address", "serial": "serial:chassis"}

#: What a node has where the inventory says nothing.
_USUAL = {"state": State.READY.value, "port": 22, "off": False}


class Fleet:
    """Read-only. Names are unique and stand in nodeset order (aifctl.fleet.nodeset.sort_names).

    Attributes:
        names: every node's name.
        policy: the inventory's policy.
        origin: the inventory's path as a person would name it, or "hostfile PATH".
        selectors: the `groups:` that are selectors, by name; those that are plain nodesets are in `scope("group")`.
        written: the fleet as its inventory has it, before any state was laid over it.
    """

    def __init__(
        self,
        columns: Columns | None = None,
        *,
        policy: Policy | None = None,
        origin: str = "",
        leaves: Callable[[], Mapping[str, Leaf]] = dict,
        selectors: Mapping[str, str] | None = None,
    ) -> None:
        self._columns: Columns = columns if columns is not None else Table((), {})
        self.names: tuple[str, ...] = tuple(self._columns.names)
        self.policy = policy or Policy()
        self.origin = origin
        self._read_leaves = leaves
        self.selectors: Mapping[str, str] = selectors or {}
        self._nodes: dict[str, Node] = {}
        self._decoded: dict[str, Sequence[Any]] = {}
        self._scopes: dict[str, dict[str, list[str]]] = {}
        self.written: Fleet = self

    @classmethod
    def from_nodes(cls, nodes: Iterable[Node], *, policy: Policy | None = None, origin: str = "") -> Fleet:
        """Build a fleet of node objects in whatever order; of two with one name the later counts."""
        by_name = {node.name: node for node in nodes}
        fleet = cls(columns_of([by_name[name] for name in sort_names(by_name)]), policy=policy, origin=origin)
        fleet._nodes = by_name
        return fleet

    def with_states(self, states: Callable[[], Mapping[str, StateNow]]) -> Fleet:
        """Return the fleet with nodes where they stand now; those without a state stand where the inventory says.

        `states` is called when somebody asks for the first state, and not again.
        """
        columns = StatedColumns(self._columns, states)
        stated = Fleet(
            columns, policy=self.policy, origin=self.origin, leaves=lambda: self.leaves, selectors=self.selectors
        )
        stated.written = self
        return stated

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._position

    def node(self, name: str) -> Node:
        """Return one node; KeyError when the fleet has none of that name."""
        if name not in self._nodes:
            self._nodes[name] = self._build(name)
        return self._nodes[name]

    def endpoint(self, name: str) -> Endpoint:
        """Return how one node is reached, without building the rest of it; KeyError as for `node`."""
        at = self._position[name]
        address, port, user, identity, jump, host_keys, options = self._endpoint_columns
        return Endpoint(
            name=name,
            address=address[at] or name,
            port=port[at] or 22,
            user=user[at],
            identity=identity[at] or (),
            jump=jump[at] or (),
            host_keys=host_keys[at] or (),
            options=options[at] or (),
        )

    def members(self, scope: str, value: str) -> tuple[str, ...]:
        """Return the names in one scope, e.g. ("rack", "r12"), in nodeset order; empty where there is no such value."""
        return tuple(self.scope(scope).get(value, ()))

    def scope(self, scope: str) -> Mapping[str, Sequence[str]]:
        """Return value → names for one of SCOPES, values in natural order.

        In "state" the nodes that are off stand under "off" as well as under their state.
        """
        if scope not in SCOPES:
            raise ValueError(f"{scope!r} is none of {', '.join(SCOPES)}")
        if scope not in self._scopes:
            members = self._members_by(scope)
            self._scopes[scope] = {value: members[value] for value in sort_names(members)}
        return self._scopes[scope]

    def rail_ports(self) -> Iterator[tuple[str, tuple[tuple[str | None, str | None], ...]]]:
        """Yield each node with (HCA device, leaf) of its rails, None where the inventory does not say; no node is built."""
        columns = [(self._column(f"rail:{rail}:hca"), self._column(f"rail:{rail}:leaf")) for rail in self._rails]
        for at, name in enumerate(self.names):
            yield name, tuple((hca[at], leaf[at]) for hca, leaf in columns)

    def attribute(self, key: str) -> Callable[[str], str | None]:
        """Return a function name → value for `@attr:KEY=…`: a field of Node, of its endpoint, or a label.

        `serial` is the chassis serial, `serial.PART` another; `bmc.mac` and the like are the BMC's; feeds and groups
        are joined with commas. The function raises KeyError for a name that the fleet has not.
        """
        field, position = self._field_of(key), self._position
        column, usual = self._column(field), _USUAL.get(field)

        def value(name: str) -> str | None:
            cell = column[position[name]]
            return _as_text(cell if cell is not None else usual)

        return (lambda name: self.endpoint(name).address) if field == "address" else value

    def cells(self, fields: Sequence[str], names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield for each name what these of FIELDS hold as the inventory has it, None for nothing: quick for a whole fleet."""
        places = [self._position[name] for name in names]
        return zip(*([column[at] for at in places] for column in map(self._column, fields)), strict=True)

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """What `attribute` can be asked for and some node has a value for, as a person writes it, in order of name."""
        fields = {field for field in self._columns.fields if not field.startswith("rail:")} | {"state"}
        written = {
            field.removeprefix("label:").replace("serial:chassis", "serial").replace(":", ".", 1) for field in fields
        }
        return tuple(sorted(written))

    def has_attribute(self, key: str) -> bool:
        """Return whether any node can have a value for `attribute(key)`: a known field, or a label somebody uses."""
        field = self._field_of(key)
        return field in FIELDS or field in self._columns.fields or field == "serial:chassis"

    def find(self, text: str) -> tuple[tuple[str, str], ...]:
        """Return every (kind, node) that bears this name, serial, GUID, MAC, IP address or leaf port.

        Exact but for case; MACs and GUIDs in any spelling; a leaf port is LEAF:PORT or LEAF/PORT.
        """
        return self._search.find(text)

    @cached_property
    def leaves(self) -> Mapping[str, Leaf]:
        """The leaf switches that the inventory describes, by name."""
        return self._read_leaves()

    @cached_property
    def _position(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.names)}

    @cached_property
    def _endpoint_columns(self) -> tuple[Sequence[Any], ...]:
        address, port, user = (self._column(field) for field in ("address", "port", "user"))
        lists = (self._frozen(field) for field in ("identity", "jump", "host_keys", "options"))
        return (address, port, user, *lists)

    @cached_property
    def _search(self) -> NodeIndex:
        from aifctl.fleet.finding_nodes import NodeIndex  # noqa: PLC0415 - for the one verb that searches

        return NodeIndex(self._columns)

    def _column(self, field: str) -> Sequence[Any]:
        if field not in self._decoded:
            self._decoded[field] = self._columns.column(field)
        return self._decoded[field]

    def _frozen(self, field: str) -> Sequence[Any]:
        """Return a column of lists as tuples; equal neighbours share one (a fleet has few different jump lists)."""
        known: dict[int, tuple[Any, ...]] = {}
        column = self._column(field)
        return [value and (known.get(id(value)) or known.setdefault(id(value), _tupled(value))) for value in column]

    def _field_of(self, key: str) -> str:
        if key in FIELDS:
            return key
        dotted = key.replace(".", ":", 1)
        return _ALIASES.get(key) or (dotted if dotted.startswith(("serial:", "bmc:")) else f"label:{key}")

    def _members_by(self, scope: str) -> dict[str, list[str]]:
        members: dict[str, list[str]] = {}
        for column in self._scope_columns(scope):
            for name, value in zip(self.names, column, strict=True):
                for each in value if isinstance(value, list | tuple) else (value,):
                    if each is not None:
                        members.setdefault(each, []).append(name)
        if scope == "leaf":  # a node with two ports on one leaf is one member, and ports came rail by rail
            members = {leaf: sorted(set(names), key=self._position.__getitem__) for leaf, names in members.items()}
        return members

    def _scope_columns(self, scope: str) -> Iterable[Sequence[Any]]:
        if scope == "leaf":
            return [self._column(f"rail:{rail}:leaf") for rail in self._rails]
        if scope == "state":
            states = [state or State.READY.value for state in self._column("state")]
            return [states, ["off" if off else None for off in self._column("off")]]
        return [self._column(_MANY.get(scope, scope))]

    @cached_property
    def _rails(self) -> list[int]:
        present = {field.split(":")[1] for field in self._columns.fields if field.startswith("rail:")}
        return [rail for rail in range(RAIL_COUNT) if str(rail) in present]

    def _build(self, name: str) -> Node:
        at = self._position[name]

        def cell(field: str) -> Any:
            return self._column(field)[at]

        return Node(
            endpoint=self.endpoint(name),
            site=cell("site"),
            hall=cell("hall"),
            su=cell("su"),
            rack=cell("rack"),
            unit=cell("unit"),
            sku=cell("sku"),
            state=State(cell("state") or State.READY),
            off=bool(cell("off")),
            feeds=tuple(cell("feeds") or ()),
            rails=self._rails_of(cell),
            bmc=_bmc(cell),
            mac=cell("mac"),
            serials=self._pairs("serial:", cell),
            labels=self._pairs("label:", cell),
            groups=tuple(cell("groups") or ()),
            slurm_name=cell("slurm_name"),
        )

    def _pairs(self, prefix: str, cell: Callable[[str], Any]) -> tuple[tuple[str, str], ...]:
        fields = [field for field in self._columns.fields if field.startswith(prefix)]
        return tuple((field.removeprefix(prefix), cell(field)) for field in fields if cell(field) is not None)

    def _rails_of(self, cell: Callable[[str], Any]) -> tuple[Rail, ...]:
        rails = []
        for index in self._rails:
            hca, leaf, port, guid = (cell(f"rail:{index}:{part}") for part in RAIL_PARTS)
            if (hca, leaf, port, guid) != (None, None, None, None):
                rails.append(Rail(index=index, hca=hca, leaf=leaf, leaf_port=port, guid=guid))
        return tuple(rails)


def _bmc(cell: Callable[[str], Any]) -> Bmc | None:
    address = cell("bmc:address")
    return address and Bmc(
        address=address, kind=cell("bmc:kind") or "redfish", user=cell("bmc:user"), mac=cell("bmc:mac")
    )


def _tupled(value: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(tuple(each) if isinstance(each, list) else each for each in value)


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value and str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join("=".join(each) if isinstance(each, list | tuple) else str(each) for each in value)
    return str(value)
