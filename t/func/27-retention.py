#!/usr/bin/python3
"""What goes away by itself, and what does not; afterwards the files are exactly those that documents name."""
import concurrent.futures
import datetime
import os
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from members import an_address, member, register, stored_member, token_in, wait_mail
from stack import SLOWER, Stack, wait_for
from studio import OVER, design, guest, make, picture
from tap import is_, main, ok, test

# What `bezel retention` says, by the rows' names.
WORDS = {"trash": "from the trash", "guests": "of guests removed", "uploads": "unused uploads", "exports": "exports removed",
         "accounts": "accounts removed", "jobs": "ended jobs", "usage": "calls whose words", "links": "revoked links",
         "pending": "addresses forgotten", "addresses": "addresses of viewers", "views": "looks at links", "orphans": "orphaned objects"}


def retention():
    ended = stack.bezel("retention")
    lines = ended.stdout.splitlines()
    if ended.returncode != 0 or len(lines) != len(WORDS):
        raise AssertionError((ended.returncode, ended.stdout, ended.stderr))
    return {name: int(line.split()[0]) for name, words in WORDS.items() for line in lines if words in line}


def removed(**wanted):
    return {name: wanted.get(name, 0) for name in WORDS}


def settled():
    """No job is left to do."""
    wait_for(lambda: stack.db.jobs.count_documents({"status": {"$nin": list(OVER)}}) == 0, 20, "the jobs to end")


def on_disk():
    root = os.path.join(stack.state, "objects")
    return {os.path.join(os.path.basename(folder), name) for folder, _, names in os.walk(root) for name in names}


def in_documents():
    keys = set()
    for d in stack.db.designs.find():
        for i in d["generated_images"]:
            keys |= {i["image_url"], i["thumbnail_url"]}
        for r in d["refinements"]:
            keys |= {r["refined_image_url"], r["refined_thumbnail_url"]}
    for u in stack.db.uploads.find():
        keys |= {u["key"], u["thumbnail_key"]}
    return keys


def is_exact(name):
    settled()
    is_((sorted(on_disk() - in_documents()), sorted(in_documents() - on_disk())), ([], []), name + ": files are those of the documents")


def end(client):
    stack.db.guest_sessions.update_one({"_id": client.session}, {"$set": {"expires_at": datetime.datetime.utcnow()
                                                                          - datetime.timedelta(seconds=1)}})


def place(key, age_s):
    """A file as a crashed worker leaves it."""
    root = os.path.join(stack.state, "objects")
    folder, name = key.split("/")
    path = os.path.join(root, folder[-2:], folder)
    owner = os.stat(root)
    for step in (os.path.dirname(path), path):
        if not os.path.isdir(step):
            os.mkdir(step, 0o750)
            os.chown(step, owner.st_uid, owner.st_gid)
    with open(os.path.join(path, name), "wb") as file:
        file.write(b"RIFF")
    os.chown(file.name, owner.st_uid, owner.st_gid)
    os.utime(file.name, (time.time() - age_s,) * 2)


@test
def guests_whose_session_is_over():
    gone, lives = guest(stack), guest(stack)
    upload = gone.upload("/v1/uploads", picture()).json()
    free = gone.upload("/v1/uploads", picture(50, 50)).json()
    kept_upload = lives.upload("/v1/uploads", picture(60, 60)).json()
    first = make(gone, gem_data__uploaded_image_url=upload["url"])
    make(gone)
    trashed = make(gone)
    gone.delete("/v1/designs/" + trashed["id"])
    kept = make(lives, gem_data__uploaded_image_url=kept_upload["url"])
    is_exact("before")
    time.sleep(1.1)
    is_(retention(), removed(), "while the sessions live nothing goes")
    end(gone)
    stack.db.uploads.update_one({"_id": free["id"]}, {"$set": {"expires_at": datetime.datetime(2020, 1, 1)}})
    is_(retention(), removed(guests=3, uploads=1), "three designs and an upload that nobody used")
    ok(stack.db.guest_sessions.find_one({"_id": gone.session}), "though the session's row is there (the monitor is off)")
    is_(stack.db.designs.count_documents({"guest_session_id": gone.session}), 0, "the designs are gone")
    is_exact("afterwards")
    is_(stack.db.uploads.count_documents({"owner": "guest:" + gone.session}), 0, "the used upload too")
    is_(design(lives, kept["id"])["id"], kept["id"], "the other guest's are there")
    is_(stack.client().get(kept["gem_data"]["uploaded_image_url"]).status, 200, "with their upload")
    is_(stack.client().get(first["generated_images"][0]["image_url"]).status, 404, "a picture that is gone does not open")
    is_(retention(), removed(), "again: nothing")

    # The row is gone, as the monitor does it; a spoilt created_at must not keep a design for ever.
    zoe = guest(stack)
    ids = [make(zoe)["id"] for _ in range(2)]
    stack.db.designs.update_one({"_id": ids[0]}, {"$set": {"created_at": "yesterday"}}, bypass_document_validation=True)
    stack.db.guest_sessions.delete_one({"_id": zoe.session})
    time.sleep(1.1)
    is_(retention()["guests"], 2, "a session without its row is over")
    is_exact("then")


@test
def many_of_one_guest():
    """More than a page of one session, beside others."""
    model = stack.db.designs.find_one()
    clients = [guest(stack) for _ in range(4)]
    for client, n in zip(sorted(clients, key=lambda c: c.session), (60, 250, 90, 120)):
        stack.db.designs.insert_many([dict(model, _id=str(uuid.uuid4()), guest_session_id=client.session, generated_images=[],
                                           refinements=[], current_version=None, selected_image_id=None) for _ in range(n)])
    ordered = sorted(clients, key=lambda c: c.session)
    for client in (ordered[0], ordered[1], ordered[3]):
        end(client)
    time.sleep(1.1)
    is_(retention()["guests"], 60 + 250 + 120, "one run takes all of them")
    is_([stack.db.designs.count_documents({"guest_session_id": c.session}) for c in ordered], [0, 0, 90, 0], "but the living one's")
    stack.db.designs.delete_many({"guest_session_id": ordered[2].session})
    settled()


@test
def the_trash():
    ann = guest(stack)
    old, young, restored, out = (make(ann)["id"] for _ in range(4))
    for i in (old, young, restored):
        ann.delete("/v1/designs/" + i)
    now = datetime.datetime.utcnow()
    for i, days in ((old, 30.01), (young, 29.9), (restored, 40)):
        stack.db.designs.update_one({"_id": i}, {"$set": {"deleted_at": now - datetime.timedelta(days=days)}})
    is_(ann.post("/v1/designs/%s/restore" % restored).status, 200, "one is restored in time")
    is_(retention(), removed(trash=1), "after 30 days in the trash one goes")
    is_([ann.get("/v1/designs/" + i).status for i in (old, young, restored, out)], [404, 200, 200, 200], "that one")
    is_exact("afterwards")


@test
def orphans():
    ann = guest(stack)
    made = make(ann)
    day = 86400
    nobody = str(uuid.uuid4())
    for key, age in ((nobody + "/" + "a" * 32 + ".webp", 2 * day), (nobody + "/" + "b" * 32 + ".webp", 60),
                     (made["id"] + "/" + "c" * 32 + ".webp", 2 * day), (made["id"] + "/" + "d" * 32 + ".webp", 60)):
        place(key, age)
    is_(retention(), removed(orphans=2), "two that are old enough")
    is_(on_disk() - in_documents(), {nobody + "/" + "b" * 32 + ".webp", made["id"] + "/" + "d" * 32 + ".webp"},
        "what is young may still find its document")
    for folder in (nobody, made["id"]):
        for name in os.listdir(os.path.join(stack.state, "objects", folder[-2:], folder)):
            os.utime(os.path.join(stack.state, "objects", folder[-2:], folder, name), (time.time() - 2 * day,) * 2)
    is_(retention(), removed(orphans=2), "a day later they go; the pictures stay, however old")
    is_exact("afterwards")


@test
def two_at_once():
    gone = guest(stack)
    for _ in range(6):
        make(gone)
    for n in range(40):
        place("%s/%s.webp" % (uuid.uuid4(), "%032x" % n), 2 * 86400)
    end(gone)
    time.sleep(1.1)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        results = [f.result() for f in [pool.submit(retention) for _ in range(3)]]
    is_(sum(r["guests"] for r in results), 6, "three runs at once: each design goes once")
    ok(sum(r["orphans"] for r in results) >= 40, "the orphans too", results)
    settled()
    is_(retention(), removed(), "then there is nothing left")
    is_exact("afterwards")
    is_(stack.db.designs.count_documents({"guest_session_id": gone.session}), 0, "all are gone")


@test
def old_jobs():
    done = stack.db.jobs.find_one({"status": "succeeded"})["_id"]
    stack.db.jobs.update_one({"_id": done}, {"$set": {"ended_at": datetime.datetime.utcnow() - datetime.timedelta(days=8)}})
    is_(retention(), removed(jobs=1), "ended jobs are kept for a week")


def age(address, days=8):
    """An account of that many days, whose link has expired."""
    user = stack.db.users.find_one({"email": address})["_id"]
    past = datetime.datetime.utcnow() - datetime.timedelta(days=days)
    stack.db.users.update_one({"_id": user}, {"$set": {"created_at": past}})
    stack.db.one_time_tokens.update_many({"user_id": user}, {"$set": {"expires_at": past}})
    return user


@test
def accounts_that_nobody_confirms():
    stays, young, closed, waits, goes = (an_address() for _ in range(5))
    confirmed = member(stack)
    for address in (stays, young, closed, waits, goes):
        is_(register(stack.client(), address).status, 202, "registered")
    first = token_in(wait_mail(stack, goes, "confirm"))
    user = {address: age(address) for address in (confirmed.address_of_mail, closed, waits, goes)}
    age(young, 6)
    stack.db.users.update_one({"_id": age(stays)}, {"$set": {"last_login_at": datetime.datetime.utcnow()}})
    stack.db.users.update_one({"_id": user[closed]}, {"$set": {"disabled_at": datetime.datetime.utcnow()}})
    is_(stack.client().post("/v1/auth/verify-email/resend", json={"email": waits}).status, 202, "one asks for another link")
    link = token_in(wait_mail(stack, waits, "confirm", count=2))
    settled()
    is_(retention(), removed(accounts=1), "one that is a week old")
    is_({a: stack.db.users.count_documents({"email": a}) for a in (stays, young, closed, waits, goes, confirmed.address_of_mail)},
        {stays: 1, young: 1, closed: 1, waits: 1, goes: 0, confirmed.address_of_mail: 1},
        "not one in use, a young one, one that an administrator closed, one whose link still holds, or one that is confirmed")
    for name in ("one_time_tokens", "sessions", "jobs"):
        is_(stack.db[name].count_documents({"$or": [{"user_id": user[goes]}, {"mail_order.to": goes}]}), 0, "nothing in " + name)
    is_([e["by"] for e in stack.db.audit_log.find({"user_id": user[goes], "kind": "registration_expired"})], ["retention"], "it is noted")
    is_(stack.client().post("/v1/auth/verify-email", json={"token": first}).json()["code"], "link_expired", "its link opens nothing")
    is_(stack.client().post("/v1/auth/verify-email", json={"token": link}).status, 200, "the other's does")
    age(waits)
    is_(retention(), removed(), "confirmed it stays")
    fresh = stack.client()
    register(fresh, goes)
    is_(fresh.post("/v1/auth/verify-email", json={"token": token_in(wait_mail(stack, goes, "confirm", count=2))}).json(),
        {"signed_in": True}, "the address is free: somebody else signs up with it")
    plan = stack.db.command("explain", {"find": "users", "hint": "unconfirmed", "sort": {"_id": 1}, "filter": {
        "email_verified": False, "last_login_at": None, "disabled_at": None, "_id": {"$gt": ""},
        "created_at": {"$lt": datetime.datetime.utcnow()}}}, verbosity="executionStats")
    is_((plan["executionStats"]["totalKeysExamined"] <= 4, "SORT" in str(plan["queryPlanner"]["winningPlan"])), (True, False),
        "only those are looked at")


@test
def many_that_nobody_confirms():
    """More than a page, among them some that stay and one that is damaged."""
    past = datetime.datetime.utcnow() - datetime.timedelta(days=8)
    ids = [stored_member(stack, email_verified=False, created_at=past, updated_at=past) for _ in range(230)]
    for i in ids[:120]:
        stack.db.one_time_tokens.insert_one({
            "_id": str(uuid.uuid4()), "purpose": "verify_email", "user_id": i, "email": None, "browser": None, "provider": None, "issuer": None,
            "subject": None, "full_name": None, "used_at": None, "created_at": past,
            "expires_at": datetime.datetime.utcnow() + datetime.timedelta(hours=1)})
    stack.db.users.update_one({"_id": ids[-1]}, {"$set": {"email": 7}}, bypass_document_validation=True)
    is_(retention(), removed(accounts=109), "all but those with a link, and the damaged one")
    stack.db.users.delete_many({"_id": {"$in": ids}})


@test
def confirmed_at_the_last_moment():
    """The link is used while the sweep runs: the account is there and confirmed, or gone and the link opens nothing."""
    outcomes = []
    for _ in range(3):
        addresses = [an_address() for _ in range(4)]
        for address in addresses:
            register(stack.client(), address)
        tokens = {address: token_in(wait_mail(stack, address, "confirm")) for address in addresses}
        settled()
        for address in addresses:
            user = age(address)
            stack.db.one_time_tokens.update_one({"user_id": user}, {"$set": {
                "expires_at": datetime.datetime.utcnow() + datetime.timedelta(seconds=0.4)}})
        def confirm(number):
            time.sleep(0.1 * number)
            return stack.client().post("/v1/auth/verify-email", json={"token": tokens[addresses[number]]}).status
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            sweeps = [pool.submit(retention) for _ in range(2)]
            links = [pool.submit(confirm, i) for i in range(4)]
            is_([f.result()["trash"] for f in sweeps], [0, 0], "two sweeps")
        retention()
        for address, done in zip(addresses, links):
            there = stack.db.users.find_one({"email": address})
            outcomes.append((done.result(), bool(there and there["email_verified"])))
    is_(set(outcomes) - {(200, True), (410, False)}, set(), "each is one or the other")


@test
def words_of_guests():
    """The usage log keeps what calls cost, and forgets who asked for what."""
    log, ann, bob = stack.db.api_usage_log, guest(stack), member(stack)
    made, of_member = make(ann, original_prompt="a ring of secrets"), make(bob, original_prompt="a ring of secrets")
    rows = list(log.find({"design_id": made["id"]}))
    ok(len(rows) == 2 and all(r["user_id"] is None and r["request"]["prompt"] and r["ip_address"] for r in rows), "a guest's words", rows)
    old = datetime.datetime.utcnow() - datetime.timedelta(days=31)
    log.update_many({"design_id": of_member["id"]}, {"$set": {"created_at": old}})
    log.update_one({"_id": rows[0]["_id"]}, {"$set": {"created_at": old}})
    is_(retention(), removed(usage=1), "after 30 days")
    first, second = (log.find_one({"_id": row["_id"]}) for row in rows)
    is_((first["request"]["prompt"], first["request"]["parameters"], first["ip_address"], first["cost_usd"], first["design_id"]),
        ("", {}, "", rows[0]["cost_usd"], made["id"]), "words and address are gone, the figures stay")
    is_(second, rows[1], "a younger row is as it was")
    ok(all(r["request"]["prompt"] and r["ip_address"] for r in log.find({"design_id": of_member["id"]})), "a member's stay with the account")
    # More than a batch; and rows without a person that have nothing to forget are in nobody's way.
    model = dict(rows[1], created_at=old)
    log.insert_many([dict(model, _id=str(uuid.uuid4())) for _ in range(2500)])
    is_(retention(), removed(usage=2500), "many in one run")
    is_(retention(), removed(), "then there is nothing left")
    plan = stack.db.command("explain", {"find": "api_usage_log", "hint": "to_forget", "filter": {
        "user_id": None, "request.prompt": {"$gt": ""}, "created_at": {"$lt": old}}}, verbosity="executionStats")
    is_(plan["executionStats"]["totalKeysExamined"] <= 1, True, "and nothing is looked at in vain")


@test
def by_itself():
    gone = guest(sweeping)
    made = make(gone)
    sweeping.db.guest_sessions.delete_one({"_id": gone.session})
    wait_for(lambda: sweeping.db.designs.find_one({"_id": made["id"]}) is None, 20, "the sweep")
    ok(True, "the scheduler sweeps without being asked")
    place_ = os.path.join(sweeping.state, "objects", made["id"][-2:], made["id"])
    wait_for(lambda: not os.path.isdir(place_) or not os.listdir(place_), 10, "the files to go")
    ok(True, "and the files go")


MANY = {"provider": "mem", "guest_daily": "1000", "guest_address_daily": "100000", "guest_design_s": "1"}
stack = Stack(settings=dict(MANY, sweep_interval_s="86400"), own_mongod=True,
              options=["--mongod-arg", "--setParameter", "--mongod-arg", "ttlMonitorEnabled=false"]).start()
sweeping = Stack(settings=dict(MANY, sweep_interval_s="1")).start()
time.sleep(2.5 * SLOWER)  # the scheduler's first look is behind us
main()
