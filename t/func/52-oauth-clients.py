#!/usr/bin/python3
"""Both halves of sign-ins against a real OpenID provider (oidc-provider) and a stand-in for Facebook: what comes out of
good ones, the word for each bad one, how often the provider is asked, and that no secret is told."""
import base64
import hashlib
import hmac
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import tap
from facebook import APP_ID, APP_SECRET, MODES, USER_ID, Facebook
from faults import workers
from oidc import SECRET, Oidc
from stack import BUILDDIR, SLOWER, Stack, free_port, wait_for
from tap import contains, is_, main, ok, test

REDIRECT = "http://127.0.0.1:8080/v1/auth/google/callback"
FB_REDIRECT = "http://127.0.0.1:8080/v1/auth/facebook/callback"
JWKS, TOKEN, DISCOVERY = "/jwks", "/token", "/.well-known/openid-configuration"
GARBAGE = (200, [("Content-Type", "application/json")], b"\x00\xff{]")
PAGE = (200, [("Content-Type", "text/html")], b"<html>Welcome to the Wi-Fi of the hotel</html>")
ELSEWHERE = (302, [("Location", "http://127.0.0.1:9/")], b"")


class Client:
    """oauth_cli: one process, which keeps what it has fetched."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([os.path.join(BUILDDIR, "t", "tools", "oauth_cli"), *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        clients.append(self)

    def ask(self, **line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("oauth_cli has ended")
        said.append(answer)
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        return self.process.wait(timeout=20 * SLOWER)


class Flow:
    """A sign-in on its way: what a browser's cookie will hold."""

    def __init__(self, client, provider="google", redirect=REDIRECT):
        self.client = client
        self.fixed = {"provider": provider, "redirect_uri": redirect, "state": secrets.token_urlsafe(16),
                      "nonce": secrets.token_urlsafe(16), "code_verifier": secrets.token_urlsafe(32)}
        hidden.append(self.fixed["code_verifier"])

    def begin(self, **more):
        return self.client.ask(do="begin", **{**self.fixed, **more})

    def finish(self, back, **more):
        line = {**self.fixed, "code": back["code"], **more}
        hidden.append(back["code"])
        if "iss" in back and "iss" not in more:
            line["iss"] = back["iss"]
        return self.client.ask(do="finish", **{name: value for name, value in line.items() if value is not None})


clients, said = [], []
hidden = [SECRET, APP_SECRET]
oidc = Oidc(redirect=REDIRECT)
facebook = Facebook()
tap.at_end(oidc.close)
tap.at_end(facebook.close)


def google_client(*more):
    return Client("--issuer", oidc.url, "--client-id", "rp", "--client-secret", SECRET, *more)


def facebook_client(*more):
    return Client("--app-id", APP_ID, "--app-secret", APP_SECRET, "--graph", facebook.url, "--dialog", facebook.url, *more)


def google_return(flow, login="alice"):
    return oidc.sign_in(flow.begin()["url"], login)


def refused(reply, code, detail, name):
    is_((reply["code"], reply.get("detail")), (code, detail), name)


def bounded(reply, seconds, name):
    ok(reply["took_ms"] < seconds * 1000 * SLOWER, name, "%d ms" % reply["took_ms"])


# --- Google ------------------------------------------------------------------

@test
def the_address_for_the_browser():
    """Each parameter, the challenge by Python's own SHA-256, and prompt only when it is set."""
    flow = Flow(google_client("--prompt", "select_account"))
    url = urllib.parse.urlsplit(flow.begin()["url"])
    is_("%s://%s%s" % url[:3], oidc.url + "/auth", "the authorization endpoint of the discovery document")
    digest = hashlib.sha256(flow.fixed["code_verifier"].encode()).digest()
    is_(dict(urllib.parse.parse_qsl(url.query, strict_parsing=True)), {
        "client_id": "rp", "redirect_uri": REDIRECT, "response_type": "code", "scope": "openid email profile",
        "state": flow.fixed["state"], "nonce": flow.fixed["nonce"], "code_challenge_method": "S256",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), "prompt": "select_account"},
        "has these parameters and no others")
    ok("prompt" not in Flow(google_client()).begin()["url"], "no prompt, no parameter")


@test
def people_sign_in():
    client = google_client()
    wants = {
        "alice": ("alice@example.com", True, False, "Alice Example", "https://img.example/alice.png"),
        "unverified": ("eve@example.com", False, False, "Eve", None),
        "nomail": (None, False, False, "No Mail", None),
        "corp": ("bob@corp.example", True, True, "Bob", None),
    }
    for login, want in wants.items():
        flow = Flow(client)
        back = google_return(flow, login)
        is_((back["state"], back["iss"]), (flow.fixed["state"], oidc.url), login + " comes back with state and iss")
        reply = flow.finish(back)
        is_((reply["code"], reply["issuer"], reply["subject"]), ("ok", oidc.url, login), login + " is who they are")
        is_((reply["email"], reply["email_verified"], reply["email_authoritative"], reply["name"], reply["picture_url"]),
            want, login + "'s e-mail, name and picture")


@test
def documents_are_fetched_once():
    client = google_client()
    oidc.seen.clear()
    for _ in range(3):
        flow = Flow(client)
        is_(flow.finish(google_return(flow))["code"], "ok", "a sign-in")
    is_((oidc.count(DISCOVERY), oidc.count(JWKS), oidc.count(TOKEN)), (1, 1, 3), "three sign-ins, one fetch of each document")


@test
def codes_are_bound():
    """To the browser that began (nonce, verifier), to the address and to one use."""
    client = google_client()
    flow = Flow(client)
    back = google_return(flow)
    is_(flow.finish(back)["code"], "ok", "a good sign-in")
    refused(flow.finish(back), "sign_in_refused", "google token: invalid_grant (HTTP 400)", "its code a second time")
    flow = Flow(client)
    refused(flow.finish(google_return(flow), nonce="another"), "sign_in_invalid", "google id_token: nonce", "another nonce")
    flow = Flow(client)
    refused(flow.finish(google_return(flow), code_verifier="x" * 43), "sign_in_refused",
            "google token: invalid_grant (HTTP 400)", "another verifier")
    flow = Flow(client)
    refused(flow.finish(google_return(flow), redirect_uri=REDIRECT + "/x"), "sign_in_refused",
            "google token: invalid_grant (HTTP 400)", "another redirect_uri")
    refused(Flow(client).finish({"code": "made-up", "iss": oidc.url}), "sign_in_refused",
            "google token: invalid_grant (HTTP 400)", "a code that was never given")
    refused(Flow(client).finish({"code": "made up/+&=%\n", "iss": oidc.url}), "sign_in_refused",
            "google token: invalid_grant (HTTP 400)", "a code of odd characters stays one parameter")
    is_(urllib.parse.parse_qs(oidc.seen[-1][2].decode())["code"], ["made up/+&=%\n"], "and arrives as it was")
    refused(Flow(client).finish({"code": "x" * 2049, "iss": oidc.url}), "sign_in_refused", "google code: size",
            "a code without end")


@test
def another_issuers_answer_is_refused():
    client = google_client()
    for iss, name in ((None, "no iss, although the provider sends one"), ("https://evil.example", "another's iss"),
                      (oidc.url + "/", "nearly the iss"), ("", "an empty iss")):
        flow = Flow(client)
        back = google_return(flow)
        oidc.seen.clear()
        refused(flow.finish({"code": back["code"]}, iss=iss), "sign_in_invalid", "google callback: iss", name)
        is_(oidc.count(TOKEN), 0, "the code goes nowhere")


@test
def consent_can_be_refused():
    flow = Flow(google_client())
    back = oidc.sign_in(flow.begin()["url"], "alice", abort=True)
    is_((back["error"], back["state"]), ("access_denied", flow.fixed["state"]), "the callback says so")
    ok("code" not in back, "without a code")


@test
def a_wrong_secret_is_our_own_fault():
    client = Client("--issuer", oidc.url, "--client-id", "rp", "--client-secret", "wrong-secret-0123456789")
    hidden.append("wrong-secret-0123456789")
    flow = Flow(client)
    refused(flow.finish(google_return(flow)), "internal", "google token: invalid_client (HTTP 401)", "a wrong secret")


@test
def keys_rotate():
    """The first unknown kid renews the keys; within the next minute none does."""
    client = google_client()
    flow = Flow(client)
    is_(flow.finish(google_return(flow))["code"], "ok", "signed with the first key")
    oidc.rotate("k2")
    oidc.seen.clear()
    flow = Flow(client)
    is_(flow.finish(google_return(flow))["code"], "ok", "signed with the second key")
    is_(oidc.count(JWKS), 1, "for which the keys were fetched again")
    oidc.rotate("k3")
    for _ in range(3):
        flow = Flow(client)
        refused(flow.finish(google_return(flow)), "sign_in_invalid", "google id_token: unknown_kid", "a third key at once")
    is_(oidc.count(JWKS), 1, "and nothing is fetched for it within the minute")
    other = Flow(google_client())
    is_(other.finish(google_return(other))["code"], "ok", "another process has its own")
    oidc.rotate("k3")
    flow = Flow(other.client)
    refused(flow.finish(google_return(flow)), "sign_in_invalid", "google id_token: signature",
            "another key of the same name")


@test
def keys_stay_while_they_cannot_be_fetched():
    have = [google_client(), google_client()]
    for client in have:
        flow = Flow(client)
        is_(flow.finish(google_return(flow))["code"], "ok", "the keys are there")
    oidc.rotate("k4")
    for client, how in zip(have, (dict(instead=(503, [], b"")), dict(instead=GARBAGE))):
        oidc.spoil(JWKS, **how)
        flow = Flow(client)
        oidc.seen.clear()
        refused(flow.finish(google_return(flow)), "sign_in_invalid", "google id_token: unknown_kid",
                "an unknown kid while the keys are away")
        is_(oidc.count(JWKS), 1, "which were asked for")
    oidc.spoil(JWKS)
    oidc.rotate("k3")
    for client in have:
        flow = Flow(client)
        is_(flow.finish(google_return(flow))["code"], "sign_in_invalid", "a new key of the old name is not the old one")
    other = google_client()
    flow = Flow(other)
    oidc.spoil(JWKS, instead=(503, [], b""))
    refused(flow.finish(google_return(flow)), "sign_in_unavailable", "google keys: bad_reply (HTTP 503)",
            "without any keys it is the provider's fault")
    oidc.spoil(JWKS, instead=(200, [("Content-Type", "application/json")], b'{"keys":[]}'))
    flow = Flow(other)
    refused(flow.finish(google_return(flow)), "sign_in_invalid", "google keys: not_keys", "an empty set of keys")
    oidc.spoil(JWKS)
    flow = Flow(other)
    is_(flow.finish(google_return(flow))["code"], "ok", "and then all is well")


@test
def discovery_is_judged():
    changes = {
        "issuer": [lambda d: {**d, "issuer": "https://evil.example"}, lambda d: {**d, "issuer": oidc.url + "/"},
                   lambda d: {**d, "issuer": None}, lambda d: {k: v for k, v in d.items() if k != "issuer"}],
        "endpoints": [lambda d: {**d, "token_endpoint": "https://evil.example/token"},
                      lambda d: {**d, "authorization_endpoint": "javascript:alert(1)//"},
                      lambda d: {**d, "jwks_uri": "file:///etc/passwd"},
                      lambda d: {**d, "authorization_endpoint": oidc.url + "/auth#x"},
                      lambda d: {**d, "authorization_endpoint": oidc.url + "/a\r\nb"},
                      lambda d: {k: v for k, v in d.items() if k != "jwks_uri"}],
    }
    for word, list_of in changes.items():
        for number, change in enumerate(list_of):
            oidc.spoil(DISCOVERY, change=change)
            refused(Flow(google_client()).begin(), "sign_in_invalid", "google discovery: " + word,
                    "a discovery document with faulty %s (%d)" % (word, number))
    # An http endpoint that is not on loopback is never connected to.
    oidc.spoil(DISCOVERY, change=lambda d: {**d, "token_endpoint": "http://192.0.2.1/token"})
    flow = Flow(google_client())
    back = google_return(flow)
    reply = flow.finish(back)
    is_(reply["code"], "sign_in_unavailable", "an address elsewhere")
    contains(reply["detail"], "google token: forbidden_address", "is refused before anything is sent")
    oidc.spoil(DISCOVERY)


@test
def faulty_answers():
    """Of the document that the first half needs, and of the token endpoint."""
    rows = [
        (dict(instead=(500, [], b"")), "sign_in_unavailable", "bad_reply (HTTP 500)"),
        (dict(instead=(429, [], b"{}")), "sign_in_unavailable", "bad_reply (HTTP 429)"),
        (dict(instead=PAGE), "sign_in_unavailable", "bad_reply"),
        (dict(instead=GARBAGE), "sign_in_unavailable", "bad_reply"),
        (dict(instead=ELSEWHERE), "sign_in_unavailable", "bad_reply (HTTP 302)"),
        (dict(instead=(200, [], b'{"a":"' + b"x" * 70000 + b'"}')), "sign_in_unavailable", "too_large"),
        (dict(lie=100), "sign_in_unavailable", "cut"),
    ]
    for how, code, word in rows:
        oidc.spoil(DISCOVERY, **how)
        refused(Flow(google_client()).begin(), code, "google discovery: " + word, "discovery: " + word)
    oidc.spoil(DISCOVERY)
    client = google_client()
    oidc_error = lambda status, word: dict(instead=(status, [], json.dumps({"error": word}).encode()))
    rows += [
        (oidc_error(400, "redirect_uri_mismatch"), "internal", "redirect_uri_mismatch (HTTP 400)"),
        (oidc_error(503, "temporarily_unavailable"), "sign_in_unavailable", "temporarily_unavailable (HTTP 503)"),
        (oidc_error(500, "invalid_client"), "sign_in_unavailable", "invalid_client (HTTP 500)"),
        (oidc_error(400, "Bad\nword 4/0AX"), "sign_in_unavailable", "other (HTTP 400)"),
        (oidc_error(200, "invalid_grant"), "sign_in_refused", "invalid_grant"),
        (dict(instead=(200, [], b'{"access_token":"x"}')), "sign_in_invalid", "no_id_token"),
        (dict(instead=(200, [], b'{"id_token":5}')), "sign_in_invalid", "no_id_token"),
    ]
    for how, code, word in rows:
        flow = Flow(client)
        back = google_return(flow)
        oidc.spoil(TOKEN, **how)
        oidc.seen.clear()
        refused(flow.finish(back), code, "google token: " + word, "token: " + word)
        is_(oidc.count(TOKEN), 1, "a code is sent once")
        oidc.spoil(TOKEN)
    flow = Flow(client)
    back = google_return(flow)
    oidc.spoil(TOKEN, change=lambda d: {**d, "id_token": "x.y.z"})
    refused(flow.finish(back), "sign_in_invalid", "google id_token: malformed", "an ID token that is none")
    oidc.spoil(TOKEN, instead=(200, [], json.dumps({"id_token": "A" * 17000}).encode()))
    flow = Flow(client)
    refused(flow.finish(google_return(flow)), "sign_in_invalid", "google id_token: too_large", "an ID token without end")
    oidc.spoil(TOKEN)


@test
def tokens_of_another_time():
    """Our clock an hour off: tokens live an hour, and a minute of difference is allowed."""
    for skew, detail in ((-3 * 60, "iat"), (3600 + 3 * 60, "exp"), (-30, None), (3600 - 10, None), (3600 + 30, None)):
        flow = Flow(google_client())
        back = google_return(flow)
        flow.client.ask(do="skew", ms=skew * 1000)
        reply = flow.finish(back)
        is_((reply["code"], reply.get("detail")), ("ok", None) if detail is None
            else ("sign_in_invalid", "google id_token: " + detail), "a clock that is %d s off" % skew)


@test
def a_slow_provider_holds_nobody_for_long():
    """Three quarters of the time to the deadline at most, whichever answer is slow, and five seconds for one."""
    oidc.spoil(DISCOVERY, slow=20)
    reply = Flow(google_client()).begin(ms=2000)
    refused(reply, "sign_in_unavailable", "google discovery: timeout", "a slow discovery document")
    bounded(reply, 2, "ends before the deadline")
    reply = Flow(google_client()).begin(ms=60000)
    refused(reply, "sign_in_unavailable", "google discovery: timeout", "with a minute of time")
    bounded(reply, 7, "one answer has five seconds")
    ok(reply["took_ms"] > 4500, "and no less", reply["took_ms"])
    oidc.spoil(DISCOVERY)
    flow = Flow(google_client())
    back = google_return(flow)
    oidc.spoil(TOKEN, slow=1.0)
    oidc.spoil(JWKS, slow=20)
    reply = flow.finish(back, ms=3000)
    refused(reply, "sign_in_unavailable", "google keys: timeout", "each answer slow")
    bounded(reply, 3, "ends before the deadline too")
    oidc.spoil(TOKEN)
    oidc.spoil(JWKS)
    reply = Flow(google_client()).begin(ms=0)
    refused(reply, "sign_in_unavailable", "google discovery: timeout", "no time at all")
    bounded(reply, 0.5, "ends at once")


@test
def a_provider_that_is_down():
    client, flow = google_client(), Flow(google_client())
    back = google_return(flow)
    oidc.stop_proxy()
    for reply, step in ((Flow(client).begin(), "discovery"), (flow.finish(back), "token")):
        is_(reply["code"], "sign_in_unavailable", step + " of a provider that is down")
        contains(reply["detail"], "google %s: connect" % step, "says that nobody listens")
        is_(reply["message"], "Google does not answer as it should. Please try again in a while.", "and what people read")
        bounded(reply, 4, "soon")
    oidc.start_proxy()
    flow = Flow(client)
    is_(flow.finish(google_return(flow))["code"], "ok", "it comes back, and so do we")


# --- Facebook ----------------------------------------------------------------

def facebook_flow(client):
    flow = Flow(client, "facebook", FB_REDIRECT)
    return flow, facebook.sign_in(flow.begin()["url"])


@test
def facebook_people_sign_in():
    client = facebook_client()
    want = {"issuer": "https://www.facebook.com", "subject": USER_ID, "email": "fanny@example.com", "name": "Fanny Face",
            "picture_url": "https://img.example/fanny.jpg", "email_verified": False, "email_authoritative": False, "code": "ok"}
    for mode, less in (("good", {}), ("no_email", {"email": None}), ("no_picture", {"picture_url": None}), ("numbers", {}),
                       ("bare", {"email": None, "name": None, "picture_url": None})):
        facebook.mode = mode
        flow, back = facebook_flow(client)
        is_(back["state"], flow.fixed["state"], "back from the dialog")
        facebook.log.clear()
        reply = flow.finish(back)
        is_({name: reply.get(name) for name in want}, {**want, **less}, "%s: %s" % (mode, MODES[mode]))
        is_([entry[:2] for entry in facebook.log], [("POST", "/v25.0/oauth/access_token"), ("GET", "/debug_token"),
                                                    ("GET", "/v25.0/me")], "in three calls")
    facebook.mode = "good"


@test
def facebook_dialog_is_cancelled():
    flow = Flow(facebook_client(), "facebook", FB_REDIRECT)
    back = facebook.sign_in(flow.begin()["url"], "cancel")
    is_((back["error"], back.get("code")), ("access_denied", None), "the callback says so")


@test
def facebook_faults():
    rows = {
        "wrong_app_id": ("sign_in_invalid", "debug_token: app_id"),
        "page_token": ("sign_in_invalid", "debug_token: type"),
        "is_valid_false": ("sign_in_invalid", "debug_token: is_valid"),
        "expired_token": ("sign_in_invalid", "debug_token: expires_at"),
        "no_data": ("sign_in_invalid", "debug_token: app_id"),
        "expired_190": ("sign_in_refused", "me: token (HTTP 401)"),
        "id_mismatch": ("sign_in_invalid", "me: id"),
        "no_token": ("sign_in_invalid", "token: no_access_token"),
        "rate_4": ("sign_in_unavailable", "token: rate_limited (HTTP 403)"),
        "service_2": ("sign_in_unavailable", "token: bad_reply (HTTP 500)"),
        "error_200": ("sign_in_refused", "token: token"),
        "html_error": ("sign_in_unavailable", "token: bad_reply (HTTP 500)"),
        "garbage": ("sign_in_unavailable", "token: bad_reply"),
        "redirect": ("sign_in_unavailable", "token: bad_reply (HTTP 302)"),
        "huge": ("sign_in_unavailable", "me: too_large"),
        "cut": ("sign_in_unavailable", "me: cut"),
        "secret_in_error": ("sign_in_unavailable", "token: unknown_error (HTTP 400)"),
    }
    good = {"good", "no_email", "no_picture", "bare", "numbers", "slow"}
    is_(set(rows) | good, set(MODES), "each mode of the stand-in is in a test")
    client = facebook_client()
    for mode, (code, detail) in rows.items():
        facebook.mode = "good"
        flow, back = facebook_flow(client)
        facebook.mode = mode
        refused(flow.finish(back), code, "facebook " + detail, "%s: %s" % (mode, MODES[mode]))
    is_([entry for entry in facebook.log if entry[1] == "/elsewhere"], [], "a redirection is not followed")
    facebook.mode = "slow"
    flow = Flow(client, "facebook", FB_REDIRECT)
    reply = flow.finish({"code": "x"}, ms=2000)
    refused(reply, "sign_in_unavailable", "facebook token: timeout", "slow: " + MODES["slow"])
    bounded(reply, 2, "and ends before the deadline")
    facebook.mode = "good"


@test
def facebook_codes_and_secrets():
    client = facebook_client()
    flow, back = facebook_flow(client)
    is_(flow.finish(back)["code"], "ok", "a good sign-in")
    refused(flow.finish(back), "sign_in_refused", "facebook token: code (HTTP 400)", "its code a second time")
    flow, back = facebook_flow(client)
    refused(flow.finish(back, redirect_uri=FB_REDIRECT + "x"), "internal", "facebook token: redirect_uri (HTTP 400)",
            "with another redirect_uri")
    wrong = facebook_client("--app-secret", "wrong-app-secret")
    hidden.append("wrong-app-secret")
    flow, back = facebook_flow(wrong)
    refused(flow.finish(back), "internal", "facebook token: client_secret (HTTP 400)", "a wrong secret")
    nowhere = facebook_client("--graph", "http://127.0.0.1:%d" % free_port())
    reply = Flow(nowhere, "facebook", FB_REDIRECT).finish({"code": "x"})
    is_(reply["code"], "sign_in_unavailable", "nobody listens")
    contains(reply["detail"], "facebook token: connect", "which it says")


@test
def facebook_signs_requests():
    """As the callback for data deletion gets them."""
    def request(key=APP_SECRET, **payload):
        body = {"user_id": USER_ID, "algorithm": "HMAC-SHA256", "issued_at": int(time.time()), "expires": 0, **payload}
        text = base64.urlsafe_b64encode(json.dumps(body).encode()).rstrip(b"=")
        mac = base64.urlsafe_b64encode(hmac.new(key.encode(), text, hashlib.sha256).digest()).rstrip(b"=")
        return (mac + b"." + text).decode()

    client = facebook_client()
    reply = client.ask(do="signed", provider="facebook", text=request())
    is_((reply["code"], reply.get("subject")), ("ok", USER_ID), "a good one")
    for word, text in (("signature", request("another")), ("algorithm", request(algorithm="none")),
                       ("expires", request(expires=int(time.time()) - 100)),
                       ("issued_at", request(issued_at=int(time.time()) + 1000))):
        refused(client.ask(do="signed", provider="facebook", text=text), "forbidden", "facebook signed_request: " + word,
                "not for its " + word)


# --- the service -------------------------------------------------------------

@test
def the_service_opens_them():
    """Slow workers hold the clients; a reload that cannot read a secret changes nothing, and no secret is logged."""
    stack = Stack(settings={"provider": "mem", "google_issuer": oidc.url, "google_client_id": "rp",
                            "facebook_app_id": APP_ID, "facebook_graph_url": facebook.url})
    stack.settings["google_client_secret_file"] = stack.secret("google.secret", SECRET)
    stack.settings["facebook_app_secret_file"] = stack.secret("facebook.secret", APP_SECRET)
    oidc.seen.clear()
    with stack:
        slow = workers(stack, "slow")
        ok(slow, "slow workers run")
        is_(stack.client().get("/readyz").json(), {"status": "ready", "failing": []}, "nothing fails")
        is_(oidc.seen, [], "and the provider is not asked before somebody signs in")
        stack.secret("facebook.secret", APP_SECRET, 0o644)
        stack.kill(stack.pid("bezel"), signal.SIGHUP)
        refusals = wait_for(lambda: stack.events("reload.refused"), 20, "the refusal of the reload")
        contains(refusals[0]["detail"], "facebook.secret: is open to group or others", "a reload with a secret that all can read")
        is_(workers(stack, "slow"), slow, "changes nothing")
        stack.secret("facebook.secret", APP_SECRET)
        stack.kill(stack.pid("bezel"), signal.SIGHUP)
        wait_for(lambda: not set(slow) & set(workers(stack, "slow")) and workers(stack, "slow"), 20, "the reload")
        is_(stack.events("worker.failed"), [], "no worker had trouble")
        ok(SECRET not in stack.log("bezel") and APP_SECRET not in stack.log("bezel"), "no secret is in the log")


@test
def the_configuration_is_checked():
    """id without secret, a foreign http address: refused before anything starts."""
    program = os.path.join(BUILDDIR, "bezel")
    for options, part in ((["--google-client-id=rp"], "must be set together"),
                          (["--facebook-app-secret-file=/x"], "must be set together"),
                          (["--google-issuer=http://accounts.example"], "google_issuer must be like"),
                          (["--facebook-app-id=abc", "--facebook-app-secret-file=/x"], "must be digits")):
        ended = subprocess.run([program, "check", "--mongodb-uri=mongodb://127.0.0.1/", *options], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30 * SLOWER, check=False)
        ok(ended.returncode != 0 and part in ended.stdout, " ".join(options), ended.stdout)


# --- both --------------------------------------------------------------------

@test
def nothing_secret_was_said():
    """In none of all answers above; and both tools end without a fault."""
    text = "".join(said)
    hidden.extend(facebook.tokens)
    is_([word for word in set(hidden) if len(word) > 8 and word in text], [], "no code, token, verifier or secret")
    ok(len(said) > 100 and len(set(hidden)) > 50, "of many answers", (len(said), len(set(hidden))))
    is_([client.close() for client in clients if client.process.poll() is None], [0] * len(clients), "all tools end well")


main(600)
