"""NVLinks: which are up, how fast, and the errors each has counted."""

from .nvml_asking import GPU_IS_LOST, Asking, Refused, told
from .nvml_fields import NVLINK_COUNT, ask_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

#: Replays, recoveries, CRC errors, speed in MB/s; the link stands in the scope.
_PER_LINK = (161, 162, 163, 164)
_LINKS_OF_AN_H100, _MOST_LINKS = 18, 36


def read_links(asking: Asking, handle: "Any", data: "Dict[str, Any]") -> "Dict[str, Any]":
    """Return {"links": {"state": one per link, field id: one per link}}; with the PCI addresses of the other sides
    where a link is not up, so that it can be told which NVSwitch is missing.
    """
    states: "List[Any]" = []
    for link in range(_count(data)):
        states.append(told(asking.call, "nvmlDeviceGetNvLinkState", handle, link))
        if states[-1] == {"!": GPU_IS_LOST}:
            return {"links": states[-1]}
    links: "Dict[str, Any]" = {"state": states}
    links.update(_counters(asking, handle, len(states)))
    if any(state == 0 for state in states):
        links["remote"] = [told(_remote, asking, handle, link) for link in range(len(states))]
    return {"links": links}


def _count(data: "Dict[str, Any]") -> int:
    """Return how many links to ask of. Links that it does not have are refused, which costs nothing."""
    counted = data.get("fields", {}).get(str(NVLINK_COUNT))
    return min(counted, _MOST_LINKS) if isinstance(counted, int) else _LINKS_OF_AN_H100


def _counters(asking: Asking, handle: "Any", count: int) -> "Dict[str, Any]":
    wanted = [(field, link) for field in _PER_LINK for link in range(count)]
    if not wanted:
        return {}
    try:
        values = ask_fields(asking, handle, wanted)
    except Refused as refused:
        return {str(field): {"!": refused.code} for field in _PER_LINK}
    return {str(field): values[at * count : (at + 1) * count] for at, field in enumerate(_PER_LINK)}


def _remote(asking: Asking, handle: "Any", link: int) -> str:
    info = asking.call("nvmlDeviceGetNvLinkRemotePciInfo", handle, link)
    try:
        return str(info.busId)
    except UnicodeDecodeError as error:
        raise Refused(type(error).__name__) from error
