"""SPDX expressions are read as annex D of SPDX 2.3 says, and a choice is a way around."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.scan.engines.packages.inventory.licences import stated
from buckler.scan.rules.packages._installed.licences import meant, strong


def none(name: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("MIT", ""),
        ("AGPL-3.0-only", "AGPL-3.0-only"),
        ("GPL-2.0+", "GPL-2.0+"),
        ("MIT OR GPL-2.0-only", ""),
        ("GPL-2.0-only OR MIT", ""),
        ("GPL-2.0-only OR AGPL-3.0-only", "GPL-2.0-only"),
        ("MIT AND (GPL-3.0-or-later)", "GPL-3.0-or-later"),
        ("MIT OR Apache-2.0 AND GPL-3.0-only", ""),
        ("(MIT OR Apache-2.0) AND GPL-3.0-only", "GPL-3.0-only"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ""),
        ("LGPL-3.0-only AND MPL-2.0", ""),
        ("mit and busl-1.1", "busl-1.1"),
        ("LicenseRef-Proprietary", ""),
        ("(" * 5000 + "GPL-3.0-only", ""),
        ("", ""),
    ],
)
def test_expressions(expression: str, found: str) -> None:
    assert strong(expression, none) == found


def test_what_is_allowed_counts_as_harmless() -> None:
    assert strong("GPL-3.0-only AND AGPL-3.0-only", "GPL-3.0-only".__eq__) == "AGPL-3.0-only"


@pytest.mark.parametrize(
    ("fields", "expression"),
    [
        ("License-Expression: MIT\nClassifier: License :: OSI Approved :: GPL\n", "MIT"),
        ("License: GPL-3.0\n", "GPL-3.0-only"),
        ("License: GNU AGPLv3+\n", "AGPL-3.0-or-later"),
        ("License: see the file GPL-3.0.txt\n", ""),
        ("\nLicense: GPL-3.0\n", ""),
        ("Classifier: License :: OSI Approved\nLicense: GPLv2\n", "GPL-2.0-only"),
    ],
)
def test_fields(fields: str, expression: str) -> None:
    assert meant(stated(fields)) == expression


@pytest.mark.parametrize(
    ("classifiers", "found"),
    [
        (("OSI Approved :: GNU Affero General Public License v3",), "AGPL-3.0-only"),
        (("OSI Approved :: GNU General Public License v2 or later (GPLv2+)",), "GPL-2.0-or-later"),
        (("OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)",), ""),
        (("OSI Approved :: MIT License", "OSI Approved :: GNU General Public License v3 (GPLv3)"), ""),
    ],
)  # fmt: skip
def test_classifiers(classifiers: tuple[str, ...], found: str) -> None:
    text = "".join(f"Classifier: License :: {value}\n" for value in classifiers)
    assert strong(meant(stated(text)), none) == found


@given(st.text(st.sampled_from("() ANDORWITHGPL-3.0+mit"), max_size=200))
def test_any_text_is_answered(text: str) -> None:
    assert strong(text, none) in {"", *text.replace("(", " ").replace(")", " ").split()}
