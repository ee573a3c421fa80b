from __future__ import annotations

from hypothesis import settings

# A busy machine is no failure, and a test run leaves nothing behind.
settings.register_profile("house", deadline=None, database=None)
settings.load_profile("house")
