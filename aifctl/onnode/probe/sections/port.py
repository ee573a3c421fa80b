"""The ports of the HCAs, as /sys/class/infiniband tells them: state, rate, addresses, counters of errors."""

import os

from ..sysfs import is_address, names_in, refusal, text_of, texts_of
from ..trouble import Trouble

LIMIT_S = 5.0

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

_MOST_DEVICES, _MOST_PORTS, _MOST_NETDEVS = 128, 4, 8

_OF_DEVICE = (("type", "hca_type"), ("fw", "fw_ver"), ("board", "board_id"), ("guid", "node_guid"))
_OF_PORT = (
    ("state", "state"),
    ("phys", "phys_state"),
    ("rate", "rate"),
    ("layer", "link_layer"),
    ("lid", "lid"),
    ("sm", "sm_lid"),
    ("gid", "gids/0"),
)

#: What counts errors; of what counts traffic only the time that packets had to wait.
_COUNTERS = (
    "VL15_dropped",
    "excessive_buffer_overrun_errors",
    "link_downed",
    "link_error_recovery",
    "local_link_integrity_errors",
    "port_rcv_constraint_errors",
    "port_rcv_errors",
    "port_rcv_remote_physical_errors",
    "port_rcv_switch_relay_errors",
    "port_xmit_constraint_errors",
    "port_xmit_discards",
    "port_xmit_wait",
    "symbol_error",
)
_HW_COUNTERS = ("local_ack_timeout_err", "rnr_nak_retry_err")


def read(root: str, arguments: "Dict[str, Any]") -> "Dict[str, Any]":  # noqa: ARG001 - every section takes both
    """Return {"source": "sysfs", "devices": {NAME: {..., "ports": {NUMBER: {...}}}}}; texts as they stand in the files.

    A node without an HCA answers with no devices, not `na`: eight that have fallen off the bus, or a driver that is not
    loaded, look the same from here.
    """
    classes = os.path.join(root, "sys/class")
    if not os.path.isdir(classes):
        raise Trouble("no-sysfs", "there is no /sys/class on this node: sysfs is not mounted")
    folder = os.path.join(classes, "infiniband")
    try:
        names = names_in(folder, _MOST_DEVICES)
    except OSError as problem:
        raise Trouble("denied", "/sys/class/infiniband can't be listed: %s" % problem.strerror) from problem
    return {"source": "sysfs", "devices": {name: _device(os.path.join(folder, name)) for name in names}}


def _device(folder: str) -> "Dict[str, Any]":
    found = {short: text_of(os.path.join(folder, name)) for short, name in _OF_DEVICE}  # type: Dict[str, Any]
    found["pci"] = _pci_address(folder)
    found["numa"] = text_of(os.path.join(folder, "device", "numa_node"))
    found["net"] = _names(os.path.join(folder, "device", "net"), _MOST_NETDEVS)
    numbers = _names(os.path.join(folder, "ports"), _MOST_PORTS)
    found["ports"] = (
        {number: _port(os.path.join(folder, "ports", number)) for number in numbers}
        if isinstance(numbers, list)
        else numbers
    )
    return found


def _port(folder: str) -> "Dict[str, Any]":
    found = {short: text_of(os.path.join(folder, *name.split("/"))) for short, name in _OF_PORT}  # type: Dict[str, Any]
    found["c"] = texts_of(os.path.join(folder, "counters"), _COUNTERS)
    found["c"].update(texts_of(os.path.join(folder, "hw_counters"), _HW_COUNTERS))
    return found


def _pci_address(folder: str) -> "Any":
    """Return where the device is: the kernel links to its folder, which is called after its address."""
    try:
        name = os.path.basename(os.readlink(os.path.join(folder, "device")))
    except OSError as problem:
        return refusal(problem)
    return name if is_address(name) else {"!": "ENODEV"}


def _names(folder: str, most_count: int) -> "Any":
    try:
        return names_in(folder, most_count)
    except OSError as problem:
        return refusal(problem)
