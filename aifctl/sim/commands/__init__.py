"""The drawer of emulated commands: one file a topic, ending in COMMANDS; `aifctl.core.drawers` walks here."""
