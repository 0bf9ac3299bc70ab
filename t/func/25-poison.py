#!/usr/bin/python3
"""Documents that something else has spoilt: every list and page goes on, says what is damaged, and lets it go."""
import datetime
import os
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import bson
from bson.raw_bson import RawBSONDocument

from stack import Stack, wait_for
from studio import OVER, create, guest, make, metric, over, picture
from tap import diag, is_, main, ok, test

MISSING = object()
BAD_UTF8 = "\x01bad-utf8"
WRONG = [{"a": 1}, 7, "text", [1, "x"], True, None, bson.ObjectId(), bson.Decimal128("1.5"), bson.Timestamp(5, 5),
         bson.Regex("x"), bson.Binary(b"\xff"), bson.MinKey(), bson.MaxKey(), bson.Code("x"), float("inf"), -1,
         datetime.datetime(1, 1, 1), 2 ** 62, 1e300]


def raw(document):
    """As BSON, with text that is no UTF-8 where BAD_UTF8 stood."""
    data = bson.encode(document)
    return RawBSONDocument(data.replace(BAD_UTF8.encode(), b"\xff\xfe\xc0\xaf\xed\xa0\x80\xf5x"))


def insert(collection, documents):
    collection.insert_many([raw(d) for d in documents], bypass_document_validation=True)


def with_value(document, path, value):
    """A deep copy in which the value at the path is another one, or missing."""
    copy = bson.decode(bson.encode(document))
    place = copy
    for step in path[:-1]:
        place = place[step]
    if value is MISSING:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copy


def paths(value, here=()):
    """All paths of a document, inner ones too; of arrays the first item."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield here + (key,)
            yield from paths(inner, here + (key,))
    elif isinstance(value, list) and value:
        yield here + (0,)
        yield from paths(value[0], here + (0,))


def at(document, path):
    for step in path:
        document = document[step]
    return document


def poisons(document, keep, wrong):
    """(name, document): spoilt in five ways at each path."""
    for number, path in enumerate(paths(document)):
        if path[0] in keep:
            continue
        name, value = "/".join(map(str, path)), at(document, path)
        kinds = [("wrong type", WRONG[(number + i) % len(WRONG)]) for i in range(wrong)]
        if isinstance(path[-1], str):
            kinds.append(("missing", MISSING))
        if isinstance(value, str):
            kinds.append(("bad UTF-8", BAD_UTF8))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            kinds.append(("NaN", float("nan")))
        if isinstance(value, dict):
            yield "%s: extra" % name, with_value(document, path + ("extra_field",), 1)
        for kind, spoilt in kinds:
            yield "%s: %s %r" % (name, kind, None if spoilt is MISSING else spoilt), with_value(document, path, spoilt)
    yield "extra field", with_value(document, ("extra_field",), {"$where": "1", "a.b": [None]})


def refused(collection):
    """The ids of what the validator would refuse. It cannot tell bad UTF-8."""
    validator = collection.options()["validator"]
    return {d["_id"] for d in collection.find({"$nor": [validator]}, {"_id": 1})}


def restarts():
    return metric(stack, "bezel_worker_restarts_total")


@test
def designs():
    ann = guest(stack)
    made = make(ann, num_variations_requested=4)
    job = ann.post("/v1/designs/%s/refinements" % made["id"], json={"prompt": "x", "preserve_elements": ["stone"]}).json()
    over(ann, job["id"])
    model = stack.db.designs.find_one({"_id": made["id"]})
    model["current_version"] = {"type": "original", "image_id": made["generated_images"][0]["image_id"]}
    model["gem_data"]["size"]["dimensions"] = {"length_mm": 7.5, "width_mm": 5.0, "height_mm": 3.5}
    zoe = guest(stack)
    # Whose it is must be known; the rest may be anything. Of a hidden time no reader of designs hears.
    rows, names = [], {}
    begin = datetime.datetime(2026, 5, 1)
    for name, document in poisons(model, ("_id", "user_id", "guest_session_id", "link_changed_at"), 2):
        document["_id"] = identifier = str(uuid.uuid4())
        document["guest_session_id"] = zoe.session
        if isinstance(document.get("created_at"), datetime.datetime) and document["created_at"].year > 1:
            document["created_at"] = begin + datetime.timedelta(seconds=len(rows) // 5)
        rows.append(document)
        names[identifier] = name
    good = [dict(model, _id=str(uuid.uuid4()), guest_session_id=zoe.session,
                 created_at=begin + datetime.timedelta(seconds=n)) for n in range(40)]
    insert(stack.db.designs, rows + good)
    spoilt = refused(stack.db.designs) | {i for i in names if "bad UTF-8" in names[i]}
    everything = {d["_id"] for d in rows + good}
    diag("%d spoilt designs, %d good ones" % (len(rows), len(good)))
    in_trash = {d["_id"] for d in rows if d.get("is_deleted") is True}
    begun = restarts()

    def walk(query):
        path, found = "/v1/designs?" + query, []
        while path:
            reply = zoe.get(path)
            if reply.status != 200:
                ok(False, path, reply)
                break
            found += reply.json()["items"]
            path = reply.header("Link") and reply.header("Link")[1:reply.header("Link").index(">")]
        return found

    before = metric(stack, "bezel_damaged_documents_total")
    shown = {}
    for sort in ("-created_at", "created_at", "-updated_at"):
        for limit in (100, 7):
            found = walk("sort=%s&limit=%d" % (sort, limit))
            ids = [item["id"] for item in found]
            is_((len(ids), set(ids) == everything - in_trash), (len(everything - in_trash), True),
                "sort=%s, %d a page: each once" % (sort, limit))
            shown.update((item["id"], item) for item in found)
    shown.update((item["id"], item) for item in walk("deleted=true"))
    is_(set(shown), everything, "with the trash all are there")
    hidden = ("guest_session_id", "generation_id", "metadata/ip_address", "share_settings/password_hash",
              "share_settings/view_count", "share_settings/revoked_at", "share_settings/former_tokens")
    silent = [names[i] for i in everything & spoilt if "damaged" not in shown[i] and not names[i].startswith(hidden)]
    is_(silent, [], "each damaged one says so (%d)" % len(spoilt))
    is_([names[i] for i in names if i not in spoilt and "damaged" in shown[i]], [], "none that the validator takes")
    is_([g["_id"] for g in good if "damaged" in shown[g["_id"]]], [], "the good ones do not")
    ok(metric(stack, "bezel_damaged_documents_total") - before >= 6 * len(spoilt) * 0.9, "they are counted")
    before = metric(stack, "bezel_damaged_documents_total")
    one = next(i for i in spoilt if "bad UTF-8" in names[i] and names[i].startswith("original_prompt"))
    got = zoe.get("/v1/designs/" + one).json()
    ok("\ufffd" in got["original_prompt"] or got["original_prompt"] == "", "bad UTF-8 is shown as what it is", got["original_prompt"])
    is_((got["damaged"][0]["pointer"], metric(stack, "bezel_damaged_documents_total") - before), ("/original_prompt", 1),
        "the fault has its pointer, and counts once")
    is_(len(zoe.get("/v1/designs?q=ivy").json()["items"]), 20, "words are looked for in what is left")

    bad = []

    def must(identifier, what, reply, wanted):
        if reply.status != wanted:
            bad.append("%s of %s: %d %s" % (what, names[identifier], reply.status, reply.text[-120:]))
        return reply

    for identifier in names:
        path = "/v1/designs/" + identifier
        must(identifier, "GET", zoe.get(path), 200)
        must(identifier, "versions", zoe.get(path + "/versions"), 200)
        must(identifier, "checks", zoe.get(path + "/checks"), 200)
        if identifier in in_trash:
            must(identifier, "restore", zoe.post(path + "/restore"), 200)
        etag = zoe.get(path).header("ETag")
        must(identifier, "PATCH", zoe.patch(path, json={"is_favorite": True},
                                            headers={"If-Match": etag} if etag else {}), 200)
        must(identifier, "trash", zoe.delete(path), 204)
        must(identifier, "restore", zoe.post(path + "/restore"), 200)
        must(identifier, "trash again", zoe.delete(path), 204)
        must(identifier, "purge", zoe.delete(path + "?purge=true"), 204)
    is_(bad[:20], [], "each can be read, starred, trashed, restored and purged")
    is_(stack.db.designs.count_documents({"guest_session_id": zoe.session}), len(good), "the good ones are left")
    wait_for(lambda: stack.db.jobs.count_documents({"kind": "object_deletion", "status": {"$nin": list(OVER)}}) == 0, 30,
             "the deletions to end")
    is_(restarts(), begun, "no worker died of it")


@test
def making_with_damaged_designs():
    """Selecting, refining and generating: any answer but a fault of ours, and the queue goes on."""
    ann = guest(stack)
    made = make(ann)
    model = stack.db.designs.find_one({"_id": made["id"]})
    rows, names = [], {}
    for name, document in poisons(model, ("_id", "user_id", "guest_session_id"), 1):
        document["_id"] = str(uuid.uuid4())
        names[document["_id"]] = name
        rows.append(document)
    insert(stack.db.designs, rows)
    bad, jobs = [], []
    for identifier in names:
        path = "/v1/designs/" + identifier
        for what, json in (("select", {"image_id": made["generated_images"][1]["image_id"]}),
                           ("generations", {"num_variations": 1}), ("refinements", {"prompt": "x"})):
            reply = ann.post("%s/%s" % (path, what), json=json)
            if reply.status not in (200, 202, 404, 409, 422):
                bad.append("%s of %s: %d" % (what, names[identifier], reply.status))
            if reply.status == 202:
                jobs.append((names[identifier], what, reply.json()["id"]))
    is_(bad[:20], [], "no fault of ours")
    make(ann)
    ok(True, "a good design is made beside them")
    late = []

    def ended():
        late[:] = [j for j in jobs if ann.get("/v1/generations/" + j[2]).json()["status"] not in OVER]
        return not late
    try:
        wait_for(ended, 25, "all to end")
    except TimeoutError:
        pass
    is_([(n, w, stack.db.jobs.find_one({"_id": i})["last_error"]) for n, w, i in late][:10], [],
        "%d generations of damaged designs end" % len(jobs))


@test
def generations():
    ann = guest(stack)
    made = make(ann)
    job = ann.post("/v1/designs/%s/refinements" % made["id"], json={"prompt": "x", "preserve_elements": ["stone"]}).json()
    over(ann, job["id"])
    model = stack.db.jobs.find_one({"_id": job["id"]})
    rows, names = [], {}
    for name, document in poisons(model, ("_id", "user_id", "guest_session_id", "link_changed_at"), 2):
        document["_id"] = str(uuid.uuid4())
        names[document["_id"]] = name
        rows.append(document)
    insert(stack.db.jobs, rows)
    spoilt = refused(stack.db.jobs) | {i for i in names if "bad UTF-8" in names[i]}
    diag("%d spoilt generations" % len(spoilt))
    begun = restarts()
    bad, silent = [], []
    hidden = ("priority", "rank", "run_at", "lease", "revision", "charge", "prompt", "gem_data", "material_preferences",
              "mail_order", "purge_tags", "ip_address", "last_error", "slots/0/retry_at")
    for identifier, name in names.items():
        path = "/v1/generations/" + identifier
        reply = ann.get(path)
        if reply.status != 200 or reply.json()["id"] != identifier:
            bad.append("%s: %d" % (name, reply.status))
        elif "damaged" not in reply.json() and identifier in spoilt and not name.startswith(hidden):
            silent.append(name)
        for what in ("retry", "cancel"):
            reply = ann.post("%s/%s" % (path, what))
            if reply.status not in (202, 404, 409):
                bad.append("%s of %s: %d" % (what, name, reply.status))
    is_(bad[:20], [], "each is shown, stopped and tried again without a fault of ours")
    is_(silent[:20], [], "each damaged one says so")
    # In the queue.
    rows = []
    for name, document in poisons(dict(model, status="queued", charge=model["charge"]),
                                     ("_id", "user_id", "guest_session_id"), 2):
        document["_id"] = str(uuid.uuid4())
        if isinstance(document.get("slots"), list) and document["slots"] and isinstance(document["slots"][0], dict) \
                and document["slots"][0].get("status") == "succeeded":
            document["slots"][0]["status"] = "queued"
        names[document["_id"]] = name
        rows.append(document)
    insert(stack.db.jobs, rows)
    began = time.monotonic()
    make(ann)
    diag("a good one was made after %.1f s beside %d spoilt ones in the queue" % (time.monotonic() - began, len(rows)))
    ok(True, "the queue goes on")
    time.sleep(3)
    claims = metric(stack, "bezel_job_claims_total")
    time.sleep(3)
    more = metric(stack, "bezel_job_claims_total") - claims
    ok(more < 100, "no worker runs in a circle", more)
    is_(restarts(), begun, "no worker died of it")
    left = [(names[j["_id"]], j.get("last_error")) for j in stack.db.jobs.find({
        "_id": {"$in": [r["_id"] for r in rows]}, "status": "queued"})]
    diag("still queued: %r" % left[:8])
    stack.db.jobs.delete_many({"_id": {"$in": list(names)}})


@test
def sessions():
    bad, silent, number = [], [], 0
    ann = guest(stack)
    create(ann)
    model = stack.db.guest_sessions.find_one({"_id": ann.session})
    for name, document in poisons(model, ("_id",), 6):
        zoe = guest(stack)
        document["_id"] = zoe.session
        stack.db.guest_sessions.delete_one({"_id": zoe.session})
        insert(stack.db.guest_sessions, [document])
        harmless = "bad UTF-8" not in name and zoe.session not in refused(stack.db.guest_sessions)
        number += 1
        live = not name.startswith("expires_at") or "MaxKey" in name
        reply = zoe.get("/v1/guest-session")
        if reply.status != 200 and live or reply.status not in (200, 401):
            bad.append("GET with %s: %d" % (name, reply.status))
        if reply.status == 200 and "damaged" not in reply.json() and not harmless \
                and not name.startswith(("ip_address", "designs")):
            silent.append(name)
        reply = create(zoe)
        if reply.status != 202 and live or reply.status not in (202, 401):
            bad.append("POST designs with %s: %d %s" % (name, reply.status, reply.text))
        reply = zoe.post("/v1/guest-session")
        if reply.status not in (200, 201):
            bad.append("POST with %s: %d" % (name, reply.status))
    is_(bad[:20], [], "%d spoilt sessions go on" % number)
    is_(silent[:20], [], "and say so")
    zoe = guest(poor)
    poor.db.guest_sessions.update_one({"_id": zoe.session}, {"$set": {
        "usage_count": float("nan"), "last_design_at": datetime.datetime.utcnow()}}, bypass_document_validation=True)
    is_([create(zoe).status for _ in range(4)], [202, 202, 429, 429], "NaN uses are no uses without end")
    zoe = guest(poor)
    poor.db.guest_sessions.update_one({"_id": zoe.session}, {"$set": {
        "usage_count": -1000000, "last_design_at": datetime.datetime.utcnow()}}, bypass_document_validation=True)
    is_([create(zoe).status for _ in range(4)], [202, 202, 429, 429], "nor are negative ones")
    zoe = guest(poor)
    poor.db.guest_sessions.update_one({"_id": zoe.session}, {"$set": {
        "usage_count": [1], "last_design_at": datetime.datetime.utcnow()}}, bypass_document_validation=True)
    is_([create(zoe).status for _ in range(4)], [202, 202, 429, 429], "a list of uses is no fault of the guest's")


@test
def another_ones_generation():
    """A design that names the generation of somebody else shows nothing of it."""
    ann, zoe = guest(stack), guest(stack)
    secret = create(ann, original_prompt="a ring that nobody else may see")
    generation = secret.json()["generation"]["id"]
    other = create(zoe)
    identifier = other.json()["id"]
    wait_for(lambda: zoe.get("/v1/designs/" + identifier).json()["generated_images"], 30, "the pictures")
    stack.db.designs.update_one({"_id": identifier}, {"$set": {"generation_id": generation}})
    reply = zoe.get("/v1/designs/" + identifier)
    ok(reply.status == 200 and "generation" not in reply.json(), "it is not shown", reply.text[:500])
    ok("nobody else" not in reply.text and generation not in reply.text, "nor is a word of it")
    stack.db.designs.update_one({"_id": identifier}, {"$set": {"generation_id": None}})


@test
def uploads():
    ann = guest(stack)
    bad, number = [], 0
    shown = ann.upload("/v1/uploads", picture()).json()
    model = stack.db.uploads.find_one({"_id": shown["id"]})
    for name, document in poisons(model, ("_id", "owner"), 3):
        document["_id"] = str(uuid.uuid4())
        insert(stack.db.uploads, [document])
        number += 1
        reply = create(ann, gem_data__uploaded_image_url=shown["url"].replace(shown["id"], document["_id"]))
        if reply.status not in (202, 409, 422):
            bad.append("%s: %d %s" % (name, reply.status, reply.text))
        if reply.status == 202:
            over(ann, reply.json()["generation"]["id"])
    is_(bad[:20], [], "%d spoilt uploads" % number)
    stack.db.uploads.delete_many({"owner": "guest:" + ann.session, "_id": {"$ne": shown["id"]}})
    is_(ann.upload("/v1/uploads", picture(50, 50)).status, 201, "uploads go on")


MANY = {"provider": "mem", "guest_daily": "100000", "guest_address_daily": "100000", "upload_daily": "100000"}
stack = Stack(settings=MANY).start()
poor = Stack(settings={**MANY, "guest_daily": "2"}).start()
main()
