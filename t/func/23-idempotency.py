#!/usr/bin/python3
"""Idempotency-Key: one effect, however often and however much at once a request is sent."""
import concurrent.futures
import datetime
import hashlib
import os
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from stack import Stack
from studio import body, create, design, guest, make, over, picture
from tap import is_, main, ok, test

PAST = datetime.datetime(2020, 1, 1)


def key(value):
    return {"Idempotency-Key": value}


def row_id(client, method, path, value):
    return hashlib.sha256(("guest:%s|%s|%s|%s" % (client.session, method, path, value)).encode()).hexdigest()


def parallel(function, n):
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return [future.result() for future in [pool.submit(function, i) for i in range(n)]]


def used(client):
    return stack.db.guest_sessions.find_one({"_id": client.session})["usage_count"]


def replayed(reply):
    return reply.header("Idempotent-Replayed") == "true"


def problem(reply, status, code, name):
    is_((reply.status, reply.json().get("code")), (status, code), name)


@test
def fifty_at_once():
    for what in ("designs", "generations"):
        ann = guest(stack)
        made = make(ann) if what == "generations" else None
        before = (used(ann), stack.db.designs.count_documents({"guest_session_id": ann.session}),
                  stack.db.jobs.count_documents({"guest_session_id": ann.session}))
        path = "/v1/designs/%s/generations" % made["id"] if made else "/v1/designs"
        json = {"num_variations": 1} if made else body()
        replies = parallel(lambda _, a=ann, p=path, j=json: a.post(p, json=j, headers=key("fifty")), 50)
        first = [r for r in replies if r.status == 202 and not replayed(r)]
        again = [r for r in replies if r.status == 202 and replayed(r)]
        running = [r for r in replies if r.status == 409]
        is_(len(first), 1, "%s: one of fifty made it" % what)
        is_(len(first) + len(again) + len(running), 50, "the others met it running, or its answer")
        is_({r.json()["code"] for r in running} - {"idempotency_running"}, set(), "said so")
        is_({r.header("Retry-After") for r in running} - {"1"}, set(), "and when to come again")
        is_({r.json()["id"] for r in again} - {first[0].json()["id"]}, set(), "one id")
        is_((used(ann), stack.db.designs.count_documents({"guest_session_id": ann.session}),
             stack.db.jobs.count_documents({"guest_session_id": ann.session})),
            (before[0] + 1, before[1] + (0 if made else 1), before[2] + 1), "one charge, one design, one job")


@test
def replays():
    ann, bob = guest(stack), guest(stack)
    first = create(ann, headers=key("k1"))
    is_((first.status, replayed(first)), (202, False), "the first time")
    over(ann, first.json()["generation"]["id"])
    again = create(ann, headers=key("k1"))
    is_((again.status, replayed(again), again.json()["id"], again.header("Location")),
        (202, True, first.json()["id"], first.header("Location")), "the second time")
    is_(len(again.json()["generated_images"]), 2, "shows what is there now")
    problem(create(ann, headers=key("k1"), original_prompt="other words"), 422, "idempotency_mismatch", "another body")
    is_(create(ann, headers=key("k2")).json()["id"] != first.json()["id"], True, "another key")
    other = create(bob, headers=key("k1"))
    is_((other.status, replayed(other), other.json()["id"] != first.json()["id"]), (202, False, True), "of another guest")
    path = "/v1/designs/%s/generations" % first.json()["id"]
    is_((ann.post(path, json={}, headers=key("k1")).status, used(ann)), (202, 3), "for another path")
    is_(ann.get("/v1/designs", headers=key("k1")).status, 200, "GET does not look at it")
    is_(ann.delete("/v1/designs/" + first.json()["id"], headers=key("k1")).status, 204, "nor DELETE")
    stored = stack.db.idempotency_keys.find_one({"_id": row_id(ann, "POST", "/v1/designs", "k1")})
    hours = (stored["expires_at"] - datetime.datetime.utcnow()).total_seconds() / 3600
    ok(stored["done"] and 23.9 < hours < 24.1, "kept for 24 h", stored)
    ok("k1" not in str(stored), "the key itself is not stored")


@test
def forms_of_keys():
    ann = guest(stack)
    for value in ("x", "x" * 255, '"a-quoted-one"', str(uuid.uuid4()), "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"):
        is_(create(ann, headers=key(value)).status, 202, "a key %.20s" % value)
        is_(replayed(create(ann, headers=key(value))), True, "which holds")
    before = stack.db.designs.count_documents({})
    for name, value in (("256 characters", "x" * 256), ("empty", ""), ("a space inside", "a b"), ("latin-1", "caf\xe9"),
                        ("a tab", "a\tb")):
        problem(create(ann, headers=key(value)), 400, "malformed", "a key with " + name)
    raw = ("POST /v1/designs HTTP/1.1\r\nHost: h\r\nOrigin: %s\r\nCookie: %s\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n"
           "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}" % (
               ann.origin, "; ".join("%s=%s" % pair for pair in ann.cookies.items()))).encode()
    ok(b" 400 " in ann.raw(raw).split(b"\r\n")[0] + b" ", "two keys", ann.raw(raw)[:300])
    is_(stack.db.designs.count_documents({}), before, "nothing was made")


@test
def each_post():
    ann = guest(stack)
    made = make(ann)
    path, second = "/v1/designs/" + made["id"], made["generated_images"][1]["image_id"]

    def twice(where, json, name, status):
        first = ann.post(where, json=json, headers=key(name))
        again = ann.post(where, json=json, headers=key(name))
        is_((first.status, again.status, replayed(first), replayed(again), first.json()["id"] == again.json()["id"]),
            (status, status, False, True, True), name)
        return first.json()

    twice(path + "/select", {"image_id": second}, "select", 200)
    ann.post(path + "/select", json={"image_id": made["generated_images"][0]["image_id"]})
    again = ann.post(path + "/select", json={"image_id": second}, headers=key("select")).json()
    is_(again["current_version"]["image_id"], made["generated_images"][0]["image_id"], "a replay does nothing")
    ann.delete(path)
    twice(path + "/restore", None, "restore", 200)
    count = used(ann)
    job = twice(path + "/refinements", {"prompt": "smaller"}, "refinements", 202)
    over(ann, job["id"])
    job = twice(path + "/generations", {"num_variations": 1, "prompt": "refuse me"}, "generations", 202)
    is_((over(ann, job["id"])["status"], used(ann)), ("failed", count + 1), "charged once, given back once")
    twice("/v1/generations/%s/retry" % job["id"], None, "retry", 202)
    over(ann, job["id"])
    data = picture()
    first, again = (ann.upload("/v1/uploads", data, headers=key("upload")) for _ in range(2))
    is_((first.status, again.status, replayed(first), replayed(again), first.json()["id"] == again.json()["id"]),
        (201, 201, False, True, True), "upload, though its boundary is another")
    is_(stack.db.uploads.count_documents({"owner": "guest:" + ann.session}), 1, "one upload")
    problem(ann.upload("/v1/uploads", picture(41, 40), headers=key("upload")), 422, "idempotency_mismatch", "another picture")

    eve = guest(hanging)
    job = create(eve).json()["generation"]["id"]
    first, again = (eve.post("/v1/generations/%s/cancel" % job, headers=key("cancel")) for _ in range(2))
    is_((first.status, again.status, replayed(again)), (202, 202, True), "cancel")
    is_([[r.header(h) for h in ("Location", "Retry-After")] for r in (first, again)], [["/v1/generations/" + job, "2"]] * 2,
        "both say where to look, and when")
    is_(over(eve, job)["status"], "cancelled", "is cancelled")

    sessions = [stack.client().post("/v1/guest-session", headers=key("same")) for _ in range(2)]
    is_((sessions[0].status, sessions[1].status, sessions[0].json()["id"] != sessions[1].json()["id"]),
        (201, 201, True), "who has no session yet has no keys either")


@test
def refused_requests_free_their_key():
    ann = guest(stack)
    problem(create(ann, headers=key("k"), num_variations_requested=9), 422, "invalid", "a body with faults")
    is_(create(ann, headers=key("k")).status, 202, "the key is free for the mended one")
    made = make(ann)
    path = "/v1/designs/%s/restore" % made["id"]
    problem(ann.post(path, headers=key("r")), 409, "conflict", "not in the trash")
    ann.delete("/v1/designs/" + made["id"])
    is_(ann.post(path, headers=key("r")).status, 200, "the same request, when it may be")
    stack.db.guest_sessions.update_one({"_id": ann.session}, {"$set": {
        "usage_count": 1000, "last_design_at": datetime.datetime.utcnow()}})
    problem(create(ann, headers=key("q")), 429, "quota_exceeded", "no quota")
    stack.db.guest_sessions.update_one({"_id": ann.session}, {"$set": {"usage_count": 0}})
    reply = create(ann, headers=key("q"))
    is_((reply.status, replayed(reply)), (202, False), "the same request with quota")


@test
def what_a_killed_worker_leaves():
    ann = guest(stack)
    json = body()
    # Dead before its transaction: the key is there, the design is not.
    first = create(ann, headers=key("dead"))
    over(ann, first.json()["generation"]["id"])
    row = row_id(ann, "POST", "/v1/designs", "dead")
    stack.db.idempotency_keys.update_one({"_id": row}, {"$set": {"done": False, "status": 0,
                                                                 "lease_until": datetime.datetime(2099, 1, 1)}})
    stack.db.designs.delete_one({"_id": first.json()["id"]})
    stack.db.jobs.delete_one({"_id": first.json()["generation"]["id"]})
    reply = ann.post("/v1/designs", json=json, headers=key("dead"))
    problem(reply, 409, "idempotency_running", "its lease still runs")
    stack.db.idempotency_keys.update_one({"_id": row}, {"$set": {"lease_until": PAST}})
    problem(ann.post("/v1/designs", json=body(original_prompt="x"), headers=key("dead")), 422, "idempotency_mismatch",
            "another body takes nothing over")
    count = used(ann)
    replies = parallel(lambda _: ann.post("/v1/designs", json=json, headers=key("dead")), 20)
    good = [r for r in replies if r.status == 202]
    is_({r.json()["id"] for r in good}, {first.json()["id"]}, "taken over after its lease, with the same id")
    is_({r.json()["code"] for r in replies if r.status != 202} - {"idempotency_running"}, set(), "by one")
    is_((used(ann), stack.db.designs.count_documents({"guest_session_id": ann.session}),
         stack.db.jobs.count_documents({"guest_session_id": ann.session})), (count + 1, 1, 1), "one charge, one design")
    is_(stack.db.jobs.find_one({"guest_session_id": ann.session})["_id"], first.json()["generation"]["id"],
        "its generation has the same id too")

    # Dead after its commit, as if "done" had been lost: the design is there.
    over(ann, first.json()["generation"]["id"])
    stack.db.idempotency_keys.update_one({"_id": row}, {"$set": {"done": False, "lease_until": PAST}})
    counter = stack.db.rate_counters.find_one()["count"]
    reply = ann.post("/v1/designs", json=json, headers=key("dead"))
    is_((reply.status, reply.json()["id"], used(ann), stack.db.rate_counters.find_one()["count"]),
        (202, first.json()["id"], count + 1, counter), "what is there is shown, and not charged again")
    is_(len(design(ann, first.json()["id"])["generated_images"]), 2, "with its pictures")


LIMITS = {"provider": "mem", "guest_daily": "1000", "guest_address_daily": "100000"}
stack = Stack(settings=LIMITS).start()
hanging = Stack(settings={**LIMITS, "provider_script": "*:hang"}).start()
main()
