"""NetBox: the CSV of its device import and export."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.fleet.node import Bmc, Node
from aifctl.roster.format import Found, Losses, RosterFormat, Written, bare_node, broken

_STATES = {
    "active": State.READY,
    "planned": State.NEW,
    "staged": State.PROVISIONED,
    "failed": State.REPAIR,
    "inventory": State.NEW,
    "decommissioning": State.RETIRED,
}
_STATUS = {
    State.NEW: "planned",
    State.PROVISIONED: "staged",
    State.BURNING_IN: "staged",
    State.REPAIR: "failed",
    State.RETIRED: "decommissioning",
}
#: A header as NetBox's import or its table export spells it → ours.
_COLUMNS = {
    "name": "name",
    "site": "site",
    "location": "hall",
    "rack": "rack",
    "position": "unit",
    "position (u)": "unit",
    "serial": "serial",
    "serial number": "serial",
    "status": "status",
    "device_type": "sku",
    "type": "sku",
    "primary_ip4": "address",
    "primary_ip6": "address6",
    "primary_ip": "address",
    "ip address": "address",
    "ipv4 address": "address",
    "oob_ip": "bmc",
    "oob ip": "bmc",
    "tags": "groups",
    "asset_tag": "asset_tag",
    "asset tag": "asset_tag",
    "role": "role",
    "device_role": "role",
}
_LABELS = ("asset_tag", "role")
_IMPLIED = frozenset({"manufacturer", "face", "airflow", "id"})  # say nothing that an inventory of ours asks
_MAX_FIELD = 1 << 16


def read(text: str, file: str) -> Found:
    """Read a device CSV with a header; columns without a place in our inventory are losses."""
    csv.field_size_limit(_MAX_FIELD)
    losses = Losses()
    nodes = []
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = [_COLUMNS.get(head.strip().lower(), head.strip()) for head in next(rows, [])]
        if "name" not in header:
            raise broken(file, 1, "the first line must name the columns, and one of them `name`")
        for row in rows:
            if not any(row):
                continue
            if len(row) > len(header):
                raise broken(file, rows.line_num, f"{len(row)} fields stand under {len(header)} columns")
            cells = {key: cell.strip() for key, cell in zip(header, row, strict=False) if cell.strip()}
            if "name" in cells:
                nodes.append(_node(cells, losses))
            else:
                losses.add("devices without a name", f"line {rows.line_num}")
    except csv.Error as problem:
        raise broken(file, rows.line_num, f"not CSV: {problem}") from problem
    return Found(nodes=tuple(nodes), lost=losses.sentences())


def write(fleet: Fleet, names: Sequence[str]) -> Written:
    """Write devices.csv for NetBox's device import; roles, types, sites and racks must exist there."""
    losses = Losses()
    rows = [_row(fleet.node(name), losses) for name in names]
    columns = list(dict.fromkeys(column for row in rows for column, cell in row.items() if cell)) or ["name"]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return Written(files=(("devices.csv", out.getvalue()),), lost=losses.sentences())


def _node(cells: Mapping[str, str], losses: Losses) -> Node:
    name = cells["name"]
    fields: dict[str, Any] = {key: cells[key] for key in ("site", "hall", "rack", "sku") if key in cells}
    fields = {key: _slug(value) for key, value in fields.items()}
    if address := cells.get("address") or cells.get("address6"):
        fields["address"] = address.partition("/")[0]
    if "bmc" in cells:
        fields["bmc"] = Bmc(address=cells["bmc"].partition("/")[0])
    if "serial" in cells:
        fields["serials"] = (("chassis", cells["serial"]),)
    if "unit" in cells:
        fields |= _unit(cells["unit"], name, losses)
    if "groups" in cells:
        fields["groups"] = tuple(_slug(tag.strip()) for tag in cells["groups"].split(",") if tag.strip())
    status = cells.get("status", "active").lower()
    fields["off"] = status == "offline"
    fields["state"] = _STATES.get(status, State.READY)
    if status not in _STATES and status != "offline":
        losses.add(f"status {status[:30]!r}", name)
    custom = {key: cells[key] for key in cells if key.startswith("cf_")}
    fields["labels"] = tuple((key.removeprefix("cf_"), value) for key, value in custom.items()) + tuple(
        (key, cells[key]) for key in _LABELS if key in cells
    )
    for key in cells.keys() - set(_COLUMNS.values()) - set(custom) - _IMPLIED:
        losses.add(f"column {key[:40]!r}", name)
    return bare_node(name, **fields)


def _unit(text: str, name: str, losses: Losses) -> dict[str, int]:
    """NetBox counts half units too: 12.0 is unit 12, 12.5 is nothing that we know."""
    whole, _, rest = text.partition(".")
    if whole.isascii() and whole.isdigit() and not rest.strip("0"):
        return {"unit": int(whole)}
    losses.add("positions that are no whole unit", name)
    return {}


def _slug(text: str) -> str:
    """Names in NetBox have spaces, selectors have none."""
    return "-".join(text.split())


def _row(node: Node, losses: Losses) -> dict[str, str]:
    labels = dict(node.labels)
    for what, value in (
        ("addresses (NetBox keeps them with interfaces)", node.endpoint.address != node.name),
        ("SUs", node.su),
        ("rails", node.rails),
        ("power feeds", node.feeds),
        ("BMCs", node.bmc),
        ("jump hosts, users and ssh options", node.endpoint.jump or node.endpoint.user or node.endpoint.options),
    ):
        if value:
            losses.add(what, node.name)
    return {
        "name": node.name,
        "role": labels.pop("role", "gpu-node"),
        "manufacturer": labels.pop("manufacturer", "generic"),
        "device_type": node.sku or "generic",
        "serial": dict(node.serials).get("chassis", ""),
        "asset_tag": labels.pop("asset_tag", ""),
        "status": "offline" if node.off else _STATUS.get(node.state, "active"),
        "site": node.site or "default",
        "location": node.hall or "",
        "rack": node.rack or "",
        "position": str(node.unit or ""),
        "face": "front" if node.unit else "",
        "tags": ",".join(node.groups),
        **{f"cf_{key}": value for key, value in labels.items()},
    }


FORMAT = RosterFormat(
    name="netbox", about="NetBox's device CSV, for its import and from its export", read=read, write=write
)
