"""python -m aifctl."""

from __future__ import annotations

from aifctl.main import console

if __name__ == "__main__":
    console()
