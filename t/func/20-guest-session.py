#!/usr/bin/python3
"""Guest sessions: the cookie that opens, what does not open, when it ends, and requests from other sites."""
import base64
import datetime
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from stack import SLOWER, Stack, wait_for
from studio import body, create, guest, make, over
from tap import contains, is_, main, ok, test

PATH = "/v1/guest-session"


def problem(reply, status, code, name):
    is_((reply.status, reply.json().get("code")), (status, code), name)


def name_of(client):
    return next(iter(client.cookies))


def with_cookie(stack, value, name=None):
    return stack.client().get("/v1/designs", headers={"Cookie": "%s=%s" % (name or "bezel_%d" % stack.port, value)})


@test
def starting():
    client = stack.client()
    reply = client.post(PATH)
    session = reply.json()
    is_((reply.status, reply.header("Location"), reply.header("Cache-Control")), (201, PATH, "no-store"), "started")
    line = reply.header_all("Set-Cookie")
    is_(len(line), 1, "one cookie")
    name, _, rest = line[0].partition("=")
    value, *attributes = [part.strip() for part in rest.split(";")]
    is_(name, "bezel_%d" % stack.port, "its name holds the port, because cookies ignore ports")
    is_((sorted(a.split("=")[0] for a in attributes), "SameSite=Lax" in attributes, "Path=/" in attributes),
        (["HttpOnly", "Max-Age", "Path", "SameSite"], True, True), "HttpOnly, SameSite=Lax, Path=/, no Domain")
    age = int(re.search(r"Max-Age=(\d+)", line[0]).group(1))
    ok(86395 <= age <= 86400, "it lives for a day", age)
    is_((session["uses_left"], session["uses_limit"], session["usage_count"], session["last_design_at"]),
        (10, 10, 0, None), "ten uses")
    ok(86395 <= session["seconds_left"] <= 86400, "time left", session)
    ok("ip_address" not in reply.text and "designs" not in session, "no address, no list of designs")
    ok(session["id"] in value and value.count(".") == 2, "<id>.<expires>.<MAC>", value)
    stored = stack.db.guest_sessions.find_one({"_id": session["id"]})
    is_(stored["ip_address"], "127.0.0.1", "the address is stored")
    reply = client.get(PATH)
    is_((reply.status, reply.json()["id"], reply.json()["uses_left"], reply.header("RateLimit").split(";")[1]),
        (200, session["id"], 10, "r=10"), "time and uses are told")
    made = create(client)
    over(client, made.json()["generation"]["id"])
    got = client.get(PATH).json()
    is_((got["uses_left"], got["usage_count"], got["last_design_at"] is not None), (9, 1, True), "a use less")


@test
def renewing():
    client = guest(stack)
    before = stack.db.guest_sessions.find_one({"_id": client.session})
    stack.db.guest_sessions.update_one({"_id": client.session}, {"$set": {
        "expires_at": before["expires_at"] - datetime.timedelta(hours=5)}})
    reply = client.post(PATH)
    is_((reply.status, reply.json()["id"]), (200, client.session), "renewed: the same session")
    ok(len(reply.header_all("Set-Cookie")) == 1 and reply.json()["seconds_left"] > 86390, "for another day", reply)
    stack.db.guest_sessions.update_one({"_id": client.session}, {"$set": {
        "created_at": before["created_at"] - datetime.timedelta(hours=40)}})
    left = client.post(PATH).json()["seconds_left"]
    ok(8 * 3600 - 10 <= left <= 8 * 3600, "48 hours after its begin at most", left)
    stack.db.guest_sessions.delete_one({"_id": client.session})
    reply = client.post(PATH)
    is_((reply.status, reply.json()["id"] != client.session), (201, True), "a session that is gone: a new one")
    is_(client.get(PATH).json()["id"], reply.json()["id"], "whose cookie takes the place of the old one")


@test
def forged():
    client = guest(stack)
    value = client.cookies[name_of(client)]
    identifier, expires, mac = value.split(".")
    is_(with_cookie(stack, value).status, 200, "the cookie opens")
    other = guest(stack)
    theirs = other.cookies[name_of(other)].split(".")
    raw = base64.urlsafe_b64decode(mac + "=" * (-len(mac) % 4))
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    cases = {
        "nothing": "", "nonsense": "x", "no MAC": identifier + "." + expires, "an empty MAC": identifier + "." + expires + ".",
        "another id": ".".join([theirs[0], expires, mac]), "a later end": ".".join([identifier, str(int(expires) + 1), mac]),
        "another MAC": ".".join([identifier, expires, theirs[2]]), "the id in capitals": value.upper(),
        "a cut MAC": value[:-1], "a longer MAC": value + "A", "padding": value + "=", "four parts": value + ".x",
        "the MAC in base64": ".".join([identifier, expires, base64.b64encode(raw).decode().replace("=", "")])
        if set("-_") & set(mac) else value[:-2] + "+/",
        "other trailing bits": value[:-1] + last[last.index(value[-1]) ^ 1], "a MAC of zeros": ".".join([identifier, expires, "A" * len(mac)]),
        "a leading zero": ".".join([identifier, "0" + expires, mac]), "quotes": '"%s"' % value, "a negative end": ".".join([identifier, "-1", mac]),
        "4000 characters": "x" * 4000, "a kind of token": "v1." + value,
    }
    for name, forged_value in cases.items():
        reply = with_cookie(stack, forged_value)
        is_((reply.status, reply.header("WWW-Authenticate") is not None), (401, True), "a cookie with " + name)
    bad = 0
    for at in range(len(value)):
        flip = "A" if value[at] != "A" else "B"
        bad += with_cookie(stack, value[:at] + flip + value[at + 1:]).status == 401
    is_(bad, len(value), "no character can be changed")
    for name in ("bezel", "__Host-bezel", "bezel_1", "BEZEL_%d" % stack.port):
        is_(with_cookie(stack, value, name).status, 401, "the cookie named " + name)
    own = name_of(client)
    for name, line in (("twice", "%s=%s; %s=%s" % (own, value, own, value)), ("with a second one", "%s=x; %s=%s" % (own, own, value))):
        reply = stack.client().get("/v1/designs", headers={"Cookie": line})
        problem(reply, 400, "malformed", "the cookie " + name)
    reply = stack.client().raw(("GET /v1/designs HTTP/1.1\r\nHost: h\r\nCookie: %s=%s\r\nCookie: %s=%s\r\nConnection: close\r\n\r\n" % (
        own, value, own, "x")).encode())
    contains(reply.split(b"\r\n")[0], b" 400 ", "the cookie in two headers")
    is_(stack.client().get("/v1/designs", headers={"Cookie": "a=b; %s=%s; c=d" % (own, value)}).status, 200, "beside others")
    for method, path in (("GET", PATH), ("POST", "/v1/designs"), ("GET", "/v1/designs"), ("POST", "/v1/uploads")):
        problem(stack.client().request(method, path, json=body() if path == "/v1/designs" and method == "POST" else None),
                401, "session_required", "%s %s without one" % (method, path))
    is_(stack.client().post(PATH, headers={"Cookie": "%s=forged" % own}).status, 201, "a forged cookie is answered with a new session")


@test
def ending():
    """Short sessions; the monitor that removes what has expired is off in this mongod."""
    client = guest(short)
    made = make(client)
    is_(client.get("/v1/designs/" + made["id"]).status, 200, "it lives")
    value = dict(client.cookies)
    time.sleep(2 * SLOWER)
    reply = client.post(PATH)
    is_((reply.status, reply.json()["id"]), (200, client.session), "renewed in time")
    time.sleep(2.2 * SLOWER)
    is_(client.get("/v1/designs/" + made["id"]).status, 200, "lives on")
    old = short.client()
    old.cookies = value
    problem(old.get("/v1/designs"), 401, "session_expired", "the old cookie has ended")
    wait_for(lambda: client.get("/v1/designs").status == 401, 8, "the end of the session")
    for method, path, json in (("GET", "/v1/designs/" + made["id"], None), ("GET", PATH, None), ("POST", "/v1/designs", body()),
                               ("PATCH", "/v1/designs/" + made["id"], {"is_favorite": True}), ("DELETE", "/v1/designs/" + made["id"], None)):
        reply = client.request(method, path, json=json)
        problem(reply, 401, "session_expired", "%s %s afterwards" % (method, path.replace(made["id"], "{id}")))
        contains(reply.header("WWW-Authenticate"), "realm=", "WWW-Authenticate")
    ok(short.db.guest_sessions.find_one({"_id": client.session}), "though the row is still there")
    is_(short.db.designs.find_one({"_id": made["id"]})["is_favorite"], False, "nothing was done")
    reply = client.post(PATH)
    is_((reply.status, reply.json()["id"] != client.session), (201, True), "a new session is another one")
    is_(client.get("/v1/designs/" + made["id"]).status, 404, "which does not own the old designs")
    wait_for(lambda: client.post(PATH).json()["seconds_left"] == 0, 15, "the greatest age")
    ok(True, "renewals end at the greatest age")
    # The cookie lives, the row says that it has ended.
    fresh = guest(stack)
    stack.db.guest_sessions.update_one({"_id": fresh.session}, {"$set": {"expires_at": datetime.datetime(2020, 1, 1)}})
    problem(fresh.get(PATH), 401, "session_expired", "a session that the database says is over")
    problem(create(fresh), 401, "session_expired", "makes nothing")


@test
def other_sites():
    client = guest(stack)
    good = stack.base_url
    cases = [
        (None, None, 403), ("null", None, 403), ("http://evil.example", None, 403), (good, None, 201), (good + "/", None, 403),
        (good.upper(), None, 403), (good.replace("http:", "https:"), None, 403), (good + ".evil.example", None, 403),
        ("http://127.0.0.1:1", None, 403), (None, "same-origin", 201), (None, "same-site", 403), (None, "cross-site", 403),
        (None, "none", 403), (None, "", 403), (good, "cross-site", 403), (good, "same-site", 403),
        ("http://evil.example", "same-origin", 201), ("null", "same-origin", 201), (None, "Same-Origin", 403),
    ]
    for origin, site, status in cases:
        reply = stack.client().request("POST", PATH, origin=False, headers={"Origin": origin, "Sec-Fetch-Site": site})
        is_((reply.status, reply.json().get("code")), (status, "origin_required" if status == 403 else None),
            "Origin %s, Sec-Fetch-Site %s" % (origin, site))
    made = make(client)
    for method, path, json in (("POST", "/v1/designs", body()), ("PATCH", "/v1/designs/" + made["id"], {"is_favorite": True}),
                               ("DELETE", "/v1/designs/" + made["id"], None), ("POST", "/v1/uploads", None),
                               ("POST", "/v1/designs/%s/restore" % made["id"], None)):
        reply = client.request(method, path, json=json, origin="http://evil.example")
        problem(reply, 403, "origin_required", "%s from elsewhere" % method)
        is_(reply.header("Access-Control-Allow-Origin"), None, "and no leave for it")
    is_(stack.db.designs.find_one({"_id": made["id"]})["is_deleted"], False, "nothing was done")
    for site in ("cross-site", "none", None):
        reply = client.get("/v1/designs", headers={"Origin": "http://evil.example", "Sec-Fetch-Site": site})
        is_((reply.status, reply.header("Access-Control-Allow-Origin")), (200, None), "a read is no change, and not shared (%s)" % site)
    reply = stack.client().request("OPTIONS", "/v1/designs", headers={
        "Origin": "http://evil.example", "Access-Control-Request-Method": "POST"})
    is_((reply.status, reply.header("Access-Control-Allow-Origin")), (405, None), "no preflight passes")


@test
def behind_https():
    client = https.client()
    reply = client.request("POST", PATH, headers={"Origin": "https://bezel.example"}, origin=False)
    line = reply.header("Set-Cookie")
    ok(line.startswith("__Host-bezel=") and "; Secure" in line and "; HttpOnly" in line and "Domain" not in line and "; Path=/;" in line,
       "on https the cookie is __Host-bezel, Secure", line)
    is_(client.get("/v1/designs").status, 200, "which opens")
    value = client.cookies["__Host-bezel"]
    for name in ("bezel", "bezel_%d" % https.port):
        is_(https.client().get("/v1/designs", headers={"Cookie": "%s=%s" % (name, value)}).status, 401, "named %s it does not" % name)
    is_(client.request("POST", PATH, headers={"Origin": "http://127.0.0.1:%d" % https.port}, origin=False).status, 403,
        "the origin is that of base_url")


stack = Stack(settings={"provider": "mem"}).start()
short = Stack(settings={"provider": "mem", "guest_session_s": str(int(4 * SLOWER)), "guest_session_max_s": str(int(12 * SLOWER))}, own_mongod=True,
              options=["--mongod-arg", "--setParameter", "--mongod-arg", "ttlMonitorEnabled=false"]).start()
https = Stack(settings={"provider": "mem", "base_url": "https://bezel.example"}).start()
main()
