#!/usr/bin/python3
"""Reference pictures: how many, whose, for which design, and what becomes of them."""
import datetime
import hashlib
import io
import os
import re
import sys
import threading
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from PIL import Image

from members import member
from stack import Stack, wait_for
from studio import create, guest, make, over, picture
from tap import contains, is_, main, ok, test


def problem(reply, status, code, name):
    is_((reply.status, reply.json().get("code")), (status, code), name)


def pointers(reply):
    return [(e["pointer"], e["code"]) for e in reply.json().get("errors", [])]


def objects(stack_, folder):
    place = os.path.join(stack_.state, "objects", folder[-2:], folder)
    return sorted(os.listdir(place)) if os.path.isdir(place) else []


def noise(side):
    """A picture of 3 * side * side bytes, which no compression makes smaller."""
    out = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)).save(out, "PNG")
    return out.getvalue()


def counted(place, kind, who):
    """What the counter of today says."""
    key = "%s|%s|" % (kind, hashlib.sha256(who.encode()).hexdigest()[:32])
    rows = list(place.db.rate_counters.find({"_id": {"$regex": "^" + re.escape(key)}}))
    return sum(row["count"] for row in rows)


def another_day(place):
    place.db.rate_counters.delete_many({"_id": {"$regex": "^(upload|photo)"}})


@test
def one():
    ann = guest(stack)
    reply = ann.upload("/v1/uploads", picture(800, 600))
    got = reply.json()
    is_((reply.status, reply.header("Cache-Control"), got["width"], got["height"], got["design_id"]),
        (201, "no-store", 800, 600, None), "an upload")
    full, small = stack.client().get(got["url"]), stack.client().get(got["thumbnail_url"])
    is_((full.status, full.header("Content-Type")), (200, "image/webp"), "its address opens")
    is_(max(Image.open(io.BytesIO(small.body)).size), 300, "its thumbnail")
    is_((len(full.body) + len(small.body), len(objects(stack, got["id"]))), (got["bytes"], 2), "two files, of that size")
    ok("key" not in got and "owner" not in got, "neither key nor owner is told", got)
    left = datetime.datetime.fromisoformat(got["expires_at"].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
    ok(23 < left.total_seconds() / 3600 <= 24, "it lives as long as the session", left)
    same = ann.upload("/v1/uploads", picture(800, 600)).json()
    ok(same["id"] != got["id"] and objects(stack, same["id"]) != objects(stack, got["id"]), "the same picture again is another upload")


@test
def in_designs():
    ann, bob = guest(stack), guest(stack)
    upload = ann.upload("/v1/uploads", picture()).json()
    names = (upload["url"], upload["id"], "https://elsewhere.example" + upload["url"])
    made = make(ann, gem_data__uploaded_image_url=names[0])
    stored = stack.db.uploads.find_one({"_id": upload["id"]})
    is_((stored["design_id"], stored["expires_at"]), (made["id"], None), "used: it stays with the design")
    is_(stack.db.designs.find_one({"_id": made["id"]})["gem_data"]["uploaded_image_url"], stored["key"], "the design keeps its key")
    is_(stack.client().get(made["gem_data"]["uploaded_image_url"]).status, 200, "and shows an address that opens")
    before = stack.db.guest_sessions.find_one({"_id": ann.session})["usage_count"]
    reply = create(ann, gem_data__uploaded_image_url=names[0])
    is_((reply.status, pointers(reply)), (422, [("/gem_data/uploaded_image_url", "in_use")]), "one design an upload")
    is_(stack.db.guest_sessions.find_one({"_id": ann.session})["usage_count"], before, "the refusal costs nothing")
    by_id = ann.upload("/v1/uploads", picture()).json()["id"]
    is_(create(ann, gem_data__uploaded_image_url=by_id).status, 202, "by its id")
    other = bob.upload("/v1/uploads", picture()).json()
    for name, value in (("somebody else's", other["url"]), ("nobody's", "/media/x/1/%s/y.webp" % uuid.uuid4()), ("a picture of a design",
                        made["generated_images"][0]["image_url"]), ("an address elsewhere", "https://evil.example/x.png"), ("a file", "file:///etc/passwd")):
        reply = create(ann, gem_data__uploaded_image_url=value)
        is_((reply.status, [p for p, _ in pointers(reply)]), (422, ["/gem_data/uploaded_image_url"]), name)
    is_(stack.db.uploads.find_one({"_id": other["id"]})["design_id"], None, "the other's is untouched")
    gem = {"type": "Ruby", "cut": "Oval", "color": "Red", "transparency": "Opaque"}
    reply = ann.post("/v1/designs/%s/generations" % made["id"], json={"num_variations": 1, "gem_data": dict(
        gem, uploaded_image_url=other["url"])})
    is_((reply.status, [p for p, _ in pointers(reply)]), (422, ["/gem_data/uploaded_image_url"]),
        "somebody else's for another stone")
    own = ann.upload("/v1/uploads", picture()).json()
    reply = ann.post("/v1/designs/%s/generations" % made["id"], json={"num_variations": 1, "gem_data": dict(
        gem, uploaded_image_url=own["url"])})
    is_(over(ann, reply.json()["id"])["status"], "succeeded", "one's own for another stone")
    is_((stack.db.jobs.find_one({"_id": reply.json()["id"]})["gem_data"]["uploaded_image_url"],
         stack.db.uploads.find_one({"_id": own["id"]})["design_id"]),
        (stack.db.uploads.find_one({"_id": own["id"]})["key"], made["id"]), "is kept by its key, with the design")


@test
def changed_in_a_design():
    eve = guest(hanging)
    first, second = (eve.upload("/v1/uploads", picture(n, n)).json() for n in (50, 60))
    made = create(eve, gem_data__uploaded_image_url=first["url"]).json()
    path = "/v1/designs/" + made["id"]
    got = eve.patch(path, json={"gem_data": {"uploaded_image_url": second["url"]}})
    is_(got.status, 200, "another one, while there is no picture")
    contains(got.json()["gem_data"]["uploaded_image_url"], second["id"], "is shown")
    is_(hanging.db.uploads.find_one({"_id": second["id"]})["design_id"], made["id"], "and stays with the design")
    is_(eve.patch(path, json={"gem_data": {"uploaded_image_url": None}}).json()["gem_data"]["uploaded_image_url"], None, "none")
    eve.post("/v1/generations/%s/cancel" % made["generation"]["id"])
    over(eve, made["generation"]["id"])
    eve.delete(path)
    is_(eve.delete(path + "?purge=true").status, 204, "purged")
    wait_for(lambda: not objects(hanging, first["id"]) and not objects(hanging, second["id"]), what="the files to go")
    wait_for(lambda: hanging.db.uploads.count_documents({"owner": "guest:" + eve.session}) == 0, what="the documents to go")
    ok(True, "all its uploads go with it")


@test
def lost_files():
    ann = guest(stack)
    upload = ann.upload("/v1/uploads", picture()).json()
    for name in objects(stack, upload["id"]):
        os.unlink(os.path.join(stack.state, "objects", upload["id"][-2:], upload["id"], name))
    made = make(ann, gem_data__uploaded_image_url=upload["url"])
    is_(len(made["generated_images"]), 2, "a design goes on without its lost reference")
    is_(stack.client().get(made["gem_data"]["uploaded_image_url"]).status, 404, "which answers 404")
    ok(stack.events("upload.lost"), "and is logged")


@test
def limits():
    ann, bob = guest(few), guest(few)
    is_([ann.upload("/v1/uploads", picture(30, 30)).status for _ in range(3)], [201] * 3, "three a day")
    reply = ann.upload("/v1/uploads", picture(30, 30))
    problem(reply, 429, "quota_exceeded", "the fourth")
    ok(int(reply.header("Retry-After")) > 0, "Retry-After")
    is_(bob.upload("/v1/uploads", picture(30, 30)).status, 201, "another guest's are counted apart")
    another_day(few)
    is_(ann.upload("/v1/uploads", picture(30, 30)).status, 201, "a day later")
    is_(bob.upload("/v1/uploads", noise(200)).status, 201, "120,000 bytes of 200,000")
    problem(bob.upload("/v1/uploads", noise(200)), 429, "quota_exceeded", "by bytes too")
    is_(bob.upload("/v1/uploads", picture(30, 30)).status, 201, "what is small goes in still")
    is_(few.db.uploads.count_documents({"owner": "guest:" + bob.session}), 3, "in all")
    files = sum(len(f) for _, _, f in os.walk(os.path.join(few.state, "objects")))
    is_(files, 2 * few.db.uploads.count_documents({}), "no file is left of what was refused")


@test
def what_is_no_picture_counts():
    another_day(few)
    ann = guest(few)
    for i in range(3):
        problem(ann.upload("/v1/uploads", b"GIF89a no picture at all, number %d" % i), 422, "invalid", "no picture")
    problem(ann.upload("/v1/uploads", picture(30, 30)), 429, "quota_exceeded", "then there is no fourth try")
    another_day(few)
    problem(ann.upload("/v1/uploads", b"\x89PNG\r\n\x1a\n" + os.urandom(150000)), 422, "invalid", "150,000 bytes of nothing")
    problem(ann.upload("/v1/uploads", noise(200)), 429, "quota_exceeded", "count as bytes")
    another_day(few)
    eve = member(few)
    for i in range(3):
        problem(eve.upload("/v1/me/photo", b"GIF89a no picture at all, number %d" % i), 422, "invalid", "no photo")
    problem(eve.upload("/v1/me/photo", picture(30, 30)), 429, "quota_exceeded", "the same for the photo")
    is_(eve.upload("/v1/uploads", picture(30, 30)).status, 201, "which is counted apart")
    program = few.client(headers={"Authorization": "Bearer " + eve.post(
        "/v1/api-keys", json={"name": "x", "scopes": ["generate"]}).json()["key"]})
    statuses = [program.upload("/v1/uploads", picture(30, 30), headers={"Idempotency-Key": str(uuid.uuid4())}).status
                for _ in range(3)]
    is_(statuses, [201, 201, 429], "a key counts with its account")


@test
def by_a_key():
    """What a key without an end has uploaded and not used goes nevertheless."""
    eve = member(stack)
    for mode in ("live", "test"):
        key = eve.post("/v1/api-keys", json={"name": "x", "scopes": ["generate"], "mode": mode}).json()
        reply = stack.client(headers={"Authorization": "Bearer " + key["key"]}).upload(
            "/v1/uploads", picture(30, 30), headers={"Idempotency-Key": str(uuid.uuid4())})
        got = reply.json()
        left = datetime.datetime.fromisoformat(got["expires_at"].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
        ok(23 < left.total_seconds() / 3600 <= 24, mode + ": a day later", left)
        stack.db.uploads.update_one({"_id": got["id"]}, {"$set": {"expires_at": datetime.datetime.utcnow()}})
        is_(stack.bezel("retention").returncode, 0, "retention runs")
        is_((stack.db.uploads.find_one({"_id": got["id"]}), objects(stack, got["id"])), (None, []), mode + ": it is gone")
    soon = (datetime.datetime.utcnow() + datetime.timedelta(hours=1)).isoformat(timespec="milliseconds") + "Z"
    key = eve.post("/v1/api-keys", json={"name": "x", "scopes": ["generate"], "expires_at": soon}).json()
    reply = stack.client(headers={"Authorization": "Bearer " + key["key"]}).upload(
        "/v1/uploads", picture(30, 30), headers={"Idempotency-Key": str(uuid.uuid4())})
    is_(reply.json()["expires_at"], soon, "with the key, when that ends before")


@test
def guests_of_one_address():
    """A guest session costs nothing: so the address counts too."""
    another_day(one_house)
    statuses = [guest(one_house).upload("/v1/uploads", picture(30, 30)).status for _ in range(5)]
    is_(statuses, [201] * 4 + [429], "the fifth, of five guests")
    is_(member(one_house).upload("/v1/uploads", picture(30, 30)).status, 201, "members are not counted by it")


@test
def one_at_a_time():
    """One who sends many large ones keeps one worker busy, and others go on."""
    ann, bob, large, replies = guest(stack), guest(stack), picture(6500, 6500), []
    threads = [threading.Thread(target=lambda: replies.append(ann.upload("/v1/uploads", large))) for _ in range(6)]
    for thread in threads:
        thread.start()
    other = bob.upload("/v1/uploads", picture(30, 30))
    for thread in threads:
        thread.join()
    is_(other.status, 201, "another one's goes on meanwhile")
    refused = [r for r in replies if r.status == 429]
    is_({(r.json()["code"], r.header("Retry-After")) for r in refused}, {("rate_limited", "1")}, "the others are to come again")
    is_({r.status for r in replies}, {201, 429}, "one is taken, others are not")
    is_(counted(stack, "upload", "guest:" + ann.session), len(replies) - len(refused), "and those cost nothing")
    is_(ann.upload("/v1/uploads", picture(30, 30)).status, 201, "then the next is taken")


MANY = {"provider": "mem", "guest_daily": "1000", "guest_address_daily": "100000"}
stack = Stack(settings=MANY).start()
hanging = Stack(settings={**MANY, "provider_script": "*:hang"}).start()
few = Stack(settings={**MANY, "upload_daily": "3", "upload_daily_bytes": "200000"}).start()
one_house = Stack(settings={**MANY, "guest_address_daily": "4"}).start()
main()
