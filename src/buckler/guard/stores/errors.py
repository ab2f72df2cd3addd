"""What a store says when it cannot do what it is asked, so that nobody is let in on a guess (CWE-636)."""

from __future__ import annotations

from buckler.core.errors import BucklerError


class StoreError(BucklerError):
    """The store did not answer, or cannot keep what it was given; the caller gets 503 with ``Retry-After``.

    Never taken for "not there" or "not revoked": whoever asked knows nothing and refuses.
    """

    code = "guard.store"
