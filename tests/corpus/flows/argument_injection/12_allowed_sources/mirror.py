import subprocess

SOURCES = ("host/dir", "backup/dir")


class Mirror:
    command = ("rsync", "-a")

    def __call__(self, source: str) -> int:
        return subprocess.call([*self.command, source, "copy/"])
