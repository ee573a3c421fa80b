"""The drawer of emulated commands: one file a topic, ending in COMMANDS; `aifctl.sim.drawers` walks here."""
