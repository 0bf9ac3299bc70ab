#!/usr/bin/python3
"""Designs as their owner meets them: made, shown, listed, changed, put into the trash, gone; and not by others."""
import base64
import datetime
import hashlib
import io
import os
import sys
import time
import urllib.parse
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from PIL import Image

from stack import SRCDIR, Stack, wait_for
from studio import body, create, design, guest, make, metric, over, picture
from tap import contains, is_, main, ok, test

MERGE = {"Content-Type": "application/merge-patch+json"}
NOBODY = "019a0000-0000-7000-8000-000000000000"


def objects(folder):
    """Names of the files of a design or upload on the disk."""
    place = os.path.join(stack.state, "objects", folder[-2:], folder)
    return sorted(os.listdir(place)) if os.path.isdir(place) else []


def problem(reply, status, code, name):
    is_((reply.status, reply.json().get("code")), (status, code), name)
    return reply.json()


def pointers(reply):
    return sorted((e["pointer"], e["code"]) for e in reply.json().get("errors", []))


@test
def a_design_is_made():
    reply = create(ann)
    made = reply.json()
    is_(reply.status, 202, "accepted")
    is_(reply.header("Location"), "/v1/designs/" + made["id"], "Location")
    ok(int(reply.header("Retry-After")) >= 1, "Retry-After")
    is_(reply.header("Cache-Control"), "no-store", "an answer to POST is not stored")
    is_(reply.header("RateLimit-Policy"), '"gen";q=100000;w=86400', "RateLimit-Policy")
    ok(reply.header("RateLimit").startswith('"gen";r=99999;t='), "RateLimit", reply.header("RateLimit"))
    generation = made["generation"]
    is_((generation["status"], [s["status"] for s in generation["slots"]], generation["design_id"]),
        ("queued", ["queued", "queued"], made["id"]), "its generation waits with all its slots")
    is_((made["generated_images"], made["current_version"], made["selected_image_id"], made["is_favorite"],
         made["is_deleted"], made["folder_id"]), ([], None, None, False, False, None), "nothing is there yet")
    is_(made["id"][14], "7", "its id is a UUID of version 7")
    for hidden in ("ip_address", "password_hash", "guest_session_id", "generation_id"):
        ok('"%s"' % hidden not in reply.text, hidden + " is not shown")
    stored = stack.db.designs.find_one({"_id": made["id"]})
    is_((stored["guest_session_id"], stored["user_id"], stored["metadata"]["ip_address"]),
        (ann.session, None, "127.0.0.1"), "whose it is, and whence it came")
    is_(stack.db.guest_sessions.find_one({"_id": ann.session})["designs"], [made["id"]], "the session names it")


@test
def its_pictures_come():
    reply = create(ann, num_variations_requested=4)
    generation = over(ann, reply.json()["generation"]["id"])
    is_((generation["status"], {s["status"] for s in generation["slots"]}), ("succeeded", {"succeeded"}), "all came")
    made = design(ann, reply.json()["id"])
    images = made["generated_images"]
    is_(sorted(i["image_id"] for i in images), sorted(s["image_id"] for s in generation["slots"]),
        "the ids are those that were promised")
    is_(made["current_version"], {"type": "original", "image_id": images[0]["image_id"]}, "the first one is shown")
    ok("generation" not in made, "the generation is not shown any more", made.get("generation"))
    for image in images[:2]:
        full, small = client.get(image["image_url"]), client.get(image["thumbnail_url"])
        is_((full.status, full.header("Content-Type"), full.body[:4], full.body[8:12]),
            (200, "image/webp", b"RIFF", b"WEBP"), "a signed address opens without a session")
        picture_, thumbnail = (Image.open(io.BytesIO(r.body)) for r in (full, small))
        picture_.load()
        thumbnail.load()
        ok(max(thumbnail.size) <= 300, "a thumbnail has at most 300 px", thumbnail.size)
    is_(len(objects(made["id"])), 8, "two objects a picture, nothing else")
    ok(images[0]["generation_parameters"]["seed"] >= 0, "what made it is remembered")
    global finished
    finished = made


@test
def signatures():
    url = finished["generated_images"][0]["image_url"]
    _, _, sig, expires, folder, name = url.split("/")
    other = make(ann)
    flipped = ("B" if sig[0] == "A" else "A") + sig[1:]
    for what, path in (
            ("another signature", "/media/%s/%s/%s/%s" % (flipped, expires, folder, name)),
            ("another time", "/media/%s/%d/%s/%s" % (sig, int(expires) + 3600, folder, name)),
            ("another design's signature", "/media/%s/%s/%s/%s" % (
                other["generated_images"][0]["image_url"].split("/")[2], expires, folder, name)),
            ("a name that is not there", "/media/%s/%s/%s/%s" % (sig, expires, folder, "0" * 32 + ".webp")),
            ("no signature", "/media/%s/%s" % (folder, name))):
        is_(client.get(path).status, 404, what)
    secret = stack.bezel("print", "media-secret").stdout.strip()
    past = int(time.time()) - 60
    digest = hashlib.md5(("%d/%s %s" % (past, folder, secret)).encode()).digest()
    old = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    is_(client.get("/media/%s/%d/%s/%s" % (old, past, folder, name)).status, 410, "an address that has expired")
    ok(3600 <= int(expires) - time.time() <= 7200, "addresses live one to two hours")
    is_(int(expires) % 3600, 0, "and end at a whole hour, so that they are the same for a while")
    is_(client.get("/media/%s/%s/../%s" % (sig, expires, name)).status, 404, "a way up")


@test
def versions_of_a_reply():
    path = "/v1/designs/" + finished["id"]
    reply = ann.get(path)
    etag = reply.header("ETag")
    is_((reply.header("Cache-Control"), etag[0], etag[-1]), ("private, no-cache", '"', '"'), "a strong tag")
    same = ann.get(path, headers={"If-None-Match": etag})
    is_((same.status, same.body, same.header("ETag")), (304, b"", etag), "304 when it is the same")
    is_(ann.get(path, headers={"If-None-Match": '"x", W/%s' % etag}).status, 304, "in a list, weak too")
    is_(ann.get(path, headers={"If-None-Match": '"x"'}).status, 200, "another tag")
    is_(ann.get(path, headers={"If-None-Match": "*"}).status, 304, "any")
    head = ann.head(path)
    is_((head.status, head.header("ETag"), head.header("Content-Length"), head.body),
        (200, etag, str(len(reply.body)), b""), "HEAD is GET without its body")
    is_(ann.head(path, headers={"If-None-Match": etag}).status, 304, "HEAD and 304")
    changed = ann.patch(path, json={"is_favorite": True}, headers={"If-Match": etag})
    is_((changed.status, changed.json()["is_favorite"]), (200, True), "If-Match with the version of now")
    ok(changed.header("ETag") != etag, "another version, another tag")
    is_(ann.get(path, headers={"If-None-Match": changed.header("ETag")}).status, 304, "that of the change is that of GET")
    for method, where, json in (("PATCH", path, {"is_favorite": False}), ("DELETE", path, None),
                                ("POST", path + "/select", {"image_id": finished["generated_images"][1]["image_id"]}),
                                ("POST", path + "/restore", None), ("DELETE", path + "?purge=true", None)):
        problem(ann.request(method, where, json=json, headers={"If-Match": etag}), 412, "precondition_failed",
                "%s %s with an old version" % (method, where[len(path):]))
        problem(ann.request(method, where, json=json, headers={"If-Match": '"none-of-ours"'}), 412,
                "precondition_failed", "%s %s with a tag that is none" % (method, where[len(path):]))
    is_(design(ann, finished["id"])["is_favorite"], True, "nothing of this changed anything")
    is_(ann.patch(path, json={"is_favorite": False}, headers={"If-Match": "*"}).status, 200, "If-Match: *")
    new = ann.get(path).header("ETag")
    is_(ann.patch(path, json={"is_favorite": True}, headers={"If-Match": '%s, %s' % (etag, new)}).status, 200,
        "one of several versions")


@test
def what_may_change():
    early = create(guest_of_hanging, num_variations_requested=2).json()
    path = "/v1/designs/" + early["id"]
    before = stack_hang.db.designs.find_one({"_id": early["id"]})
    is_(before["generated_images"], [], "there is no picture yet")
    reply = guest_of_hanging.patch(path, json={
        "original_prompt": "$original_prompt and {\"$ne\": 1}", "gem_data": {"color": "$$NOW", "size": {
            "simple": None, "dimensions": {"length_mm": 7.5}}}, "material_preferences": {"metals": ["$x", "Gold.18k"]}})
    is_(reply.status, 200, "before the first picture stone, words and metals may change")
    got = reply.json()
    is_((got["original_prompt"], got["gem_data"]["color"], got["material_preferences"]["metals"]),
        ("$original_prompt and {\"$ne\": 1}", "$$NOW", ["$x", "Gold.18k"]), "text with dollars stays text")
    is_((got["gem_data"]["type"], got["gem_data"]["size"]), (
        "Sapphire", {"simple": None, "carat_weight": 1.5,
                     "dimensions": {"length_mm": 7.5, "width_mm": None, "height_mm": None}}),
        "what is not named stays; null empties; an object is made where none was")
    is_(got["material_preferences"]["finish"], "Polished", "the finish stays")
    got = guest_of_hanging.patch(path, json={"gem_data": {"size": {"dimensions": {"width_mm": 5}}}}).json()
    is_(got["gem_data"]["size"]["dimensions"], {"length_mm": 7.5, "width_mm": 5, "height_mm": None}, "merged again")
    got = guest_of_hanging.patch(path, json={"gem_data": {"size": {"dimensions": None}}}).json()
    is_(got["gem_data"]["size"]["dimensions"], None, "null removes the object")
    got = guest_of_hanging.patch(path, json={"material_preferences": {"finish": None}}).json()
    is_(got["material_preferences"]["finish"], None, "null removes the finish")
    reply = guest_of_hanging.patch(path, json={"original_prompt": None, "gem_data": {"type": None, "size": None},
                                               "is_favorite": None, "material_preferences": None})
    is_((reply.status, pointers(reply)), (422, [
        ("/gem_data/size", "wrong_type"), ("/gem_data/type", "wrong_type"), ("/is_favorite", "wrong_type"),
        ("/material_preferences", "wrong_type"), ("/original_prompt", "wrong_type")]),
        "null where something must be: all faults at once")

    path = "/v1/designs/" + finished["id"]
    for member in ("gem_data", "original_prompt", "material_preferences"):
        change = {"gem_data": {"color": "Red"}, "original_prompt": "x", "material_preferences": {"metals": ["Gold"]}}
        problem(ann.patch(path, json={member: change[member]}), 409, "conflict", member + " is fixed by the first picture")
    reply = ann.patch(path, json={"is_favorite": True})
    is_((reply.status, reply.json()["is_favorite"]), (200, True), "the star may change")
    reply = ann.patch(path, body=b'{"folder_id": null}', headers=MERGE)
    is_((reply.status, reply.json()["folder_id"]), (200, None), "no folder, as merge-patch")
    reply = ann.patch(path, json={"folder_id": NOBODY})
    is_((reply.status, pointers(reply)), (422, [("/folder_id", "not_found")]), "a folder that is not one's own")
    reply = ann.patch(path, json={"id": NOBODY, "user_id": NOBODY, "created_at": None, "generated_images": [],
                                  "metadata": {}, "guest_session_id": None, "_id": 1, "share_settings": {},
                                  "num_variations_requested": 4, "nonsense": 1})
    is_((reply.status, pointers(reply)), (422, [
        ("/_id", "unknown_field"), ("/created_at", "read_only"), ("/generated_images", "read_only"),
        ("/guest_session_id", "unknown_field"), ("/id", "read_only"), ("/metadata", "read_only"),
        ("/nonsense", "unknown_field"), ("/num_variations_requested", "read_only"), ("/share_settings", "read_only"),
        ("/user_id", "read_only")]), "what a client may not set")
    before = ann.get(path)
    reply = ann.patch(path, json={})
    is_((reply.status, reply.json()["is_favorite"]), (200, True), "nothing to change is fine")
    problem(ann.patch(path, body=b"is_favorite=true", headers={"Content-Type": "application/x-www-form-urlencoded"}),
            415, "unsupported_media_type", "a form")
    later = ann.patch(path, json={"is_favorite": False}).json()["updated_at"]
    ok(later > before.json()["updated_at"], "updated_at rises")


@test
def changes_beside_landing_pictures():
    """The star needs no version: pictures that land meanwhile must not refuse it."""
    statuses = set()
    for _ in range(6):
        made = create(ann, num_variations_requested=4).json()
        for n in range(8):
            statuses.add(ann.patch("/v1/designs/" + made["id"], json={"is_favorite": n % 2 == 0}).status)
        over(ann, made["generation"]["id"])
    is_(statuses, {200}, "a change without If-Match never meets 412")


@test
def picking():
    made = make(ann)
    path = "/v1/designs/%s/select" % made["id"]
    second = made["generated_images"][1]["image_id"]
    got = ann.post(path, json={"image_id": second})
    is_((got.status, got.json()["selected_image_id"], got.json()["current_version"]),
        (200, second, {"type": "original", "image_id": second}), "another picture")
    problem(ann.post(path, json={"image_id": NOBODY}), 404, "not_found", "a picture of nobody")
    problem(ann.post(path, json={"image_id": finished["generated_images"][0]["image_id"]}), 404, "not_found",
            "a picture of another design")
    reply = ann.post(path, json={"image_id": "x", "more": 1})
    is_((reply.status, pointers(reply)), (422, [("/image_id", "wrong_format"), ("/more", "unknown_field")])
        if ("/image_id", "wrong_format") in pointers(reply) else (422, pointers(reply)), "no id")
    is_(len(pointers(reply)), 2, "both faults")
    job = ann.post("/v1/designs/%s/refinements" % made["id"], json={"prompt": "narrower"}).json()
    over(ann, job["id"])
    refined = design(ann, made["id"])
    newest = refined["refinements"][0]["refinement_id"]
    is_(refined["current_version"], {"type": "refinement", "image_id": newest}, "a refinement is shown when it comes")
    got = ann.post(path, json={"image_id": second}).json()
    is_(got["current_version"]["image_id"], second, "back to the picture")
    got = ann.post(path, json={"image_id": newest}).json()
    is_((got["selected_image_id"], got["current_version"]), (second, {"type": "refinement", "image_id": newest}),
        "a refinement may be picked; the picked picture stays")
    tree = ann.get("/v1/designs/%s/versions" % made["id"]).json()
    is_([(v["type"], v["base_id"]) for v in tree["versions"]],
        [("original", None), ("original", None), ("refinement", second)], "the tree of versions")
    is_(client.get(tree["versions"][2]["image_url"]).status, 200, "with addresses that open")


@test
def lists():
    zoe = guest(stack)
    model = stack.db.designs.find_one({"_id": finished["id"]})
    at = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)
    rows = []
    for n in range(47):
        row = dict(model, _id=str(uuid.uuid4()), guest_session_id=zoe.session, generation_id=None,
                   created_at=at - datetime.timedelta(seconds=n // 10), updated_at=at + datetime.timedelta(minutes=n),
                   is_favorite=n % 5 == 0, is_deleted=n % 11 == 3, original_prompt="number %d." % n,
                   gem_data=dict(model["gem_data"], type="Ruby" if n % 2 else "Opal"),
                   material_preferences={"metals": ["Silver", "Gold"] if n % 3 else ["Gold"], "finish": None})
        rows.append(row)
    rows[7]["original_prompt"] = "a.b*c (50%) [x] \\d ^end$ {2} |or| Ünïcode/+?-#"
    stack.db.designs.insert_many(rows)
    here = [r for r in rows if not r["is_deleted"]]

    def walk(query, limit=None):
        """All ids of a list, page by page, by the Link header."""
        path, ids, pages = "/v1/designs?" + query + ("&limit=%d" % limit if limit else ""), [], 0
        while path:
            reply = zoe.get(path)
            assert reply.status == 200, reply
            items, cursor, link = reply.json()["items"], reply.json()["next_cursor"], reply.header("Link")
            if (cursor is None) != (link is None):
                raise AssertionError("Link and next_cursor differ")
            ids += [item["id"] for item in items]
            path = link and link[1:link.index(">")]
            pages += 1
        return ids, pages

    def order(some, key, down):
        return [r["_id"] for r in sorted(some, key=lambda r: (r[key], r["_id"]), reverse=down)]

    reply = zoe.get("/v1/designs")
    is_((len(reply.json()["items"]), reply.header("Cache-Control"), reply.header("ETag")), (20, "no-store", None),
        "20 items, not stored, no tag")
    contains(reply.header("Link"), '>; rel="next"', "Link to the next page")
    is_(walk("")[0], order(here, "created_at", True), "newest first, equal times by id, each once")
    is_(walk("", 7), (order(here, "created_at", True), 7), "in pages of 7")
    is_(walk("sort=created_at", 9)[0], order(here, "created_at", False), "oldest first")
    is_(walk("sort=-updated_at", 100), (order(here, "updated_at", True), 1), "changed last first, one page of 100")
    is_(walk("deleted=true", 2)[0], order([r for r in rows if r["is_deleted"]], "created_at", True), "the trash")
    is_(walk("is_favorite=true", 3)[0], order([r for r in here if r["is_favorite"]], "created_at", True), "stars")
    is_(walk("is_favorite=false", 30)[0], order([r for r in here if not r["is_favorite"]], "created_at", True), "no stars")
    is_(walk("gem_type=Ruby")[0], order([r for r in here if r["gem_data"]["type"] == "Ruby"], "created_at", True), "rubies")
    is_(walk("metal=Silver", 5)[0], order([r for r in here if "Silver" in r["material_preferences"]["metals"]],
                                          "created_at", True), "of silver")
    is_(walk("metal=Silver&gem_type=Opal&is_favorite=true&sort=created_at", 1)[0], order(
        [r for r in here if "Silver" in r["material_preferences"]["metals"] and r["gem_data"]["type"] == "Opal"
         and r["is_favorite"]], "created_at", False), "all filters at once")
    is_(walk("folder_id=" + NOBODY)[0], [], "a folder of nobody")
    is_(walk("gem_type=%24ne")[0], [], "a filter with a dollar is text")
    is_(len(walk("q=NUMBER%201")[0]), len([r for r in here if "number 1" in r["original_prompt"]]), "words, any case")
    for words in ("a.b*c", "(50%)", "[x]", "\\d", "^end$", "{2}", "|or|", "ünïcode/+?-#", "a.b*c (50%) [x] \\d ^end$ {2}"):
        is_(walk("q=" + urllib.parse.quote(words))[0], [rows[7]["_id"]], "%s is text" % words)
    for words in (".*", "^number", "number.1", "(", "[", "*", "\\", "numbe[r]", "n|o", "a{1000000}", "(a+)+$", "(?i)x"):
        is_(walk("q=" + urllib.parse.quote(words))[0], [rows[7]["_id"]] if words in rows[7]["original_prompt"] else [],
            "%s is no expression" % words)
    is_(walk("q=")[0], order(here, "created_at", True), "no words: no filter")

    first = zoe.get("/v1/designs?limit=5&gem_type=Ruby").json()["next_cursor"]
    good = "/v1/designs?gem_type=Ruby&cursor=" + first
    is_(zoe.get(good).status, 200, "a cursor goes on, with another limit too")
    for name, where, who in (
            ("of another filter", "/v1/designs?gem_type=Opal&cursor=" + first, zoe),
            ("without its filter", "/v1/designs?cursor=" + first, zoe),
            ("of another sort", good + "&sort=created_at", zoe),
            ("in the trash", good + "&deleted=true", zoe),
            ("of somebody else", good, ann),
            ("cut", good[:-1], zoe), ("empty", "/v1/designs?cursor=", zoe), ("nonsense", "/v1/designs?cursor=x.y.z", zoe),
            ("longer", good + "A", zoe)):
        problem(who.get(where), 400, "bad_cursor", "a cursor " + name)
    bad = 0
    for n in range(0, len(first), 3):
        flip = chr(ord(first[n]) ^ 1) if (first[n] + chr(ord(first[n]) ^ 1)).isalnum() else "A" if first[n] != "A" else "B"
        bad += zoe.get("/v1/designs?gem_type=Ruby&cursor=" + first[:n] + flip + first[n + 1:]).status == 400
    is_(bad, len(range(0, len(first), 3)), "no character of a cursor can be changed")
    for query in ("limit=0", "limit=101", "limit=-1", "limit=ten", "limit=", "limit=1.5", "limit=99999999999999999999",
                  "sort=prompt", "sort=", "deleted=1", "is_favorite=TRUE", "foo=1", "q=" + "x" * 201,
                  "limit=5&limit=6", "%24where=1", "deleted[]=true"):
        reply = zoe.get("/v1/designs?" + query)
        problem(reply, 400, "bad_query", "a query with " + query[:30])
        ok(reply.json()["errors"][0]["pointer"], "names the parameter", reply.json())
    is_(zoe.head("/v1/designs").status, 200, "HEAD of a list")
    mine = ann.get("/v1/designs?limit=100").json()["items"]
    ok(all(item["id"] not in {r["_id"] for r in rows} for item in mine), "nobody sees the list of another")


@test
def the_trash():
    pixels = picture()
    upload = ann.upload("/v1/uploads", pixels)
    is_(upload.status, 201, "an upload")
    made = make(ann, gem_data__uploaded_image_url=upload.json()["url"])
    path, folder = "/v1/designs/" + made["id"], made["id"]
    contains(made["gem_data"]["uploaded_image_url"], "/media/", "the design shows its upload")
    is_(client.get(made["gem_data"]["uploaded_image_url"]).status, 200, "which opens")
    is_((len(objects(folder)), len(objects(upload.json()["id"]))), (4, 2), "objects of both are there")
    problem(ann.post(path + "/restore"), 409, "conflict", "what is not in the trash is not restored")
    problem(ann.delete(path + "?purge=true"), 409, "conflict", "only from the trash something goes for good")
    is_(ann.delete(path).status, 204, "into the trash")
    is_(ann.delete(path).status, 204, "once more")
    first = stack.db.designs.find_one({"_id": folder})["deleted_at"]
    time.sleep(0.02)
    ann.delete(path)
    is_(stack.db.designs.find_one({"_id": folder})["deleted_at"], first, "which does not start its 30 days anew")
    got = ann.get(path).json()
    is_((got["is_deleted"], got["deleted_at"] is not None), (True, True), "still shown by its id, as deleted")
    ok(folder not in [i["id"] for i in ann.get("/v1/designs?limit=100").json()["items"]], "not in the list")
    ok(folder in [i["id"] for i in ann.get("/v1/designs?limit=100&deleted=true").json()["items"]], "but in the trash's")
    for name, reply in (("a change", ann.patch(path, json={"is_favorite": True})),
                        ("a choice", ann.post(path + "/select", json={"image_id": made["generated_images"][1]["image_id"]})),
                        ("a generation", ann.post(path + "/generations", json={})),
                        ("a refinement", ann.post(path + "/refinements", json={"prompt": "x"}))):
        problem(reply, 409, "conflict", name + " of what is in the trash")
    reply = ann.post(path + "/restore")
    is_((reply.status, reply.json()["is_deleted"], reply.json()["deleted_at"]), (200, False, None), "restored")
    is_(ann.patch(path, json={"is_favorite": True}).status, 200, "as before")
    ann.delete(path)
    problem(ann.delete(path + "?purge=yes"), 400, "bad_query", "purge is true or false")
    problem(ann.delete(path + "?purge=true&x=1"), 400, "bad_query", "a parameter that is not known")
    is_(ann.delete(path + "?purge=true").status, 204, "away")
    problem(ann.get(path), 404, "not_found", "it is gone")
    problem(ann.delete(path + "?purge=true"), 404, "not_found", "twice")
    wait_for(lambda: not objects(folder) and not objects(upload.json()["id"]), what="the objects to go")
    ok(True, "the objects are gone, the upload's too")
    # An upload's document goes after its files: it is what remembers them.
    wait_for(lambda: not stack.db.uploads.find_one({"_id": upload.json()["id"]}), what="the upload to go")
    is_((stack.db.designs.find_one({"_id": folder}), stack.db.uploads.find_one({"_id": upload.json()["id"]})),
        (None, None), "and the documents")
    is_(client.get(made["generated_images"][0]["image_url"]).status, 404, "its picture does not open any more")
    keep = finished["generated_images"][0]["image_url"]
    is_(client.get(keep).status, 200, "another design's does")


@test
def advice():
    made = make(ann, gem_data__type="Diamond", gem_data__cut="Round Brilliant", gem_data__size={
        "carat_weight": 5, "dimensions": {"length_mm": 6.5, "width_mm": 6.5, "height_mm": 4}})
    reply = ann.get("/v1/designs/%s/checks" % made["id"])
    is_(reply.status, 200, "checks")
    wrong = reply.json()
    made = make(ann, gem_data__type="Diamond", gem_data__cut="Round Brilliant", gem_data__size={
        "carat_weight": 1, "dimensions": {"length_mm": 6.5, "width_mm": 6.5, "height_mm": 4}})
    right = ann.get("/v1/designs/%s/checks" % made["id"]).json()
    is_([(c["level"], c["code"]) for c in wrong["checks"]], [("advice", "weight_high")], "5 carats do not fit 6.5 mm")
    is_([(c["level"], c["code"]) for c in right["checks"]], [("ok", "weight_fits")], "1 carat does")
    made = make(ann, gem_data__type="Moon rock of my own", gem_data__cut="Whatever")
    is_(ann.get("/v1/designs/%s/checks" % made["id"]).status, 200, "of a stone that the catalogue does not know")


@test
def other_pages():
    reply = client.get("/v1/catalog")
    is_((reply.status, reply.header("Cache-Control")), (200, "public, max-age=300"), "the catalogue needs no session")
    catalog = reply.json()
    ok(len(str(catalog)) > 2000 and "Sapphire" in reply.text and "Platinum" in reply.text, "the catalogue is full", catalog)
    for path in ("/v1/catalog", "/v1/openapi.json", "/healthz", "/readyz", "/docs", "/v1/problems/quota_exceeded"):
        got, head = client.get(path), client.head(path)
        is_((got.status, head.status, head.body, head.header("Content-Length")),
            (200, 200, b"", str(len(got.body))), "HEAD " + path)
    with open(os.path.join(SRCDIR, "etc", "openapi.json"), "rb") as file:
        is_(client.get("/v1/openapi.json").body, file.read(), "the description is the one that is kept in etc/")
    for path, allowed in (("/v1/designs", "GET, HEAD, POST"), ("/v1/designs/" + NOBODY, "GET, HEAD, PATCH, DELETE"),
                          ("/v1/catalog", "GET, HEAD"), ("/v1/uploads", "POST"), ("/v1/guest-session", "GET, HEAD, POST"),
                          ("/v1/generations/%s/cancel" % NOBODY, "POST"), ("/v1/designs/bulk", "POST"),
                          ("/v1/folders/reorder", "POST")):
        for method in ("PUT", "OPTIONS"):
            reply = ann.request(method, path)
            is_((reply.status, reply.header("Allow")), (405, allowed), "%s %s" % (method, path))
    for path in ("/v1/", "/v1/nothing", "/v1/designs/", "/v1//designs", "/v1/designs/x/y/z", "/v1/Designs",
                 "/v1/designs/%s/" % NOBODY):
        is_(ann.get(path).status, 404, path + " is nothing")
    page = client.get("/docs")
    contains(page.header("Content-Type"), "text/html", "/docs is a page")
    contains(page.text, "/v1/designs/{id}/refinements", "which shows the routes")
    codes = [line.split('"')[1] for line in open(os.path.join(SRCDIR, "src", "base", "errors.def"), encoding="utf-8")
             if line.startswith("ERROR(")]
    is_([client.get("/v1/problems/" + code).json()["code"] for code in codes], codes, "each problem is explained")
    problem(client.get("/v1/problems/nonsense"), 404, "not_found", "but no other")
    is_(client.get("/metrics").status, 200, "metrics for this machine")
    is_(client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status, 404, "but not through a proxy")
    ok(metric(stack, "bezel_designs_created_total") >= 10, "designs are counted")
    ok(metric(stack, "bezel_images_landed_total") >= 10, "pictures too")
    for given, kept in (("req-1234.ABC_x", True), ("short", False), ("x" * 65, False), ('a"b"c"d"e"f', False)):
        reply = client.get("/v1/catalog", headers={"X-Request-Id": given})
        is_(reply.header_all("X-Request-Id") == [given], kept, "X-Request-Id %.12s is %s" % (given, "echoed" if kept else "replaced"))
    reply = client.get("/v1/designs", headers={"X-Request-Id": "req-1234.ABC_x"})
    is_(reply.json()["request_id"], "req-1234.ABC_x", "and stands in problems")


LIMITS = {"provider": "mem", "guest_daily": "100000", "guest_address_daily": "100000", "upload_daily": "1000"}
stack = Stack(settings=LIMITS).start()
stack_hang = Stack(settings={**LIMITS, "provider_script": "*:hang"}).start()
client = stack.client()
ann = guest(stack)
guest_of_hanging = guest(stack_hang)
finished = None
main()
