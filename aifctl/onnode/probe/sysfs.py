"""Reading small files of the kernel's: bounded, and one that can't be read says why in its own place."""

import errno
import os

MOST_BYTES = 256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List

#: {FOLDER}:{BUS}:{DEVICE}.{FUNCTION}: 0000:1b:00.0; behind a VMD or on Hyper-V the domain has more digits.
_HEX = frozenset("0123456789abcdef")
_LONGEST_ADDRESS = 16


def text_of(path: str, most_bytes: int = MOST_BYTES) -> "Any":
    """Return a file's text without the white space around it, or {"!": name of the error}."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as problem:
        return refusal(problem)
    try:
        return os.read(fd, most_bytes).decode("utf-8", "replace").strip()
    except OSError as problem:
        return refusal(problem)
    finally:
        os.close(fd)


def texts_of(folder: str, files: "Iterable[str]") -> "Dict[str, Any]":
    """Return file name -> text for those that exist; one that can't be read stands as {"!": ...}."""
    found = {name: text_of(os.path.join(folder, name)) for name in files}
    return {name: text for name, text in found.items() if text != {"!": "ENOENT"}}


def refusal(problem: OSError) -> "Dict[str, str]":
    return {"!": errno.errorcode.get(problem.errno or 0, "EIO")}


def names_in(folder: str, most_count: int) -> "List[str]":
    """Return the entries of a folder in order; none where it is not there. OSError where it can't be looked into."""
    try:
        return sorted(os.listdir(folder))[:most_count]
    except (FileNotFoundError, NotADirectoryError):
        return []


def is_address(name: str) -> bool:
    """Whether a name is a PCI address as sysfs writes it."""
    parts = name.replace(".", ":").split(":")
    return (
        len(name) <= _LONGEST_ADDRESS
        and name[-2:-1] == "."
        and name.count(":") == 2  # noqa: PLR2004  between domain, bus and device
        and [len(part) for part in parts[1:]] == [2, 2, 1]
        and len(parts[0]) >= 4  # noqa: PLR2004  the digits of a domain
        and _HEX.issuperset("".join(parts))
    )
