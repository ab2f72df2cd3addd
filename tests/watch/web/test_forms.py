"""What people do on pages, without script: decide, assign, say, add, change, remove; and who may not."""

from __future__ import annotations

import json
import re
import time

import pytest

from buckler.watch.api.common import ADMIN
from tests.watch.web.site import TOKEN, Browser, Site, full, made

NEXT_YEAR = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 100 * 86_400))
WHY = "behind the firewall until spring"


def accept(**more: str) -> dict[str, str]:
    return {"what": "accept", "reason": WHY, "until": NEXT_YEAR, "version": "1", **more}


def test_a_decision_is_taken_shown_and_written_down(web: Site, ann: Browser) -> None:
    found = web.findings(web.target(ann, full(1)))[0]
    path = f"/findings/{found.id}"
    answer = ann.post(f"{path}/decision", path, **accept())
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?told=saved")
    text = ann.get(answer.headers["location"]).text
    assert "Saved." in text
    assert text.count(WHY) == 2  # how it stands, and the history
    assert NEXT_YEAR in text
    assert WHY in ann.get("/audit").text


def test_who_comes_second_is_told_how_it_stands_and_keeps_what_they_typed(
    web: Site, ann: Browser
) -> None:
    found = web.findings(web.target(ann, full(1)))[0]
    path = f"/findings/{found.id}"
    assert ann.post(f"{path}/decision", path, **accept()).status_code == 303
    second = {"what": "false_alarm", "reason": "no input comes here", "version": "1"}
    answer = ann.post(f"{path}/decision", path, **second)
    assert answer.status_code == 409
    assert "it is <b>accepted</b> now" in answer.text
    assert "no input comes here</textarea>" in answer.text
    assert web.findings(found.target_id)[0].state == "accepted"
    version = re.search(r'name="version" value="(\d+)"', answer.text)
    assert version is not None
    again = {**second, "version": version[1]}
    assert ann.post(f"{path}/decision", path, **again).status_code == 303
    assert web.findings(found.target_id)[0].state == "false_alarm"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"reason": "short"}, "reason"),
        ({"until": ""}, "until"),
        ({"until": "2020-01-01"}, "until"),
        ({"until": "soon"}, "until"),
        ({"what": "reopen"}, "what"),
        ({"what": "fixed"}, "what"),
        ({"version": "x"}, "version"),
        ({"by": "nobody-of-this-name"}, "owner"),
    ],
)
def test_a_decision_that_lacks_something_is_not_taken(
    web: Site, ann: Browser, changes: dict[str, str], told: str
) -> None:
    found = web.findings(web.target(ann, full(1)))[0]
    path = f"/findings/{found.id}"
    answer = ann.post(f"{path}/decision", path, **accept(**changes))
    assert answer.status_code == 422
    assert f"<strong>Not done:</strong> {told}" in answer.text
    assert web.findings(found.target_id)[0].state == "open"


def test_it_is_given_to_somebody_and_talked_about(web: Site, ann: Browser, name: str) -> None:
    found = web.findings(web.target(ann, full(1)))[0]
    path = f"/findings/{found.id}"
    assert ann.post(f"{path}/assignee", path, take="me", version="1").status_code == 303
    assert web.findings(found.target_id)[0].assignee == ann.id
    assert ann.post(f"{path}/comment", path, text="looked at it").status_code == 303
    text = ann.get(path).text
    assert "looked at it" in text
    assert f"gave it to {name}" in text
    assert found.id in ann.get("/findings?mine=1").text


def test_many_are_decided_at_once_and_those_that_changed_are_told(web: Site, ann: Browser) -> None:
    target = web.target(ann, *(made.finding(n) for n in range(1, 4)))
    rows = web.findings(target)
    marked = [f"{row.id}:{row.version}" for row in rows[:2]] + [f"{rows[2].id}:7"]
    what = {"what": "false_alarm", "reason": "generated code", "state": "all", "target": target}
    answer = ann.post("/findings", "/findings", finding=marked, **what)
    assert answer.status_code == 409
    assert "2 decided, 1 not" in answer.text
    assert sorted(row.state for row in web.findings(target)) == [
        "false_alarm",
        "false_alarm",
        "open",
    ]
    last = next(row for row in web.findings(target) if row.state == "open")
    answer = ann.post("/findings", "/findings", finding=f"{last.id}:{last.version}", **what)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/findings?told=decided&target=")
    nothing = ann.post("/findings", f"/findings?target={target}&state=all", **what)
    assert (nothing.status_code, "none is marked" in nothing.text) == (422, True)


def test_pages_of_the_list_follow_each_other(web: Site, ann: Browser) -> None:
    target = web.target(ann, *(made.finding(n) for n in range(1, 121)))
    path, seen = f"/findings?target={target}", []
    for _ in range(5):
        text = ann.get(path).text
        seen += re.findall(r'<td><a href="/findings/([0-9a-f]{32})"', text)
        found = re.search(r'rel="next" href="([^"]+)"', text)
        if found is None:
            break
        path = found[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 120


def test_a_target_is_added_changed_and_removed(web: Site, ann: Browser) -> None:
    given = {"kind": "pushed", "name": "ledger", "zone": "UTC", "sla_high": "7", "ignore": "INJ002"}
    answer = ann.post("/targets/new", "/targets/new", **given)
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"].partition("?")[0]
    assert "buckler scan --push" in ann.get(path).text
    settings = ann.get(f"{path}/settings").text
    assert 'name="sla_high" type="text" value="7"' in settings
    assert "INJ002</textarea>" in settings
    changed = {"name": "ledger two", "version": "1", "zone": "UTC", "sla_high": "none"}
    assert ann.post(f"{path}/settings", f"{path}/settings", **changed).status_code == 303
    stale = ann.post(f"{path}/settings", f"{path}/settings", **changed)
    assert (stale.status_code, "Somebody changed it meanwhile" in stale.text) == (409, True)
    unsure = ann.post(f"{path}/remove", f"{path}/settings", version="2")
    assert unsure.status_code == 422
    gone = ann.post(f"{path}/remove", f"{path}/settings", version="2", sure="yes")
    assert gone.headers["location"] == "/targets?told=removed"
    assert ann.get(path).status_code == 404


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kind": "folder", "location": "/etc"}, "location"),
        ({"kind": "git", "location": "ext::sh -c id"}, "location"),
        ({"kind": "git", "location": "https://127.0.0.1/a.git"}, "location"),
        ({"kind": "pushed", "name": "x", "schedule": "* * * * *"}, "schedule"),
        ({"kind": "pushed", "name": "x", "sla_low": "many"}, "sla.low"),
        ({"kind": "pushed", "name": "x", "select": "--push"}, "rules.select"),
        ({"kind": "pushed", "name": "x", "trusted": "yes"}, "trusted"),
        ({"kind": "pushed"}, "name"),
    ],
)
def test_a_wrong_target_is_refused_and_the_form_keeps_it(
    web: Site, ann: Browser, given: dict[str, str], told: str
) -> None:
    answer = ann.post("/targets/new", "/targets/new", **given)
    assert answer.status_code == 422
    assert f"<strong>Not done:</strong> {told}" in answer.text
    assert given.get("schedule", "") in answer.text


def test_a_channel_is_made_changed_and_shows_no_secret(web: Site, ann: Browser) -> None:
    page = "/channels/new/webhook"
    secret = "whsec_" + "A" * 43 + "="
    given = {
        "name": "hook",
        "url": "https://1.1.1.1/very-secret",
        "secrets": secret,
        "severity": "high",
    }
    inside = ann.post(page, page, **{**given, "url": "http://127.0.0.1/x"})
    assert (inside.status_code, "very-secret" in inside.text) == (422, False)
    answer = ann.post(page, page, **given)
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"].partition("?")[0]
    text = ann.get(path).text
    assert "very-secret" not in text
    assert secret not in text
    changed = {
        "name": "other",
        "version": "1",
        "kinds": ["new", "fixed"],
        "quiet_from": "22:00",
        "quiet_to": "07:00",
        "digest": "10",
    }
    assert ann.post(path, path, **changed).status_code == 303
    stale = ann.post(path, path, **changed)
    assert (stale.status_code, "called <b>other</b> now" in stale.text) == (409, True)
    text = ann.get("/channels").text
    assert "kinds: new, fixed" in text
    assert "every 10 min" in text
    assert web.channel_options(ann)["url"] == given["url"]  # an empty field left it as it was
    wrong = ann.post(path, path, **{**changed, "version": "2", "quiet_to": "25:00"})
    assert (wrong.status_code, "quiet" in wrong.text) == (422, True)
    off = ann.post(f"{path}/off", path, sure="yes")
    assert off.headers["location"] == "/channels?told=removed"


def test_a_token_is_shown_once_and_does_what_its_scopes_say(web: Site, ann: Browser) -> None:
    page = "/account/tokens"
    none = ann.post(page, page, name="ci", days="30")
    assert (none.status_code, "scopes" in none.text) == (422, True)
    text = ann.post(page, page, name="ci", scope=["watch:read", ADMIN], days="30").text
    key = re.search(r"<code>(bkw[^<]+)</code>", text)
    assert key is not None
    assert key[1] not in ann.get(page).text
    headers = {"X-API-Key": key[1]}
    assert web.client.get("/api/targets", headers=headers).status_code == 200
    assert (
        web.client.post("/api/targets", headers=headers, json={"kind": "pushed"}).status_code == 403
    )
    # A program has no business on pages.
    assert web.client.get("/", headers={**headers, "Accept": "text/html"}).status_code == 403
    revoke = re.search(rf'action="({page}/[^"]+)"', ann.get(page).text)
    assert revoke is not None
    assert ann.post(revoke[1], page).status_code == 303
    assert web.client.get("/api/targets", headers=headers).status_code == 401


def test_somebody_is_added_signs_in_by_a_link_and_sets_a_password(
    web: Site, boss: Browser, name: str
) -> None:
    text = boss.post("/users", "/users", name=f"new-{name}", role="reader").text
    link = re.search(r"(/sign-in/[A-Za-z0-9_-]+)</code>", text)
    assert link is not None, text
    entered = web.client.get(link[1], follow_redirects=False)
    web.client.cookies.clear()
    cookie = entered.headers["set-cookie"].partition(";")[0]
    guest = Browser(web.client, "", cookie)
    assert "Set a password" in guest.get("/account").text
    password = "correct horse battery staple 9"
    unlike = guest.post("/account/password", "/account", password=password, again="other")
    assert (unlike.status_code, password in unlike.text) == (422, False)
    done = guest.post("/account/password", "/account", password=password, again=password)
    assert done.status_code == 303
    assert guest.get("/account").status_code == 303  # the session before has ended
    fields = {"name": f"new-{name}", "password": password, "next": "/findings"}
    signed = web.client.post("/auth/sign-in/form", data=fields, follow_redirects=False)
    web.client.cookies.clear()
    assert (signed.status_code, signed.headers["location"]) == (303, "/findings")
    gone = web.client.get(link[1], headers={"Accept": "text/html"}, follow_redirects=False)
    assert gone.status_code == 404


def test_roles_are_given_and_accounts_switched_off(web: Site, boss: Browser, ann: Browser) -> None:
    path = f"/users/{ann.id}"
    assert boss.post(f"{path}/roles", path, role=["reader"], had="analyst").status_code == 303
    # The same form, sent by who had opened it before: it would take "reader" away again.
    late = boss.post(f"{path}/roles", path, role=["analyst", "monitor"], had="analyst")
    assert (late.status_code, "changed meanwhile" in late.text) == (409, True)
    assert 'name="had" value="reader"' in late.text and 'value="analyst"' in late.text
    assert ann.get("/targets/new").status_code == 403
    assert boss.post(f"{path}/state", path, what="disable").status_code == 303
    assert ann.get("/").headers["location"].startswith("/sign-in")
    own = f"/users/{boss.id}"
    assert (
        boss.client.post(
            f"{own}/state",
            data={"form": TOKEN.search(boss.get("/users").text)[1], "what": "disable"},
            headers=boss.headers,
        ).status_code
        == 422
    )  # type: ignore[index]
    events = boss.get("/audit?area=rights").text
    assert "rights.changed" in events
    assert json.loads((web.service.place.folder / "security.log").read_text().splitlines()[0])


def test_an_empty_installation_says_what_to_type(ann: Browser) -> None:
    text = ann.get("/").text
    assert "buckler watch add ." in text
    assert "/targets/new" in text
