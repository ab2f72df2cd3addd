"""The same under uvicorn with what ``uvicorn[standard]`` brings; skips where that is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.guard.servers import STANDARD, is_installed, serving
from tests.guard.test_servers import (  # noqa: F401 - collected here, too
    client,
    test_a_foreign_websocket_is_refused,
    test_a_kept_connection_is_answered_again_and_again,
    test_a_slow_body_is_cut_off,
    test_a_websocket_that_fails_before_it_is_accepted_tells_nothing,
    test_a_websocket_that_floods_or_sends_too_much_is_closed,
    test_an_endless_body_is_cut_off,
    test_bodies_are_bounded_by_length_and_by_chunks,
    test_every_kind_of_answer_has_the_headers_once,
    test_malformed_requests_are_refused,
    test_rates,
    test_websockets,
    test_what_a_body_holds_is_bounded,
    test_what_is_no_utf8_is_passed_on,
)


@pytest.fixture(scope="module")
def port(tmp_path_factory: Any) -> Iterator[int]:
    if not is_installed("uvicorn-standard"):
        pytest.skip(f"needs {', '.join(STANDARD)}")
    with serving("uvicorn-standard", tmp_path_factory.mktemp("served")) as found:
        yield found
