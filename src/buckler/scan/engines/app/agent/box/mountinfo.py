"""The table of mounts, read once.

Which folders have mounts below them and what kind of file system each is.
"""

from __future__ import annotations

import re

# Kernel interfaces, not files: none of them is needed but /proc, /sys and /dev, which are made or
# bound apart.
PSEUDO = frozenset(
    (
        "autofs",
        "binfmt_misc",
        "bpf",
        "cgroup",
        "cgroup2",
        "configfs",
        "debugfs",
        "devpts",
        "devtmpfs",
        "efivarfs",
        "fusectl",
        "hugetlbfs",
        "mqueue",
        "nsfs",
        "proc",
        "pstore",
        "ramfs",
        "rpc_pipefs",
        "securityfs",
        "selinuxfs",
        "sysfs",
        "tracefs",
    )
)


class Mounts:
    """The visible mounts of this process by mount point."""

    def __init__(self, kinds: dict[str, str]) -> None:
        self._kinds = kinds

    @classmethod
    def read(cls, path: str = "/proc/self/mountinfo") -> Mounts:
        """Parse `path` (proc(5)).

        A later line at the same place covers an earlier one. Raises OSError.
        """
        kinds: dict[str, str] = {}
        with open(path, encoding="utf-8", errors="surrogateescape") as table:
            for line in table:
                before, _, after = line.partition(" - ")
                point = re.sub(
                    r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), before.split(" ")[4]
                )
                kinds[point] = after.split(" ")[0]
        return cls(kinds)

    def kind(self, path: str) -> str:
        """Name the type of the file system mounted at `path`, or "" when it is no mount point."""
        return self._kinds.get(path, "")

    def below(self, path: str) -> bool:
        """Whether something is mounted below `path`."""
        start = path.rstrip("/") + "/"
        return any(point.startswith(start) and point != path for point in self._kinds)
