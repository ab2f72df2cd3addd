"""The claims of a token, its dates above all (RFC 7519, 4.1), and what the options of a policy may be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import GuardError, TokenError, TokenPolicy
from tests.guard.auth.tokens import CLAIMS, NOW, Clock, changed, token, verifier

AT = int(NOW)


def reason(claims: Any, **options: Any) -> str:
    with pytest.raises(TokenError) as caught:
        verifier(**options).verify(token(claims=claims))
    return caught.value.reason


def good(claims: Any, **options: Any) -> bool:
    return verifier(**options).verify(token(claims=claims)).subject == "user-1"


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "sub"])
def test_what_has_to_be_there(name: str) -> None:
    expected = {"iss": "issuer", "aud": "audience"}.get(name, "missing")
    assert reason(changed(**{name: None})) == expected


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value",
    [
        str(AT + 600),
        "never",
        "",
        True,
        False,
        None,
        [AT + 600],
        {"at": AT},
        -1,
        -0.5,
        1e300,
        10**19,
        253402300800,
    ],
)
def test_a_date_that_is_none(name: str, value: Any) -> None:
    assert reason({**CLAIMS, name: value}) == "claim" or (name, value) == ("exp", None)


def test_an_end_that_is_null() -> None:
    assert reason({**CLAIMS, "exp": None}) == "claim"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e400"])
def test_a_date_that_no_json_has(value: str) -> None:
    raw = b'{"iss":"https://shop.example","aud":"shop","sub":"a","exp":%s}' % value.encode()
    assert reason(raw) == "malformed"


def test_the_end() -> None:
    assert reason(changed(exp=AT)) == "expired"
    assert reason(changed(exp=AT - 1)) == "expired"
    assert good(changed(exp=AT + 1))
    assert good(changed(exp=AT + 0.5))
    assert good(changed(exp=AT - 9), leeway=10)
    assert reason(changed(exp=AT - 10), leeway=10) == "expired"


def test_the_beginning() -> None:
    assert reason(changed(nbf=AT + 1)) == "not_yet"
    assert good(changed(nbf=AT))
    assert good(changed(nbf=AT + 10), leeway=10)
    assert reason(changed(iat=AT + 1)) == "future"
    assert good(changed(iat=AT + 10), leeway=10)
    assert reason(changed(iat=AT + 11), leeway=10) == "future"
    assert good(changed(iat=None))


def test_the_age() -> None:
    assert good(changed(iat=AT - 59, exp=AT + 10_000), max_age=60)
    assert reason(changed(iat=AT - 60, exp=AT + 10_000), max_age=60) == "age"
    assert reason(changed(iat=None), max_age=60) == "missing"
    assert good(changed(iat=AT - 65, exp=AT + 10_000), max_age=60, leeway=10)


@pytest.mark.parametrize(
    "audience",
    [
        "SHOP",
        "shop ",
        "shopping",
        "",
        [],
        ["other"],
        ["shop", 1],
        [["shop"]],
        {"shop": 1},
        1,
        True,
        None,
        "other shop",
    ],
)
def test_for_somebody_else(audience: Any) -> None:
    assert reason({**CLAIMS, "aud": audience}) == "audience"


def test_for_several() -> None:
    assert good(changed(aud=["other", "shop"]))
    found = verifier().verify(token(claims=changed(aud=["other", "shop"])))
    assert found.audience == ("other", "shop")


@pytest.mark.parametrize(
    "issuer", ["https://shop.example/", "HTTPS://SHOP.EXAMPLE", "", ["https://shop.example"], 1]
)
def test_of_somebody_else(issuer: Any) -> None:
    assert reason({**CLAIMS, "iss": issuer}) == "issuer"


@pytest.mark.parametrize("name", ["sub", "jti", "sid", "client_id"])
@pytest.mark.parametrize("value", [1, True, None, [], {}, "", "x" * 1_001])
def test_an_identifier_that_is_none(name: str, value: Any) -> None:
    assert reason({**CLAIMS, name: value}) == "claim"


@pytest.mark.parametrize("value", [["orders:read"], 1, None, {}])
def test_scopes_that_are_none(value: Any) -> None:
    assert reason({**CLAIMS, "scope": value}) == "claim"


def test_scopes() -> None:
    def scopes(**claims: Any) -> Any:
        return verifier().verify(token(claims=changed(**claims))).scopes

    assert scopes(scope="a:b  c:d") == {"a:b", "c:d"}
    assert scopes(scope="") == frozenset()
    assert scopes() is None


def test_further_claims_that_are_required() -> None:
    assert reason(CLAIMS, required=["sub", "tenant"]) == "missing"
    assert good(changed(tenant="a"), required=["sub", "tenant"])
    named = verifier(required=[]).verify(token(claims=changed(sub=None)))
    assert named.subject == ""


def test_nothing_of_it_can_be_changed() -> None:
    claims = changed(roles=["reader", ["nested"]], tenant={"id": 1, "tags": ["a"]})
    found = verifier().verify(token(claims=claims))
    assert found.values["roles"] == ("reader", ("nested",))
    assert found.values["tenant"]["tags"] == ("a",)
    for change in (
        lambda: found.values.__setitem__("sub", "root"),
        lambda: found.values["tenant"].__setitem__("id", 2),
        lambda: found.values["roles"].append("admin"),
        lambda: setattr(found, "subject", "root"),
    ):
        with pytest.raises((TypeError, AttributeError)):
            change()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"issuer": ""}, "issuer is a text"),
        ({"issuer": None}, "issuer is a text"),
        ({"audience": ""}, "audience is a text"),
        ({"audience": []}, "audience is empty"),
        ({"audience": ["a", 1]}, "is no text"),
        ({"audience": None}, "list of texts"),
        ({"typ": None}, "typ is a text"),
        ({"typ": ""}, "typ is a text"),
        ({"leeway": 61}, "leeway is 0 to 60"),
        ({"leeway": -1}, "leeway is 0 to 60"),
        ({"leeway": float("nan")}, "leeway is 0 to 60"),
        ({"leeway": True}, "leeway is 0 to 60"),
        ({"leeway": "10"}, "leeway is 0 to 60"),
        ({"max_age": 0}, "above zero"),
        ({"max_age": float("inf")}, "above zero"),
        ({"required": "sub"}, "is a list"),
        ({"max_size": 0}, "max_size"),
        ({"max_size": "1 MB"}, "max_size"),
    ],
)
def test_options_that_are_none(options: dict[str, Any], said: str) -> None:
    with pytest.raises(GuardError, match=said) as caught:
        TokenPolicy(**({"issuer": "https://i", "audience": "a"} | options))
    assert caught.value.hint


numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    exp=numbers | anything,
    nbf=st.just(AT) | anything,
    iat=st.just(AT) | anything,
    leeway=st.integers(0, 60),
)
def test_what_is_taken_counts_now_by_the_rules_of_rfc_7519(
    exp: Any, nbf: Any, iat: Any, leeway: int
) -> None:
    claims = {**CLAIMS, "exp": exp, "nbf": nbf, "iat": iat}
    try:
        verifier(leeway=leeway).verify(token(claims=claims))
        taken = True
    except TokenError:
        taken = False

    def is_date(value: Any) -> bool:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and 0 <= value <= 253402300799 and len(repr(value)) <= 20

    wanted = (
        all(map(is_date, (exp, nbf, iat)))
        and AT - leeway < exp
        and nbf <= AT + leeway
        and iat <= AT + leeway
    )
    assert taken == wanted


def test_a_clock_that_went_back() -> None:
    clock = Clock()
    kept = verifier(clock=clock)
    text = token(claims=changed(iat=AT))
    assert kept.verify(text)
    clock.now -= 60
    with pytest.raises(TokenError, match="future"):
        kept.verify(text)
    clock.now += 60
    assert kept.verify(text)
