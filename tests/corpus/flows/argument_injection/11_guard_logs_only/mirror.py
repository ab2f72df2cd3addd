import logging
import subprocess

logger = logging.getLogger("mirror")


class Mirror:
    command = ("rsync", "-a")

    def __call__(self, source: str) -> int:
        if source.startswith("-"):
            logger.error("source looks like an option")
        return subprocess.call([*self.command, source, "copy/"])
