#!/usr/bin/python3
"""API keys: their whole life, what each scope opens and nothing else does, what programs must send, test mode."""
import concurrent.futures
import datetime
import hashlib
import json as json_module
import os
import re
import shutil
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from members import PASSWORD, login, member, text_of, wait_mail
from openapi import load
from stack import SLOWER, SRCDIR, Stack, wait_for
from studio import body, metric, over, picture
from tap import contains, is_, main, ok, test

PATH = "/v1/api-keys"
NOBODY = "019a0000-0000-7000-8000-000000000000"
BEARER = 'Bearer realm="bezel"'
INVALID = BEARER + ', error="invalid_token"'
LIMITS = {"free_designs_daily": "1000", "free_designs_monthly": "1000", "free_refinements_daily": "1000",
          "free_refinements_monthly": "1000",
          "fresh_login_s": "7200"}
OPENAPI = json_module.loads(load(SRCDIR, "etc/openapi.json"))
SCOPES = OPENAPI["components"]["schemas"]["ApiKeyNew"]["properties"]["scopes"]["items"]["enum"]
ALL = list(SCOPES)


def problem(reply, status, code, name):
    is_((reply.status, reply.json().get("code")), (status, code), name)
    return reply


def refused(reply, name):
    problem(reply, 401, "invalid_api_key", name)
    is_(reply.header_all("WWW-Authenticate"), [INVALID], name + ": WWW-Authenticate")


def make_key(owner, scopes=None, name="till", **more):
    reply = owner.post(PATH, json={"name": name, "scopes": scopes or ALL, **more})
    assert reply.status == 201, reply
    return reply.json()


def with_key(place, key, scheme="Bearer"):
    """A program: no cookies, no Origin."""
    client = place.client(headers={"Authorization": "%s %s" % (scheme, key)})
    client.key = key
    plain = client.request

    def request(method, path, origin=False, headers=None, **keywords):
        headers = dict(headers or {})
        if method == "POST":
            headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
        return plain(method, path, origin=origin, headers=headers, **keywords)
    client.request = request
    return client


def program(owner, place=None, **more):
    """The same with a new key of all scopes."""
    return with_key(place or stack, make_key(owner, **more)["key"])


def made(client, **changes):
    """A design with its pictures."""
    reply = client.post("/v1/designs", json=body(**changes))
    assert reply.status == 202, reply
    over(client, reply.json()["generation"]["id"])
    return client.get("/v1/designs/" + reply.json()["id"]).json()


def parallel(function, n):
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return [future.result() for future in [pool.submit(function, i) for i in range(n)]]


def used(owner):
    stats = stack.db.users.find_one({"_id": owner.user})["usage_stats"]
    return stats["designs_today"], stats["refinements_today"], stats["total_designs_created"]


def raw_get(path, *lines):
    """The status of a GET with these very header lines."""
    data = b"GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s\r\n" % (
        path.encode(), b"".join(line + b"\r\n" for line in lines))
    reply = stack.client().raw(data)
    return int(reply.split(b" ")[1]) if reply.startswith(b"HTTP/") else 0


def write_key(place):
    """For a service that is never asked."""
    path = os.path.join(place.folder, "gemini.key")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write("nobody-asks\n")
    if os.getuid() == 0:
        shutil.chown(path, "bezel", "bezel")
    return path


# --- the life of a key
@test
def a_key_is_made_and_shown_once():
    eve = member(stack)
    reply = eve.post(PATH, json={"name": "The till", "scopes": ["designs:read", "generate"]})
    key = reply.json()
    is_((reply.status, reply.header("Location"), reply.header("Cache-Control")),
        (201, PATH + "/" + key["id"], "no-store"), "made")
    ok(re.fullmatch(r"bzl_live_[0-9a-f]{32}[A-Za-z0-9_-]{43}", key["key"]), "a live key", key["key"])
    is_((key["name"], key["mode"], key["scopes"], key["prefix"], key["last_used_at"], key["expires_at"],
         key["revoked_at"]), ("The till", "live", ["designs:read", "generate"], key["key"][:13], None, None, None),
        "as it was asked for")
    stored = stack.db.api_keys.find_one({"_id": key["id"]})
    is_((stored["user_id"], stored["secret_hash"]), (eve.user, hashlib.sha256(key["key"].encode()).hexdigest()),
        "only its hash is stored")
    ok(key["key"] not in str(stored) and key["key"][41:] not in str(stored), "the key is not")
    ok("secret_hash" not in reply.text and "user_id" not in reply.text, "the hash is not shown")
    ok(re.fullmatch(r"bzl_test_.*", make_key(eve, mode="test")["key"]), "a test key says so")
    listed = eve.get(PATH).json()
    is_([(k["name"], k["mode"]) for k in listed["items"]], [("till", "test"), ("The till", "live")], "newest first")
    ok(all("key" not in k for k in listed["items"]) and key["key"] not in json_module.dumps(listed), "without the keys")
    for _ in range(2):
        make_key(eve)
    first = eve.get(PATH + "?limit=3").json()
    second = eve.get(PATH + "?limit=3&cursor=" + first["next_cursor"]).json()
    is_((len(first["items"]), [k["id"] for k in second["items"]], second["next_cursor"]), (3, [key["id"]], None), "pages")
    problem(eve.get(PATH + "?limit=0"), 400, "bad_query", "a bad limit")
    problem(bob.get(PATH + "?cursor=" + first["next_cursor"]), 400, "bad_cursor", "another member's cursor")
    log = list(stack.db.audit_log.find({"user_id": eve.user, "kind": "api_key_made"}).sort("_id"))
    is_((len(log), log[0]["detail"], log[0]["by"]), (4, key["prefix"], "user:" + eve.user), "the audit log has them")


def old_session(place, owner):
    """As if the owner had signed in three hours ago; for a place that remembers no sessions."""
    place.db.sessions.update_many({"user_id": owner.user}, {"$set": {
        "created_at": datetime.datetime.utcnow() - datetime.timedelta(hours=3)}})


@test
def only_after_a_fresh_sign_in():
    dan, json = member(cold), {"name": "shop", "scopes": ["generate"]}
    is_(dan.post(PATH, json=json).status, 201, "lately signed in")
    old_session(cold, dan)
    headers = {"Idempotency-Key": "stale"}
    problem(dan.post(PATH, json=json, headers=headers), 403, "fresh_login_required", "hours later")
    is_(cold.db.api_keys.count_documents({"user_id": dan.user}), 1, "none is made")
    is_((dan.get(PATH).status, dan.delete(PATH + "/" + dan.get(PATH).json()["items"][0]["id"]).status), (200, 204),
        "looking and revoking need none")
    dan.post("/v1/auth/logout")
    assert login(dan, dan.address_of_mail).status == 200
    is_(dan.post(PATH, json=json, headers=headers).status, 201, "signed in again it is made, with the same Idempotency-Key")


@test
def its_owner_gets_a_mail():
    dan = member(stack, full_name="Dan")
    key = make_key(dan, name="<b>not in the mail</b>")
    mail = wait_mail(stack, dan.address_of_mail, "new API key")
    contains(text_of(mail), key["prefix"], "which key")
    contains(text_of(mail), "/account#api-keys", "where to look")
    contains(text_of(mail), "/forgot", "and what to do if it was somebody else")
    ok(key["key"] not in mail.as_string() and "not in the mail" not in mail.as_string(), "nothing else of it")
    job = stack.db.jobs.find_one({"user_id": dan.user, "mail_order.template": "api_key_made"})
    ok(key["key"] not in str(job), "nor in the job")


@test
def whole_or_not_at_all():
    """The audit log takes nothing: so no key is made, no mail is sent, none is revoked."""
    dan = member(cold)
    key = make_key(dan)
    browser = cold.client(allowed=(500,))
    assert login(browser, dan.address_of_mail).status == 200
    validator = cold.db.command("listCollections", filter={"name": "audit_log"})["cursor"]["firstBatch"][0]["options"]["validator"]

    def kinds():
        return (cold.db.api_keys.count_documents({"user_id": dan.user, "revoked_at": None}),
                cold.db.jobs.count_documents({"user_id": dan.user, "mail_order.template": "api_key_made"}))
    cold.db.command("collMod", "audit_log", validator={"_id": "never"})
    try:
        is_(browser.delete(PATH + "/" + key["id"]).status, 500, "revoking fails")
        is_(browser.post(PATH, json={"name": "x", "scopes": ["generate"]}).status, 500, "making fails")
    finally:
        cold.db.command("collMod", "audit_log", validator=validator)
    is_(kinds(), (1, 1), "nothing has changed")
    is_(dan.delete(PATH + "/" + key["id"]).status, 204, "now it is revoked")
    is_((kinds(), cold.db.audit_log.count_documents({"user_id": dan.user, "kind": "api_key_revoked"})), ((0, 1), 1),
        "and the log says so")


@test
def bodies_that_are_refused():
    rows = {"/name": {"scopes": ["generate"]}, "/scopes": {"name": "x"}, "/scopes/0": {"name": "x", "scopes": ["all"]},
            "/scopes/1": {"name": "x", "scopes": ["generate", "generate"]}, "/mode": {
                "name": "x", "scopes": ["generate"], "mode": "prod"},
            "/expires_at": {"name": "x", "scopes": ["generate"], "expires_at": "2020-01-01T00:00:00Z"},
            "/prefix": {"name": "x", "scopes": ["generate"], "prefix": "bzl_live_0000"},
            "/last_used_at": {"name": "x", "scopes": ["generate"], "last_used_at": None}}
    count = stack.db.api_keys.count_documents({})
    for pointer, json in rows.items():
        reply = problem(ann.post(PATH, json=json), 422, "invalid", pointer)
        is_([e["pointer"] for e in reply.json()["errors"]], [pointer], "names it")
    for json in ({"name": "", "scopes": ["generate"]}, {"name": "x" * 101, "scopes": ["generate"]},
                 {"name": "x", "scopes": []}, {"name": "x", "scopes": "generate"}):
        problem(ann.post(PATH, json=json), 422, "invalid", str(json)[:40])
    is_(stack.db.api_keys.count_documents({}), count, "none was made")


@test
def who_makes_keys():
    nobody, guest = stack.client(), stack.client()
    guest.post("/v1/guest-session")
    json = {"name": "x", "scopes": ["generate"]}
    for method, path in (("POST", PATH), ("GET", PATH), ("DELETE", PATH + "/" + NOBODY)):
        problem(nobody.request(method, path, json=json if method == "POST" else None), 401, "session_required",
                "nobody: %s" % method)
        problem(guest.request(method, path, json=json if method == "POST" else None), 403, "account_required",
                "a guest: %s" % method)
        problem(live.request(method, path, json=json if method == "POST" else None), 403, "forbidden", "a key: %s" % method)
    problem(ann.post(PATH, json=json, origin="https://evil.example"), 403, "origin_required", "from another site")


def written(seconds):
    """A time as requests have it."""
    return datetime.datetime.utcfromtimestamp(seconds).isoformat(timespec="milliseconds") + "Z"


@test
def at_most_twenty():
    dan = member(stack)
    for i in range(18):
        make_key(dan, name="key %d" % i)
    replies = parallel(lambda i: dan.post(PATH, json={"name": "one more", "scopes": ["generate"]}), 6)
    is_(sorted(r.status for r in replies), [201, 201, 409, 409, 409, 409], "twenty at most, also at once")
    is_({r.json()["code"] for r in replies if r.status == 409}, {"limit_reached"}, "says why")
    first = dan.get(PATH).json()["items"][0]["id"]
    is_(dan.delete(PATH + "/" + first).status, 204, "one goes")
    end = time.time() + 2 * SLOWER
    make_key(dan, expires_at=written(end))
    problem(dan.post(PATH, json={"name": "x", "scopes": ["generate"]}), 409, "limit_reached", "full again")
    time.sleep(max(0, end - time.time()) + 0.1)
    is_(dan.post(PATH, json={"name": "x", "scopes": ["generate"]}).status, 201, "what has expired does not count")


@test
def a_repeated_creation():
    eve = member(stack)
    json, headers = {"name": "once", "scopes": ["generate"]}, {"Idempotency-Key": "make-a-key"}
    replies = parallel(lambda _: eve.post(PATH, json=json, headers=headers), 20)
    good = [r for r in replies if r.status == 201]
    is_(len(good), 1, "one of twenty made it")
    is_({r.json()["code"] for r in replies if r.status != 201} <= {"already_created", "idempotency_running"}, True,
        "the others are told")
    again = problem(eve.post(PATH, json=json, headers=headers), 409, "already_created", "a replay")
    is_(again.header("Location"), good[0].header("Location"), "which says where it is")
    ok(good[0].json()["key"] not in again.text, "and nothing secret")
    is_(stack.db.api_keys.count_documents({"user_id": eve.user}), 1, "one key")
    problem(eve.post(PATH, json={**json, "name": "other"}, headers=headers), 422, "idempotency_mismatch", "another body")


@test
def revoked_at_once():
    key = make_key(ann)
    client = with_key(stack, key["key"])
    is_({client.get("/v1/designs").status for _ in range(8)}, {200}, "it works, in all workers")
    problem(bob.delete(PATH + "/" + key["id"]), 404, "not_found", "a stranger cannot revoke it")
    problem(ann.delete(PATH + "/" + NOBODY), 404, "not_found", "there is no such key")
    problem(ann.delete(PATH + "/x"), 404, "not_found", "nor that")
    is_(client.get("/v1/designs").status, 200, "it works still")
    is_(ann.delete(PATH + "/" + key["id"]).status, 204, "revoked")
    for _ in range(8):
        refused(client.get("/v1/designs"), "refused at once, by all workers")
    is_(ann.delete(PATH + "/" + key["id"]).status, 204, "again: it is revoked")
    row = next(k for k in ann.get(PATH).json()["items"] if k["id"] == key["id"])
    ok(row["revoked_at"], "the list says when")
    stored = stack.db.api_keys.find_one({"_id": key["id"]})
    is_((stored["forget_at"] - stored["revoked_at"]).days, 30, "the row goes 30 days later")
    is_(stack.db.api_keys.index_information()["forget_at"]["expireAfterSeconds"], 0, "by itself")


@test
def expired():
    end = time.time() + 2 * SLOWER
    soon = written(end)
    key = make_key(ann, expires_at=soon)
    client = with_key(stack, key["key"])
    is_((client.get("/v1/designs").status, key["expires_at"]), (200, soon), "it works until then")
    time.sleep(max(0, end - time.time()) + 0.1)
    refused(client.get("/v1/designs"), "then no more, though it is in memory")
    is_((stack.db.api_keys.find_one({"_id": key["id"]})["forget_at"]
         - stack.db.api_keys.find_one({"_id": key["id"]})["expires_at"]).days, 30, "the row goes 30 days later")


@test
def seen_by_other_hosts():
    """session_cache_s = 0: nothing is remembered, as on a host that has not seen the key yet."""
    dan = member(cold)
    key = make_key(dan)
    client = with_key(cold, key["key"])
    is_(client.get("/v1/designs").status, 200, "it works")
    hour = datetime.datetime.utcnow().replace(minute=0, second=0, microsecond=0)
    ok(cold.db.api_keys.find_one({"_id": key["id"]})["last_used_at"] in (hour, hour - datetime.timedelta(hours=1)),
       "its use is noted, to the hour")
    long_ago = datetime.datetime(2026, 1, 1, 5)
    cold.db.api_keys.update_one({"_id": key["id"]}, {"$set": {"last_used_at": long_ago}})
    commands = metric(cold, "bezel_database_commands_total")
    client.get("/v1/designs/" + NOBODY)
    with_note = metric(cold, "bezel_database_commands_total") - commands
    client.get("/v1/designs/" + NOBODY)
    without = metric(cold, "bezel_database_commands_total") - commands - with_note
    is_((with_note, without), (4, 3), "noted once an hour; key, account, design are read")
    ok(cold.db.api_keys.find_one({"_id": key["id"]})["last_used_at"] >= hour, "and noted again")
    for field, value, name in (("revoked_at", hour, "revoked elsewhere"), ("expires_at", hour, "expired"),
                               ("user_id", NOBODY, "of an account that is gone"), ("user_id", "x", "damaged"),
                               ("secret_hash", "0" * 64, "of another secret")):
        before = cold.db.api_keys.find_one({"_id": key["id"]})[field]
        cold.db.command("collMod", "api_keys", validationLevel="off")
        cold.db.api_keys.update_one({"_id": key["id"]}, {"$set": {field: value}})
        refused(client.get("/v1/designs"), name)
        cold.db.api_keys.update_one({"_id": key["id"]}, {"$set": {field: before}})
    cold.db.users.update_one({"_id": dan.user}, {"$set": {"disabled_at": hour}})
    refused(client.get("/v1/designs"), "of an account that is closed")
    cold.db.users.update_one({"_id": dan.user}, {"$set": {"disabled_at": None}})
    cold.db.api_keys.update_one({"_id": key["id"]}, {"$set": {"mode": "test"}})
    is_(client.get("/v1/designs/" + NOBODY).status, 404, "a damaged mode harms nothing")
    cold.db.api_keys.update_one({"_id": key["id"]}, {"$set": {"scopes": ["designs:read", "everything", 7]}})
    is_((client.get("/v1/designs").status, client.get("/v1/me").status), (200, 403), "scopes that are none open nothing")
    is_(client.get("/v1/designs").status, 200, "it works again")


# --- what is no key
@test
def one_bit_flipped():
    key = make_key(ann)["key"].encode()
    is_(raw_get("/v1/designs", b"Authorization: Bearer " + key), 200, "the key itself")
    let_in, strange = [], []
    for bit in range(len(key) * 8):
        other = bytearray(key)
        other[bit // 8] ^= 1 << bit % 8
        status = raw_get("/v1/designs", b"Authorization: Bearer " + bytes(other))
        if status < 400:
            let_in.append(bit)
        # Control characters are nginx's to refuse; spaces at the end are not part of a header.
        elif status not in (400, 401):
            strange.append((bit, status))
    is_((let_in, strange), ([], []), "each of %d flipped bits is refused" % (len(key) * 8))
    is_({raw_get("/v1/designs", b"Authorization: Bearer " + key[:n]) for n in range(0, len(key))}, {401}, "and each beginning")
    is_(raw_get("/v1/designs", b"Authorization: Bearer " + key + b"A"), 401, "one character more")


@test
def forms_of_the_header():
    key = make_key(ann)["key"].encode()
    for scheme in (b"bearer ", b"BEARER ", b"bEaReR ", b"Bearer   "):
        is_(raw_get("/v1/designs", b"Authorization: " + scheme + key), 200, "scheme %r" % scheme)
    for name, value in (("Basic", b"Basic dXNlcjpwYXNz"), ("no scheme", key), ("no key", b"Bearer"), ("empty", b""),
                        ("two keys", b"Bearer " + key + b" " + key), ("a list", b"Bearer " + key + b", Bearer " + key),
                        ("quotes", b'Bearer "' + key + b'"'), ("not ASCII", b"Bearer " + key[:-2] + b"\xc3\xa9"),
                        ("1 KB", b"Bearer " + key * 12)):
        is_(raw_get("/v1/designs", b"Authorization: " + value), 401, name)
    is_(raw_get("/v1/designs", b"Authorization: Bearer " + key, b"Authorization: Bearer " + key), 400, "twice: nginx refuses")
    ok(raw_get("/v1/designs", b"Authorization: Bearer " + key * 98) in (400, 401, 431), "8 KB")
    is_(raw_get("/v1/designs", b"Authorization: Bearer " + b"x" * 8000), 401, "8000 characters")
    refused(stack.client().get("/v1/designs", headers={"Authorization": "Basic dXNlcjpwYXNz"}), "another scheme")
    before = metric(stack, "bezel_api_key_refusals_total")
    refused(with_key(stack, "bzl_live_" + "0" * 75).get("/v1/designs"), "unknown")
    is_(metric(stack, "bezel_api_key_refusals_total") - before, 1, "is counted")
    reply = stack.client().get("/v1/designs")
    is_((reply.status, reply.header("WWW-Authenticate")), (401, BEARER), "without any: 401 says what would do")
    reply = login(stack.client(), ann.address_of_mail, "wrong " + PASSWORD)
    is_((reply.status, reply.header("WWW-Authenticate")), (401, BEARER), "a wrong password too")
    # A session's cookie is no key, and a key is no cookie.
    value = next(v for n, v in ann.cookies.items() if re.fullmatch(r"bezel(_\d+)?", n))
    refused(with_key(stack, value).get("/v1/designs"), "a session's token as a key")
    name = next(n for n in ann.cookies if re.fullmatch(r"bezel(_\d+)?", n))
    for cookie in (key.decode(), "s_%s.%s" % (live_row["id"], live.key[41:]), "s_%s.%s" % (live_row["id"], live.key)):
        is_(stack.client().get("/v1/designs", headers={"Cookie": "%s=%s" % (name, cookie)}).status, 401, "a key as a cookie")


@test
def cookies_do_not_count():
    cookie = "; ".join("%s=%s" % pair for pair in ann.cookies.items())
    is_(program(bob).get("/v1/me", headers={"Cookie": cookie}).json()["id"], bob.user, "the key decides, not the cookie")
    refused(with_key(stack, "x").get("/v1/me", headers={"Cookie": cookie}), "a bad key with a good cookie")
    is_(live.get("/v1/me", headers={"Cookie": "%%%; =; ;"}).status, 200, "broken cookies do no harm")
    for headers in ({}, {"Origin": "https://shop.example"}, {"Sec-Fetch-Site": "cross-site"}):
        is_(live.post("/v1/designs", json=body(), headers=headers).status, 202, "keys come from anywhere: %s" % headers)
    for path in ("/v1/catalog", "/v1/openapi.json", "/v1/problems/invalid_api_key", "/healthz"):
        is_(stack.client().get(path, headers={"Authorization": "Basic x"}).status, 200, path + " is open to all")


# --- scopes
def rows_of_routes():
    """(method, path, status, scope) of each row: what docs/routes.md says."""
    return [(m, p, int(s), k) for m, p, s, k in re.findall(
        r"^\| ([A-Z]+) \| `([^`]+)` \| (\d+) \| .* \| ([^|]+) \|$", load(SRCDIR, "docs/routes.md"), re.M)]


@test
def each_row_with_each_scope():
    rows = rows_of_routes()
    ok(len(rows) > 35, "there are rows: %d" % len(rows))
    eve = member(stack)
    sets = [[scope] for scope in SCOPES] + [[s for s in SCOPES if s != scope] for scope in SCOPES[:6]]
    keys = [(scopes, with_key(stack, make_key(eve, scopes)["key"])) for scopes in sets]
    wrong, asked, opened = [], 0, set()
    for method, path, _, needs in rows:
        where = path.replace("{id}", NOBODY).replace("{code}", "forbidden")
        where = re.sub(r"\{\w+\}", "x", where)
        declared = OPENAPI["paths"].get(path, {}).get(method.lower(), {})
        said = [s["key"][0] for s in declared.get("security", []) if "key" in s]
        is_(said, [needs] if needs in SCOPES else [], "%s %s: OpenAPI says the same" % (method, path))
        for scopes, client in keys:
            reply = client.request(method, where, json={} if method in ("POST", "PATCH") else None,
                                   headers={"If-Match": '"1-1"'})
            asked += 1
            code = reply.json().get("code") if reply.status >= 400 and path.startswith("/v1/") else None
            if needs == "open to all":
                # What gives a browser a cookie is for pages of ours.
                good = reply.status not in (401, 403) or code == "origin_required" and path == "/v1/shares/{token}/unlock" or \
                    reply.status == 403 and (method, path) == ("POST", "/s/{token}")
            elif needs not in SCOPES:
                good = (reply.status, code) == (403, "forbidden")
            elif needs in scopes:
                good = reply.status not in (401, 403) and reply.status < 500
                opened.add((method, path))
            else:
                good = (reply.status, code) == (403, "scope_required") and needs in reply.json()["detail"] and \
                    reply.header_all("WWW-Authenticate") == [
                        BEARER + ', error="insufficient_scope", scope="%s"' % needs]
            if not good:
                wrong.append((method, path, scopes, reply))
    is_(wrong, [], "%d requests, each as its row says" % asked)
    is_(len(opened), len([r for r in rows if r[3] in SCOPES]), "each row for keys was opened by its scope")
    ok(len([r for r in rows if r[3].startswith("none")]) >= 15, "sessions, passwords and keys are not for keys")
    ok(eve.get("/v1/me/sessions").status == 200 and eve.get(PATH).status == 200, "nothing of it ended session or keys")


# --- what programs must send
@test
def care():
    design = made(live)
    path = "/v1/designs/" + design["id"]
    etag = live.get(path).header("ETag")
    for method in ("PATCH", "DELETE"):
        json = {"is_favorite": True} if method == "PATCH" else None
        problem(live.request(method, path, json=json), 428, "precondition_required", method + " without If-Match")
        problem(live.request(method, path, json=json, headers={"If-Match": '"1-1"'}), 412, "precondition_failed",
                method + " with an old one")
    changed = live.patch(path, json={"is_favorite": True}, headers={"If-Match": etag})
    is_((changed.status, changed.json()["is_favorite"]), (200, True), "PATCH with it")
    problem(live.delete(path, headers={"If-Match": etag}), 412, "precondition_failed", "it has changed since")
    is_(live.delete(path, headers={"If-Match": changed.header("ETag")}).status, 204, "DELETE with it")
    is_(ann.delete("/v1/designs/" + made(live)["id"]).status, 204, "browsers need none")
    for method, pattern, _, needs in rows_of_routes():
        declared = OPENAPI["paths"].get(pattern, {}).get(method.lower(), {})
        if method == "POST" and needs in SCOPES:
            where = pattern.replace("{id}", NOBODY)
            reply = live.post(where, json={}, headers={"Idempotency-Key": None})
            problem(reply, 400, "idempotency_key_required", where + " without Idempotency-Key")
            ok("400" in declared["responses"], "which OpenAPI says")
        if method in ("PATCH", "DELETE") and needs in SCOPES:
            is_("428" in declared["responses"], any(p["name"] == "If-Match" for p in declared["parameters"]), "428 too")
    is_(live.post(path + "/restore").status, 200, "restore asks for no If-Match")


@test
def fifty_at_once():
    dan = member(stack)
    client, second = program(dan), program(dan)
    json = body()
    headers = {"Idempotency-Key": "order-4711"}
    replies = parallel(lambda i: (client, second)[i % 2].post("/v1/designs", json=json, headers=headers), 50)
    good = [r for r in replies if r.status == 202]
    is_(len([r for r in good if r.header("Idempotent-Replayed") is None]), 1, "one of fifty made it")
    is_({r.json()["code"] for r in replies if r.status != 202} - {"idempotency_running"}, set(), "the others wait or see it")
    is_({r.json()["id"] for r in good}, {good[0].json()["id"]}, "one id, whichever key of the account asks")
    is_((stack.db.designs.count_documents({"user_id": dan.user}), used(dan)), (1, (1, 0, 1)), "one design, one charge")
    row = hashlib.sha256(("user:%s|POST|/v1/designs|order-4711" % dan.user).encode()).hexdigest()
    ok(stack.db.idempotency_keys.find_one({"_id": row}), "kept for the account")
    # Not of the first answer: a replay of a design that is made has no generation.
    over(client, stack.db.jobs.find_one({"design_id": good[0].json()["id"]})["_id"])
    trial = program(dan, mode="test").post("/v1/designs", json=json, headers=headers)
    is_((trial.status, trial.header("Idempotent-Replayed")), (202, None), "test mode has Idempotency-Keys of its own")


# --- whose
@test
def whose_things():
    design = made(live)
    stranger = program(bob)
    path = "/v1/designs/" + design["id"]
    is_(stack.db.designs.find_one({"_id": design["id"]})["user_id"], ann.user, "a key makes things of its account")
    is_((ann.get(path).status, ann.get(path).json()["id"]), (200, design["id"]), "which sees them in the browser")
    job = live.post(path + "/generations", json={"num_variations": 1}).json()["id"]
    over(live, job)
    for method, where, json in (("GET", path, None), ("PATCH", path, {"is_favorite": True}), ("DELETE", path, None),
                                ("GET", path + "/versions", None), ("GET", path + "/generations", None),
                                ("POST", path + "/generations", {}), ("POST", path + "/refinements", {"prompt": "x"}),
                                ("POST", path + "/select", {"image_id": design["generated_images"][0]["image_id"]}),
                                ("GET", "/v1/generations/" + job, None), ("POST", "/v1/generations/%s/retry" % job, None)):
        problem(stranger.request(method, where, json=json, headers={"If-Match": "*"}), 404, "not_found",
                "%s %s of another" % (method, where))
    is_(stranger.get("/v1/designs").json()["items"], [], "nor in the list")


@test
def a_warm_key_costs_nothing():
    design = made(live)
    path = "/v1/designs/" + design["id"]
    live.get(path)
    before = metric(stack, "bezel_database_commands_total"), metric(stack, "bezel_api_key_requests_total")
    for _ in range(10):
        assert live.get(path).status == 200
    after = metric(stack, "bezel_database_commands_total"), metric(stack, "bezel_api_key_requests_total")
    is_((after[0] - before[0], after[1] - before[1]), (10, 10), "GET of a design: one command each")


@test
def quota_is_the_accounts():
    dan = member(small)
    client = program(dan, small)
    first = client.post("/v1/designs", json=body())
    is_((first.status, first.header("RateLimit-Policy")), (202, '"gen";q=2;w=86400'), "headers say what there is")
    is_(dan.post("/v1/designs", json=body()).status, 202, "the browser takes from the same")
    problem(client.post("/v1/designs", json=body()), 429, "quota_exceeded", "it is used up")
    is_(client.get("/v1/me/usage").json()["designs_today"]["left"], 0, "which the key may see")
    trial = program(dan, small, mode="test")
    is_({trial.post("/v1/designs", json=body()).status for _ in range(5)}, {202}, "test mode goes on")


# --- test mode
def rows_of_usage(place, design):
    return list(place.db.api_usage_log.find({"design_id": design}))


def whole_trial(place, owner, name):
    """Generation, refinement, upload, refusal and retry in test mode, whatever the provider."""
    client = program(owner, place, mode="test")
    before = place.db.users.find_one({"_id": owner.user})
    calls = metric(place, "bezel_provider_calls_total"), metric(place, "bezel_provider_microdollars_total")
    upload = client.upload("/v1/uploads", picture())
    is_(upload.status, 201, name + ": a reference picture")
    stone = {**body()["gem_data"], "uploaded_image_url": upload.json()["url"]}
    reply = client.post("/v1/designs", json=body(gem_data=stone))
    is_((reply.status, reply.header("RateLimit-Policy"), reply.json()["generation"]["test"]), (202, '"gen";q=200;w=86400', True),
        name + ": made, takes of the day's tests alone, and says that it is a test")
    is_(over(client, reply.json()["generation"]["id"])["status"], "succeeded", name + ": it comes")
    path = "/v1/designs/" + reply.json()["id"]
    design = client.get(path).json()
    is_([(i["generation_parameters"]["test_mode"], i["generation_parameters"]["renderer"])
         for i in design["generated_images"]], [(True, "mem-1")] * 2, name + ": the pictures say so")
    is_(client.get(design["generated_images"][0]["image_url"], headers={"Authorization": None}).status, 200, "and are there")
    job = client.post(path + "/refinements", json={"prompt": "smaller", "refinement_strength": 0.5}).json()
    is_(over(client, job["id"])["status"], "succeeded", name + ": a refinement")
    job = client.post(path + "/generations", json={"num_variations": 2}).json()
    is_(over(client, job["id"])["status"], "succeeded", name + ": further pictures")
    for where, json in (("/generations", {"num_variations": 1, "prompt": "refuse me"}), ("/refinements", {"prompt": "refuse me"})):
        job = client.post(path + where, json=json).json()
        ended = over(client, job["id"])
        is_((ended["status"], ended["slots"][0]["status"]), ("failed", "refused"), name + ": a refusal can be tried too")
        again = client.post("/v1/generations/%s/retry" % job["id"])
        is_(again.status, 202, name + ": and a retry")
        is_(over(client, job["id"])["status"], "failed", name + ": which ends the same")
    stored = place.db.designs.find_one({"_id": design["id"]})
    is_((stored["user_id"], stored["guest_session_id"], stored["metadata"]["total_generation_cost"],
         len(stored["generated_images"]), len(stored["refinements"])), (None, owner.user, 0, 4, 1),
        name + ": kept apart, and cost nothing")
    is_([(j["test"], j["charge"]) for j in place.db.jobs.find({"design_id": design["id"], "kind": {"$ne": "object_deletion"}})],
        [(True, None)] * 5, name + ": its jobs say test, and are not charged, not to the address either")
    usage = rows_of_usage(place, design["id"])
    is_({(u["model_used"], u["cost_usd"], u["user_id"]) for u in usage}, {("mem-1", 0, None)}, name + ": usage rows cost 0")
    is_(len(usage), 9, name + ": one a call")
    after = place.db.users.find_one({"_id": owner.user})
    is_(after["usage_stats"], before["usage_stats"], name + ": no quota is charged")
    is_((metric(place, "bezel_provider_calls_total"), metric(place, "bezel_provider_microdollars_total")), calls,
        name + ": the provider is not asked")
    return client, design


@test
def test_mode():
    client, design = whole_trial(stack, ann, "mem")
    path = "/v1/designs/" + design["id"]
    for other, name in ((live, "a live key"), (ann, "the browser"), (program(bob, mode="test"), "another's test key")):
        problem(other.get(path), 404, "not_found", "%s does not see it" % name)
    is_([d["id"] for d in client.get("/v1/designs").json()["items"]], [design["id"]], "its own list has it alone")
    is_([d["id"] for d in program(ann, mode="test").get("/v1/designs").json()["items"]], [design["id"]],
        "another test key of the account sees the same")
    problem(client.get("/v1/designs/" + made(live)["id"]), 404, "not_found", "nor does it see live ones")
    is_(client.get("/v1/me").json()["id"], ann.user, "GET /v1/me is the account's")
    ok("designs_today" in client.get("/v1/me/usage").json(), "so is its use")
    etag = client.get(path).header("ETag")
    changed = client.patch(path, json={"is_favorite": True}, headers={"If-Match": etag})
    is_((changed.status, changed.json()["is_favorite"]), (200, True), "it can be changed")
    is_(client.delete(path, headers={"If-Match": changed.header("ETag")}).status, 204, "trashed")
    is_(client.post(path + "/restore").status, 200, "restored")
    is_(client.get(path + "/checks").status, 200, "checked")
    key = make_key(ann, mode="test")
    again = with_key(stack, key["key"].replace("_test_", "_live_"))
    refused(again.get("/v1/designs"), "a test key is not a live one by another word")
    # Retention takes it like a guest's: a day later, and nothing that is live.
    kept = made(live)["id"]
    old = datetime.datetime.utcnow() - datetime.timedelta(days=2)
    stack.db.designs.update_many({"_id": {"$in": [design["id"], kept]}}, {"$set": {"created_at": old}})
    ended = stack.bezel("retention")
    is_((ended.returncode, "1 designs of guests removed" in ended.stdout), (0, True), "two days later it goes")
    problem(client.get(path), 404, "not_found", "it is gone")
    is_(live.get("/v1/designs/" + kept).status, 200, "live ones stay")
    place = os.path.join(stack.state, "objects", design["id"][-2:], design["id"])
    wait_for(lambda: not os.path.isdir(place) or not os.listdir(place), 10, "the pictures to go")


@test
def a_day_of_tests():
    dan = member(small)
    trial, other = program(dan, small, mode="test"), program(dan, small, mode="test")
    first = trial.post("/v1/designs", json=body())
    left = re.fullmatch(r'"gen";r=4;t=(\d+)', first.header("RateLimit"))
    ok(first.status == 202 and left and 0 < int(left.group(1)) <= 86400, "headers say what is left", first.header("RateLimit"))
    over(trial, first.json()["generation"]["id"])
    path = "/v1/designs/%s" % first.json()["id"]
    problem(trial.post(path + "/refinements", json={"prompt": "x", "base_image_id": NOBODY}), 422, "invalid", "a refusal")
    job = other.post(path + "/refinements", json={"prompt": "refuse me"})
    is_((job.status, job.header("RateLimit")[:9]), (202, '"gen";r=3'), "costs nothing; another key takes of the same")
    over(trial, job.json()["id"])
    again = trial.post("/v1/generations/%s/retry" % job.json()["id"])
    is_((again.status, again.header("RateLimit")[:9]), (202, '"gen";r=2'), "a retry counts")
    over(trial, job.json()["id"])
    replies = parallel(lambda _: trial.post("/v1/designs", json=body()), 6)
    is_(sorted(r.status for r in replies), [202] * 2 + [429] * 4, "five in all, also at once")
    last = next(r for r in replies if r.status == 429)
    is_((last.json()["code"], last.header("RateLimit-Policy"), last.header("RateLimit")[:9], 0 < int(last.header("Retry-After")) <= 86400),
        ("quota_exceeded", '"gen";q=5;w=86400', '"gen";r=0', True), "refused with the same headers")
    is_(dan.post("/v1/designs", json=body()).status, 202, "the browser goes on")
    is_(program(member(small), small, mode="test").post("/v1/designs", json=body()).status, 202, "so do other accounts")


@test
def test_mode_whatever_the_provider():
    for place, name in ((hanging, "a provider that hangs"), (gemini, "gemini")):
        whole_trial(place, member(place), name)
    eve = member(hanging)
    reply = program(eve, hanging).post("/v1/designs", json=body())
    is_(reply.json()["generation"]["test"], False, "a live key asks the real provider")
    wait_for(lambda: metric(hanging, "bezel_provider_calls_total") >= 2, 10, "its calls")
    is_(hanging.db.jobs.find_one({"_id": reply.json()["generation"]["id"]})["charge"]["principal"], "user:" + eve.user,
        "and is charged")


@test
def members_keep_their_guests_and_no_tests():
    """The owner of test things is no guest that anybody could be or claim."""
    client = program(bob, mode="test")
    design = made(client)
    is_(stack.db.guest_sessions.find_one({"_id": bob.user}), None, "there is no such guest session")
    guest = stack.client()
    guest.post("/v1/guest-session")
    assert login(guest, bob.address_of_mail).status == 200
    is_(stack.db.designs.find_one({"_id": design["id"]})["guest_session_id"], bob.user, "signing in claims no tests")
    problem(guest.get("/v1/designs/" + design["id"]), 404, "not_found", "nor shows them")


stack = Stack(settings={"provider": "mem", "guest_daily": "1000", "guest_address_daily": "100000", **LIMITS}).start()
cold = Stack(settings={"provider": "mem", "session_cache_s": "0", **LIMITS}).start()
small = Stack(settings={"provider": "mem", **LIMITS, "free_designs_daily": "2", "test_daily": "5"}).start()
hanging = Stack(settings={"provider": "render", "provider_script": "*:hang", **LIMITS}).start()
gemini = Stack(settings={"provider": "gemini", "gemini_base_url": "http://127.0.0.1:1", **LIMITS})
gemini.settings["gemini_api_key_file"] = write_key(gemini)
gemini.start()
ann, bob = member(stack), member(stack)
live_row = make_key(ann)
live = with_key(stack, live_row["key"])
main()
