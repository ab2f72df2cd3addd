import logging
from pathlib import Path

logger = logging.getLogger(__name__)


class DraftStore:
    folder = Path("uploads").resolve()

    def __init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.count = 0

    def save(self, name: str, body: str) -> None:
        target = (self.folder / name).resolve()
        if not target.is_relative_to(self.folder):
            logger.warning("unusual name %r", name)
        with open(target, "w") as stream:
            stream.write(body)
        self.count += 1
