#!/usr/bin/python3
"""Leaving: the export of an account, its deletion; and what is small beside them: the photo, the unsubscribe link."""
import datetime
import io
import json
import os
import re
import sys
import time
import uuid
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from PIL import Image

import truth
from faults import all_at_once, workers
from members import PASSWORD, an_address, login, member, register, text_of, token_in, wait_mail
from stack import SLOWER, Stack, wait_for
from studio import body, create, design, guest, make, over, picture
from tap import diag, is_, main, ok, test

PROMPT = "a pendant for Ottilie with seven hidden garnets"
WORDS = "a ring with leaves of ivy, to be packed"
NAME = "Ottilie Zuckerbrot"


def problem(reply, status, code, name):
    is_((reply.status, reply.json().get("code")), (status, code), name)


def pointers(reply):
    return [(e["pointer"], e["code"]) for e in reply.json().get("errors", [])]


def root(on=None):
    return os.path.join((on or stack).state, "objects")


def files(folder, on=None):
    place = os.path.join(root(on), folder[-2:], folder)
    return sorted(os.listdir(place)) if os.path.isdir(place) else []


def path_of(key, on=None):
    folder, name = key.split("/")
    return os.path.join(root(on), folder[-2:], folder, name)


def exported(client, seconds=20):
    """The export, once it has ended."""
    def look():
        reply = client.get("/v1/me/export")
        assert reply.status == 200, reply
        return reply.json()["status"] in ("ready", "failed") and reply.json()
    return wait_for(look, seconds, "the export")


def tomorrow(client, on=None):
    """As if what the client has exported were of yesterday."""
    (on or stack).db.exports.update_many({"user_id": client.user}, {"$set": {
        "created_at": datetime.datetime.utcnow() - datetime.timedelta(hours=25)}})


def export(client, on=None):
    tomorrow(client, on)
    reply = client.post("/v1/me/export")
    assert reply.status == 202, reply
    return exported(client)


def archive_of(on, got):
    reply = on.client().get(got["url"])
    assert reply.status == 200, reply
    return reply, zipfile.ZipFile(io.BytesIO(reply.body))


def many(on, client, count, prompt=PROMPT):
    """Designs of hers, all with the pictures of one."""
    made = make(client, original_prompt=prompt)
    stored = on.db.designs.find_one({"_id": made["id"]})
    rows = []
    for i in range(count):
        row = dict(stored, _id=str(uuid.uuid4())[:14] + "7" + str(uuid.uuid4())[15:])
        row["created_at"] = stored["created_at"] - datetime.timedelta(seconds=i)
        rows.append(row)
    on.db.designs.insert_many(rows)
    return made


def kill_jobs(on):
    for pid in workers(on, "job"):
        on.kill(pid)


# --- export --------------------------------------------------------------------------------------------------------

@test
def what_is_in_it():
    ann = member(stack, full_name="Anna Packer")
    none = ann.get("/v1/me/export")
    is_((none.status, none.body, none.header("Content-Type")), (204, b"", None), "none has been asked for")
    upload = ann.upload("/v1/uploads", picture()).json()
    first = make(ann, original_prompt=WORDS, gem_data__uploaded_image_url=upload["url"])
    other = make(ann, original_prompt="<script>alert(1)</script> & \"quotes\"")
    reply = ann.post("/v1/designs/%s/refinements" % first["id"], json={"prompt": "thinner band, please"})
    over(ann, reply.json()["id"])
    is_(ann.delete("/v1/designs/" + other["id"]).status, 204, "one is in the trash")
    is_(ann.upload("/v1/me/photo", picture()).status, 200, "a photo")
    stack.db.folders.insert_one({"_id": str(uuid.uuid4())[:14] + "7" + str(uuid.uuid4())[15:], "user_id": ann.user, "name": "For Ottilie",
                                 "description": None, "color": None, "icon": None, "sort_order": 0,
                                 "created_at": datetime.datetime.utcnow(), "updated_at": datetime.datetime.utcnow()})
    stack.db.shared_designs_access.insert_one({"_id": str(uuid.uuid4()), "design_id": first["id"], "share_token": "t", "viewer_ip":
                                               "203.0.113.77", "viewer_country": None, "viewer_device": None,
                                               "viewed_at": datetime.datetime.utcnow()})
    reply = ann.post("/v1/me/export", headers={"Idempotency-Key": "pack"})
    is_((reply.status, reply.header("Location"), reply.json()["url"]), (202, "/v1/me/export", None), "it is asked for")
    again = ann.post("/v1/me/export", headers={"Idempotency-Key": "pack"})
    is_((again.status, again.header("Idempotent-Replayed"), again.json()["id"]), (202, "true", reply.json()["id"]), "a repeated request")
    got = exported(ann)
    left = datetime.datetime.fromisoformat(got["expires_at"].replace("Z", "+00:00")) - datetime.datetime.now(datetime.timezone.utc)
    is_((got["status"], got["files_done"] == got["files_total"], 6.9 < left.total_seconds() / 86400 <= 7), ("ready", True, True),
        "it is there, for seven days")
    ok(not {"key", "job_id", "user_id"} & set(got), "what is inside is not told", got)
    answer, archive = archive_of(stack, got)
    is_((answer.header("Content-Type"), answer.header("Content-Disposition"), answer.header("Cache-Control"), len(answer.body)),
        ("application/zip", 'attachment; filename="designs.zip"', "private, no-store", got["bytes"]), "a file to keep, of that size")
    is_(stack.client().get(got["url"], headers={"Range": "bytes=0-3"}).body, b"PK\x03\x04", "a part of it")
    is_(archive.testzip(), None, "every checksum is right")
    names = archive.namelist()
    is_((len(names), len(set(names))), (got["files_done"], len(names)), "as many files as it says, none twice")
    ok(all(re.fullmatch(r"[a-z0-9_./-]+|README\.txt", name) for name in names), "names that every system takes", names)
    account = json.loads(archive.read("account.json"))
    me = ann.get("/v1/me").json()
    is_({k: account[k] for k in ("id", "email", "full_name", "preferences", "usage_stats")},
        {k: me[k] for k in ("id", "email", "full_name", "preferences", "usage_stats")}, "the account")
    is_(Image.open(io.BytesIO(archive.read(account["profile_photo_url"]))).size, (300, 300), "its photo")
    for made in (design(ann, first["id"]), design(ann, other["id"])):
        folder = "designs/%s/" % made["id"]
        packed = json.loads(archive.read(folder + "design.json"))
        is_({k: packed[k] for k in ("original_prompt", "material_preferences", "created_at", "is_deleted", "metadata", "current_version")},
            {k: made[k] for k in ("original_prompt", "material_preferences", "created_at", "is_deleted", "metadata", "current_version")},
            "a design")
        for mine, theirs in zip(packed["generated_images"] + packed["refinements"], made["generated_images"] + made["refinements"]):
            for kind in ("image_url", "thumbnail_url"):
                key = kind if kind in mine else "refined_" + kind
                is_(archive.read(folder + mine[key]), stack.client().get(theirs[key]).body, "a picture under " + mine[key])
    packed = json.loads(archive.read("designs/%s/design.json" % first["id"]))
    is_(packed["generated_images"][0]["image_url"], "01-cornflower-blue-sapphire.webp", "a name that one can read")
    is_(packed["refinements"][0]["refined_image_url"], "refinement-01-thinner-band-please.webp", "of a refinement too")
    reference = os.path.normpath("designs/%s/%s" % (first["id"], packed["gem_data"]["uploaded_image_url"]))
    is_(archive.read(reference), stack.client().get(upload["url"]).body, "the reference picture")
    lists = {name: json.loads(archive.read(name + ".json"))["items"] for name in ("folders", "uploads", "sessions", "usage", "events")}
    is_((lists["folders"][0]["name"], lists["uploads"][0]["id"]), ("For Ottilie", upload["id"]), "folders and uploads")
    is_((len(lists["usage"]), {row["user_id"] for row in lists["usage"]}), (5, {ann.user}), "the calls for it")
    ok({"registered", "export_asked"} <= {row["kind"] for row in lists["events"]}, "the events", lists["events"])
    is_(len(lists["sessions"]), len(ann.get("/v1/me/sessions").json()["items"]), "the sessions")
    everything = b"".join(archive.read(name) for name in names if name.endswith((".json", ".txt", ".html")))
    for what, secret in (("a hash of a session", stack.db.sessions.find_one({"user_id": ann.user})["secret_hash"]),
                         ("a hash of a password", "password_hash"), ("a viewer's address", "203.0.113.77"), ("a key of an object", upload["id"] + "/"),
                         ("an address that is signed", "/media/")):
        ok(secret.encode() not in everything, what + " is not in it")
    page = archive.read("index.html").decode()
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    is_((sorted(set(sources) - set(names)), len(sources)), ([], 10), "the page shows what is there, and nothing from elsewhere")
    ok("<script" not in page and "&lt;script&gt;" in page and WORDS in page and "in the trash" in page, "words are shown as words")
    ok("could not be packed" not in archive.read("README.txt").decode(), "nothing is missing")
    mail = wait_mail(stack, ann.address_of_mail, "packed")
    ok("/account" in text_of(mail) and got["expires_at"][:10] in text_of(mail) and "Anna" in text_of(mail), "a mail says so", text_of(mail))
    is_(sum(job["kind"] == "mail" and job["mail_order"]["template"] == "export_ready" for job in stack.db.jobs.find({"user_id": ann.user})),
        1, "one mail")
    is_(stack.client().get(got["url"].replace(got["id"], str(uuid.uuid4()))).status, 404, "a signature opens one folder")
    wrong = re.sub(r"/[0-9a-f]{32}\.zip", "/" + "0" * 32 + ".zip", got["url"])
    is_((wrong != got["url"], stack.client().get(wrong).status), (True, 404), "a name is not to be guessed")
    bob = member(stack)
    is_(bob.get("/v1/me/export").status, 204, "nobody else's")
    problem(guest(stack).get("/v1/me/export"), 403, "account_required", "a guest has none")
    is_(ann.get("/v1/generations/" + got["id"]).status, 404, "an export is no generation")


@test
def one_a_day():
    ann = member(stack)
    replies = []
    all_at_once([lambda: replies.append(ann.post("/v1/me/export")) for _ in range(6)])
    is_(sorted(r.status for r in replies), [202] + [429] * 5, "of six at the same moment one")
    is_(stack.db.exports.count_documents({"user_id": ann.user}), 1, "is made")
    got = exported(ann)
    reply = ann.post("/v1/me/export")
    problem(reply, 429, "rate_limited", "again on the same day")
    ok(86000 < int(reply.header("Retry-After")) <= 86401, "Retry-After", reply.header("Retry-After"))
    stack.db.exports.update_one({"_id": got["id"]}, {"$set": {"status": "failed"}})
    is_(ann.post("/v1/me/export").status, 202, "one that failed does not count")
    second = exported(ann)
    is_((second["status"], second["id"] != got["id"]), ("ready", True), "another one")
    stack.bezel("retention")
    is_((files(got["id"]), len(files(second["id"])), stack.db.exports.count_documents({"user_id": ann.user})), ([], 1, 1),
        "takes the place of the one before")
    archive = archive_of(stack, second)[1]
    ok("There are none" in archive.read("index.html").decode(), "an empty account has an export as well")


@test
def it_expires():
    ann = member(stack)
    got = export(ann)
    stack.db.exports.update_one({"_id": got["id"]}, {"$set": {"expires_at": datetime.datetime.utcnow()}})
    time.sleep(1.1)
    said = stack.bezel("retention").stdout
    ok(re.search(r"[1-9]\d* exports", said), "the sweep says so", said)
    is_((files(got["id"]), stack.db.exports.find_one({"_id": got["id"]}), ann.get("/v1/me/export").status,
         stack.client().get(got["url"]).status), ([], None, 204, 404), "file and document are gone")


@test
def lost_and_damaged():
    ann = member(stack)
    made = make(ann)
    stored = stack.db.designs.find_one({"_id": made["id"]})
    os.unlink(path_of(stored["generated_images"][0]["image_url"]))
    with open(path_of(stored["generated_images"][0]["thumbnail_url"]), "r+b") as file:
        file.truncate(50)
    with open(path_of(stored["generated_images"][1]["image_url"]), "wb") as file:
        file.write(b"no picture at all")
    stack.db.designs.update_one({"_id": made["id"]}, {"$set": {"generated_images.1.thumbnail_url": "../../etc/passwd"}})
    got = export(ann)
    is_(got["status"], "ready", "the rest is packed")
    archive = archive_of(stack, got)[1]
    readme = archive.read("README.txt").decode()
    folder = "designs/%s/" % made["id"]
    lines = {line.split(": ")[0].strip(): line.split(": ")[1] for line in readme.splitlines() if line.startswith("  designs/" + made["id"])}
    is_(lines, {folder + "01-cornflower-blue-sapphire.webp": "is missing",
                folder + "small/01-cornflower-blue-sapphire.webp": "is damaged; it is packed as it was found",
                folder + "02-cornflower-blue-sapphire.webp": "is damaged; it is packed as it was found",
                folder + "small/02-cornflower-blue-sapphire.webp": "cannot be read"}, "the README says what is not as it should be")
    is_(archive.read(folder + "02-cornflower-blue-sapphire.webp"), b"no picture at all", "what there is, is packed")


@test
def a_poisoned_account():
    ann = member(stack)
    made = make(ann)
    stack.db.command("collMod", "designs", validationLevel="off")
    stack.db.designs.update_one({"_id": made["id"]}, {"$set": {"generated_images": 7, "original_prompt": None, "gem_data": []}})
    stack.db.designs.insert_one({"_id": "no uuid", "user_id": ann.user, "created_at": datetime.datetime.utcnow()})
    stack.db.command("collMod", "designs", validationLevel="moderate")
    got = export(ann)
    archive = archive_of(stack, got)[1]
    packed = json.loads(archive.read("designs/%s/design.json" % made["id"]))
    ok(got["status"] == "ready" and packed["damaged"], "a damaged document does not stop it", packed)
    is_(ann.delete("/v1/me", json={"password": PASSWORD}).status, 204, "nor the deletion")
    gone(ann.user)


@test
def killed_in_the_middle():
    ann = member(slow)
    many(slow, ann, 12000)
    is_(ann.post("/v1/me/export").status, 202, "a large one")
    seen = wait_for(lambda: (lambda e: e["status"] == "running" and e["files_done"] > 100 and e)(ann.get("/v1/me/export").json()), 20, "its begin")
    ok(0 < seen["files_done"] < seen["files_total"], "one sees how far it is", seen)
    kill_jobs(slow)
    wait_for(lambda: len(workers(slow, "job")) == 2, 10, "other workers")
    got = exported(ann, 60)
    archive = archive_of(slow, got)[1]
    job = slow.db.jobs.find_one({"kind": "export", "user_id": ann.user})
    ok(got["status"] == "ready" and job["attempts"] >= 2, "another worker makes it", (got, job["attempts"]))
    is_((len([n for n in archive.namelist() if n.endswith("design.json")]), archive.testzip()), (12001, None), "whole")
    is_((len(files(got["id"], slow)), truth.temporary_files(root(slow)),
         sorted(name for name in os.listdir(os.path.join(slow.state, "var")) if not name.startswith("share-"))), (1, [], ["outbox"]),
        "and nothing is left behind")
    tomorrow(ann, slow)
    is_(ann.post("/v1/me/export").status, 202, "another one")
    wait_for(lambda: ann.get("/v1/me/export").json()["files_done"] > 100, 20, "its begin")
    began = time.monotonic()
    slow.stop()
    diag("stopped in %.1f s" % (time.monotonic() - began))
    ok(time.monotonic() - began < 15 * SLOWER, "SIGTERM ends the worker in the middle")
    slow.start()
    is_(exported(ann, 60)["status"], "ready", "and the next one makes it")


@test
def no_room():
    """An object store that cannot be written: tried again and again, then it has failed, and may be asked for again."""
    ann = member(slow)
    slow.db.jobs.update_many({}, {"$set": {"cancel_requested": False}})
    pids = workers(slow, "job")
    for pid in pids:
        slow.kill(pid, 19)
    is_(ann.post("/v1/me/export").status, 202, "asked for")
    slow.db.jobs.update_one({"kind": "export", "user_id": ann.user}, {"$set": {"attempts": 10}})
    for pid in pids:
        slow.kill(pid, 18)
    got = exported(ann)
    is_((got["status"], got["url"], files(got["id"], slow)), ("failed", None, []), "after many tries it has failed")
    is_(slow.db.jobs.find_one({"kind": "export", "user_id": ann.user})["status"], "failed", "so has its job")
    is_(ann.post("/v1/me/export").status, 202, "it may be asked for again")
    is_(exported(ann)["status"], "ready", "and is made")


# --- deletion ------------------------------------------------------------------------------------------------------

def traces(on, words):
    """Where any of these words stands in any document, byte by byte; and in files."""
    found = []
    for name in on.db.list_collection_names():
        for raw in on.mongo.get_database(on.database, codec_options=RAW)[name].find():
            found += ["%s: %s" % (name, word) for word in words if word.encode() in raw.raw]
    return found


def gone(user, on=None, seconds=30):
    on = on or stack
    wait_for(lambda: on.db.users.count_documents({"_id": user}) == 0, seconds, "the end of the account")
    wait_for(lambda: on.db.jobs.count_documents({"user_id": user, "kind": "account_deletion", "status": "succeeded"}) == 1, seconds, "the end of its job")


@test
def everything_goes():
    ann = member(stack, full_name=NAME)
    bob = member(stack)
    kept = make(bob)
    upload = ann.upload("/v1/uploads", picture()).json()
    unused = ann.upload("/v1/uploads", picture(30, 30)).json()
    made = make(ann, original_prompt=PROMPT, gem_data__uploaded_image_url=upload["url"])
    over(ann, ann.post("/v1/designs/%s/refinements" % made["id"], json={"prompt": PROMPT}).json()["id"])
    make(ann, original_prompt=PROMPT)
    is_(ann.upload("/v1/me/photo", picture()).status, 200, "a photo")
    got = export(ann)
    second = stack.client()
    is_(login(second, ann.address_of_mail).status, 200, "she is signed in twice")
    is_(stack.client().post("/v1/auth/password-reset", json={"email": ann.address_of_mail}).status, 202, "a link is on its way")
    wait_for(lambda: stack.db.one_time_tokens.count_documents({"user_id": ann.user, "purpose": "password_reset"}) == 1, 10, "its token")
    stack.db.shared_designs_access.insert_one({"_id": str(uuid.uuid4()), "design_id": made["id"], "share_token": "t", "viewer_ip":
                                               "203.0.113.78", "viewer_country": None, "viewer_device": None,
                                               "viewed_at": datetime.datetime.utcnow()})
    rows = list(stack.db.api_usage_log.find({"user_id": ann.user}))
    was = ann.address_of_mail
    for reply, name in ((ann.delete("/v1/me"), "no password"), (ann.delete("/v1/me", json={}), "an empty body"),
                        (ann.delete("/v1/me", json={"password": "wrong wrong"}), "a wrong one")):
        is_((reply.status, pointers(reply)), (422, [("/password", "wrong_password")]), name)
    is_(ann.delete("/v1/me", json={"pasword": PASSWORD}).status, 422, "another member")
    is_(ann.delete("/v1/me", body=b"password=x", headers={"Content-Type": "text/plain"}).status, 415, "another type")
    problem(ann.delete("/v1/me", json={"password": PASSWORD}, origin="https://evil.example"), 403, "origin_required", "from elsewhere")
    is_(ann.get("/v1/me").status, 200, "nothing has happened so far")
    reply = ann.delete("/v1/me", json={"password": PASSWORD})
    is_((reply.status, reply.body, ann.cookies), (204, b"", {}), "gone, and the cookies")
    ok("storage" in reply.header("Clear-Site-Data"), "what the browser keeps as well")
    problem(second.get("/v1/me"), 401, "session_expired", "the other session has ended")
    problem(login(stack.client(), was), 401, "wrong_credentials", "nobody signs in any more")
    heir = stack.client()
    is_(register(heir, was, full_name="Another Person").status, 202, "the address may register at once")
    token = token_in(wait_mail(stack, was, "confirm", count=2))
    is_(heir.post("/v1/auth/verify-email", json={"token": token}).json(), {"signed_in": True}, "and sign in")
    heir.user = heir.get("/v1/me").json()["id"]
    ok(heir.user != ann.user, "the address is free at once")
    is_((heir.get("/v1/designs").json()["items"], heir.get("/v1/me/export").status), ([], 204), "the new account has nothing of the old one")
    mail = wait_mail(stack, was, "is gone")
    ok(NAME.split()[0] in text_of(mail), "a mail to the old address", text_of(mail))
    gone(ann.user)
    is_(heir.delete("/v1/me", json={"password": PASSWORD}).status, 204, "the second account goes too")
    gone(heir.user)
    is_(traces(stack, (was, NAME, PROMPT, "Another Person")), [], "no document says her address, her name or her words")
    found = {trace.split(":")[0] for trace in traces(stack, (ann.user,))}
    is_(found - {"audit_log", "jobs", "idempotency_keys"}, set(), "her id stands in the audit log and in jobs alone")
    is_([files(folder) for folder in (made["id"], upload["id"], unused["id"], ann.user, got["id"])], [[]] * 5, "no file is left")
    is_(stack.client().get(got["url"]).status, 404, "the export is no more")
    after = {row["_id"]: row for row in stack.db.api_usage_log.find({"_id": {"$in": [row["_id"] for row in rows]}})}
    is_([(a["user_id"], a["request"]["prompt"], a["request"]["parameters"], a["ip_address"], a["cost_usd"], a["created_at"])
         for a in (after[row["_id"]] for row in rows)], [(None, "", {}, "", row["cost_usd"], row["created_at"]) for row in rows],
        "what was paid for stays, without a person")
    events = [e["kind"] for e in stack.db.audit_log.find({"user_id": ann.user}).sort("_id", 1)]
    ok(events[0] == "registered" and events[-1] == "account_deleted", "the audit log remembers", events)
    is_((design(bob, kept["id"])["id"], len(files(kept["id"]))), (kept["id"], 4), "another one's stay")
    is_(stack.bezel("db", "check").returncode, 0, "what is left fits its rows")
    ok(stack.events("account.deleted"), "the log says so")


@test
def too_many_guesses():
    ann = member(few)
    statuses = [ann.delete("/v1/me", json={"password": "guess %d" % i}).status for i in range(4)]
    is_(statuses, [422, 422, 422, 429], "wrong passwords are counted")
    is_(ann.delete("/v1/me", json={"password": PASSWORD}).status, 429, "with those of the change of a password")
    is_(ann.post("/v1/auth/password", json={"current_password": PASSWORD, "new_password": "another stone 9"}).status, 429, "it is one limit")


@test
def without_a_password():
    ann, eve = member(stack), member(stack)
    stack.db.users.update_many({"_id": {"$in": [ann.user, eve.user]}}, {"$set": {"password_hash": None, "auth_provider": "google"}})
    stack.db.sessions.update_one({"user_id": eve.user}, {"$set": {"created_at": datetime.datetime.utcnow() - datetime.timedelta(hours=1)}})
    time.sleep(1.1)    # session_cache_s
    problem(eve.delete("/v1/me"), 403, "fresh_login_required", "a sign-in of an hour ago")
    is_(ann.delete("/v1/me").status, 204, "one of now, without a body")
    gone(ann.user)
    is_(stack.db.users.count_documents({"_id": eve.user}), 1, "the other one stays")


@test
def while_pictures_are_made():
    """What is under way is stopped first, so that nothing comes back."""
    ann = member(hanging)
    running = [create(ann, original_prompt=PROMPT).json() for _ in range(3)]
    wait_for(lambda: hanging.db.jobs.count_documents({"user_id": ann.user, "status": "running"}) >= 1, 10, "a worker")
    time.sleep(0.3)
    is_(ann.post("/v1/me/export").status, 202, "an export waits in the line")
    is_(ann.delete("/v1/me", json={"password": PASSWORD}).status, 204, "gone")
    gone(ann.user, hanging, 60)
    time.sleep(1)
    objects = truth.objects_on_disk(root(hanging))
    is_((hanging.db.designs.count_documents({"_id": {"$in": [d["id"] for d in running]}}), [k for k in objects if k.split("/")[0] in [
        d["id"] for d in running]]), (0, []), "no design, no object")
    is_((hanging.db.exports.count_documents({"user_id": ann.user}), traces(hanging, (PROMPT,))), (0, []), "no export, no words")


@test
def a_request_on_its_way():
    """Another host may take a session for live a moment longer: what is made then goes as well."""
    ann = member(stack)
    make(ann)
    is_(ann.delete("/v1/me", json={"password": PASSWORD}).status, 204, "gone")
    wait_for(lambda: stack.db.designs.count_documents({"user_id": ann.user}) == 0, 10, "the first round")
    stack.db.uploads.insert_one({"_id": str(uuid.uuid4())[:14] + "7" + str(uuid.uuid4())[15:], "owner": "user:" + ann.user, "key": "aa/b.webp",
                                 "thumbnail_key": "aa/c.webp", "bytes": 1, "width": 1, "height": 1, "design_id": None,
                                 "expires_at": None, "created_at": datetime.datetime.utcnow()})
    gone(ann.user)
    is_(stack.db.uploads.count_documents({"owner": "user:" + ann.user}), 0, "what came late is removed too")


@test
def what_a_guest_had_made():
    """The calls for it name no user, and are hers all the same."""
    ann = member(stack)
    visitor = guest(stack)
    made = make(visitor, original_prompt=PROMPT + " as a guest")
    is_(login(visitor, ann.address_of_mail).status, 200, "signed in")
    is_(design(visitor, made["id"])["user_id"], ann.user, "the design is hers")
    is_(visitor.delete("/v1/me", json={"password": PASSWORD}).status, 204, "gone")
    gone(ann.user)
    is_((traces(stack, (PROMPT + " as a guest",)), files(made["id"])), ([], []), "no words, no files")


@test
def killed_while_it_removes():
    ann = member(slow)
    prompt = "a pendant of which nobody shall know"
    many(slow, ann, 600, prompt)
    total = slow.db.designs.count_documents({"user_id": ann.user})
    is_(ann.delete("/v1/me", json={"password": PASSWORD}).status, 204, "gone")
    kills = 0
    for part in (0.9, 0.6, 0.3):
        wait_for(lambda part=part: slow.db.designs.count_documents({"user_id": ann.user}) < part * total, 40, "some designs to go")
        left = slow.db.designs.count_documents({"user_id": ann.user})
        if left > 0:
            kill_jobs(slow)
            kills += 1
            wait_for(lambda: len(workers(slow, "job")) == 2, 20, "other workers")
    ok(kills >= 2, "killed in the middle, again and again", kills)
    gone(ann.user, slow, 60)
    is_((slow.db.designs.count_documents({"user_id": ann.user}), traces(slow, (prompt, ann.address_of_mail))), (0, []), "nothing is left")


@test
def nobody():
    for method, path in (("GET", "/v1/me/export"), ("POST", "/v1/me/export"), ("DELETE", "/v1/me"), ("POST", "/v1/me/photo"), ("DELETE", "/v1/me/photo")):
        problem(stack.client().request(method, path), 401, "session_required", "%s %s needs somebody" % (method, path))


@test
def test_mode_goes_too():
    ann = member(stack)
    key = ann.post("/v1/api-keys", json={"name": "till", "mode": "test", "scopes": ["designs:read", "generate"]}).json()["key"]
    till = stack.client()

    def headers():
        return {"Authorization": "Bearer " + key, "Idempotency-Key": str(uuid.uuid4())}

    upload = till.upload("/v1/uploads", picture(), headers=headers()).json()
    made = [till.post("/v1/designs", json=body(original_prompt=PROMPT), headers=headers()).json()["id"] for _ in range(3)]
    wait_for(lambda: stack.db.api_usage_log.count_documents({"design_id": {"$in": made}}) > 0, 10, "a call")
    is_(ann.delete("/v1/me", json={"password": PASSWORD}).status, 204, "she leaves")
    gone(ann.user)
    is_((stack.db.designs.count_documents({"_id": {"$in": made}}), stack.db.uploads.count_documents({"_id": upload["id"]}),
         stack.db.jobs.count_documents({"guest_session_id": ann.user})), (0, 0, 0), "test designs, uploads and jobs are gone")
    is_(stack.db.api_usage_log.count_documents({"design_id": {"$in": made}, "$or": [
        {"ip_address": {"$ne": ""}}, {"request.prompt": {"$ne": ""}}]}), 0, "the calls name nobody")


# --- photo ---------------------------------------------------------------------------------------------------------

@test
def photo():
    ann = member(stack)
    is_(ann.get("/v1/me").json()["profile_photo_url"], None, "none at first")
    reply = ann.upload("/v1/me/photo", picture(900, 600))
    url = reply.json()["profile_photo_url"]
    shown = stack.client().get(url)
    image = Image.open(io.BytesIO(shown.body))
    is_((reply.status, shown.status, image.format, image.size), (200, 200, "WEBP", (512, 512)), "cut to a square, not too large")
    is_((len(files(ann.user)), ann.get("/v1/me").json()["profile_photo_url"]), (1, url), "one file")
    is_(Image.open(io.BytesIO(stack.client().get(ann.upload("/v1/me/photo", picture(40, 90)).json()["profile_photo_url"]).body)).size, (40, 40),
        "a small one is not blown up")
    is_(len(files(ann.user)), 1, "the old file has gone")
    same = [ann.upload("/v1/me/photo", picture(40, 90)).status for _ in range(2)]
    is_((same, len(files(ann.user))), ([200, 200], 1), "the same again is still there")
    turned = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010e] = "a secret place"
    Image.new("RGB", (200, 100), (9, 200, 9)).save(turned, "JPEG", exif=exif)
    body = stack.client().get(ann.upload("/v1/me/photo", turned.getvalue()).json()["profile_photo_url"]).body
    ok(b"secret" not in body and b"EXIF" not in body, "nothing but pixels")
    time.sleep(1.1)
    stack.bezel("retention")
    is_(len(files(ann.user)), 1, "the sweep for orphans lets it stay")
    problem(ann.upload("/v1/me/photo", b"GIF89a no picture"), 422, "invalid", "no picture")
    is_(ann.upload("/v1/me/photo", picture(), name="other").status, 422, "another field")
    is_(ann.post("/v1/me/photo", json={}).status, 415, "JSON")
    is_(ann.post("/v1/me/photo", body=b"x" * (11 << 20)).status, 413, "11 MiB")
    problem(guest(stack).upload("/v1/me/photo", picture()), 403, "account_required", "a guest")
    replies = []
    all_at_once([lambda i=i: replies.append(ann.upload("/v1/me/photo", picture(60 + i, 60)).status) for i in range(6)])
    named = stack.db.users.find_one({"_id": ann.user})["profile_photo_url"]
    is_((set(replies) - {200, 409, 429}, [ann.user + "/" + name for name in files(ann.user)]), (set(), [named]), "six at once: one file, which is named")
    key = {"Idempotency-Key": "photo"}
    first = ann.upload("/v1/me/photo", picture(70, 70), headers=key)
    again = ann.upload("/v1/me/photo", picture(70, 70), headers=key)
    is_((first.status, again.status, again.header("Idempotent-Replayed")), (200, 200, "true"), "sent again")
    is_((ann.delete("/v1/me/photo").status, ann.delete("/v1/me/photo").status), (204, 204), "away, twice")
    is_((ann.get("/v1/me").json()["profile_photo_url"], files(ann.user)), (None, []), "none")


# --- unsubscribe ---------------------------------------------------------------------------------------------------

def link(on, address, list_name="design_tips"):
    """The link of a mail of that list."""
    user = on.db.users.find_one({"email": address})
    now = datetime.datetime.utcnow()
    identifier = str(uuid.uuid4())[:14] + "7" + str(uuid.uuid4())[15:]
    form = on.db.jobs.find_one({"kind": "mail", "status": "succeeded"})
    form.update({"_id": identifier, "status": "queued", "user_id": user["_id"], "run_at": now, "created_at": now, "ended_at": None,
                 "lease_token": None, "lease_until": None, "attempts": 0})
    form["mail_order"].update({"template": "announce", "to": address, "name": None, "token_id": None, "subject": "News " + identifier,
                               "text": "Cabochons.", "list": list_name, "detail": None})
    on.db.jobs.insert_one(form)
    mail = wait_mail(on, address, "News " + identifier, 1)
    is_(mail["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click", "a mail of that list has the link")
    return re.search(r"<https?://[^/]+(/u/[^>]+)>", mail["List-Unsubscribe"]).group(1)


def wanted(client):
    return client.get("/v1/me").json()["preferences"]["email_notifications"]


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ONE_CLICK = b"List-Unsubscribe=One-Click"


@test
def photos_have_a_limit():
    ann = member(stack)
    small = picture(20, 20)
    replies = [ann.upload("/v1/me/photo", small) for _ in range(21)]
    is_([r.status for r in replies], [200] * 20 + [429], "as many a day as uploads")
    ok(int(replies[-1].header("Retry-After")) > 0, "and when again")


@test
def unsubscribe():
    ann = member(stack)
    path = link(stack, ann.address_of_mail)
    scanner = stack.client()
    for _ in range(2):
        page, head = scanner.get(path), scanner.head(path)
        is_((page.status, page.header("Content-Type"), head.status, head.body), (200, "text/html; charset=utf-8", 200, b""), "the page")
    ok("<form method=\"post\">" in page.text and "design tips" in page.text and ann.address_of_mail not in page.text, "has a button, and tells nothing else")
    is_((page.header("Cache-Control"), page.header("Referrer-Policy"), page.header("Set-Cookie")), ("no-store", "no-referrer", None), "its headers")
    ok("form-action 'self'" in page.header("Content-Security-Policy") and "script-src" not in page.header("Content-Security-Policy"), "its policy",
       page.header("Content-Security-Policy"))
    is_(wanted(ann)["design_tips"], True, "who only looks changes nothing")
    before = ann.get("/v1/me").json()["updated_at"]
    reply = scanner.post(path, body=ONE_CLICK, headers=FORM, origin=None)
    is_((reply.status, wanted(ann)), (200, {"design_tips": False, "new_features": True, "account_activity": True}), "one click, from anywhere")
    ok("unsubscribed" in reply.text, "says so")
    after = ann.get("/v1/me").json()["updated_at"]
    ok(after > before, "the profile has changed")
    is_((scanner.post(path, body=ONE_CLICK, headers=FORM, origin="https://mail.example").status, ann.get("/v1/me").json()["updated_at"]),
        (200, after), "again: nothing happens")
    mark = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    other = link(stack, ann.address_of_mail, "new_features")
    is_((stack.client().post(other, body=mark, headers={"Content-Type": "multipart/form-data; boundary=x"}, origin=None).status,
         wanted(ann)["new_features"]), (200, False), "as multipart, another list")
    ann.cookies["bezel_x"] = "\"; broken"
    is_(scanner.request("POST", path, body=ONE_CLICK, headers={**FORM, "Cookie": "bezel=rubbish; bezel=twice"}, origin=None).status, 200,
        "cookies are not looked at")
    is_(scanner.post(path, json={}, origin=None).status, 415, "JSON is no form")
    is_((scanner.put(path, json={}).status, scanner.delete(path).status), (405, 405), "other methods")
    flipped = path[:-1] + ("A" if path[-1] != "A" else "B")
    for wrong in (flipped, "/u/x", "/u/" + "A" * 300, path + "x", path + "/x"):
        is_((scanner.get(wrong).status, scanner.post(wrong, body=ONE_CLICK, headers=FORM, origin=None).status), (404, 404), "no link of ours")
    is_(ann.delete("/v1/me", json={"password": PASSWORD}).status, 204, "gone")
    gone(ann.user)
    is_((scanner.get(path).status, scanner.post(path, body=ONE_CLICK, headers=FORM, origin=None).status), (200, 200), "old mail of one who left")
    ok(path[3:] not in stack.log("nginx/access"), "no log keeps the link")


try:
    from bson.codec_options import CodecOptions
    from bson.raw_bson import RawBSONDocument
    RAW = CodecOptions(document_class=RawBSONDocument)
except ImportError:
    RAW = None

COMMON = {"provider": "mem", "session_cache_s": "1", "request_deadline_ms": "3000", "job_lease_s": "2", "orphan_age_s": "1",
          "free_designs_daily": "1000", "free_designs_monthly": "1000", "job_workers": "2"}
stack = Stack(settings=COMMON).start()
slow = Stack(settings=COMMON).start()
few = Stack(settings={**COMMON, "login_failures": "3", "login_window_s": "86400"}).start()
hanging = Stack(settings={**COMMON, "provider_script": "*:hang"}).start()
main()
