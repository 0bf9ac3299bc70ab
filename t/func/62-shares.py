#!/usr/bin/python3
"""Links to designs: what their owner sets, what a viewer gets, what is nobody's business, and what is over."""
import base64
import concurrent.futures
import datetime
import hashlib
import hmac
import os
import re
import secrets
import subprocess
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import bson

from members import member
from stack import SLOWER, Stack, clear_of_border, read_secret, wait_for
from studio import design, guest, make, metric
from tap import is_, main, ok, test

NOBODY = "019a0000-0000-7000-8000-000000000000"
WORDS = "seven small stones"        # a password


def problem(reply, status, code, name):
    is_((reply.status, reply.json().get("code")), (status, code), name)
    return reply


def pointers(reply):
    return sorted((e["pointer"], e["code"]) for e in reply.json().get("errors", []))


def made(client, **changes):
    """The id of a design with its pictures."""
    return make(client, **changes)["id"]


def stored(design_id):
    return stack.db.designs.find_one({"_id": design_id})["share_settings"]


def events(where):
    """What the audit log has on links; sorted, for two of one moment are in no order."""
    return sorted(e["kind"] for e in stack.db.audit_log.find({**where, "kind": {"$regex": "^share_"}}))


def change(design_id, **members):
    stack.db.designs.update_one({"_id": design_id}, {"$set": {"share_settings." + k: v for k, v in members.items()}})


def now(seconds=0):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)


def written(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def read_time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def parallel(function, n):
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return [future.result() for future in [pool.submit(function, i) for i in range(n)]]


def key_of(number, kind="share"):
    """As etc says: HKDF of the master key, without salt."""
    master = bytes.fromhex(read_secret(stack.state, "master.key"))
    extracted = hmac.new(bytes(32), master, hashlib.sha256).digest()
    return hmac.new(extracted, b"%s/v2/%d\x01" % (kind.encode(), number), hashlib.sha256).digest()


def masked(identifier, number, nonce):
    """The id of a design, hidden or shown again; 16 bytes."""
    mask = hmac.new(key_of(number, "share-id"), nonce, hashlib.sha256).digest()
    return bytes(a ^ b for a, b in zip(identifier, mask))


def token_by(number, version=2, design_id=NOBODY):
    """A token for a design that the key of this number signs."""
    signed = bytes([version, number]) + secrets.token_bytes(12)
    signed += masked(uuid.UUID(design_id).bytes, number, signed)
    mac = hmac.new(key_of(number), signed, hashlib.sha256).digest()[:18]
    return base64.urlsafe_b64encode(signed + mac).decode()


def key(owner, *scopes, **more):
    """A program with an API key of its own: no cookies, no Origin."""
    reply = owner.post("/v1/api-keys", json={"name": "till", "scopes": list(scopes), **more})
    assert reply.status == 201, reply
    client = stack.client(headers={"Authorization": "Bearer " + reply.json()["key"]})
    plain = client.request

    def request(method, path, headers=None, **keywords):
        headers = dict(headers or {})
        if method == "POST":
            headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
        return plain(method, path, origin=False, headers=headers, **keywords)
    client.request = request
    return client


def keys(*words):
    """As an operator, who may write where the master key lies."""
    ended = subprocess.run([os.path.join(stack.state, "app", "bin", "bezel"), "--config", os.path.join(stack.state, "etc", "bezel.conf"),
                            "keys", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=60 * SLOWER)
    return ended.returncode, ended.stdout + ended.stderr


def share_path(design_id):
    return "/v1/designs/%s/share" % design_id


def share(client, design_id, **body):
    reply = client.put(share_path(design_id), json=body)
    assert reply.status in (200, 201), reply
    return reply.json()


def view(client, token, **keywords):
    return client.get("/v1/shares/" + token, **keywords)


# --- the owner

@test
def a_link_is_made_shown_changed_and_revoked():
    eve, anyone = member(stack), stack.client()
    design_id = made(eve)
    path = share_path(design_id)
    problem(eve.get(path), 404, "not_found", "not shared yet")
    before = design(eve, design_id)
    is_((before["share_settings"]["is_shared"], before["share_settings"]["share_token"]), (False, None), "nor says the design so")
    reply = eve.put(path, json={})
    is_((reply.status, reply.header("Location"), reply.header("Cache-Control")), (201, path, "private, no-cache"), "a new link")
    link = reply.json()
    ok(re.fullmatch(r"[A-Za-z0-9_-]{64}", link["token"]), "its token", link)
    signed = base64.urlsafe_b64decode(link["token"])
    is_(str(uuid.UUID(bytes=masked(signed[14:30], 1, signed[:14]))), design_id, "made for this design")
    ok(uuid.UUID(design_id).bytes[:4] not in signed and uuid.UUID(design_id).bytes[-4:] not in signed, "which it does not tell")
    is_((link["design_id"], link["url"], link["valid"], link["title"], link["show_prompt"], link["password_protected"],
         link["view_count"]), (design_id, stack.base_url + "/s/" + link["token"], True, None, False, False, 0), "as is usual")
    days = (read_time(link["expires_at"]) - now()).total_seconds() / 86400
    ok(29.9 < days <= 30, "it ends in 30 days: %.3f" % days)
    again = eve.get(path)
    is_((again.status, again.json(), again.header("ETag")), (200, link, reply.header("ETag")), "shown as it was made")
    is_(eve.get(path, headers={"If-None-Match": again.header("ETag")}).status, 304, "not twice")
    after = design(eve, design_id)
    ok(after["updated_at"] > before["updated_at"], "the design has changed")
    is_((after["share_settings"]["is_shared"], after["share_settings"]["share_token"]), (True, link["token"]), "and says so")
    is_(sorted(after["share_settings"]), ["expires_at", "is_shared", "password_protected", "share_token", "show_prompt", "title"],
        "without what is nobody's business")
    reply = eve.put(path, json={"title": "For grandmother", "expires_at": None})
    is_((reply.status, reply.header("Location")), (200, None), "changed")
    is_(reply.json(), {**link, "title": "For grandmother", "expires_at": None}, "only what was sent, and never is null")
    is_(eve.put(path, json={"show_prompt": True}).json()["title"], "For grandmother", "what is left out stays")
    is_(eve.put(path, json={"title": None}).json()["title"], None, "null takes the title away")
    is_(eve.put(path).status, 200, "no body changes nothing")
    change(design_id, view_count=7)
    shown = eve.get(path)
    ok(shown.json()["view_count"] == 7 and shown.header("ETag") != again.header("ETag"), "views are told, and are another version")
    is_(eve.put(path, json={"show_prompt": False}).json()["view_count"], 7, "a change keeps them")
    is_(view(anyone, link["token"]).status, 200, "anybody sees it")
    is_(eve.delete(path).status, 204, "revoked")
    problem(view(anyone, link["token"]), 404, "not_found", "it is gone at once")
    problem(eve.get(path), 404, "not_found", "not shared")
    is_(design(eve, design_id)["share_settings"]["share_token"], None, "the design does not show what is kept for undo")
    is_((eve.delete(path).status, eve.delete(path).status), (204, 204), "revoking what is not shared is fine")
    new = share(eve, design_id)
    ok(new["token"] != link["token"], "a new link is another one")
    is_((new["view_count"], new["title"], new["show_prompt"]), (0, None, False), "and begins afresh")
    problem(view(anyone, link["token"]), 404, "not_found", "the old one stays dead")
    is_(stored(design_id)["former_tokens"], [link["token"]], "and is remembered for hosts that do not know yet")
    is_(events({"user_id": eve.user, "detail": "design " + design_id}), ["share_made", "share_made", "share_revoked"],
        "what happened stands in the audit log")


@test
def what_cannot_be():
    eve = member(stack)
    design_id = made(eve)
    path = share_path(design_id)
    past = written(now(-1))
    for body, faults in (({"expires_at": past}, [("/expires_at", "past")]), ({"expires_at": "soon"}, [("/expires_at", "wrong_type")]),
                         ({"title": ""}, [("/title", "too_short")]), ({"title": "x" * 121}, [("/title", "too_long")]),
                         ({"password": "short"}, [("/password", "too_short")]), ({"password": "x" * 129}, [("/password", "too_long")]),
                         ({"password": "password"}, [("/password", "too_common")]), ({"show_prompt": None}, [("/show_prompt", "wrong_type")]),
                         ({"view_count": 1}, [("/view_count", "unknown_field")]), ({"share_token": "x"}, [("/share_token", "unknown_field")]),
                         ({"title": 1, "password": 2}, [("/password", "wrong_type"), ("/title", "wrong_type")])):
        reply = problem(eve.put(path, json=body), 422, "invalid", str(body)[:60])
        got = [(p, "wrong_type" if c.startswith("wrong") or c.startswith("not_") else c) for p, c in pointers(reply)]
        is_(got, faults, "says where and why")
    is_(stored(design_id)["share_token"], None, "nothing was made")
    problem(eve.put(share_path(NOBODY), json={}), 404, "not_found", "a design that is not there")
    problem(eve.put(share_path("x"), json={}), 404, "not_found", "what is no id")
    other = member(stack)
    link = share(eve, design_id)
    for method in ("GET", "PUT", "DELETE"):
        problem(other.request(method, path, json={} if method == "PUT" else None), 404, "not_found", method + " of another's")
    problem(other.post(path + "/restore"), 404, "not_found", "POST of another's")
    is_(eve.get(path).json(), link, "which changes nothing")
    stack.db.designs.update_one({"_id": design_id}, {"$set": {"current_version": None, "share_settings.is_shared": False,
                                                              "share_settings.share_token": None}})
    problem(eve.put(path, json={}), 409, "conflict", "without a picture there is no link")
    eve.delete("/v1/designs/" + design_id)
    problem(eve.put(path, json={}), 409, "conflict", "nor in the trash")


@test
def versions_are_those_of_the_design():
    eve = member(stack)
    design_id = made(eve)
    path = share_path(design_id)
    tag = eve.get("/v1/designs/" + design_id).header("ETag")
    reply = eve.put(path, json={}, headers={"If-Match": tag})
    is_(reply.status, 201, "the design's tag is taken")
    problem(eve.put(path, json={}, headers={"If-Match": tag}), 412, "precondition_failed", "once")
    problem(eve.delete(path, headers={"If-Match": tag}), 412, "precondition_failed", "also for the end")
    problem(eve.put(path, json={}, headers={"If-Match": '"abc"'}), 412, "precondition_failed", "what is no tag of ours")
    reply = eve.put(path, json={"title": "A"}, headers={"If-Match": reply.header("ETag")})
    is_(reply.status, 200, "the link's own tag too")
    eve.patch("/v1/designs/" + design_id, json={"is_favorite": True})
    problem(eve.put(path, json={"title": "B"}, headers={"If-Match": reply.header("ETag")}), 412, "precondition_failed",
            "a star is another version")
    is_(eve.delete(path, headers={"If-Match": eve.get(path).header("ETag")}).status, 204, "the right one ends it")


@test
def who_may():
    eve, visitor, nobody = member(stack), guest(stack), stack.client()
    design_id = made(eve)
    path = share_path(design_id)
    own = share_path(made(visitor))
    for who, status, code in ((visitor, 403, "account_required"), (nobody, 401, "session_required")):
        for method, where in (("PUT", ""), ("GET", ""), ("DELETE", ""), ("POST", "/restore")):
            problem(who.request(method, own + where, json={} if method == "PUT" else None), status, code, "%s: %s" % (code, method))
    problem(eve.put(path, json={}, origin="https://evil.example"), 403, "origin_required", "from our own pages only")
    writer, reader = key(eve, "shares:write", "designs:read"), key(eve, "shares:read")
    tester, stranger = key(eve, "shares:read", "shares:write", mode="test"), key(member(stack), "shares:read", "shares:write")
    for who, method, where in ((reader, "PUT", ""), (reader, "DELETE", ""), (reader, "POST", "/restore"), (writer, "GET", "")):
        headers = {"If-Match": "*"} if method == "DELETE" else None
        problem(who.request(method, path + where, json={} if method == "PUT" else None, headers=headers), 403, "scope_required",
                "a scope for each: %s" % method)
    for method in ("PUT", "GET"):
        problem(tester.request(method, path, json={} if method == "PUT" else None), 403, "forbidden", "no %s in test mode" % method)
        problem(stranger.request(method, path, json={} if method == "PUT" else None), 404, "not_found", "nor with another's key")
    link = writer.put(path, json={"title": "By a program"})
    is_(link.status, 201, "a key makes a link")
    is_(reader.get(path).json(), link.json(), "another one sees it")
    problem(writer.delete(path), 428, "precondition_required", "and must say which version ends")
    is_(writer.delete(path, headers={"If-Match": link.header("ETag")}).status, 204, "which it does")
    is_(writer.post(path + "/restore").status, 200, "and brings it back")
    shown = [writer.get("/v1/designs/" + design_id).json()["share_settings"]["share_token"],
             writer.get("/v1/designs").json()["items"][0]["share_settings"]["share_token"],
             key(eve, "designs:read", "shares:read").get("/v1/designs/" + design_id).json()["share_settings"]["share_token"],
             design(eve, design_id)["share_settings"]["share_token"]]
    is_(shown, [None, None, link.json()["token"], link.json()["token"]], "the link is not told to keys that may not read shares")


@test
def undo():
    eve, anyone = member(stack), stack.client()
    design_id = made(eve)
    path = share_path(design_id)
    problem(eve.post(path + "/restore"), 410, "link_expired", "nothing was ever revoked")
    link = share(eve, design_id, title="A", password=WORDS, show_prompt=True, expires_at=None)
    change(design_id, view_count=3)
    is_(eve.post(path + "/restore").status, 200, "what lives needs no undo")
    eve.delete(path)
    repeat = {"Idempotency-Key": str(uuid.uuid4())}
    reply = eve.post(path + "/restore", headers=repeat)
    is_((reply.status, reply.json()), (200, {**link, "view_count": 3}), "the same link with all its settings")
    again = eve.post(path + "/restore", headers=repeat)
    is_((again.status, again.header("Idempotent-Replayed"), again.json()), (200, "true", reply.json()), "once, however often it is sent")
    problem(view(anyone, link["token"]), 403, "share_locked", "its password too")
    eve.delete(path)
    eve.delete("/v1/designs/" + design_id)
    problem(eve.post(path + "/restore"), 409, "conflict", "not in the trash")
    eve.post("/v1/designs/%s/restore" % design_id)
    change(design_id, revoked_at=now(-59))
    is_(eve.post(path + "/restore").status, 200, "after 59 s")
    eve.delete(path)
    change(design_id, revoked_at=now(-61))
    problem(eve.post(path + "/restore"), 410, "link_expired", "but not after 61")
    problem(view(anyone, link["token"]), 404, "not_found", "and it stays dead")
    is_(events({"user_id": eve.user}), ["share_made", "share_password_set"] + ["share_restored"] * 2 + ["share_revoked"] * 3,
        "all of it is noted")


@test
def tokens_are_forgotten():
    eve = member(stack)
    gone, young, back, changed = [made(eve) for _ in range(4)]
    for design_id in (gone, young, back, changed):
        share(eve, design_id)
    for design_id in (gone, young, back, changed):
        eve.delete(share_path(design_id))
    eve.post(share_path(back) + "/restore")
    link = share(eve, changed)
    versions = {d: stack.db.designs.find_one({"_id": d})["updated_at"] for d in (gone, back, changed)}
    for design_id in (gone, back, changed):
        change(design_id, revoked_at=now(-130))
    change(young, revoked_at=now(-100))
    ended = stack.bezel("retention")
    ok(ended.returncode == 0, "retention", ended.stderr)
    is_((stored(gone)["share_token"], stored(gone)["revoked_at"]), (None, None), "a token long dead is forgotten")
    ok(stored(young)["share_token"], "one whose end hosts may not know is not")
    is_((stored(back)["share_token"] is None, stored(back)["revoked_at"]), (False, None), "one that came back lives on")
    is_((stored(changed)["share_token"], stored(changed)["former_tokens"]), (link["token"], []), "and the links before one are forgotten")
    is_({d: stack.db.designs.find_one({"_id": d})["updated_at"] for d in versions}, versions, "nobody's version has changed")
    plan = str(stack.db.designs.find({"share_settings.revoked_at": {"$gt": datetime.datetime(1970, 1, 1), "$lt": now()}})
               .explain()["queryPlanner"]["winningPlan"])
    ok("IXSCAN" in plan and "by_share_end" in plan, "found by an index", plan)


@test
def many_at_once():
    eve, path = member(stack), None
    design_id = made(eve)
    path = share_path(design_id)
    replies = parallel(lambda n: eve.put(path, json={"title": "Title %d" % n}), 12)
    is_(sorted({r.status for r in replies}), [200, 201], "all are answered")
    is_([r.status for r in replies].count(201), 1, "one makes the link")
    is_({r.json()["token"] for r in replies}, {stored(design_id)["share_token"]}, "which all the others change")
    replies = parallel(lambda n: eve.put(path, json={"title": "A"} if n % 2 else {"show_prompt": True}), 8)
    is_((stored(design_id)["title"], stored(design_id)["show_prompt"]), ("A", True), "no change is lost to another")
    tokens = {stored(design_id)["share_token"]}
    for _ in range(10):
        eve.delete(path)
        tokens.add(share(eve, design_id)["token"])
    is_((len(tokens), len(stored(design_id)["former_tokens"])), (11, 8), "links come and go; the last eight are remembered")
    ok(set(stored(design_id)["former_tokens"]) < tokens - {stored(design_id)["share_token"]}, "none of them is the one that lives")


@test
def new_links_are_limited():
    eve, path = member(few), None
    design_id = make(eve)["id"]
    path = share_path(design_id)
    for n in range(3):
        is_(eve.put(path, json={"title": "x"}).status, 201, "link %d" % (n + 1))
        is_([eve.put(path, json={"title": "y"}).status for _ in range(3)], [200] * 3, "changes do not count")
        eve.delete(path)
    problem(eve.put(path, json={"expires_at": written(now(-5))}), 422, "invalid", "what is refused does not count")
    reply = problem(eve.put(path, json={}), 429, "rate_limited", "the fourth of a day is one too many")
    ok(0 < int(reply.header("Retry-After")) <= 86400, "come again tomorrow", reply)
    is_(eve.post(path + "/restore").status, 200, "undo is no new link")
    other = member(few)
    is_(other.put(share_path(make(other)["id"]), json={}).status, 201, "others have their own count")


# --- the viewer

@test
def what_is_seen():
    eve, anyone = member(stack, full_name="Eve Example"), stack.client()
    design_id = made(eve, gem_data={"type": "ruby", "cut": "OVAL", "color": "Pigeon blood", "transparency": "Transparent",
                                    "size": {"simple": None, "dimensions": {"length_mm": 7.25, "width_mm": 5, "height_mm": None},
                                             "carat_weight": None}},
                     material_preferences={"metals": ["rose gold", "Platinum", "Grandpa's Silver"], "finish": None},
                     original_prompt="A RING <b>like</b> grandmother's, secret words")
    link = share(eve, design_id, expires_at=None)
    reply = view(anyone, link["token"])
    seen = reply.json()
    picture = design(eve, design_id)
    current = [i for i in picture["generated_images"] if i["image_id"] == picture["current_version"]["image_id"]][0]
    name = current["image_url"].split("/")[-1]
    is_({k: seen[k] for k in ("url", "title", "prompt", "stone", "gem_type", "cut", "size", "metals", "finish", "expires_at",
                              "password_protected", "image_url")},
        {"url": link["url"], "title": "Ruby ring", "prompt": None, "stone": "Ruby, oval, 7.25 x 5 mm", "gem_type": "Ruby", "cut": "Oval",
         "size": "7.25 x 5 mm", "metals": "Rose gold, platinum and Grandpa's Silver", "finish": None, "expires_at": None,
         "password_protected": False, "image_url": "/s/%s/i/%s" % (link["token"], name)}, "in words")
    ok(all(word not in reply.text for word in (design_id, eve.user, eve.address_of_mail, "Eve", "secret", "grandmother", "media", "updated")),
       "nothing of who and what else", reply.text)
    is_(reply.header("Cache-Control"), "public, max-age=0, s-maxage=300, stale-while-revalidate=60, stale-if-error=86400", "for caches")
    tags = re.fullmatch(r"(s-[0-9a-f]{16}) (d-[0-9a-f]{16})", reply.header("Surrogate-Key"))
    is_((reply.header("Cache-Tag"), reply.header("xkey")), ("%s,%s" % tags.groups(), reply.header("Surrogate-Key")), "with its tags")
    ok(not reply.header_all("Set-Cookie") and reply.header("Vary") in (None, "Accept-Encoding"), "no cookie, and one version for all",
       (reply.header_all("Set-Cookie"), reply.header("Vary")))
    is_(view(anyone, link["token"], headers={"If-None-Match": reply.header("ETag")}).status, 304, "not twice")
    is_(anyone.head("/v1/shares/" + link["token"]).status, 200, "HEAD")
    eve.patch("/v1/designs/" + design_id, json={"is_favorite": True})
    is_(view(anyone, link["token"]).header("ETag"), reply.header("ETag"), "what is not shown is no other version")
    share(eve, design_id, show_prompt=True, title="My <i>ring</i> & more")
    other = view(anyone, link["token"])
    is_((other.json()["prompt"], other.json()["title"]), ("A RING <b>like</b> grandmother's, secret words", "My <i>ring</i> & more"),
        "the prompt by the owner's leave")
    ok("<b>" not in other.text and other.header("ETag") != reply.header("ETag"), "escaped, and another version", other.text)
    second = [i for i in picture["generated_images"] if i is not current][0]
    eve.post("/v1/designs/%s/select" % design_id, json={"image_id": second["image_id"]})
    is_(view(anyone, link["token"]).json()["image_url"].split("/")[-1], second["image_url"].split("/")[-1], "the picture that was picked")
    for carat, simple, stone in ((1.2, "Large", "Ruby, oval, 1.2 ct"), (None, "Large", "Ruby, oval, large"), (None, None, "Ruby, oval")):
        stack.db.designs.update_one({"_id": design_id}, {"$set": {"gem_data.size": {
            "simple": simple, "dimensions": None, "carat_weight": carat}}})
        reply = view(anyone, link["token"])
        is_(reply.json()["stone"], stone, "its size as far as it is known")
    tags = set()
    for kind, cut in (("Ruby", "oval, x"), ("Ruby, oval", "x")):
        stack.db.designs.update_one({"_id": design_id}, {"$set": {"gem_data.type": kind, "gem_data.cut": cut}})
        reply = view(anyone, link["token"])
        is_([reply.json()[k] for k in ("stone", "gem_type", "cut")], ["Ruby, oval, x", kind, cut], "the same words, parted elsewhere")
        tags.add(reply.header("ETag"))
    is_(len(tags), 2, "are another version")



def without_names(reply):
    """A refusal without what is another one in each answer."""
    body = {k: v for k, v in reply.json().items() if k not in ("instance", "request_id")}
    headers = sorted((k, v) for k, v in reply.headers.items() if k not in ("Date", "X-Request-Id", "Content-Length", "X-Cache"))  # the last one: to this machine alone
    return reply.status, body, headers


@test
def what_is_not_there_looks_the_same():
    eve, anyone = member(stack), stack.client()
    revoked, trashed, gone, unpictured = [share(eve, made(eve)) for _ in range(4)]
    eve.delete(share_path(revoked["design_id"]))
    eve.delete("/v1/designs/" + trashed["design_id"])
    stack.db.designs.delete_one({"_id": gone["design_id"]})
    stack.db.designs.update_one({"_id": unpictured["design_id"]}, {"$set": {"current_version.image_id": NOBODY}})
    shown = share(eve, made(eve))
    live = shown["token"]
    flipped = live[:30] + ("A" if live[30] != "A" else "B") + live[31:]
    tokens = {"never made": token_by(1), "never made of a design that has another": token_by(1, design_id=shown["design_id"]),
              "one of a design with none": token_by(1, design_id=made(eve)), "of another key": token_by(7), "of another version": token_by(1, version=1, design_id=shown["design_id"]),
              "forged": flipped, "cut": live[:-1], "longer": live + "A", "upper case": live.upper(), "an id": NOBODY, "short": "x",
              "revoked": revoked["token"], "trashed": trashed["token"], "gone": gone["token"], "without its picture": unpictured["token"]}
    first = without_names(view(anyone, token_by(1)))
    is_((first[0], first[1]["code"], dict(first[2])["Cache-Control"]), (404, "not_found", "no-store"), "never made")
    ok(not {"Surrogate-Key", "Cache-Tag", "xkey", "ETag", "Set-Cookie"} & set(dict(first[2])), "without tags", first)
    for name, token in tokens.items():
        is_(without_names(view(anyone, token)), first, name)
        problem(anyone.post("/v1/shares/%s/unlock" % token, json={"password": "x"}), 404, "not_found", name + ": no password opens it")
    ok(view(anyone, live).status == 200, "the one that lives")
    eve.post("/v1/designs/%s/restore" % trashed["design_id"])
    is_(view(anyone, trashed["token"]).status, 200, "out of the trash the same link lives again")


def watch_queries():
    stack.db.command("profile", 0)
    stack.db.drop_collection("system.profile")
    stack.db.command("profile", 2, filter={"ns": stack.database + ".designs", "op": "query"})


def queries(member="_id"):
    """What requests asked of designs since then by that member; workers ask for links that have changed meanwhile, and jobs for
    the design that they are about."""
    stack.db.command("profile", 0)
    return [row for row in stack.db["system.profile"].find({"appName": {"$in": ["bezel-web", "bezel-slow"]}})
            if isinstance(row["command"].get("filter", {}).get(member), (str, bool))]


@test
def forged_tokens_cost_the_database_nothing():
    eve, anyone = member(stack), stack.client()
    live = share(eve, made(eve))["token"]
    is_(view(anyone, live).status, 200, "a real one")
    before = metric(stack, "bezel_database_commands_total")
    watch_queries()
    for n in range(400):
        place = n % 64
        letter = "A" if live[place] != "A" else "B"
        ok_now = view(anyone, live[:place] + letter + live[place + 1:]).status == 404
        if not ok_now:
            ok(False, "a forged token at %d" % place)
    is_(metric(stack, "bezel_database_commands_total") - before, 0, "400 forged tokens send no command")
    is_(queries(), [], "which mongod confirms")
    watch_queries()
    before = metric(stack, "bezel_database_commands_total")
    view(anyone, live)
    is_((metric(stack, "bezel_database_commands_total") - before, len(queries())), (1, 1), "a real one sends one")


@test
def one_read_by_id():
    eve, anyone = member(stack), stack.client()
    links = [share(eve, made(eve)) for _ in range(3)]
    watch_queries()
    is_(view(anyone, links[0]["token"]).status, 200, "seen")
    commands = [row["command"] for row in queries()]
    is_(len(commands), 1, "by one read")
    plan = stack.db.command("explain", {k: v for k, v in commands[0].items() if k in ("find", "filter", "projection", "limit", "singleBatch")},
                            verbosity="executionStats")
    text = str(plan["queryPlanner"]["winningPlan"])
    ok("'IDHACK'" in text or "EXPRESS" in text, "by _id, which needs no plan", text)
    is_((plan["executionStats"]["totalDocsExamined"], plan["executionStats"]["totalKeysExamined"]), (1, 1), "of one document")


@test
def a_token_that_is_of_another_design():
    """In a database that somebody has written into: what opens a link is the token's own design."""
    eve, anyone = member(stack), stack.client()
    first, second = share(eve, made(eve)), share(eve, made(eve))
    stack.db.designs.update_one({"_id": first["design_id"]}, {"$set": {"share_settings.share_token": "x" * 64}})
    stack.db.designs.update_one({"_id": second["design_id"]}, {"$set": {"share_settings.share_token": first["token"]}})
    is_([view(anyone, link["token"]).status for link in (first, second)], [404, 404], "neither is shown")
    is_(eve.get(share_path(second["design_id"])).json()["valid"], False, "its owner sees that it is not valid")
    reply = eve.put(share_path(second["design_id"]), json={})
    is_((reply.status, reply.json()["valid"], view(anyone, reply.json()["token"]).status), (201, True, 200), "and makes a new one")


@test
def links_end():
    eve, anyone = member(stack), stack.client()
    seconds = 4 * SLOWER
    link = share(eve, made(eve), expires_at=written(now(seconds)), title="Soon over")
    reply = view(anyone, link["token"])
    is_(reply.status, 200, "still there")
    ages = [int(a) for a in re.findall(r"(?:s-maxage|revalidate|if-error)=(\d+)", reply.header("Cache-Control"))]
    ok(len(ages) == 3 and max(ages) <= seconds, "no cache may hold it longer than it lives", reply.header("Cache-Control"))
    wait_for(lambda: view(anyone, link["token"]).status == 410, 10 + seconds, "the end of a link")
    over = problem(view(anyone, link["token"]), 410, "link_expired", "it has ended")
    ok("Soon" not in over.text and over.header("Cache-Control") == "no-store" and not over.header("Surrogate-Key"), "silently", over)
    is_(eve.get(share_path(link["design_id"])).json()["title"], "Soon over", "its owner sees it")
    again = share(eve, link["design_id"], expires_at=None)
    is_((again["token"], view(anyone, link["token"]).status), (link["token"], 200), "and may let it live on")


WRONG = [None, 7, -1, "text", "", "x" * 5000, True, [], [1, "a"], {}, {"$gt": ""}, bson.Binary(b"x", 6), bson.MinKey(), float("nan"),
         datetime.datetime(2020, 1, 1), datetime.datetime(2090, 1, 1)]
SPOILT = ["share_settings"] + ["share_settings." + key for key in (
    "is_shared", "share_token", "password_protected", "password_hash", "expires_at", "view_count", "title", "show_prompt", "revoked_at",
    "former_tokens")] + ["gem_data", "gem_data.type", "gem_data.cut", "gem_data.color", "gem_data.size", "gem_data.size.dimensions",
                         "gem_data.size.carat_weight", "material_preferences", "material_preferences.metals", "original_prompt",
                         "current_version", "current_version.image_id", "generated_images", "generated_images.0",
                         "generated_images.0.image_url", "refinements", "is_deleted", "updated_at", "created_at", "user_id"]


@test
def damage_is_borne():
    """Whatever is stored: an answer of ours, and never one that opens more."""
    eve, anyone = member(stack), stack.client()
    design_id = made(eve)
    share(eve, design_id, title="Whole", expires_at=None)
    whole = stack.db.designs.find_one({"_id": design_id})
    stack.db.command("collMod", "designs", validationLevel="off")
    bad, leaks, asked = [], [], 0
    for field in SPOILT:
        for value in WRONG if field.startswith("share_settings") else WRONG[:10:2] + WRONG[-3:-1]:
            stack.db.designs.replace_one({"_id": design_id}, whole)
            stack.db.designs.update_one({"_id": design_id}, {"$set": {field: value}})
            token = whole["share_settings"]["share_token"]
            replies = [view(anyone, token), eve.get(share_path(design_id)), unlock(anyone, token, WORDS), eve.get("/v1/designs?shared=true"),
                       eve.put(share_path(design_id), json={"title": "Changed"}), eve.delete(share_path(design_id)),
                       eve.post(share_path(design_id) + "/restore")]
            asked += len(replies)
            bad += [(field, value, r) for r in replies if r.status >= 500]
            if field == "share_settings.password_hash" and value is not None and replies[0].status == 200 \
                    and isinstance(value, bytes):
                leaks.append((field, value, replies[0]))
            if field == "share_settings.is_shared" and value is not True and replies[0].status == 200:
                leaks.append((field, value, replies[0]))
            if field in ("share_settings.expires_at",) and value == datetime.datetime(2020, 1, 1) and replies[0].status != 410:
                leaks.append((field, value, replies[0]))
    is_(bad[:5], [], "%d requests, no fault of ours" % asked)
    is_(leaks[:5], [], "nothing is opened by damage")
    stack.db.designs.delete_one({"_id": design_id})
    stack.db.command("collMod", "designs", validationLevel="moderate")


# --- passwords

def unlock(client, token, password, **keywords):
    return client.post("/v1/shares/%s/unlock" % token, json={"password": password}, **keywords)


@test
def a_password_locks_all_of_it():
    eve, anyone, friend = member(stack), stack.client(), stack.client()
    design_id = made(eve, original_prompt="secret words")
    link = share(eve, design_id, title="Hidden title")
    open_view = view(anyone, link["token"])
    is_(share(eve, design_id, password=WORDS)["password_protected"], True, "locked")
    kept = stored(design_id)["password_hash"]
    ok(kept.subtype == 6 and WORDS.encode() not in bytes(kept) and b"argon2" not in bytes(kept), "its hash is sealed")
    locked = problem(view(anyone, link["token"]), 403, "share_locked", "nobody sees it")
    ok(locked.header("Cache-Control") == "no-store" and "Hidden" not in locked.text and not locked.header("Surrogate-Key")
       and not locked.header("ETag"), "nor anything of it", locked)
    problem(view(anyone, link["token"], headers={"If-None-Match": open_view.header("ETag")}), 403, "share_locked", "whatever was seen before")
    wrong = problem(unlock(friend, link["token"], "seven small Stones"), 403, "wrong_password", "a wrong password")
    ok(not wrong.header_all("Set-Cookie"), "gives no cookie")
    problem(unlock(friend, link["token"], ""), 422, "invalid", "no password")
    problem(unlock(friend, link["token"], WORDS, origin="https://evil.example"), 403, "origin_required", "from our pages only")
    reply = unlock(friend, link["token"], WORDS)
    is_((reply.status, reply.header("Cache-Control")), (204, "no-store"), "the right one")
    name = "bezel_%d-s" % stack.port
    cookies = reply.header_all("Set-Cookie")
    ok(all(re.fullmatch(name + r"=[0-9]+\.[A-Za-z0-9_-]{43}; Path=/(s|v1/shares)/" + link["token"] + r"; Max-Age=86400; SameSite=Lax; HttpOnly", c)
           for c in cookies) and len({c.split("Path=")[1].split(";")[0] for c in cookies}) == 2, "a cookie for the page and its twin", cookies)
    seen = view(friend, link["token"])
    is_((seen.status, seen.json()["title"], seen.json()["password_protected"], seen.header("Cache-Control")),
        (200, "Hidden title", True, "private, no-store"), "who has it sees all")
    ok(not seen.header("Surrogate-Key") and not seen.header("ETag"), "no cache keeps it", dict(seen.headers))
    value = friend.cookies[name]
    until, mac = value.split(".")
    for n, bad in enumerate((value[:-1] + ("A" if value[-1] != "A" else "B"), "%d.%s" % (int(until) + 1, mac), "1." + mac, mac, "." + mac,
                             value + "A", "", until + ".")):
        problem(view(anyone, link["token"], headers={"Cookie": "%s=%s" % (name, bad)}), 403, "share_locked", "a changed cookie: %d" % n)
    # nginx passes the first one on.
    problem(view(anyone, link["token"], headers={"Cookie": "%s=%s; %s=%s" % (name, mac, name, value)}), 403, "share_locked", "two of them")
    other = share(eve, made(eve), password=WORDS)
    problem(view(friend, other["token"]), 403, "share_locked", "it opens no other link, with the same password")
    share(eve, design_id, title="Another title")
    is_(view(friend, link["token"]).status, 200, "another title keeps it")
    share(eve, design_id, password=WORDS)
    problem(view(friend, link["token"]), 403, "share_locked", "a new password ends it, even the same words")
    unlock(friend, link["token"], WORDS)
    is_(share(eve, design_id, password=None)["password_protected"], False, "without one again")
    is_((view(anyone, link["token"]).status, stored(design_id)["password_hash"]), (200, None), "all see it")
    problem(unlock(friend, link["token"], WORDS), 409, "conflict", "there is nothing to open")
    is_(events({"detail": "design " + design_id}), ["share_made", "share_password_removed"] + ["share_password_set"] * 2, "which is noted")
    change(design_id, password_hash=stored(other["design_id"])["password_hash"])
    problem(unlock(friend, link["token"], WORDS), 403, "wrong_password", "a hash of another design opens nothing")
    change(design_id, password_hash=None, password_protected=True)
    problem(unlock(friend, link["token"], WORDS), 403, "wrong_password", "nor does none")
    problem(view(friend, link["token"]), 403, "share_locked", "what says it is locked stays so")
    change(design_id, password_protected=False, expires_at=now(-1))
    problem(unlock(friend, link["token"], WORDS), 410, "link_expired", "and what is over is over")
    ok(not [e for e in stack.events() if WORDS in str(e) or link["token"] in str(e)], "neither password nor link are in the log")


@test
def a_public_view_opens_no_vault():
    """Only a look at a password unseals anything: other workers never open the client that reads data keys."""
    eve, anyone = member(stack), stack.client()
    link = share(eve, made(eve), password=WORDS)
    unlock(anyone, link["token"], WORDS)
    stack.db.command("profile", 0)
    stack.db.drop_collection("system.profile")
    stack.db.command("profile", 2, filter="unset")
    is_([view(anyone, link["token"]).status for _ in range(20)], [200] * 20, "seen with its cookie")
    stack.db.command("profile", 0)
    seen = {row["ns"].split(".")[1] for row in stack.db["system.profile"].find()}
    ok("designs" in seen and "key_vault" not in seen, "no read of the data keys", seen)
    stack.db.command("profile", 2, filter="unset")
    keys("list")
    stack.db.command("profile", 0)
    ok(stack.db["system.profile"].find_one({"ns": stack.database + ".key_vault"}), "which would be seen here")


@test
def new_passwords_are_limited():
    """Hashing one takes a worker that others wait for."""
    clear_of_border(3600, 20)
    eve = member(few)
    path = share_path(make(eve)["id"])
    is_(eve.put(path, json={}).status, 201, "a link")
    statuses = [eve.put(path, json={"password": "%s %d" % (WORDS, n)}).status for n in range(9)]
    is_(statuses, [200] * 8 + [429], "eight, and no more for now")
    is_(unlock(few.client(), eve.get(path).json()["token"], WORDS + " 7").status, 204, "the last of them opens it")
    is_(eve.put(path, json={"password": "short"}).status, 422, "what is none is told")
    is_([eve.put(path, json={"title": "x"}).status, eve.put(path, json={"password": None}).status], [200, 200], "all else can be changed")
    other = member(few)
    is_(few_share(other, password=WORDS)["password_protected"], True, "others have their own count")


@test
def passwords_cannot_be_tried_for_ever():
    clear_of_border(3600, 20)
    eve = member(few)
    link = few_share(eve, password=WORDS)
    here, there = few.client(address="127.0.0.2"), few.client(address="127.0.0.3")
    for n in range(3):
        problem(unlock(here, link["token"], "wrong words %d" % n), 403, "wrong_password", "wrong")
    reply = problem(unlock(here, link["token"], WORDS), 429, "rate_limited", "then not even the right one")
    ok(0 < int(reply.header("Retry-After")) <= 3600, "come again later", reply)
    is_(unlock(there, link["token"], WORDS).status, 204, "elsewhere it opens")
    other = few_share(eve, password=WORDS)
    is_([unlock(here, other["token"], WORDS).status for _ in range(5)], [204] * 5, "another link counts for itself; what is right does not count")
    replies = parallel(lambda n: unlock(there, other["token"], "wrong words %d" % n).status, 8)
    is_((replies.count(403), replies.count(429)), (3, 5), "many at once do not pass together")


def few_share(owner, **body):
    reply = owner.put(share_path(make(owner)["id"]), json=body)
    assert reply.status == 201, reply
    return reply.json()


# --- lists

def listed(client, query):
    reply = client.get("/v1/designs?" + query)
    assert reply.status == 200, reply
    return reply.json()["items"]


@test
def a_list_of_links():
    eve = member(stack)
    ids = [made(eve) for _ in range(5)]
    links = {d: share(eve, d, title="Link") for d in ids[:4]}
    eve.delete(share_path(ids[3]))
    eve.patch("/v1/designs/" + ids[0], json={"is_favorite": True})
    is_([d["id"] for d in listed(eve, "shared=true")], [ids[2], ids[1], ids[0]], "those with a link, newest first")
    is_([d["share"] for d in listed(eve, "shared=true")], [links[d] for d in reversed(ids[:3])], "each with its link")
    is_([d["id"] for d in listed(eve, "shared=false")], [ids[4], ids[3]], "those without")
    ok(all("share" not in d for d in listed(eve, "shared=false") + listed(eve, "")), "which have none to show")
    is_([d["id"] for d in listed(eve, "shared=true&is_favorite=true")], [ids[0]], "with other filters")
    is_([d["id"] for d in listed(eve, "shared=true&sort=-updated_at")][0], ids[0], "in other orders")
    is_([d["id"] for d in listed(eve, "shared=true&sort=created_at")], ids[:3], "oldest first")
    walked, path = [], "/v1/designs?shared=true&limit=1"
    while path:
        reply = eve.get(path)
        walked += [d["id"] for d in reply.json()["items"]]
        path = reply.header("Link") and reply.header("Link")[1:reply.header("Link").index(">")]
    is_(walked, ids[2::-1], "page by page")
    problem(eve.get("/v1/designs?shared=yes"), 400, "bad_query", "true or false")
    is_(listed(guest(stack), "shared=true"), [], "guests have none")
    is_([("share" in d, d["share_settings"]["share_token"]) for d in listed(key(eve, "designs:read"), "shared=true")], [(False, None)] * 3,
        "a key that may not read shares sees which, but not the links")
    ok(all(d["share"]["url"] for d in listed(key(eve, "designs:read", "shares:read"), "shared=true")), "one that may does")
    watch_queries()
    for query in ("shared=true", "shared=true&limit=1&sort=created_at", "shared=true&is_favorite=true&gem_type=Ruby"):
        listed(eve, query)
    rows = queries("share_settings.is_shared")
    is_(len(rows), 3, "three lists, a query each")
    for row in rows:
        command = {k: v for k, v in row["command"].items() if k in ("find", "filter", "sort", "hint", "limit", "singleBatch")}
        plan = str(stack.db.command("explain", command)["queryPlanner"]["winningPlan"])
        ok("'by_user_shared'" in plan and "'SORT'" not in plan, "read in the order of its index", plan)


# --- keys

def reload():
    """Waits until no worker of before is left."""
    before = set(stack.workers)
    stack.kill(stack.pid("bezel"), 1)
    wait_for(lambda: not before & set(stack.workers), 30, "the old workers to leave")
    wait_for(lambda: stack.client().get("/readyz").status == 200, 30, "the new ones")


@test
def keys_are_rotated():
    """Last, because it ends the links of the key before."""
    eve, anyone = member(stack), stack.client()
    first, second = made(eve), made(eve)
    is_(keys("shares"), (0, "share/v2/1  signs\nshare/v2/0  valid, the one before\n"), "as it begins")
    stack.db.designs.update_one({"_id": second}, {"$set": {"share_settings.is_shared": True, "share_settings.share_token": token_by(0, design_id=second),
                                                           "share_settings.title": "Kept"}})
    oldest = stored(second)["share_token"]
    old = share(eve, first)["token"]
    is_([view(anyone, t).status for t in (oldest, old)], [200, 200], "links of both keys")
    status, out = keys("rotate-shares")
    ok(status == 0 and out.startswith("share/v2/1  signs\nshare/v2/2  known, signs next\n") and "run this again" in out, "the next one is known", out)
    ok(view(anyone, oldest).status == 200, "nothing changes before the reload")
    reload()
    # What nginx has kept of its links goes with the new worker's first look, a second later.
    wait_for(lambda: view(anyone, oldest).status == 404, 10 * SLOWER, "links of the key before to die")
    is_([view(anyone, t).status for t in (oldest, old, token_by(2))], [404, 200, 404], "now what was signed before is dead")
    is_(keys("rotate-shares")[0], 0, "the second step")
    reload()
    new = share(eve, made(eve))["token"]
    is_((base64.urlsafe_b64decode(new)[1], base64.urlsafe_b64decode(old)[1]), (2, 1), "new links are signed with the new key")
    is_([view(anyone, t).status for t in (oldest, old, new)], [404, 200, 200], "and those of the one before live")
    stack.restart()
    is_([view(anyone, t).status for t in (oldest, old, new)], [404, 200, 200], "also after a restart")
    dead = eve.get(share_path(second)).json()
    is_((dead["valid"], dead["token"]), (False, oldest), "its owner sees that a link is dead")
    reply = eve.put(share_path(second), json={})
    is_((reply.status, reply.json()["valid"], reply.json()["title"]), (201, True, "Kept"), "and makes it anew, as it was set")
    is_(view(anyone, reply.json()["token"]).status, 200, "which lives")
    with open(os.path.join(stack.state, "secrets", "master.key.share"), "w", encoding="ascii") as file:
        file.write("2 9\n")
    workers = set(stack.workers)
    stack.kill(stack.pid("bezel"), 1)
    wait_for(lambda: stack.events("reload.refused"), 30, "the reload to be refused")
    # Whoever has tried it is gone a moment later.
    wait_for(lambda: set(stack.workers) <= workers, 10, "the trial to end")
    is_((set(stack.workers), view(anyone, new).status), (workers, 200), "a broken file changes nothing")
    is_([keys("shares")[0], keys("rotate-shares")[0]], [1, 1], "and is not rotated")
    is_([e["kind"] for e in stack.db.audit_log.find({"kind": "share_keys_rotated"})], ["share_keys_rotated"] * 2, "rotations are noted")


stack = Stack(settings={"provider": "mem", "login_failures": "1000", "free_designs_daily": "1000", "free_designs_monthly": "1000"}).start()
few = Stack(settings={"provider": "mem", "share_daily": "3", "login_failures": "3", "login_successes": "8", "login_window_s": "3600"}).start()
main()
