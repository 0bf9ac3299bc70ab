#!/usr/bin/python3
"""Folders, stars, search, filters, trash and changes of many designs, for two members and a guest: what is one's own,
what is another's, what happens at the same time, what is damaged."""
import concurrent.futures
import datetime
import json
import os
import random
import string
import sys
import urllib.parse
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import bson
import bson.raw_bson

from members import member
from stack import Stack, wait_for
from studio import create, design, guest, make, metric
from tap import diag, is_, main, ok, test

NOBODY = "019a0000-0000-7000-8000-000000000000"
FOLDERS, BULK, DESIGNS = "/v1/folders", "/v1/designs/bulk", "/v1/designs"
BEGIN = datetime.datetime(2026, 5, 1, 12)
BAD_UTF8 = b"\xff\xfe broken"


def problem(reply, status, code, name):
    is_((reply.status, reply.json().get("code")), (status, code), name)
    return reply.json()


def pointers(reply):
    return sorted((e["pointer"], e["code"]) for e in reply.json().get("errors", []))


def folder(client, name="Rings", **more):
    reply = client.post(FOLDERS, json={"name": name, **more})
    assert reply.status == 201, reply
    return reply.json()


def names(client):
    return [f["name"] for f in client.get(FOLDERS).json()["items"]]


def parallel(function, n):
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return [future.result() for future in [pool.submit(function, i) for i in range(n)]]


def put(client, count, **more):
    """Designs of a client, straight into the database; their ids, oldest first."""
    rows = []
    for n in range(count):
        at = BEGIN + datetime.timedelta(seconds=n)
        rows.append({**model, "_id": str(uuid.uuid4()), "user_id": client.user, "guest_session_id": None,
                     "created_at": at, "updated_at": at, **{k: v(n) if callable(v) else v for k, v in more.items()}})
    stack.db.designs.insert_many(rows)
    return [r["_id"] for r in rows]


def stored(identifier):
    return stack.db.designs.find_one({"_id": identifier})


def items(reply):
    assert reply.status == 200, reply
    return [item["id"] for item in reply.json()["items"]]


def walk(client, query):
    path, found = "%s?%s" % (DESIGNS, query), []
    while path:
        reply = client.get(path)
        found += items(reply)
        path = reply.header("Link") and reply.header("Link")[1:reply.header("Link").index(">")]
    return found


def bulk(client, action, ids, **more):
    reply = client.post(BULK, json={"action": action, "ids": ids, **more})
    assert reply.status == 207, reply
    assert [item["id"] for item in reply.json()["items"]] == ids, reply
    return [(item["status"], item.get("code")) for item in reply.json()["items"]]


# --- folders

@test
def a_folder():
    reply = ann.post(FOLDERS, json={"name": "  Rings ", "description": "For\nthe fair", "color": "#aBc", "icon": "💍"})
    made = reply.json()
    path = FOLDERS + "/" + made["id"]
    is_((reply.status, reply.header("Location"), reply.header("Cache-Control")), (201, path, "no-store"), "made")
    is_({k: made[k] for k in ("name", "description", "color", "icon", "sort_order", "user_id")},
        {"name": "Rings", "description": "For\nthe fair", "color": "#aBc", "icon": "💍", "sort_order": 0,
         "user_id": ann.user}, "as it was said, the name trimmed")
    is_((made["id"][14], made["created_at"] == made["updated_at"], set(made)), ("7", True, {
        "id", "user_id", "name", "description", "color", "icon", "sort_order", "created_at", "updated_at"}),
        "a UUID of version 7, times, and nothing of our inside")
    got = ann.get(path)
    is_((got.status, got.json(), got.header("ETag")), (200, made, reply.header("ETag")), "read as it was made")
    etag = got.header("ETag")
    same = ann.get(path, headers={"If-None-Match": etag})
    is_((same.status, same.body), (304, b""), "304 when it is the same")
    is_((ann.head(path).status, ann.head(path).header("ETag")), (200, etag), "HEAD")
    changed = ann.patch(path, json={"name": "Bands", "color": None, "sort_order": 7}, headers={"If-Match": etag})
    is_((changed.status, changed.json()["name"], changed.json()["color"], changed.json()["sort_order"],
         changed.json()["description"], changed.json()["icon"]), (200, "Bands", None, 7, "For\nthe fair", "💍"),
        "what is named changes, the rest stays")
    ok(changed.json()["updated_at"] > made["updated_at"] and changed.header("ETag") != etag, "another version")
    for method, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
        for tag in (etag, '"none-of-ours"'):
            problem(ann.request(method, path, json=body, headers={"If-Match": tag}), 412, "precondition_failed",
                    "%s with If-Match %s" % (method, tag))
    is_(ann.get(path).json()["name"], "Bands", "nothing of this changed it")
    is_(ann.patch(path, body=b'{"description":null}', headers={"Content-Type": "application/merge-patch+json"}).json()
        ["description"], None, "a merge patch")
    second = folder(ann, "Second")
    is_((second["sort_order"], names(ann)), (8, ["Bands", "Second"]), "a new one is the last")
    is_(ann.delete(path, headers={"If-Match": ann.get(path).header("ETag")}).status, 204, "removed")
    for name, reply in (("GET", ann.get(path)), ("PATCH", ann.patch(path, json={"name": "x"})), ("DELETE", ann.delete(path))):
        problem(reply, 404, "not_found", name + " of what is gone")
    is_(ann.delete(FOLDERS + "/" + second["id"]).status, 204, "the other too")
    is_(ann.get(FOLDERS).json(), {"items": []}, "nothing is left")


@test
def bad_folders():
    good = folder(ann, "Good")
    path = FOLDERS + "/" + good["id"]
    for change, want in (
            ({"name": ""}, [("/name", "too_short")]), ({"name": " \t "}, [("/name", "forbidden_character")]),
            ({"name": "   "}, [("/name", "too_short")]), ({"name": "x" * 101}, [("/name", "too_long")]),
            ({"name": None}, [("/name", "wrong_type")]), ({"name": 5}, [("/name", "wrong_type")]),
            ({"name": "a\nb"}, [("/name", "forbidden_character")]), ({"name": "a\u202eb"}, [("/name", "forbidden_character")]),
            ({"name": "x", "description": "x" * 501}, [("/description", "too_long")]),
            ({"name": "x", "color": "red!"}, [("/color", "not_a_color")]), ({"name": "x", "color": "#12345"}, [("/color", "not_a_color")]),
            ({"name": "x", "color": "#1234567"}, [("/color", "not_a_color")]), ({"name": "x", "color": "#ggg"}, [("/color", "not_a_color")]),
            ({"name": "x", "color": "abcd"}, [("/color", "not_a_color")]), ({"name": "x", "color": "#12"}, [("/color", "too_short")]),
            ({"name": "x", "color": "#123456789"}, [("/color", "too_long")]), ({"name": "x", "color": 123}, [("/color", "wrong_type")]),
            ({"name": "x", "color": "#ää"}, [("/color", "too_short")]), ({"name": "x", "color": "#äää"}, [("/color", "not_a_color")]),
            ({"name": "x", "icon": ""}, [("/icon", "too_short")]), ({"name": "x", "icon": " "}, [("/icon", "too_short")]),
            ({"name": "x", "icon": "i" * 41}, [("/icon", "too_long")]),
            ({"name": "   ", "color": "nope", "icon": "  "}, [("/color", "not_a_color"), ("/icon", "too_short"), ("/name", "too_short")]),
            ({"name": "x", "id": NOBODY, "user_id": NOBODY, "created_at": "x", "deleted_at": None, "moves": 1, "design_count": 3},
             [("/created_at", "read_only"), ("/deleted_at", "unknown_field"), ("/design_count", "unknown_field"),
              ("/id", "read_only"), ("/moves", "unknown_field"), ("/user_id", "read_only")])):
        for method, where in (("POST", FOLDERS), ("PATCH", path)):
            reply = ann.request(method, where, json=change)
            is_((reply.status, pointers(reply)), (422, want), "%s %.60s" % (method, json.dumps(change)))
    for value, code in ((-1, "too_small"), (1000001, "too_large"), (1.5, "wrong_type"), ("1", "wrong_type"), (None, "wrong_type")):
        reply = ann.patch(path, json={"sort_order": value})
        is_((reply.status, pointers(reply)), (422, [("/sort_order", code)]), "sort_order %r" % (value,))
    is_(pointers(ann.post(FOLDERS, json={})), [("/name", "required")], "no name")
    problem(ann.post(FOLDERS, body=b"[]", headers={"Content-Type": "application/json"}), 422, "invalid", "a list")
    problem(ann.post(FOLDERS, body=b'{"name":"a","name":"b"}', headers={"Content-Type": "application/json"}), 400, "malformed",
            "a member twice")
    problem(ann.post(FOLDERS, body=b'name=x', headers={"Content-Type": "text/plain"}), 415, "unsupported_media_type", "text")
    problem(ann.post(FOLDERS, json={"name": "x"}, origin="http://evil.example"), 403, "origin_required", "another page's request")
    problem(ann.get(FOLDERS + "?limit=5"), 400, "bad_query", "a list without pages")
    for color in ("#123", "#1234", "#123456", "#12345678", "#ABCDEF"):
        is_(ann.patch(path, json={"color": color}).json()["color"], color, color)
    for icon in ("👩🏽‍🎨", "🏳️‍🌈", "ring-solid", "i" * 40):
        is_(ann.patch(path, json={"icon": icon}).json()["icon"], icon, "the icon %s" % icon)
    for name in ("$where", "{\"$gt\":\"\"}", "a.b", "x" * 100, "💎" * 100, "<script>"):
        is_(ann.patch(path, json={"name": name}).json()["name"], name, "the name %.20s is text" % name)
    is_(len(ann.get(FOLDERS).json()["items"]), 1, "no more were made")
    ann.delete(path)


@test
def who_may():
    made = folder(ann, "Ann's")
    routes = (("POST", FOLDERS, {"name": "x"}), ("GET", FOLDERS, None), ("POST", FOLDERS + "/reorder", {"ids": [made["id"]]}),
              ("GET", FOLDERS + "/" + made["id"], None), ("PATCH", FOLDERS + "/" + made["id"], {"name": "x"}),
              ("DELETE", FOLDERS + "/" + made["id"], None))
    for method, path, body in routes:
        problem(gus.request(method, path, json=body), 403, "account_required", "%s %s by a guest" % (method, path))
        problem(stack.client().request(method, path, json=body), 401, "session_required", "%s %s by nobody" % (method, path))
        if path.endswith(made["id"]):
            problem(bob.request(method, path, json=body), 404, "not_found", "%s by another member" % method)
            for other in (NOBODY, "not-an-id", made["id"].upper()):
                problem(ann.request(method, FOLDERS + "/" + other, json=body), 404, "not_found", "%s %s" % (method, other))
    reply = bob.post(FOLDERS + "/reorder", json={"ids": [made["id"]]})
    is_((reply.status, pointers(reply)), (422, [("/ids/0", "not_found")]), "another's cannot be put in order")
    is_(bob.get(FOLDERS).json(), {"items": []}, "another has none")
    problem(stack.client().post(BULK, json={"action": "delete", "ids": [NOBODY]}), 401, "session_required", "many, by nobody")
    is_(ann.get(FOLDERS + "/" + made["id"]).json(), made, "nothing changed")
    # A design of another's and one's own in another's folder.
    mine, theirs = put(bob, 1)[0], put(ann, 1)[0]
    for client, identifier, target, want in (
            (bob, mine, made["id"], (422, [("/folder_id", "not_found")])), (bob, theirs, made["id"], (404, [])),
            (ann, mine, made["id"], (404, [])), (ann, theirs, NOBODY, (422, [("/folder_id", "not_found")])),
            (ann, theirs, "x", (422, [("/folder_id", "not_a_uuid")]))):
        reply = client.patch("%s/%s" % (DESIGNS, identifier), json={"folder_id": target})
        is_((reply.status, pointers(reply)), want, "%s into %s" % (identifier, target))
    is_([stored(i)["folder_id"] for i in (mine, theirs)], [None, None], "neither moved")
    early = create(gus).json()
    reply = gus.patch("%s/%s" % (DESIGNS, early["id"]), json={"folder_id": made["id"]})
    is_((reply.status, pointers(reply)), (422, [("/folder_id", "not_found")]), "a guest has no folder")
    ann.delete(FOLDERS + "/" + made["id"])


@test
def order():
    made = [folder(bob, "n%d" % n)["id"] for n in range(6)]

    def now():
        return [f["id"] for f in bob.get(FOLDERS).json()["items"]]
    is_(now(), made, "as they were made")
    before = {f["id"]: f["updated_at"] for f in bob.get(FOLDERS).json()["items"]}
    reply = bob.post(FOLDERS + "/reorder", json={"ids": [made[i] for i in (1, 0, 2, 3, 4, 5)]})
    got = reply.json()["items"]
    is_((reply.status, [f["id"] for f in got], [f["sort_order"] for f in got]),
        (200, [made[i] for i in (1, 0, 2, 3, 4, 5)], [0, 1, 2, 3, 4, 5]), "all, in another order")
    is_([f["updated_at"] > before[f["id"]] for f in got], [True, True, False, False, False, False], "only what moved is changed")
    reply = bob.post(FOLDERS + "/reorder", json={"ids": [made[5], made[2]]})
    is_([f["id"] for f in reply.json()["items"]], [made[i] for i in (5, 2, 1, 0, 3, 4)], "some: first, the rest behind")
    is_(now(), [made[i] for i in (5, 2, 1, 0, 3, 4)], "and so it stays")
    stays = bob.get(FOLDERS).json()
    for ids, want in (([], [("/ids", "too_few")]), ([made[0], made[0]], [("/ids/1", "duplicate")]),
                      ([made[0], NOBODY], [("/ids/1", "not_found")]), (["x"], [("/ids/0", "not_a_uuid")]),
                      ([None], [("/ids/0", "wrong_type")]), ("x", [("/ids", "wrong_type")]),
                      ([str(uuid.uuid4()) for _ in range(201)], [("/ids", "too_many")]),
                      ([NOBODY] + made, [("/ids/0", "not_found")])):
        reply = bob.post(FOLDERS + "/reorder", json={"ids": ids})
        is_((reply.status, pointers(reply)), (422, want), "ids %.50s" % json.dumps(ids))
    is_(pointers(bob.post(FOLDERS + "/reorder", json={})), [("/ids", "required")], "no ids")
    is_(bob.get(FOLDERS).json(), stays, "nothing of this changed anything")
    key = {"Idempotency-Key": "order-1"}
    first = bob.post(FOLDERS + "/reorder", json={"ids": [made[4]]}, headers=key)
    bob.post(FOLDERS + "/reorder", json={"ids": [made[3]]})
    again = bob.post(FOLDERS + "/reorder", json={"ids": [made[4]]}, headers=key)
    is_((first.status, again.status, again.header("Idempotent-Replayed"), now()[:2]), (200, 200, "true", [made[3], made[4]]),
        "the same request again does nothing, and shows what is there")
    orders = [random.sample(made, len(made)) for _ in range(12)]
    statuses = parallel(lambda n: bob.post(FOLDERS + "/reorder", json={"ids": orders[n]}).status, 12)
    is_(set(statuses), {200}, "12 at once")
    ok(now() in orders, "one of them holds, whole", now())
    is_(sorted(f["sort_order"] for f in bob.get(FOLDERS).json()["items"]), list(range(6)), "each place once")
    for identifier in made:
        bob.delete(FOLDERS + "/" + identifier)


@test
def one_key():
    before = stack.db.folders.count_documents({})
    replies = parallel(lambda n: bob.post(FOLDERS, json={"name": "Once"}, headers={"Idempotency-Key": "fifty"}), 50)
    kinds = {(r.status, r.json().get("code")) for r in replies}
    ok(kinds <= {(201, None), (409, "idempotency_running")}, "201 or still running", kinds)
    made = {r.json()["id"] for r in replies if r.status == 201}
    fresh = [r for r in replies if r.status == 201 and r.header("Idempotent-Replayed") is None]
    is_((len(made), len(fresh), stack.db.folders.count_documents({}) - before), (1, 1, 1), "50 at once make one folder")
    again = bob.post(FOLDERS, json={"name": "Once"}, headers={"Idempotency-Key": "fifty"})
    is_((again.status, again.header("Idempotent-Replayed"), again.header("Location"), again.json()["id"]),
        (201, "true", FOLDERS + "/" + list(made)[0], list(made)[0]), "once more")
    problem(bob.post(FOLDERS, json={"name": "Other"}, headers={"Idempotency-Key": "fifty"}), 422, "idempotency_mismatch",
            "another body")
    is_(bob.post(FOLDERS, json={"name": " "}, headers={"Idempotency-Key": "bad"}).status, 422, "a refused one")
    is_(bob.post(FOLDERS, json={"name": "x"}, headers={"Idempotency-Key": "bad"}).status, 201, "leaves its key free")
    for f in bob.get(FOLDERS).json()["items"]:
        bob.delete(FOLDERS + "/" + f["id"])


@test
def at_most_200():
    rows = [{"_id": str(uuid.uuid4()), "user_id": bob.user, "name": "f%d" % n, "description": None, "color": None, "icon": None,
             "sort_order": n, "created_at": BEGIN, "updated_at": BEGIN} for n in range(190)]
    stack.db.folders.insert_many(rows)
    statuses = parallel(lambda n: bob.post(FOLDERS, json={"name": "g%d" % n}).status, 25)
    is_((statuses.count(201), statuses.count(409), stack.db.folders.count_documents({"user_id": bob.user})), (10, 15, 200),
        "25 at once fill the 10 places that are left")
    problem(bob.post(FOLDERS, json={"name": "x"}), 409, "limit_reached", "201")
    listed = bob.get(FOLDERS).json()["items"]
    is_((len(listed), [f["id"] for f in listed[:190]]), (200, [r["_id"] for r in rows]), "all are listed, in their order")
    is_(len({f["sort_order"] for f in listed}), 200, "each new one was the last")
    wanted = random.sample([f["id"] for f in listed], 200)
    reply = bob.post(FOLDERS + "/reorder", json={"ids": wanted})
    is_([f["id"] for f in reply.json()["items"]], wanted, "200 in another order")
    plan = stack.db.command("explain", {"find": "folders", "filter": {"user_id": bob.user, "deleted_at": {"$not": {"$type": "date"}}},
                                        "sort": {"sort_order": 1, "_id": 1}, "hint": "by_user_order", "limit": 1000},
                            verbosity="executionStats")
    is_((stages(plan["queryPlanner"]["winningPlan"]) & {"COLLSCAN", "SORT"}, plan["executionStats"]["totalKeysExamined"]),
        (set(), 200), "an index serves the list in its order")
    stack.db.folders.delete_many({"user_id": bob.user})


# --- designs in folders

@test
def moving():
    one, two = folder(ann, "One")["id"], folder(ann, "Two")["id"]
    made = make(ann)
    path = "%s/%s" % (DESIGNS, made["id"])
    ok(len(made["generated_images"]) == 2, "a design with pictures")
    etag = ann.get(path).header("ETag")
    before = ann.get(FOLDERS + "/" + one).header("ETag")
    reply = ann.patch(path, json={"folder_id": one, "is_favorite": True}, headers={"If-Match": etag})
    is_((reply.status, reply.json()["folder_id"], reply.json()["is_favorite"]), (200, one, True), "into a folder, with its star")
    ok(reply.json()["updated_at"] > made["updated_at"], "updated_at rises")
    is_(ann.get(FOLDERS + "/" + one).header("ETag"), before, "the folder is as it was to its owner")
    problem(ann.patch(path, json={"folder_id": two}, headers={"If-Match": etag}), 412, "precondition_failed", "an old version")
    is_(ann.patch(path, json={"folder_id": two}).json()["folder_id"], two, "into another")
    reply = ann.patch(path, json={"folder_id": NOBODY, "is_favorite": False})
    is_((reply.status, pointers(reply), design(ann, made["id"])["is_favorite"]), (422, [("/folder_id", "not_found")], True),
        "into none that there is: nothing changes")
    others = put(ann, 3)
    is_(walk(ann, "folder_id=" + two), [made["id"]], "listed by folder")
    is_(walk(ann, "folder_id=" + one), [], "not in the one before")
    ok(set(others) <= set(walk(ann, "folder_id=none")) and made["id"] not in walk(ann, "folder_id=none"), "those in none")
    for value in ("", "None", "null", "x", two.upper(), two + "0", "%24ne"):
        problem(ann.get("%s?folder_id=%s" % (DESIGNS, value)), 400, "bad_query", "folder_id=%s" % value)
    is_(walk(bob, "folder_id=" + two), [], "another sees nothing through the folder's id")
    is_(ann.patch(path, json={"folder_id": None}).json()["folder_id"], None, "out of any")
    ann.delete(path)
    problem(ann.patch(path, json={"folder_id": one}), 409, "conflict", "not from the trash")
    ann.post(path + "/restore")
    ann.patch(path, json={"folder_id": one})
    for f in (one, two):
        is_(ann.delete(FOLDERS + "/" + f).status, 204, "the folder goes")
    got = design(ann, made["id"])
    is_((got["folder_id"], got["is_deleted"], len(got["generated_images"])), (None, False, 2), "the design stays")
    is_(ann.get(got["generated_images"][0]["image_url"]).status, 200, "with its pictures")
    stack.db.designs.delete_many({"user_id": ann.user})


@test
def removing_a_folder():
    home, other = folder(ann, "Home")["id"], folder(ann, "Other")["id"]
    inside = put(ann, 30, folder_id=home, is_deleted=lambda n: n % 3 == 0, deleted_at=lambda n: BEGIN if n % 3 == 0 else None)
    stay = put(ann, 3, folder_id=other)
    foreign = put(bob, 1, folder_id=home)[0]        # damaged: it names a folder of another's
    is_(ann.delete(FOLDERS + "/" + home).status, 204, "removed")
    rows = list(stack.db.designs.find({"_id": {"$in": inside}}))
    is_((len(rows), {r["folder_id"] for r in rows}), (30, {None}), "all designs are in none now, those in the trash too")
    ok(all(r["updated_at"] > BEGIN + datetime.timedelta(days=1) for r in rows), "their updated_at rose")
    is_(({stored(i)["folder_id"] for i in stay}, stored(foreign)["folder_id"]), ({other}, home), "nobody else's, no other folder's")
    is_(stack.db.folders.find_one({"_id": home}), None, "nothing of it is left")
    reply = ann.post("%s/%s/restore" % (DESIGNS, inside[0]))
    is_((reply.status, reply.json()["folder_id"]), (200, None), "from the trash into none")
    reply = ann.post("%s/%s/restore" % (DESIGNS, put(ann, 1, folder_id=other, is_deleted=True, deleted_at=BEGIN)[0]))
    is_((reply.status, reply.json()["folder_id"]), (200, other), "into the folder that is there")
    for gone in (NOBODY, home):
        reply = ann.post("%s/%s/restore" % (DESIGNS, put(ann, 1, folder_id=gone, is_deleted=True, deleted_at=BEGIN)[0]))
        is_((reply.status, reply.json()["folder_id"], reply.json()["is_deleted"]), (200, None, False),
            "a damaged one, whose folder is not there, into none")
    lost = put(ann, 2, folder_id=NOBODY, is_deleted=True, deleted_at=BEGIN)
    kept = put(ann, 1, folder_id=other, is_deleted=True, deleted_at=BEGIN)
    is_(bulk(ann, "restore", lost + kept), [(200, None)] * 3, "many from the trash")
    is_([stored(i)["folder_id"] for i in lost + kept], [None, None, other], "likewise")
    stack.db.designs.delete_many({"user_id": {"$in": [ann.user, bob.user]}})
    ann.delete(FOLDERS + "/" + other)


@test
def removing_a_large_folder():
    home = folder(ann, "Large")["id"]
    inside = put(ann, 2500, folder_id=home)
    etag = ann.get(FOLDERS + "/" + home).header("ETag")
    is_(ann.delete(FOLDERS + "/" + home, headers={"If-Match": '"1-f"'}).status, 412, "not another version")
    is_(stack.db.designs.count_documents({"folder_id": home}), 2500, "which moves nothing")
    is_(ann.delete(FOLDERS + "/" + home, headers={"If-Match": etag}).status, 204, "removed")
    problem(ann.get(FOLDERS + "/" + home), 404, "not_found", "at once, for its owner")
    is_(names(ann), [], "in the list too")
    reply = ann.patch("%s/%s" % (DESIGNS, inside[-1]), json={"folder_id": home})
    is_((reply.status, pointers(reply)), (422, [("/folder_id", "not_found")]), "nothing moves in any more")
    wait_for(lambda: stack.db.folders.find_one({"_id": home}) is None, 20, "the job")
    is_((stack.db.designs.count_documents({"_id": {"$in": inside}, "folder_id": None}), stack.db.designs.count_documents(
        {"folder_id": home})), (2500, 0), "all 2500 designs are there, in none")
    jobs = list(stack.db.jobs.find({"kind": "folder_deletion"}))
    wait_for(lambda: [j["status"] for j in stack.db.jobs.find({"kind": "folder_deletion"})] == ["succeeded"], 10, "its end")
    is_((len(jobs), jobs[0]["user_id"]), (1, ann.user), "by one job of the owner's")
    # Half way: marked, with designs in it. What is in the trash comes back into none.
    half = folder(ann, "Half")["id"]
    stack.db.folders.update_one({"_id": half}, {"$set": {"deleted_at": BEGIN}})
    one = put(ann, 1, folder_id=half, is_deleted=True, deleted_at=BEGIN)[0]
    is_(ann.post("%s/%s/restore" % (DESIGNS, one)).json()["folder_id"], None, "restored while its folder is on its way")
    is_((names(ann), ann.get(FOLDERS + "/" + half).status, ann.delete(FOLDERS + "/" + half).status), ([], 404, 404),
        "it is there for nobody")
    stack.db.folders.delete_one({"_id": half})
    stack.db.designs.delete_many({"user_id": ann.user})


def dangling():
    """Designs that name a folder that is not there."""
    return list(stack.db.designs.aggregate([
        {"$match": {"user_id": ann.user, "folder_id": {"$ne": None}}},
        {"$lookup": {"from": "folders", "localField": "folder_id", "foreignField": "_id", "as": "f"}},
        {"$match": {"f": []}}, {"$project": {"_id": 1, "folder_id": 1}}]))


@test
def moving_into_what_is_removed():
    """However the two meet, no design points at a folder that is not there."""
    designs = put(ann, 12)
    seen, won = set(), 0
    for round_ in range(25):
        home = folder(ann, "Race %d" % round_)["id"]

        def act(n, home=home):
            client, delay = clients[n % len(clients)], random.random() * 0.01
            wait_for_moment(delay)
            if n == 0:
                return ("delete", client.delete(FOLDERS + "/" + home).status)
            if n == 1:
                return ("bulk", client.post(BULK, json={"action": "move", "ids": designs[6:], "folder_id": home}).status)
            return ("move", client.patch("%s/%s" % (DESIGNS, designs[n - 2]), json={"folder_id": home}).status)
        got = parallel(act, 8)
        seen |= set(got)
        won += sum(1 for what, status in got if status in (200, 207))
        left = dangling()
        if left or stack.db.folders.find_one({"_id": home}):
            ok(False, "round %d" % round_, (left, got))
            return
    is_({s for s in seen if s not in {("delete", 204), ("bulk", 207), ("bulk", 422), ("move", 200), ("move", 422)}}, set(),
        "each answer is one of both orders")
    diag("25 rounds: %d of 175 changes came before the removal" % won)
    is_(dangling(), [], "no design points nowhere")
    is_(stack.db.designs.count_documents({"_id": {"$in": designs}}), 12, "and none is lost")
    stack.db.designs.delete_many({"user_id": ann.user})


def wait_for_moment(seconds):
    import time
    time.sleep(seconds)


# --- many at once

@test
def many_at_once():
    home = folder(ann, "Home")["id"]
    here, gone, foreign = put(ann, 4), put(ann, 2, is_deleted=True, deleted_at=BEGIN), put(bob, 1)
    everything = here + gone + foreign + [NOBODY]
    good, missing, state = (200, None), (404, "not_found"), (409, "conflict")
    away = (204, None)
    before = metric(stack, "bezel_database_commands_total")
    is_(bulk(ann, "favorite", everything), [good] * 4 + [state] * 2 + [missing] * 2, "stars: not in the trash, not another's")
    diag("%d database commands for %d designs" % (metric(stack, "bezel_database_commands_total") - before, len(everything)))
    ok(metric(stack, "bezel_database_commands_total") - before <= 5, "few commands")
    is_([stored(i)["is_favorite"] for i in here + gone + foreign], [True] * 4 + [False] * 3, "so it is")
    is_(bulk(ann, "unfavorite", list(reversed(everything))), [missing] * 2 + [state] * 2 + [good] * 4, "in the order asked")
    is_(bulk(ann, "move", everything, folder_id=home), [good] * 4 + [state] * 2 + [missing] * 2, "into a folder")
    is_([stored(i)["folder_id"] for i in here + gone + foreign], [home] * 4 + [None] * 3, "so it is")
    is_(bulk(ann, "move", here[:2], folder_id=None), [good] * 2, "out of any")
    is_([stored(i)["folder_id"] for i in here], [None, None, home, home], "so it is")
    is_(bulk(ann, "delete", everything), [away] * 6 + [missing] * 2, "to the trash, what is there already too")
    rows = [stored(i) for i in here + gone]
    is_(([r["is_deleted"] for r in rows], [r["deleted_at"] for r in rows[4:]]), ([True] * 6, [BEGIN] * 2),
        "which does not begin its 30 days anew")
    is_(stored(foreign[0])["is_deleted"], False, "another's is not")
    is_(bulk(ann, "restore", everything[:5] + foreign), [good] * 5 + [missing], "out of the trash")
    is_(bulk(ann, "restore", everything), [state] * 5 + [good] + [missing] * 2, "what is not there is refused")
    rows = [stored(i) for i in here + gone]
    is_([(r["is_deleted"], r["deleted_at"], r["folder_id"]) for r in rows],
        [(False, None, None)] * 2 + [(False, None, home)] * 2 + [(False, None, None)] * 2, "as before, in its folder")
    ok(all(r["updated_at"] > BEGIN + datetime.timedelta(days=1) for r in rows), "updated_at rises")
    is_(bulk(ann, "purge", everything), [state] * 6 + [missing] * 2, "only from the trash something goes for good")
    bulk(ann, "delete", here[:3])
    is_(bulk(ann, "purge", everything), [away] * 3 + [state] * 3 + [missing] * 2, "away")
    is_([stored(i) is None for i in here + gone], [True] * 3 + [False] * 3, "so it is")
    is_(stack.db.jobs.count_documents({"kind": "object_deletion", "design_id": {"$in": here[:3]}, "user_id": ann.user}), 3,
        "their files follow")
    full = put(ann, 100)
    before = metric(stack, "bezel_database_commands_total")
    is_(bulk(ann, "favorite", full), [good] * 100, "100 at once")
    ok(metric(stack, "bezel_database_commands_total") - before <= 5, "in as few commands",
       metric(stack, "bezel_database_commands_total") - before)
    statuses = parallel(lambda n: clients[n % 4].post(BULK, json={"action": ("favorite", "unfavorite")[n % 2], "ids": full}).status, 12)
    is_(set(statuses), {207}, "12 changes of the same 100 at once")
    is_(len({stored(i)["is_favorite"] for i in full}), 1, "each of them whole")
    stack.db.designs.delete_many({"user_id": {"$in": [ann.user, bob.user]}})
    ann.delete(FOLDERS + "/" + home)


@test
def bad_bulk():
    one = put(ann, 1)[0]
    foreign = folder(bob, "Bob's")["id"]
    for body, want in (
            ({}, [("/action", "required"), ("/ids", "required")]),
            ({"action": "explode", "ids": [one]}, [("/action", "not_in_list")]),
            ({"action": "", "ids": []}, [("/action", "not_in_list"), ("/ids", "too_few")]),
            ({"action": "delete", "ids": [one, one]}, [("/ids/1", "duplicate")]),
            ({"action": "delete", "ids": [one.upper()]}, [("/ids/0", "not_a_uuid")]),
            ({"action": "delete", "ids": ["$ne", None, {"$gt": ""}]},
             [("/ids/0", "not_a_uuid"), ("/ids/1", "wrong_type"), ("/ids/2", "wrong_type")]),
            ({"action": "delete", "ids": {"$gt": ""}}, [("/ids", "wrong_type")]),
            ({"action": "delete", "ids": [str(uuid.uuid4()) for _ in range(101)]}, [("/ids", "too_many")]),
            ({"action": ["delete"], "ids": [one]}, [("/action", "wrong_type")]),
            ({"action": "delete", "ids": [one], "filter": {}}, [("/filter", "unknown_field")]),
            ({"action": "move", "ids": [one]}, [("/folder_id", "required")]),
            ({"action": "move", "ids": [one], "folder_id": "x"}, [("/folder_id", "not_a_uuid")]),
            ({"action": "move", "ids": [one], "folder_id": NOBODY}, [("/folder_id", "not_found")]),
            ({"action": "move", "ids": [one], "folder_id": foreign}, [("/folder_id", "not_found")]),
            ({"action": "delete", "ids": [one], "folder_id": foreign}, [("/folder_id", "unexpected")]),
            ({"action": "delete", "ids": [one], "folder_id": None}, [("/folder_id", "unexpected")])):
        reply = ann.post(BULK, json=body)
        is_((reply.status, pointers(reply)), (422, want), "%.80s" % json.dumps(body))
    is_((stored(one)["is_deleted"], stored(one)["folder_id"]), (False, None), "nothing of this changed anything")
    reply = ann.get(BULK)
    is_((reply.status, reply.header("Allow")), (405, "POST"), "GET has nothing there")
    # A guest may do all of it but move.
    mine = create(gus).json()["id"]
    for target in ({"folder_id": NOBODY}, {"folder_id": None}, {}):
        problem(gus.post(BULK, json={"action": "move", "ids": [mine], **target}), 403, "account_required", "a guest's %s" % target)
    is_([bulk(gus, action, [mine, one])[0][0] for action in ("favorite", "unfavorite", "delete", "restore", "delete", "purge")],
        [200, 200, 204, 200, 204, 204], "all that a guest may")
    is_((stored(mine), stored(one) is not None), (None, True), "of their own")
    bob.delete(FOLDERS + "/" + foreign)
    stack.db.designs.delete_many({"user_id": ann.user})


@test
def bulk_again():
    """The same request again gets the same answer, though it would find something else."""
    here, gone = put(ann, 2), put(ann, 2, is_deleted=True, deleted_at=BEGIN)
    body = {"action": "restore", "ids": here + gone + [NOBODY]}
    key = {"Idempotency-Key": "bulk-1"}
    first = ann.post(BULK, json=body, headers=key)
    is_([i["status"] for i in first.json()["items"]], [409, 409, 200, 200, 404], "the first time")
    changed = [stored(i)["updated_at"] for i in gone]
    again = ann.post(BULK, json=body, headers=key)
    is_((again.status, again.header("Idempotent-Replayed"), again.body), (207, "true", first.body), "again: the very same answer")
    is_([stored(i)["updated_at"] for i in gone], changed, "and nothing was done")
    body = {"action": "purge", "ids": here}
    bulk(ann, "delete", here)
    replies = parallel(lambda n: ann.post(BULK, json=body, headers={"Idempotency-Key": "bulk-2"}), 20)
    ok({r.status for r in replies} <= {207, 409}, "20 at once", [r.status for r in replies])
    is_({r.body for r in replies if r.status == 207}, {first.body[:0] + replies[[r.status for r in replies].index(207)].body},
        "one answer")
    is_(stack.db.jobs.count_documents({"kind": "object_deletion", "design_id": {"$in": here}}), 2, "one effect")
    stack.db.designs.delete_many({"user_id": ann.user})


# --- search

def quote(text):
    return urllib.parse.quote(text, safe="")


@test
def search():
    prompts = ["plain ring", "$where: sleep(1000)", "{\"$gt\":\"\"}", "a.b*c+d?e^f$g(h)i[j]k{l}m|n\\o/p-q#r",
               "ÉMERAUDE für Ä", "Кольцо с ИЗУМРУДОМ", "ΣΊΓΜΑ", "💎💍 gift", "x" * 1000, "line one\nline two\ttab",
               "%41%00 &amp; <b>", "(?i)case \\Q\\E \\d+", "(a+)+$", "quote ' \" ` ; , : ~ ! @ % & = _ < >"]
    ids = put(ann, len(prompts), original_prompt=lambda n: prompts[n],
              gem_data=lambda n: dict(model["gem_data"], type="Opal" if n == 0 else "Ruby", color="Blå-grøn" if n == 1 else "Red"))
    put(bob, 3, original_prompt="plain ring $where ÉMERAUDE")

    def hits(words):
        return sorted(walk(ann, "q=" + quote(words)))

    def want(words):
        found = [i for i, text in zip(ids, prompts) if words.lower() in text.lower()]
        found += [ids[0]] if words.lower() in "opal" else []
        found += [ids[1]] if words.lower() in "blå-grøn" else []
        found += [i for n, i in enumerate(ids) if n != 0 and words.lower() in "ruby"]
        found += [i for n, i in enumerate(ids) if n != 1 and words.lower() in "red"]
        return sorted(set(found))
    wrong = [c for c in string.printable if c not in "\r\x0b\x0c" and hits(c) != want(c)]
    is_(wrong, [], "each character of ASCII is itself")
    pairs = ["".join(p) for p in ((a, b) for a in "\\.*+?^$()[]{}|" for b in "\\.*+?^$()[]{}|dDwsQEbn1")]
    is_([p for p in pairs if hits(p) != want(p)], [], "so are %d pairs of them" % len(pairs))
    for words in ("PLAIN", "$where", "{\"$gt\":\"\"}", "a.b*c+d?e^f$g(h)i[j]k{l}m|n\\o/p-q#r", "émeraude", "FÜR ä", "изумрудом",
                  "σίγμα", "💎💍", "💍", "line one\nline two\ttab", "%41%00 &amp; <b>", "(?i)case \\Q\\E \\d+", "(a+)+$",
                  "opal", "OPAL", "blå-GRØN", "quote ' \" ` ; , : ~ ! @ % & = _ < >", "x" * 200):
        found = hits(words)
        ok(found == want(words) and found, "%.40r is found, whatever its capitals" % words, (len(found), len(want(words))))
    for words in (".*", "^plain", "ring$", "pla.n", "[a-z]", "(?i)PLAIN", "\\x70lain", "\\Qplain\\E", "plain|nothing", "a{1000000}",
                  "💎" * 200, "x" * 199 + "y", "\u0301", "\ufeff", "\U0010ffff"):
        is_(hits(words), [], "%.20r is no expression" % words)
    for raw, name in (("%00", "NUL"), ("plain%00", "NUL behind"), ("%ED%A0%80", "a lone surrogate"), ("%ED%B0%80x", "the other half"),
                      ("%FF", "no UTF-8"), ("%C0%AE", "overlong"), ("%F4%90%80%80", "beyond Unicode"), ("%E2%82", "cut"),
                      ("x" * 201, "201 characters"), (quote("💎" * 201), "201 emoji"), ("a&q=b", "twice"), ("%4", "half a percent")):
        problem(ann.get("%s?q=%s" % (DESIGNS, raw)), 400, "bad_query", "q with " + name)
    for name in ("q[$gt]", "q[]", "q.x", "$where", "filter"):
        problem(ann.get("%s?%s=x" % (DESIGNS, quote(name))), 400, "bad_query", "a parameter %s" % name)
    for name in ("gem_type", "metal"):
        for value in ("{\"$gt\":\"\"}", "$ne", "/Ruby/i", "Rub.", "ruby"):
            is_(walk(ann, "%s=%s" % (name, quote(value))), [], "%s=%s is text" % (name, value))
    stack.db.designs.update_one({"_id": ids[0]}, {"$set": {"is_favorite": True, "is_deleted": True, "deleted_at": BEGIN}})
    is_((hits("plain"), walk(ann, "deleted=true&is_favorite=true&gem_type=Opal&q=PLAIN")), ([], [ids[0]]), "with other filters")
    first = ann.get("%s?q=%s&limit=5" % (DESIGNS, quote("r")))
    problem(ann.get("%s?q=%s&limit=5&cursor=%s" % (DESIGNS, quote("s"), first.json()["next_cursor"])), 400, "bad_cursor",
            "a cursor of other words")
    long = "💎" * 60
    put(ann, 30, original_prompt=long)
    is_(len(walk(ann, "limit=7&q=" + quote(long))), 30, "long words go on over pages")
    stack.db.designs.delete_many({"user_id": {"$in": [ann.user, bob.user]}})


@test
def a_search_that_takes_too_long():
    put(zoe, 6000, original_prompt="a" * 1000)
    slow = "%s?q=%s" % (DESIGNS, "a" * 198 + "ba")  # each place is tried in vain
    reply = zoe.get(slow)
    refused = problem(reply, 503, "search_timeout", "half a second is the most")
    ok("other words" in refused["detail"] and int(reply.header("Retry-After")) > 0, "says what to do", refused)
    is_((walk(zoe, "q=aab&gem_type=Sapphire"), len(walk(zoe, "limit=100&q=AAAA&sort=-updated_at"))), ([], 6000),
        "which is done in time, whether they are there or not")
    is_(zoe.get("/v1/problems/search_timeout").status, 200, "explained")
    is_(len(items(zoe.get(DESIGNS + "?q=aaa"))), 20, "words that are found are found at once")
    stack.db.designs.delete_many({"user_id": zoe.user})


# --- what serves lists

def stages(plan):
    found = {plan["stage"]} if "stage" in plan else set()
    for value in plan.values():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                found |= stages(inner)
    return found


def sorted_rows(plan):
    """How many rows a blocking sort got."""
    own = plan.get("totalDataSizeSorted", 0) if plan.get("stage") == "SORT" else 0
    below = [plan[key] for key in ("inputStage",) if key in plan] + plan.get("inputStages", [])
    if plan.get("stage") == "SORT":
        own = sum(p.get("nReturned", 0) for p in below)
    return own + sum(sorted_rows(p) for p in below)


def expected(rows, home, f, s, g, m, d, q, o, h):
    """What a list with such parameters has in it, and in which order."""
    rows = [r for r in rows
            if (not f or r["folder_id"] == (None if f.endswith("none") else home))
            and (not s or r["is_favorite"] == s.endswith("true")) and (not g or r["gem_data"]["type"] == "Ruby")
            and (not m or "Gold" in r["material_preferences"]["metals"]) and r["is_deleted"] == bool(d)
            and (not q or "number 1" in r["original_prompt"])
            and (not h or r["share_settings"]["is_shared"] == h.endswith("true"))]
    key = "updated_at" if "updated" in o else "created_at"
    rows.sort(key=lambda r: (r[key], r["_id"]), reverse=o != "sort=created_at")
    return [r["_id"] for r in rows]


@test
def an_index_for_each_list():
    """Asks for every combination of filters and order, takes what the server was asked then, and has it explained."""
    mine = [folder(ann, "One")["id"], folder(ann, "Two")["id"]]
    rnd = random.Random(7)

    def kinds(folders):
        return {"folder_id": lambda n: rnd.choice(folders + [None]), "is_favorite": lambda n: rnd.random() < 0.2,
                "is_deleted": lambda n: rnd.random() < 0.3, "updated_at": lambda n: BEGIN + datetime.timedelta(minutes=rnd.randrange(9000)),
                "gem_data": lambda n: dict(model["gem_data"], type=rnd.choice(["Ruby", "Opal", "Jade"])),
                "material_preferences": lambda n: {"metals": rnd.sample(["Gold", "Silver", "Platinum"], 2), "finish": None},
                "original_prompt": lambda n: "ring number %d" % n,
                "share_settings": lambda n: dict(model["share_settings"], is_shared=rnd.random() < 0.2)}
    own = 600
    put(ann, own, **kinds(mine))
    for n in range(5):
        stranger = type("Stranger", (), {"user": str(uuid.uuid4())})
        put(stranger, 400, **kinds(mine))       # even in folders of hers
    combinations = [(f, s, g, m, d, q, o, h) for f in ("", "folder_id=none", "folder_id=" + mine[0])
                    for s in ("", "is_favorite=true", "is_favorite=false") for g in ("", "gem_type=Ruby") for m in ("", "metal=Gold")
                    for d in ("", "deleted=true") for q in ("", "q=NUMBER%201") for o in ("", "sort=created_at", "sort=-updated_at")
                    for h in ("", "shared=true", "shared=false") if not h or not f and not g]
    stack.db.command("profile", 0)
    stack.db.drop_collection("system.profile")
    stack.db.create_collection("system.profile", capped=True, size=64 << 20)
    stack.db.command("profile", 2, filter={"ns": stack.database + ".designs", "op": "query"})
    everything = list(stack.db.designs.find({"user_id": ann.user}))
    pages, bad = 0, []
    for combination in combinations:
        path, got = "%s?%s" % (DESIGNS, "&".join(["limit=20"] + [part for part in combination if part])), []
        for _ in range(2):
            reply = ann.get(path)
            got += items(reply)
            pages += 1
            path = reply.header("Link") and reply.header("Link")[1:reply.header("Link").index(">")]
            if not path:
                break
        if got != expected(everything, mine[0], *combination)[:40]:
            bad.append(combination)
    is_(bad, [], "each of %d lists has what it should, in its order" % len(combinations))
    stack.db.command("profile", 0)
    # But for the looks at links that have changed: 63-share-cache.py.
    asked = list(stack.db["system.profile"].find({"op": "query", "command.find": "designs",
                                                  "command.hint": {"$nin": ["by_share_change", "by_share_expiry"]}}))
    ok(len(combinations) == 576 and len(asked) >= pages > 500, "%d lists, %d pages, %d queries" % (len(combinations), pages, len(asked)))
    scans, sorts, wide, foreign, most = [], [], [], [], 0
    for entry in asked:
        command = {k: v for k, v in entry["command"].items() if k in ("find", "filter", "sort", "hint", "limit")}
        plan = stack.db.command("explain", command, verbosity="executionStats")
        ran = plan["executionStats"]
        found = stages(plan["queryPlanner"]["winningPlan"])
        most = max(most, ran["totalKeysExamined"], entry["keysExamined"])
        if "COLLSCAN" in found or "IXSCAN" not in found:
            scans.append(command)
        # What is left of damaged documents is sorted, and there is none.
        if "SORT" in found and (list(command["sort"]) != ["_id"] or sorted_rows(ran["executionStages"])):
            sorts.append((command, sorted_rows(ran["executionStages"])))
        if entry.get("hasSortStage") and list(command["sort"]) != ["_id"]:
            sorts.append(command)
        if max(ran["totalKeysExamined"], entry["keysExamined"], entry["docsExamined"]) > own + 2:
            wide.append((command, entry["keysExamined"]))
        if command["filter"].get("user_id") != ann.user:
            foreign.append(command)
    diag("at most %d keys of the member's %d (of %d)" % (most, own, stack.db.designs.count_documents({})))
    is_(scans[:2], [], "each has an index")
    is_(sorts[:2], [], "none sorts in memory")
    is_(wide[:2], [], "none reads beyond the member's own designs")
    is_(foreign[:2], [], "the owner stands in each")
    plain = [e for e in asked if set(e["command"]["filter"]) == {"user_id", "is_deleted"} and e["command"]["filter"]["is_deleted"] is not True
             and list(e["command"]["sort"]) != ["_id"]]
    ok(plain and all(e["keysExamined"] <= 60 for e in plain), "a page without filters reads no more than the page",
       [e["keysExamined"] for e in plain])
    for identifier in mine:
        ann.delete(FOLDERS + "/" + identifier)
    stack.db.designs.delete_many({})


# --- damage

WRONG = [None, 7, "text", True, 2.5, [], [1, "a"], {}, {"$gt": 1}, bson.ObjectId(), bson.Binary(b"x"), bson.MinKey(), bson.MaxKey(),
         bson.Regex("a"), datetime.datetime(2020, 1, 1), float("nan")]


def raw(document):
    """BSON with text that is no UTF-8 where BAD_UTF8 stands."""
    marked = bson.encode({k: "BADUTF8!!!!!" [:len(BAD_UTF8)].ljust(len(BAD_UTF8), "!") if v is BAD_UTF8 else v
                          for k, v in document.items()})
    return bson.raw_bson.RawBSONDocument(marked.replace(b"BADUTF8!!!!!"[:len(BAD_UTF8)].ljust(len(BAD_UTF8), b"!"), BAD_UTF8))


@test
def damaged_folders():
    good = [folder(ann, "Good %d" % n)["id"] for n in range(3)]
    base = stack.db.folders.find_one({"_id": good[0]})
    base["moves"], base["deleted_at"] = 0, None
    rows, what = [], {}
    for key in base:
        if key in ("_id", "user_id"):
            continue
        for value in WRONG + [BAD_UTF8, "MISSING"]:
            if key == "deleted_at" and isinstance(value, datetime.datetime):
                continue
            row = {k: v for k, v in base.items() if not (k == key and value == "MISSING")}
            if value != "MISSING":
                row[key] = value
            row["_id"] = str(uuid.uuid4())
            what[row["_id"]] = "%s: %r" % (key, value)
            rows.append(row)
    rows.append(dict(base, _id=str(uuid.uuid4()), more={"$where": 1}))
    what[rows[-1]["_id"]] = "more"
    stack.db.folders.insert_many([raw(r) for r in rows], bypass_document_validation=True)
    validator = stack.db.folders.options()["validator"]
    spoilt = {d["_id"] for d in stack.db.folders.with_options(codec_options=bson.CodecOptions(
        unicode_decode_error_handler="replace")).find({"$nor": [validator]}, {"_id": 1})}
    spoilt |= {i for i in what if "broken" in what[i]}
    diag("%d folders, %d of them spoilt" % (len(rows), len(spoilt)))
    ok(len(spoilt) > 80, "many kinds of damage", len(spoilt))
    listed = {f["id"]: f for f in ann.get(FOLDERS).json()["items"]}
    is_(set(listed), set(what) | set(good), "the list is whole")
    hidden = ("moves", "deleted_at")
    is_([what[i] for i in spoilt if "damaged" not in listed[i] and not what[i].startswith(hidden)], [], "each damaged one says so")
    is_([what.get(i, "good") for i in listed if i not in spoilt and "damaged" in listed[i]], [], "no other does")
    bad = []
    one = put(ann, 1)[0]
    for identifier, name in what.items():
        path = FOLDERS + "/" + identifier
        got = ann.get(path)
        if (got.status, "damaged" in got.json()) != (200, "damaged" in listed[identifier]):
            bad.append("GET " + name)
        etag = got.header("ETag")
        if ann.patch(path, json={"name": "Mended"}, headers={"If-Match": etag} if etag else {}).status != 200:
            bad.append("PATCH " + name)
        moved = ann.patch("%s/%s" % (DESIGNS, one), json={"folder_id": identifier})
        if (moved.status, moved.json().get("folder_id")) != (200, identifier):
            bad.append("a design into " + name)
    reply = ann.post(FOLDERS + "/reorder", json={"ids": good})
    is_((reply.status, [f["id"] for f in reply.json()["items"]][:3]), (200, good), "they can be put in order")
    is_(len({f["sort_order"] for f in reply.json()["items"]}), len(what) + 3, "each in a place of its own")
    for identifier, name in what.items():
        if ann.delete(FOLDERS + "/" + identifier).status != 204:
            bad.append("DELETE " + name)
    is_(bad[:10], [], "each can be read, changed, filled and removed")
    is_((stored(one)["folder_id"], stack.db.folders.count_documents({"user_id": ann.user})), (None, 3), "nothing is left of them")
    # Whose it is cannot be read: it is nobody's.
    lost = dict(base, _id=str(uuid.uuid4()), user_id=[ann.user])
    stack.db.folders.insert_one(lost, bypass_document_validation=True)
    is_([ann.request(m, FOLDERS + "/" + lost["_id"], json=b).status for m, b in (("GET", None), ("PATCH", {"name": "x"}))], [404, 404],
        "a list of owners is none")
    stack.db.folders.delete_many({})
    stack.db.designs.delete_many({"user_id": ann.user})


# --- the trash

@test
def the_trash():
    made = make(ann)
    path = "%s/%s" % (DESIGNS, made["id"])
    problem(ann.post(path + "/restore"), 409, "conflict", "what is not in the trash is not restored")
    problem(ann.delete(path + "?purge=true"), 409, "conflict", "nor does it go for good")
    is_(ann.delete(path).status, 204, "into the trash")
    is_((walk(ann, ""), walk(ann, "deleted=true")), ([], [made["id"]]), "from one list into the other")
    for method, where in (("POST", path + "/restore"), ("DELETE", path + "?purge=true"), ("GET", path)):
        problem(bob.request(method, where), 404, "not_found", "%s by another" % method)
    old = ann.get(path).header("ETag")
    key = {"Idempotency-Key": "back"}
    reply = ann.post(path + "/restore", headers=dict(key, **{"If-Match": old}))
    is_((reply.status, reply.json()["is_deleted"], walk(ann, "")), (200, False, [made["id"]]), "restored")
    again = ann.post(path + "/restore", headers=key)
    is_((again.status, again.header("Idempotent-Replayed")), (200, "true"), "the same request again")
    ann.delete(path)
    problem(ann.post(path + "/restore", headers={"If-Match": old}), 412, "precondition_failed", "an old version")
    is_(parallel(lambda n: clients[n % 4].post(path + "/restore").status, 8).count(200), 1, "8 at once: one restores")
    ann.delete(path)
    is_(ann.delete(path + "?purge=true").status, 204, "away")
    problem(ann.get(path), 404, "not_found", "gone")
    wait_for(lambda: stack.db.jobs.find_one({"design_id": made["id"], "kind": "object_deletion", "status": "succeeded"}), 10,
             "the deletion of its files")
    is_(ann.get(made["generated_images"][0]["image_url"]).status, 404, "its pictures too")


SETTINGS = {"provider": "mem", "guest_daily": "1000", "guest_address_daily": "100000"}
stack = Stack(settings=SETTINGS).start()
ann, bob = member(stack), member(stack)
zoe = member(stack, stack.client(allowed=(503,)))
gus = guest(stack)
clients = [ann] + [stack.client() for _ in range(3)]
for each in clients[1:]:
    each.cookies = dict(ann.cookies)
first_design = make(ann)
model = stack.db.designs.find_one({"_id": first_design["id"]})
model.update(generated_images=[], selected_image_id=None, current_version=None, generation_id=None)
stack.db.designs.delete_one({"_id": first_design["id"]})
main()
