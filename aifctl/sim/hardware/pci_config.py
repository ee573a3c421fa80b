"""The configuration space of a simulated PCI device: 4,096 bytes, those that anybody reads."""

from __future__ import annotations

import struct

#: What the kernel shows to whoever is not root.
_SHOWN_BYTES = 64
_SIZE_BYTES = 4096
#: A list of two extended capabilities: error reporting (id 1) at 0x100, access control (id 0x0d) at 0x220.
_FIRST_AT, _ACS_AT, _ACS_CONTROL_AT = 0x100, 0x220, 0x226
_AER_HEADER, _ACS_HEADER = 1 | 2 << 16 | _ACS_AT << 20, 0x0D | 1 << 16
_AER_ALONE = 1 | 2 << 16


def config_space(kind: tuple[str, str, str, str], *, acs: bool, gone: bool, as_root: bool) -> bytes:
    """Return the bytes. Bridges have access control services, with source validation on or off.

    Args:
        kind: vendor, device and class in hex, and the driver.
        acs: source validation is on.
        gone: all ones, as of a device that has fallen off the bus.
        as_root: all of it; others see the head alone.
    """
    space = bytearray(b"\xff" * _SIZE_BYTES if gone else _SIZE_BYTES)
    if not gone:
        vendor, device, number, _ = kind
        struct.pack_into("<HHI", space, 0, int(vendor, 16), int(device, 16), 0x00100006)
        struct.pack_into("<I", space, 8, int(number, 16) << 8 | 0xA1)
        is_bridge = number.startswith("0604")
        struct.pack_into("<I", space, _FIRST_AT, _AER_HEADER if is_bridge else _AER_ALONE)
        if is_bridge:
            struct.pack_into("<I", space, _ACS_AT, _ACS_HEADER)
            struct.pack_into("<H", space, _ACS_CONTROL_AT, int(acs))
    return bytes(space if as_root else space[:_SHOWN_BYTES])
