"""Which tests stand for others where not everything is run: CI has 40 minutes on two cores, all of it takes hours.

Which ones is the same on each run of one turn. BUCKLER_TURN=1, 2, ... takes others; BUCKLER_EVERYTHING=1 runs all.
Tests with the mark ``always`` are never left out, those with the mark ``everything`` run with the rest alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final

import pytest

THINNED: Final = {
    "tests/box/test_attacks.py": 10,
    "tests/cli/test_project_rules.py": 2,
    "tests/cli/test_replay.py": 2,
    "tests/cli/test_usage.py": 2,
    "tests/fix/test_proved.py": 6,
    "tests/fix/upgrades/": 3,
    "tests/guard/access/test_beside.py": 2,
    "tests/guard/auth/mfa/test_mfa_light.py": 2,
    "tests/guard/auth/oauth/client/test_client_light.py": 2,
    "tests/guard/auth/oauth/client/test_linking.py": 2,
    "tests/guard/auth/oauth/client/test_new_password.py": 2,
    "tests/guard/auth/oauth/client/test_oidc_provider.py": 2,
    "tests/guard/auth/oauth/client/test_rp_plans.py": 2,
    "tests/guard/auth/oauth/interop/": 2,
    "tests/guard/auth/oauth/resource/": 2,
    "tests/guard/auth/oauth/test_administration.py": 2,
    "tests/guard/auth/oauth/test_bad_requests.py": 2,
    "tests/guard/auth/oauth/test_dpop.py": 2,
    "tests/guard/auth/oauth/test_examples.py": 2,
    "tests/guard/auth/oauth/test_pages_forged.py": 3,
    "tests/guard/auth/oauth/test_registration_bounds.py": 2,
    "tests/guard/auth/oauth/test_reviewed.py": 2,
    "tests/guard/auth/oauth/test_sign_out.py": 2,
    "tests/guard/auth/test_administration_hostile.py": 2,
    "tests/guard/auth/test_failing_stores.py": 2,
    "tests/guard/auth/test_hostile.py": 2,
    "tests/guard/auth/test_password_formats.py": 3,
    "tests/guard/egress/test_bodies.py": 2,
    "tests/guard/inspection/test_bounds.py": 4,
    "tests/guard/stores/test_migrations": 3,
    "tests/guard/stores/": 2,
    "tests/guard/test_bad_input.py": 3,
    "tests/guard/test_body_kinds.py": 3,
    "tests/guard/test_docs.py": 2,
    "tests/guard/test_options.py": 3,
    "tests/guard/test_protections.py": 6,
    "tests/guard/test_response_check_cost.py": 3,
    "tests/guard/test_response_check_streams.py": 2,
    "tests/guard/test_servers.py": 3,
    "tests/scan/packages/test_not_called.py": 2,
    "tests/scan/test_bad_input.py": 3,
    "tests/scan/test_bad_migrations.py": 3,
    "tests/scan/test_bad_servers.py": 4,
    "tests/scan/test_branches.py": 2,
    "tests/scan/test_compose.py": 4,
    "tests/scan/test_corpus.py": 5,
    "tests/scan/test_data.py": 2,
    "tests/scan/test_discover.py": 3,
    "tests/scan/test_flows.py": 2,
    "tests/scan/test_lying_child.py": 4,
    "tests/scan/test_outgoing.py": 2,
    "tests/scan/test_paths.py": 2,
    "tests/scan/test_restored.py": 4,
    "tests/scan/test_rule_examples.py": 4,
    "tests/scan/test_servers": 2,
    "tests/scan/test_stated.py": 3,
    "tests/scan/test_writes.py": 3,
}
"""Of a test with several values, one in so many: whole scans and servers that are started for each. Where a test
begins to count differs, so that each value of a fixture comes somewhere."""

SAMPLED: Final = {
    "tests/cli/test_commands.py": 2,
    "tests/cli/test_packages.py": 2,
    "tests/cli/test_project_rules.py": 2,
    "tests/cli/test_replay.py": 2,
    "tests/cli/test_usage.py": 2,
    "tests/fix/test_command.py": 2,
    "tests/fix/upgrades/test_hostile.py": 2,
    "tests/fix/upgrades/test_install.py": 3,
    "tests/fix/upgrades/test_lists.py": 3,
    "tests/scan/test_bad_servers.py": 2,
    "tests/scan/test_interrupts.py": 2,
    "tests/scan/test_nosql.py": 2,
    "tests/scan/test_outgoing.py": 2,
    "tests/scan/test_restored.py": 2,
    "tests/scan/test_servers.py": 2,
    "tests/scan/test_stated.py": 2,
    "tests/scan/test_writes.py": 2,
}
"""Of all tests of a file, one in so many: each scans, installs or starts programs."""

FEW: Final = 6
"""Of every test with several values on a further Python (BUCKLER_FEW=1): values do not depend on it. Others are taken
than on the first one."""


def left_out(items: list[pytest.Item]) -> list[pytest.Item]:
    """Those that are not run this time."""
    turn = int(os.environ.get("BUCKLER_TURN", "0"))
    left = [item for item in items if item.get_closest_marker("everything")]
    rest = _without(items, left)
    left += _thinned(rest, SAMPLED, turn, lambda item: item.nodeid.partition("::")[0])
    rest = _without(items, left)
    left += _thinned(rest, THINNED, turn, _test)
    if os.environ.get("BUCKLER_FEW"):
        left += _thinned(_without(items, left), {"tests/": FEW}, turn + 1, _test)
    return left


def _test(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _without(items: list[pytest.Item], left: list[pytest.Item]) -> list[pytest.Item]:
    out = set(map(id, left))
    return [item for item in items if id(item) not in out]


def _thinned(
    items: list[pytest.Item],
    how: Mapping[str, int],
    turn: int,
    table_of: Callable[[pytest.Item], str],
) -> list[pytest.Item]:
    tables: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.nodeid.startswith(tuple(how)) and not item.get_closest_marker("always"):
            tables.setdefault(table_of(item), []).append(item)
    left: list[pytest.Item] = []
    for number, (name, of_one) in enumerate(tables.items()):
        one_in = min(next(n for prefix, n in how.items() if name.startswith(prefix)), len(of_one))
        first = (number + turn) % one_in
        left += [item for at, item in enumerate(of_one) if at % one_in != first]
    return left
