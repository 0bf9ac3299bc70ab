#!/usr/bin/python3
"""Sign-in with Google (a real OpenID provider) and Facebook (a stand-in) through nginx: from the button to the account,
what becomes of accounts that are there already, linking, forgeries of each kind, and being forgotten."""
import base64
import datetime
import hashlib
import hmac
import json
import os
import re
import secrets
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import tap
from facebook import APP_ID, APP_SECRET, Facebook
from members import PASSWORD, an_address, login, mails, member, register, text_of, token_in, wait_mail
from oidc import SECRET, Oidc
from stack import Stack, free_port, wait_for
from studio import guest, make, metric
from tap import contains, is_, main, ok, test

UTC = datetime.timezone.utc
DISCOVERY, TOKEN, JWKS = "/.well-known/openid-configuration", "/token", "/jwks"
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
GOOGLE, FACEBOOK = "/v1/auth/google", "/v1/auth/facebook"
DELETION = "/v1/auth/facebook/data-deletion"
issuers = {}


def problem(reply, status, code, name):
    is_((reply.status, reply.json().get("code")), (status, code), name)


def where(reply):
    """Of a redirection: the path at our own place, or the whole address elsewhere."""
    assert reply.status == 303, reply
    location = reply.header("Location")
    return location[len(stack.base_url):] if location.startswith(stack.base_url + "/") else location


def begin(client, provider="google", query="", **keywords):
    """The address of the provider."""
    reply = client.get("/v1/auth/" + provider + query, **keywords)
    location = where(reply)
    assert location.startswith("http"), location
    return location


def at_google(url, person="alice", **keywords):
    back = oidc.sign_in(url, person, **keywords)
    told.extend(value for name, value in back.items() if name in ("code", "state"))
    return back


def at_facebook(url, **keywords):
    back = facebook.sign_in(url, **keywords)
    told.extend(value for name, value in back.items() if name in ("code", "state"))
    return back


def finish(client, back, provider="google", **keywords):
    return client.get("/v1/auth/%s/callback?%s" % (provider, urllib.parse.urlencode(back)), **keywords)


def google(client, person, query="", **keywords):
    """All the way; returns the last answer."""
    return finish(client, at_google(begin(client, "google", query, **keywords), person), **keywords)


def meta(client, query="", **keywords):
    return finish(client, at_facebook(begin(client, "facebook", query, **keywords)), "facebook", **keywords)


def me(client):
    reply = client.get("/v1/me")
    return reply.json() if reply.status == 200 else None


def account(address):
    return stack.db.users.find_one({"email": address})


def audited(user):
    return [(event["kind"], event["detail"]) for event in stack.db.audit_log.find({"user_id": user}).sort("_id", 1)]


def refused(reply, code, client, name, page="/sign-in"):
    """Back in the studio with a word, and nobody is signed in by it."""
    is_(where(reply), "%s?problem=%s" % (page, code), name)
    ok(page != "/sign-in" or me(client) is None, "%s: nobody is signed in" % name)


def another_facebook_person(mode="good"):
    facebook.mode = mode
    facebook.user_id = str(secrets.randbelow(10 ** 16))
    return facebook.user_id


def copy_of(client):
    other = stack.client()
    other.cookies = dict(client.cookies)
    return other


# --- the way ------------------------------------------------------------------

@test
def what_is_offered():
    is_(stack.client().get("/v1/auth/providers").json(), {"providers": ["google", "facebook"]}, "both")
    without = Stack(settings={"provider": "mem"})
    with without:
        client = without.client()
        is_(client.get("/v1/auth/providers").json(), {"providers": []}, "none, where none is set up")
        for path in (GOOGLE, FACEBOOK, GOOGLE + "/callback?state=x&code=y", FACEBOOK + "/callback"):
            problem(client.get(path), 404, "not_found", "off: " + path)
        problem(client.post(DELETION, body=b"signed_request=x.y", origin=False,
                            headers={"Content-Type": "application/x-www-form-urlencoded"}), 404, "not_found", "and that")


@test
def a_provider_that_is_down():
    client = stack.client()
    oidc.spoil(DISCOVERY, instead=(503, [], b""))
    is_(where(client.get(GOOGLE)), "/sign-in?problem=sign_in_unavailable", "nobody answers before one leaves")
    is_(client.cookies, {}, "nothing was begun")
    oidc.spoil(DISCOVERY)
    for how in (dict(instead=(503, [], b"")), dict(instead=(200, [], b"<html>")), dict(lie=50)):
        back = at_google(begin(client), "verified:" + an_address())
        oidc.spoil(TOKEN, **how)
        refused(finish(client, back), "sign_in_unavailable", client, "nor when one comes back: %s" % list(how))
        oidc.spoil(TOKEN)
        refused(finish(client, back), "sign_in_state", client, "that sign-in is over")
    ok(metric(stack, "bezel_provider_sign_in_failures_total") >= 4, "counted")
    failed = [e for e in stack.events("sign_in.failed") if e["code"] == "sign_in_unavailable"]
    ok(failed and failed[0]["detail"] == "google discovery: bad_reply (HTTP 503)", "and told to the operator", failed[:1])


@test
def somebody_new():
    client, address = stack.client(), an_address()
    reply = client.get(GOOGLE + "?return_to=/account?tab=1")
    is_((reply.status, reply.header("Cache-Control")), (303, "no-store"), "away")
    url = urllib.parse.urlsplit(where(reply))
    sent = dict(urllib.parse.parse_qsl(url.query))
    is_(sent["redirect_uri"], stack.base_url + "/v1/auth/google/callback", "to come back here")
    is_(sorted(sent), ["client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "response_type",
                       "scope", "state"], "with state, nonce and challenge")
    line = reply.header_all("Set-Cookie")[0]
    ok(re.search(r"; Max-Age=600\b", line) and "HttpOnly" in line and "SameSite=Lax" in line, "a short-lived cookie", line)
    ok(sent["state"] not in line and sent["nonce"] not in line, "which has neither state nor nonce", line)
    reply = finish(client, at_google(where(reply), "verified:" + address))
    is_((where(reply), reply.header("Cache-Control")), ("/account?tab=1", "no-store"), "back to where one was")
    is_(reply.body, b"", "without a word more")
    profile = me(client)
    is_((profile["email"], profile["email_verified"], profile["auth_provider"], profile["full_name"]),
        (address, True, "google", "Person " + address.split("@")[0]), "the account")
    user = account(address)
    is_((user["password_hash"], user["profile_photo_url"]), (None, None), "without a password")
    identity = stack.db.identities.find_one({"user_id": user["_id"]})
    is_((identity["provider"], identity["issuer"], identity["subject"], identity["email"]),
        ("google", oidc.url, "verified:" + address, address), "the identity")
    is_(audited(user["_id"]), [("registered", "google"), ("signed_in", "google")], "the audit log")
    ok("bezel_%d-o" % stack.port not in client.cookies and "bezel_%d-d" % stack.port in client.cookies, "cookies",
       client.cookies)
    is_(stack.db.oauth_states.count_documents({"_id": {"$exists": True}}) > 0, True, "the sign-in is noted as over")


@test
def again():
    client, address = stack.client(), an_address()
    google(client, "verified:" + address)
    first, before = me(client)["id"], dict(client.cookies)
    identity = stack.db.identities.find_one({"user_id": first})
    is_(where(google(client, "verified:" + address)), "/", "again, from the same browser")
    ok(client.cookies != before, "a new session")
    old = stack.client()
    old.cookies = before
    is_(me(old), None, "the one before has ended")
    other = stack.client(headers={"User-Agent": "Workbench/1.0"})
    is_(where(google(other, "verified:" + address)), "/", "from another browser")
    is_((me(client)["id"], me(other)["id"], stack.db.users.count_documents({"email": address})), (first, first, 1), "one account")
    ok(stack.db.identities.find_one({"_id": identity["_id"]})["last_used_at"] > identity["last_used_at"], "last_used_at")
    contains(text_of(wait_mail(stack, address, "new sign-in")), "Workbench/1.0", "its owner is told of the new browser")
    is_(len([m for m in mails(stack, address)]), 1, "and of no other")
    problem(login(stack.client(), address, ""), 422, "invalid", "an account without a password has none: not the empty one")
    problem(login(stack.client(), address, PASSWORD), 401, "wrong_credentials", "nor any other")


@test
def a_guest_keeps_all():
    client, address = guest(stack), an_address()
    made = make(client)
    is_(where(google(client, "verified:" + address)), "/", "signed in")
    is_([item["id"] for item in client.get("/v1/designs").json()["items"]], [made["id"]], "the design is there")
    is_(stack.db.guest_sessions.count_documents({"_id": client.session}), 0, "the guest is gone")
    contains(audited(me(client)["id"]), ("guest_claimed", None), "which is noted")


@test
def keys_rotate():
    client, address = stack.client(), an_address()
    google(client, "verified:" + address)
    oidc.rotate("k2")
    is_(where(google(client, "verified:" + address)), "/", "a key that was not known")
    is_(me(client)["email"], address, "the same account")


# --- forgeries ----------------------------------------------------------------

@test
def cancelled():
    client = stack.client()
    before = metric(stack, "bezel_provider_sign_in_failures_total")
    refused(finish(client, at_google(begin(client), "alice", abort=True)), "sign_in_cancelled", client, "Google")
    refused(finish(client, at_facebook(begin(client, "facebook"), press="cancel"), "facebook"), "sign_in_cancelled", client,
            "Facebook")
    is_(metric(stack, "bezel_provider_sign_in_failures_total"), before, "is no failure")
    for error, code in (("temporarily_unavailable", "sign_in_unavailable"), ("invalid_scope", "internal"),
                        ("<script>", "sign_in_invalid"), ("", "sign_in_invalid")):
        state = urllib.parse.parse_qs(urllib.parse.urlsplit(begin(client)).query)["state"][0]
        refused(finish(client, {"error": error, "error_description": "<b>", "state": state}), code, client, "error=" + error)
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(begin(client)).query)["state"][0]
    refused(finish(client, {"state": state, "iss": oidc.url}), "sign_in_invalid", client, "neither error nor code")


@test
def states():
    """Another browser's, none, changed ones, one that has ended, another provider's: none gets as far as the provider."""
    mine, other = stack.client(), stack.client()
    back = at_google(begin(mine), "verified:" + an_address())
    begin(other)
    cookie = "bezel_%d-o" % stack.port
    good = mine.cookies[cookie]
    ended = good.replace(".%s." % good.split(".")[3], ".%d." % (int(time.time()) - 1))
    linked = good.replace(".-.", ".%s." % secrets.token_hex(16))
    oidc.seen.clear()
    refused(finish(stack.client(), back), "sign_in_state", stack.client(), "a browser that began nothing")
    refused(finish(other, back), "sign_in_state", other, "a browser that began another")
    ok(cookie in other.cookies, "whose own goes on")
    for name, changed in (("an end", ended), ("an account", linked), ("a MAC", good[:-1] + ("A" if good[-1] != "A" else "B")),
                          ("a path", good.replace("./.", ".//evil.example.")), ("nothing", ""), ("all", "o.x.y.z"),
                          ("a device's cookie", "d.x.y.1." + "A" * 43)):
        forged = stack.client()
        refused(finish(forged, back, headers={"Cookie": "%s=%s" % (cookie, changed)}), "sign_in_state", forged, "forged: " + name)
    for name, changed in (("another state", {**back, "state": back["state"][:-1] + "-"}), ("no state", {"code": back["code"]}),
                          ("an empty state", {**back, "state": ""})):
        refused(finish(copy_of(mine), changed), "sign_in_state", stack.client(), name)
    refused(finish(copy_of(mine), back, "facebook"), "sign_in_state", stack.client(), "another provider's callback")
    problem(finish(mine, {**back, "x": 1}, headers={"Cookie": "%s=%s; %s=%s" % (cookie, good, cookie, good)}), 400, "malformed",
            "two cookies of the name")
    problem(mine.get(GOOGLE + "/callback?state=a&state=b"), 400, "bad_query", "two states")
    is_(oidc.count(TOKEN), 0, "the provider was not asked")
    is_(copy_of(mine).head(GOOGLE + "/callback?" + urllib.parse.urlencode(back)).status, 405, "HEAD uses nothing up")
    is_(where(finish(mine, {**back, "scope": "openid", "authuser": "0", "hd": "x"})), "/",
        "the good one is still good, whatever comes along")


@test
def replays():
    client, address = stack.client(), an_address()
    url = begin(client)
    before = copy_of(client)
    back = at_google(url, "verified:" + address)
    is_(where(finish(client, back)), "/", "once")
    oidc.seen.clear()
    refused(finish(before, back), "sign_in_state", before, "and never again, with the very cookie")
    is_(oidc.count(TOKEN), 0, "the code goes nowhere")
    fresh = stack.client()
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(begin(fresh)).query)["state"][0]
    refused(finish(fresh, {**back, "state": state}), "sign_in_refused", fresh, "a used code under a fresh state")


@test
def at_the_same_moment():
    """One state, eight callbacks: one wins. And eight first sign-ins of one person make one account."""
    client, address = stack.client(), an_address()
    back = at_google(begin(client), "verified:" + address)
    ends = together([lambda c=copy_of(client): where(finish(c, back)) for _ in range(8)])
    is_((ends.count("/"), ends.count("/sign-in?problem=sign_in_state")), (1, 7), "one wins")
    address = an_address()
    browsers = [stack.client() for _ in range(6)]
    ways = [(browser, at_google(begin(browser), "verified:" + address)) for browser in browsers]
    ends = together([lambda b=browser, back=back: where(finish(b, back)) for browser, back in ways])
    is_(ends, ["/"] * 6, "all are signed in")
    is_((stack.db.users.count_documents({"email": address}),
         stack.db.identities.count_documents({"subject": "verified:" + address}),
         len({me(browser)["id"] for browser in browsers})), (1, 1, 1), "to one account")


def together(functions):
    results = [None] * len(functions)
    barrier = threading.Barrier(len(functions))

    def call(i):
        barrier.wait()
        results[i] = functions[i]()
    threads = [threading.Thread(target=call, args=(i,)) for i in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@test
def mixed_up():
    """A stranger's code or nonce in one's own sign-in, an answer of another issuer."""
    client = stack.client()
    theirs = at_google(begin(stack.client()), "verified:" + an_address())
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(begin(client)).query)["state"][0]
    refused(finish(client, {**theirs, "state": state}), "sign_in_refused", client, "a stranger's code (PKCE)")
    url = re.sub(r"nonce=[^&]+", "nonce=another", begin(client))
    refused(finish(client, at_google(url, "verified:" + an_address())), "sign_in_invalid", client, "another nonce")
    for iss in ("https://evil.example", ""):
        back = at_google(begin(client), "verified:" + an_address())
        refused(finish(client, {**back, "iss": iss}), "sign_in_invalid", client, "iss=" + iss)
    back = at_google(begin(client), "verified:" + an_address())
    del back["iss"]
    refused(finish(client, back), "sign_in_invalid", client, "no iss, although this provider sends one")
    refused(finish(client, {**at_google(begin(client), "alice"), "code": "x" * 2049}), "sign_in_refused", client, "a long code")
    details = {event["detail"] for event in stack.events("sign_in.failed")}
    for detail in ("google id_token: nonce", "google callback: iss", "google code: size"):
        contains(details, detail, "the operator reads: " + detail)


@test
def ways_back():
    """return_to: paths of the studio only."""
    client = stack.client()
    for path in ("//evil.example", "https://evil.example", "http:evil", "/\\evil.example", "\\\\evil.example", "/%09/evil",
                 "/\t/evil.example", "javascript:alert(1)", "evil", "", "/.//evil.example", "/a//b", "/../x", "/.evil",
                 "/x\r\nSet-Cookie: a=b", "/x;y", "/x,y", "/\"x", "/<x>", "/ x", "/é", "/v1/me", "/v1", "/v1/auth/google",
                 "/@evil.example", "/x:y", "/" + "x" * 300, "///", "?x", "#x"):
        reply = client.get(GOOGLE + "?return_to=" + urllib.parse.quote(path, safe=""))
        if path == "/%09/evil":     # harmless text: "%09" stays three characters, and so does the host
            is_(where(finish(client, at_google(where(reply), "alice"))), "/%09/evil", "stays at our place: " + path)
            client = stack.client()
            continue
        problem(reply, 400, "bad_query", "refused: %.60r" % path)
        is_(reply.header("Location"), None, "leads nowhere: %.60r" % path)
    for path in ("/", "/account", "/designs/0190-x?tab=1&y=%20#part", "/" + "x" * 299):
        ok(client.get(GOOGLE + "?return_to=" + urllib.parse.quote(path, safe="")).status == 303, "allowed: %.60r" % path)
    for query in ("?return_to=/&return_to=//evil.example", "?next=/", "?link=2", "?link=", "?return_to=%00"):
        problem(client.get(GOOGLE + query), 400, "bad_query", "refused: " + query)
    is_(where(google(client, "alice", "?return_to=/designs")), "/designs", "and led to in the end")
    ok(finish(client, at_google(begin(client), "alice")).header("Location").startswith(stack.base_url + "/"),
       "by its whole address")


# --- accounts that are there already ------------------------------------------

@test
def an_address_that_has_an_account():
    for kind in ("verified", "hosted"):
        owner = member(stack, full_name="The Owner")
        address = owner.address_of_mail
        client = guest(stack)
        refused(google(client, "%s:%s" % (kind, address)), "account_exists", client, kind + ": not merged")
        is_(stack.db.identities.count_documents({"email": address}), 0, "nothing is linked")
        is_((account(address)["_id"], account(address)["full_name"]), (owner.user, "The Owner"), "the account is what it was")
        ok(client.get("/v1/guest-session").status == 200, "and the guest a guest")
        is_(login(client, address).status, 200, "by the password one gets in")
        is_(where(google(client, "%s:%s" % (kind, address), "?link=1", headers=OWN_PAGE)), "/account", "and links it there")
        is_(me_after(google, "%s:%s" % (kind, address)), owner.user, "which then opens it")


def me_after(way, *arguments):
    client = stack.client()
    way(client, *arguments)
    return (me(client) or {}).get("id")


@test
def an_address_that_nobody_confirmed():
    """Whoever typed it in first must not get into the account of whom the provider vouches for."""
    squatter, address = stack.client(), an_address()
    register(squatter, address, full_name="A Squatter")
    token = token_in(wait_mail(stack, address, "confirm"))
    old = account(address)["_id"]
    client = stack.client()
    is_(where(google(client, "hosted:" + address)), "/", "the provider gives out the address: signed in")
    user = account(address)
    ok(user["_id"] != old and user["auth_provider"] == "google" and user["password_hash"] is None, "to an account of one's own")
    is_(user["full_name"], "Person " + address.split("@")[0], "under one's own name")
    is_(stack.db.users.count_documents({"_id": old}), 0, "what was typed in is gone")
    is_(stack.db.one_time_tokens.count_documents({"user_id": old}), 0, "with its links")
    contains(audited(old), ("registration_replaced", "google"), "which is noted")
    problem(login(squatter, address), 401, "wrong_credentials", "its password opens nothing")
    problem(squatter.post("/v1/auth/verify-email", json={"token": token}), 410, "link_expired", "nor does its link")
    is_(me(client)["id"], user["_id"], "the owner is in")
    # One that was used before (its address became unconfirmed by other means) is nobody's to replace.
    stack.db.users.update_one({"_id": user["_id"]}, {"$set": {"email_verified": False}})
    stack.db.identities.delete_many({"user_id": user["_id"]})
    refused(google(squatter, "hosted:" + address), "account_exists", squatter, "an account that was used stays")


@test
def an_address_that_was_verified_once():
    """It may be another's by now: what was typed in is replaced only when a mail has come back."""
    client, address = stack.client(), an_address()
    register(stack.client(), address)
    old = account(address)["_id"]
    is_(where(google(client, "verified:" + address)), "/confirm-email", "asked for an address")
    is_((account(address)["_id"], me(client)), (old, None), "nothing has changed yet")
    is_(client.post("/v1/auth/provider-email", json={"email": address}).status, 202, "which is given")
    token = token_in(wait_mail(stack, address, "confirm", count=2))
    is_(client.post("/v1/auth/provider-confirm", json={"token": token}).status, 200, "and proven")
    is_((account(address)["_id"] != old, me(client)["email"]), (True, address), "now it is one's own")


@test
def a_closed_account():
    client, address = stack.client(), an_address()
    google(client, "verified:" + address)
    user = me(client)["id"]
    stack.db.users.update_one({"_id": user}, {"$set": {"disabled_at": datetime.datetime.now(UTC)}})
    other = stack.client()
    refused(google(other, "verified:" + address), "account_disabled", other, "does not open")
    is_(audited(user)[-1], ("sign_in_failed", "google"), "which is noted")
    is_(stack.db.sessions.count_documents({"user_id": user}), 1, "no session was made")
    refused(google(other, "hosted:" + address), "account_exists", other, "nor by another identity with its address")
    unconfirmed = an_address()
    register(stack.client(), unconfirmed)
    stack.db.users.update_one({"email": unconfirmed}, {"$set": {"disabled_at": datetime.datetime.now(UTC)}})
    refused(google(other, "hosted:" + unconfirmed), "account_exists", other, "one that was closed unconfirmed is not replaced")
    gone = stack.client()
    google(gone, "verified:" + an_address("gone"))
    stack.db.users.delete_one({"_id": me(gone)["id"]})
    refused(google(other, "verified:" + stack.db.identities.find_one(sort=[("_id", -1)])["email"]), "account_disabled", other,
            "an identity whose account is gone opens nothing")


# --- without an address -------------------------------------------------------

@test
def without_an_address():
    for word, way in (("google", lambda c: google(c, "nomail")), ("google", lambda c: google(c, "unverified:" + an_address())),
                      ("facebook", meta), ("facebook", meta)):
        another_facebook_person("no_email" if word == "facebook" else "good")
        stack.db.identities.delete_many({"subject": "nomail"})
        client, address = guest(stack), an_address()
        made = make(client)
        before = stack.db.users.count_documents({})
        is_(where(way(client)), "/confirm-email", word + ": an address is wanted")
        is_((stack.db.users.count_documents({}), me(client)), (before, None), "there is no account before")
        reply = client.post("/v1/auth/provider-email", json={"email": "not one"})
        is_((reply.status, reply.json()["errors"][0]["pointer"]), (422, "/email"), "which must be one")
        wrong = an_address("typo")
        is_(client.post("/v1/auth/provider-email", json={"email": wrong}).status, 202, "a wrong one")
        is_(client.post("/v1/auth/provider-email", json={"email": address.upper()}).status, 202, "and another")
        token, typo = token_in(wait_mail(stack, address, "confirm")), token_in(wait_mail(stack, wrong, "confirm"))
        is_(stack.db.users.count_documents({}), before, "still none")
        for other in (stack.client(), member(stack)):
            problem(other.post("/v1/auth/provider-confirm", json={"token": token}), 403, "other_browser",
                    "the link is for the browser that signed in")
        problem(client.post("/v1/auth/provider-confirm", json={"token": token + "A"}), 410, "link_expired", "another MAC")
        problem(client.post("/v1/auth/verify-email", json={"token": token}), 410, "link_expired", "another use")
        kept = copy_of(client)
        reply = client.post("/v1/auth/provider-confirm", json={"token": token})
        is_((reply.status, reply.json()), (200, {"signed_in": True}), "the link makes the account and signs in")
        profile = me(client)
        is_((profile["email"], profile["email_verified"], profile["auth_provider"]), (address, True, word), "the account")
        is_([item["id"] for item in client.get("/v1/designs").json()["items"]], [made["id"]], "with the guest's design")
        for used in (token, typo):
            problem(kept.post("/v1/auth/provider-confirm", json={"token": used}), 410, "link_expired", "no link works after that")
        problem(client.post("/v1/auth/provider-email", json={"email": an_address()}), 403, "sign_in_state", "nothing waits any more")
        is_(me_after(lambda c, way=way: way(c)) if word == "facebook" else profile["id"], profile["id"], "and again")
    facebook.mode = "good"
    problem(stack.client().post("/v1/auth/provider-email", json={"email": an_address()}), 403, "sign_in_state", "nobody waits here")


@test
def an_address_of_another_is_not_given_away():
    owner = member(stack)
    another_facebook_person()
    client = stack.client()
    is_(where(meta(client)), "/confirm-email", "Facebook never says that an e-mail is verified")
    replies = [client.post("/v1/auth/provider-email", json={"email": e}) for e in (owner.address_of_mail, an_address())]
    is_((replies[0].status, replies[0].body), (202, replies[1].body), "the same answer")
    text = text_of(wait_mail(stack, owner.address_of_mail, "already"))
    ok("#token=" not in text, "the owner is told, without a link")
    # Registered meanwhile: the link comes too late.
    late = an_address()
    client.post("/v1/auth/provider-email", json={"email": late})
    token = token_in(wait_mail(stack, late, "confirm"))
    register(stack.client(), late)
    stack.db.users.update_one({"email": late}, {"$set": {"email_verified": True}})
    problem(client.post("/v1/auth/provider-confirm", json={"token": token}), 409, "account_exists", "an account that came first")
    stack.db.users.update_one({"email": late}, {"$set": {"email_verified": False}})
    is_(client.post("/v1/auth/provider-confirm", json={"token": token}).status, 200, "one that nobody confirmed is replaced")
    past = datetime.datetime.now(UTC) - datetime.timedelta(seconds=1)
    another_facebook_person()
    client, address = stack.client(), an_address()
    meta(client)
    client.post("/v1/auth/provider-email", json={"email": address})
    token = token_in(wait_mail(stack, address, "confirm"))
    stack.db.one_time_tokens.update_many({"email": address}, {"$set": {"expires_at": past}})
    problem(client.post("/v1/auth/provider-confirm", json={"token": token}), 410, "link_expired", "after a day it is over")
    stack.db.one_time_tokens.update_many({"purpose": "provider_pending"}, {"$set": {"expires_at": past}})
    problem(client.post("/v1/auth/provider-email", json={"email": address}), 403, "sign_in_state", "and the waiting too")


# --- linking ------------------------------------------------------------------

@test
def linking():
    client = member(stack)
    subject = another_facebook_person()
    is_(client.get("/v1/me/identities").json(), {"items": [], "has_password": True}, "none yet")
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}):
        problem(client.get(FACEBOOK + "?link=1", headers=headers), 403, "origin_required", "not led from elsewhere: %s" % headers)
    is_(where(stack.client().get(FACEBOOK + "?link=1", headers=OWN_PAGE)), "/sign-in?problem=session_required", "nobody: sign in")
    is_(where(guest(stack).get(FACEBOOK + "?link=1", headers=OWN_PAGE)), "/sign-in?problem=session_required", "a guest too")
    is_(where(meta(client, "?link=1&return_to=/account", headers=OWN_PAGE)), "/account", "linked")
    item, = client.get("/v1/me/identities").json()["items"]
    is_((item["provider"], item["email"], item["last_used_at"], sorted(item)),
        ("facebook", "fanny@example.com", None, ["created_at", "email", "id", "last_used_at", "provider"]), "and listed")
    is_(audited(client.user)[-1], ("provider_linked", "facebook"), "noted")
    contains(text_of(wait_mail(stack, client.address_of_mail, "another way in")), "Facebook", "and told by mail")
    is_(me_after(meta), client.user, "it opens the account")
    is_(where(meta(client, "?link=1", headers=OWN_PAGE)), "/account", "linked already is linked")
    is_(len(client.get("/v1/me/identities").json()["items"]), 1, "once")
    other = member(stack)
    refused(meta(other, "?link=1", headers=OWN_PAGE), "identity_taken", other, "not to a second account", "/account")
    is_((me(other)["id"], other.get("/v1/me/identities").json()["items"]), (other.user, []), "which stays what it was")
    another_facebook_person()
    refused(meta(client, "?link=1", headers=OWN_PAGE), "identity_taken", client, "nor a second one of the provider", "/account")
    is_(stack.db.identities.find_one({"subject": subject})["user_id"], client.user, "the first stays")
    google(client, "verified:" + an_address(), "?link=1", headers=OWN_PAGE)
    is_([i["provider"] for i in client.get("/v1/me/identities").json()["items"]], ["facebook", "google"], "one of each")


@test
def another_address():
    """Whom the provider names stays who it is, whatever address the account has."""
    client, old, new = stack.client(), an_address(), an_address("new")
    is_(where(google(client, "verified:" + old)), "/", "in by Google")
    user = me(client)["id"]
    hour = datetime.datetime.now(UTC) - datetime.timedelta(hours=1)
    stack.db.sessions.update_many({"user_id": user}, {"$set": {"created_at": hour}})
    stack.restart()
    problem(client.post("/v1/me/email", json={"email": new}), 403, "fresh_login_required", "an hour later")
    google(client, "verified:" + old)
    is_(client.post("/v1/me/email", json={"email": new}).status, 202, "signed in by Google once more")
    token = token_in(wait_mail(stack, new, "new address"))
    is_(client.post("/v1/me/email/confirm", json={"token": token}).json()["email"], new, "another address")
    again = stack.client()
    google(again, "verified:" + old)
    is_((me(again)["id"], me(again)["email"]), (user, new), "Google opens the same account")
    undo = token_in(wait_mail(stack, old, "your address at"))
    is_(stack.client().post("/v1/auth/email-undo", json={"token": undo}).status, 202, "taken back")
    is_(me(again), None, "everybody is signed out")
    google(again, "verified:" + old)
    is_((me(again)["id"], me(again)["email"]), (user, old), "and Google opens it still: it was linked before")


@test
def linking_needs_the_same_member():
    client, other = member(stack), member(stack)
    another_facebook_person()
    url = begin(client, "facebook", "?link=1", headers=OWN_PAGE)
    cookie = "bezel_%d-o" % stack.port
    other.cookies[cookie] = client.cookies[cookie]
    refused(finish(other, at_facebook(url), "facebook"), "sign_in_state", other, "begun by another member", "/account")
    url = begin(client, "facebook", "?link=1", headers=OWN_PAGE)
    kept = client.cookies[cookie]
    client.post("/v1/auth/logout")
    client.cookies[cookie] = kept
    is_(where(finish(client, at_facebook(url), "facebook")), "/account?problem=sign_in_state", "signed out meanwhile")
    is_((me(client), stack.db.identities.count_documents({"subject": facebook.user_id})), (None, 0), "nothing is linked")
    login(client, client.address_of_mail)
    hour = datetime.datetime.now(UTC) - datetime.timedelta(hours=1)
    stack.db.sessions.update_many({"user_id": client.user}, {"$set": {"created_at": hour}})
    is_(where(client.get(FACEBOOK + "?link=1", headers=OWN_PAGE)), "/account?problem=fresh_login_required", "not after an hour")
    login(client, client.address_of_mail)
    url = begin(client, "facebook", "?link=1", headers=OWN_PAGE)
    stack.db.users.update_one({"_id": client.user}, {"$set": {"disabled_at": hour}})
    is_(where(finish(client, at_facebook(url), "facebook")), "/account?problem=account_disabled", "nor to a closed account")
    is_(stack.db.identities.count_documents({"subject": facebook.user_id}), 0, "nothing is linked")


@test
def unlinking():
    client, address = stack.client(), an_address()
    google(client, "verified:" + address)
    listed = client.get("/v1/me/identities").json()
    first = listed["items"][0]["id"]
    is_(listed["has_password"], False, "an account without a password says so")
    problem(client.delete("/v1/me/identities/" + first), 409, "last_way_in", "not the last way in")
    another_facebook_person()
    meta(client, "?link=1", headers=OWN_PAGE)
    ids = [item["id"] for item in client.get("/v1/me/identities").json()["items"]]
    for path in ("/" + first, "/x", "/" + "0" * 36):
        problem(member(stack).delete("/v1/me/identities" + path), 404, "not_found", "nobody else's, nor what is none: " + path[:5])
    problem(stack.client().delete("/v1/me/identities/" + first), 401, "session_required", "nor by nobody")
    problem(stack.client().get("/v1/me/identities"), 401, "session_required", "who sees none")
    ends = together([lambda c=copy_of(client), i=i: c.delete("/v1/me/identities/" + i).status for i in ids])
    is_(sorted(ends), [204, 409], "both at once: one goes, one stays")
    left = client.get("/v1/me/identities").json()["items"]
    is_(len(left), 1, "as is listed")
    user = me(client)["id"]
    is_([event for event in audited(user) if event[0] == "provider_unlinked"],
        [("provider_unlinked", "google" if left[0]["provider"] == "facebook" else "facebook")], "and noted")
    wait_mail(stack, address, "is gone")
    client.post("/v1/auth/password-reset", json={"email": address})
    token = token_in(wait_mail(stack, address, "new password"))
    client.post("/v1/auth/password-reset/confirm", json={"token": token, "password": PASSWORD})
    is_(client.delete("/v1/me/identities/" + left[0]["id"]).status, 204, "with a password the last one may go")
    is_(client.get("/v1/me/identities").json(), {"items": [], "has_password": True}, "and is what is left")
    is_(login(stack.client(), address).status, 200, "by which one gets in")
    is_(client.delete("/v1/me/identities/" + left[0]["id"]).status, 404, "once")
    refused(google(stack.client(), "hosted:" + address), "account_exists", stack.client(), "the identity opens it no longer")


# --- being forgotten ----------------------------------------------------------

def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(person, key=APP_SECRET, text=None, **payload):
    body = {"user_id": person, "algorithm": "HMAC-SHA256", "issued_at": int(time.time()), "expires": 0, **payload}
    text = b64(json.dumps({k: v for k, v in body.items() if v is not None}).encode()) if text is None else text
    return b64(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()) + "." + text


def forget(request, client=None, kind="application/x-www-form-urlencoded"):
    fields = request if isinstance(request, bytes) else urllib.parse.urlencode({"signed_request": request}).encode()
    return (client or stack.client()).post(DELETION, body=fields, origin=False, headers={"Content-Type": kind})


def facebook_member():
    subject, client, address = another_facebook_person(), stack.client(), an_address("fb")
    meta(client)
    client.post("/v1/auth/provider-email", json={"email": address})
    client.post("/v1/auth/provider-confirm", json={"token": token_in(wait_mail(stack, address, "confirm"))})
    client.user, client.address_of_mail = me(client)["id"], address
    return client, subject


@test
def forged_requests_to_forget():
    client, subject = facebook_member()
    good = signed(subject)
    mac, text = good.split(".")
    table = {
        "another secret": signed(subject, "another"), "no MAC": "." + text, "no text": mac + ".", "nothing": "", "no dot": mac + text,
        "another text": mac + "." + signed(subject, user_id="1").split(".")[1], "MAC of another": signed("1").split(".")[0] + "." + text,
        "a padded MAC": mac + "=." + text, "a longer MAC": mac + "A." + text, "a shorter one": mac[:-1] + "." + text,
        "the MAC as hex": hmac.new(APP_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest() + "." + text,
        "three parts": good + ".x", "no algorithm": signed(subject, algorithm=None), "algorithm none": signed(subject, algorithm="none"),
        "algorithm in lower case": signed(subject, algorithm="hmac-sha256"), "ended": signed(subject, expires=int(time.time()) - 120),
        "from the future": signed(subject, issued_at=int(time.time()) + 3600), "no time": signed(subject, issued_at=None),
        "no person": signed(None), "a person of words": signed("abc"), "an empty person": signed(""), "a list": signed([subject]),
        "no JSON": signed("", text=b64(b"\x00\xff{]")), "no object": signed("", text=b64(b"[1]")), "no base64": signed("", text="%%%"),
        "too long": signed(subject, x="y" * 5000), "a selector": signed({"$ne": None}),
    }
    for name, request in table.items():
        reply = forget(request)
        ok(reply.status in (400, 403) and reply.json()["code"] in ("malformed", "forbidden"), "refused: " + name, reply)
    for body, code in ((b"", 422), (b"other=1", 422), (b"signed_request=%zz", 400), (b"signed_request=a.b&signed_request=" + good.encode(), 400)):
        is_(forget(body).status, code, "refused: %r" % body[:40])
    problem(forget(good, kind="application/json"), 415, "unsupported_media_type", "JSON is no form")
    is_((me(client)["id"], stack.db.identities.count_documents({"subject": subject})), (client.user, 1), "nothing has happened")
    is_(stack.db.data_deletions.count_documents({}), 0, "nothing is noted")


@test
def to_be_forgotten():
    client, subject = facebook_member()
    stack.db.users.update_one({"_id": client.user}, {"$set": {"full_name": "Fanny Face"}})
    waiting = stack.client()
    facebook_again = facebook.user_id
    reply = forget(signed(subject))
    is_(reply.status, 200, "forgotten")
    answer = reply.json()
    ok(re.fullmatch(r"[0-9a-f]{32}", answer["confirmation_code"]) and answer["url"].startswith(stack.base_url + "/"), "says so", answer)
    page = stack.client().get(answer["url"][len(stack.base_url):])
    is_((page.status, page.header("Content-Type")), (200, "text/html; charset=utf-8"), "on a page for people")
    ok("Facebook was deleted on" in page.text and subject not in page.text and "Fanny" not in page.text, "without a name", page.text)
    is_(stack.client().get("/docs/data-deletion/" + "0" * 32).status, 404, "there is none for other codes")
    is_(stack.db.identities.count_documents({"subject": subject}), 0, "the identity is gone")
    user = stack.db.users.find_one({"_id": client.user})
    is_((user["full_name"], user["email"], me(client)), (None, client.address_of_mail, None), "with the name; signed out")
    is_(audited(client.user)[-1], ("provider_data_deleted", "facebook"), "noted")
    everything = json.dumps([list(stack.db[name].find({})) for name in stack.db.list_collection_names()], default=str)
    ok(subject not in everything, "the subject stands nowhere any more")
    wait_mail(stack, client.address_of_mail, "is gone")
    is_(forget(signed(subject)).json(), answer, "again: the same answer")
    is_(len([e for e in audited(client.user) if e[0] == "provider_data_deleted"]), 1, "and nothing more")
    ok(forget(signed("4711")).json()["confirmation_code"] != answer["confirmation_code"], "an unknown person is forgotten too")
    waiting.post("/v1/auth/password-reset", json={"email": client.address_of_mail})
    token = token_in(wait_mail(stack, client.address_of_mail, "new password"))
    waiting.post("/v1/auth/password-reset/confirm", json={"token": token, "password": PASSWORD})
    is_((me(waiting) or {}).get("id"), client.user, "the account is still its owner's, by mail")
    is_(facebook_again, subject, "the same person")
    facebook.user_id = subject
    is_(where(meta(stack.client())), "/confirm-email", "who is new to us")


@test
def to_be_forgotten_beside_a_password():
    client, subject = member(stack, full_name="Own Name"), another_facebook_person()
    meta(client, "?link=1", headers=OWN_PAGE)
    pending = stack.client()
    is_(forget(signed(subject)).status, 200, "forgotten")
    is_((me(client)["full_name"], client.get("/v1/me/identities").json()["items"]), ("Own Name", []), "the account goes on")
    facebook.user_id = subject
    meta(pending)
    is_(stack.db.one_time_tokens.count_documents({"subject": subject}), 1, "a sign-in that waits for an address")
    together([lambda: forget(signed(subject)).status for _ in range(4)])
    is_(stack.db.one_time_tokens.count_documents({"subject": subject}), 0, "is forgotten as well")
    problem(pending.post("/v1/auth/provider-email", json={"email": an_address()}), 403, "sign_in_state", "and nothing waits")
    is_(stack.db.data_deletions.count_documents({}), len(stack.db.data_deletions.distinct("_id")), "one note a person")


# --- limits, indexes, secrets -------------------------------------------------

@test
def accounts_are_limited():
    few = Stack(settings={**stack.settings, "register_address_daily": "2"}, port=stack.port)
    stack.stop()
    try:
        with few:
            ends = [where(google(few.client(), "verified:" + an_address())) for _ in range(3)]
            is_(ends, ["/", "/", "/sign-in?problem=rate_limited"], "accounts of one address")
            another_facebook_person("no_email")
            is_(where(meta(few.client())), "/sign-in?problem=rate_limited", "those that wait too")
            facebook.mode = "good"
    finally:
        stack.start()


@test
def codes_of_ones_own_making():
    """Each asks the provider, which holds a worker: so not without end."""
    few = Stack(settings={**stack.settings, "login_address_failures": "2", "login_window_s": "3600"}, port=stack.port)
    stack.stop()
    try:
        with few:
            ends = []
            for _ in range(3):
                client = few.client()
                state = urllib.parse.parse_qs(urllib.parse.urlsplit(begin(client)).query)["state"][0]
                ends.append(where(finish(client, {"state": state, "code": "invented", "iss": oidc.url})))
            is_(ends[2], "/sign-in?problem=rate_limited", "the third is not passed on")
            ok("rate_limited" not in "".join(ends[:2]), "the first two are", ends)
    finally:
        stack.start()


@test
def indexes_are_used():
    for collection, query, index in (("identities", {"issuer": "x", "subject": "y"}, "by_subject"),
                                     ("identities", {"user_id": "x"}, "by_user"),
                                     ("one_time_tokens", {"subject": "x", "issuer": "y"}, "by_subject")):
        plan = json.dumps(stack.db[collection].find(query).explain()["queryPlanner"]["winningPlan"], default=str)
        ok('"indexName": "%s"' % index in plan, "%s by %s" % (collection, index), plan)
    ttl = {c: stack.db[c].index_information()["expires_at"].get("expireAfterSeconds") for c in ("oauth_states", "data_deletions")}
    is_(ttl, {"oauth_states": 0, "data_deletions": 0}, "notes end by themselves")


@test
def nothing_secret_is_kept():
    everything = json.dumps([list(stack.db[name].find({})) for name in stack.db.list_collection_names()], default=str)
    logs = stack.log("bezel") + stack.log("nginx/access") + stack.log("nginx/error")
    secret = [SECRET, APP_SECRET, *facebook.tokens, *[word for word in told if len(word) > 20]]
    is_([word for word in secret if word in everything], [], "no code, state, token or secret in the database")
    is_([word for word in secret if word in logs], [], "nor in a log")
    ok(len(secret) > 100, "of many", len(secret))


told = []
port = free_port()
oidc = Oidc(redirect="http://127.0.0.1:%d/v1/auth/google/callback" % port)
facebook = Facebook()
tap.at_end(oidc.close)
tap.at_end(facebook.close)
stack = Stack(port=port, settings={
    "provider": "mem", "session_cache_s": "0", "register_address_daily": "100000", "mail_address_hourly": "1000",
    "google_issuer": oidc.url, "google_client_id": "rp", "google_prompt": "", "facebook_app_id": APP_ID,
    "facebook_graph_url": facebook.url, "facebook_dialog_url": facebook.url})
stack.settings["google_client_secret_file"] = stack.secret("google.secret", SECRET)
stack.settings["facebook_app_secret_file"] = stack.secret("facebook.secret", APP_SECRET)
stack.start()
main(300)
