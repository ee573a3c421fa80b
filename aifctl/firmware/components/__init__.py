"""The drawer of firmware components: one file each, which ends in COMPONENT."""
