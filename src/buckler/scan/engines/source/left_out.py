"""Which files of a project hold tests: no request comes to them."""

from __future__ import annotations

import fnmatch

TESTS = ("test_*.py", "*_test.py", "conftest.py")
TEST_FOLDERS = frozenset({"tests", "test", "testing"})


def is_test(path: str) -> bool:
    """Whether a file holds tests, by its path relative to the project."""
    *folders, name = path.split("/")
    return bool(TEST_FOLDERS.intersection(folders)) or any(
        fnmatch.fnmatch(name, pattern) for pattern in TESTS
    )
