"""Identities in the memory of one process: for development, tests, and applications of one process.

All is gone when the process ends. No method waits for anything between reading and writing, so that no
other task comes between: what the interface wants done at once needs no lock. From several threads
it may not be used, nor by several workers, each of which would have accounts of its own.

Threat: a caller who fills the memory with what costs nothing to cause (CWE-770). What anybody can cause,
failed attempts and mails that were asked for, is bounded by number, the oldest going first. What
only an account can is bounded by its end: what has expired is swept away as new things come.
"""

from __future__ import annotations

from buckler.guard.stores.memory.stores import MemoryStores as MemoryStores
