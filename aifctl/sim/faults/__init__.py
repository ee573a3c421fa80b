"""The drawer of faults: one file each, ending in FAULT. Nobody imports them by name; `aifctl.core.drawers` walks here."""
