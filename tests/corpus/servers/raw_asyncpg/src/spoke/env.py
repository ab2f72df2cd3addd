"""What the process is told by its surroundings."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DEFAULT_DSN = "postgresql://spoke:hub-and-rim@postgres.internal:5432/spoke"


@dataclass(frozen=True)
class Env:
    dsn: str = os.environ.get("SPOKE_DSN", DEFAULT_DSN)
    pool_max: int = int(os.environ.get("SPOKE_POOL_MAX", "8"))
    manuals: Path = Path(os.environ.get("SPOKE_MANUALS", ROOT / "manuals"))
    exports: Path = Path(os.environ.get("SPOKE_EXPORTS", ROOT / "exports"))
    feed_host: str = os.environ.get("SPOKE_FEED_HOST", "feeds.spoke.example")


env = Env()
