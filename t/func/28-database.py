#!/usr/bin/python3
"""The database: what "bezel db" makes of it, its validators and indexes, and how lists are answered from them."""
import datetime
import os
import re
import signal
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import pymongo
import pymongo.errors
from bson import json_util

from openapi import load
from stack import SRCDIR, Stack, wait_for
from studio import guest, make, metric
from tap import contains, is_, main, ok, test


def manual():
    """{collection: [(name, keys, flags, filter)]} of docs/schema.md."""
    found = {}
    for part in re.split(r"^## ", load(SRCDIR, "docs/schema.md"), flags=re.M)[1:]:
        name = part.split("\n", 1)[0].strip()
        found[name] = [(n, [(k.split(":")[0], int(k.split(":")[1])) for k in keys.split(",")], flags.strip(), where)
                       for n, keys, flags, where in re.findall(
                           r"^\| (\w+) \| `([\w.,:-]+)`((?: unique| TTL(?: \d+ days)?)*)(?: where `([^`]*)`)? \|", part, re.M)]
    return found


def db(word):
    ended = stack.bezel("db", word)
    return ended.returncode, ended.stdout, ended.stderr


@test
def what_is_there():
    tables = manual()
    is_(len(tables) >= 11, True, "the manual names the collections: %d" % len(tables))
    is_(set(stack.db.list_collection_names()) - set(tables), set(), "there is no other")
    for name, rows in tables.items():
        options = stack.db[name].options()
        is_((options.get("validationLevel"), options.get("validationAction"), list(options.get("validator", {}))),
            ("moderate", "error", ["$jsonSchema"]), name + ": validator")
        got = stack.db[name].index_information()
        is_(got.pop("_id_", None) is not None, True, name + ": _id")
        want = {}
        for index, keys, flags, where in rows:
            want[index] = {"key": keys}
            if "unique" in flags:
                want[index]["unique"] = True
            if "TTL" in flags:
                days = re.search(r"TTL (\d+) days", flags)
                want[index]["expireAfterSeconds"] = int(days.group(1)) * 86400 if days else 0
            if where:
                want[index]["partialFilterExpression"] = json_util.loads(where, json_options=json_util.JSONOptions(tz_aware=False))
        for index in got.values():
            index.pop("v", None)
            if "partialFilterExpression" in index:
                index["partialFilterExpression"] = {
                    k: dict(v) if hasattr(v, "items") else v for k, v in index["partialFilterExpression"].items()}
        is_(got, want, name + ": indexes are those of the manual")


@test
def plan_apply_check():
    is_(db("check"), (0, "0 collections differ from the rows\n", ""), "check: nothing differs")
    is_(db("plan")[:2], (0, "0 collections differ from the rows\n"), "plan too")
    stack.db.command("collMod", "designs", validator={}, validationLevel="off")
    status, out, _ = db("check")
    is_((status, "designs: would change" in out, "1 collections differ" in out), (1, True, True), "a validator that was taken away is seen")
    stack.db.command("collMod", "uploads", validationLevel="strict")
    stack.db.guest_sessions.drop_index("ip_address")
    stack.db.jobs.drop_index("by_queue")
    stack.db.jobs.create_index([("status", 1)], name="by_queue")
    stack.db.designs.drop_index("share_token")
    stack.db.designs.create_index([("share_settings.share_token", 1)], name="share_token", sparse=True)
    stack.db.designs.create_index([("metadata.total_generation_cost", 1)], name="an_operators_own")
    status, out, _ = db("plan")
    is_((status, sorted(re.findall(r"^(\w+): would change", out, re.M))), (0, ["designs", "guest_sessions", "jobs", "uploads"]),
        "a level, a missing index, changed ones")
    is_(sorted(re.findall(r"^(\w+): would replace index (\w+), which has another form$", out, re.M)),
        [("designs", "share_token"), ("jobs", "by_queue")], "plan names the indexes that would be replaced")
    is_("by_queue" in stack.db.jobs.index_information() and len(stack.db.jobs.index_information()["by_queue"]["key"]), 1, "plan changes nothing")
    status, out, err = db("apply")
    is_((status, sorted(re.findall(r"^(\w+): applied", out, re.M)), err), (0, ["designs", "guest_sessions", "jobs", "uploads"], ""), "apply")
    is_(sorted(re.findall(r"^(\w+): replaced index (\w+),", out, re.M)), [("designs", "share_token"), ("jobs", "by_queue")],
        "apply says which it has replaced")
    ok("an_operators_own" in stack.db.designs.index_information(), "an index that is not ours is left alone")
    stack.db.designs.drop_index("an_operators_own")
    what_is_there()
    is_(db("check")[0], 0, "check: nothing differs any more")
    is_(db("apply")[:2], (0, "0 collections changed\n"), "apply again changes nothing")
    is_(db("nonsense")[0], 2, "another word is refused")
    is_(stack.bezel("db")[0] if False else stack.bezel("db").returncode, 2, "no word too")


@test
def an_outdated_database():
    """A new version that was started without "db apply" says so, and serves."""
    is_(stack.events("database.outdated"), [], "no word of it while all is current")
    row = stack.db.schema_versions.find_one({"_id": "designs"})
    stack.db.schema_versions.update_one({"_id": "designs"}, {"$set": {"rows_hash": "0" * len(row["rows_hash"])}})
    stack.kill(stack.pid("bezel"), signal.SIGHUP)
    ok(wait_for(lambda: stack.events("database.outdated"), 10), "one line of the log")
    contains(stack.events("database.outdated")[0]["message"], "bezel db apply", "what to do")
    is_(stack.client().get("/readyz").status, 200, "it serves")
    is_(db("apply")[0], 0, "apply")
    is_(stack.db.schema_versions.find_one({"_id": "designs"})["rows_hash"], row["rows_hash"], "which mends it")


@test
def refused_documents():
    ann = guest(stack)
    made = make(ann)
    model = stack.db.designs.find_one({"_id": made["id"]})
    stack.db.designs.insert_many([dict(model, _id=str(uuid.uuid4()), is_favorite="yes"), dict(model, _id=str(uuid.uuid4()), extra=1)],
                                 bypass_document_validation=True)
    status, out, _ = db("plan")
    contains(out, "designs: 2 stored documents do not fit", "documents that a validator would refuse are counted")
    is_(status, 0, "which is no fault")
    is_(db("apply")[0], 0, "apply goes on all the same")
    contains(db("check")[1], "designs: 2 stored documents", "check tells them too")
    stack.db.designs.delete_many({"$or": [{"is_favorite": "yes"}, {"extra": 1}]})
    bad = {name: value for name, value in (
        ("a string for a flag", {"is_favorite": "yes"}), ("a field more", {"extra": 1}), ("NaN", {"metadata": dict(
            model["metadata"], total_generation_cost=float("nan"))}), ("too long a text", {"original_prompt": "x" * 1001}),
        ("half a number", {"num_variations_requested": 2.5}), ("no text", {"original_prompt": ""}),
        ("another word", {"gem_data": dict(model["gem_data"], transparency="Clear")}), ("65 pictures", {
            "generated_images": model["generated_images"] * 33}))}
    for name, change in bad.items():
        try:
            stack.db.designs.insert_one(dict(model, _id=str(uuid.uuid4()), **change))
            ok(False, "mongod refuses " + name)
        except pymongo.errors.WriteError as error:
            is_(error.code, 121, "mongod refuses " + name)
    for field in model:
        if field in ("_id", "deleted_at", "guest_session_id", "generation_id", "link_changed_at"):
            continue
        try:
            stack.db.designs.insert_one({k: v for k, v in dict(model, _id=str(uuid.uuid4())).items() if k != field})
            ok(False, "mongod refuses a design without " + field)
        except pymongo.errors.WriteError as error:
            is_(error.code, 121, "mongod refuses a design without " + field)


@test
def share_tokens():
    ann = guest(stack)
    model = stack.db.designs.find_one({"_id": make(ann)["id"]})

    def insert(token):
        stack.db.designs.insert_one(dict(model, _id=str(uuid.uuid4()), share_settings=dict(model["share_settings"], share_token=token)))
    insert(None)
    insert(None)
    ok(True, "two designs without a link")
    insert("token-one")
    insert("token-two")
    for name, token, code in (("twice the same", "token-one", 11000), ("an empty one", "", 121), ("too long", "x" * 65, 121)):
        try:
            insert(token)
            ok(False, "a link's token: " + name)
        except pymongo.errors.WriteError as error:
            is_(error.code, code, "a link's token: %s is refused" % name)
    plan = stack.db.designs.find({"share_settings.share_token": "token-one"}).explain()["queryPlanner"]["winningPlan"]
    is_((plan["stage"], plan["inputStage"]["stage"], plan["inputStage"]["indexName"]), ("FETCH", "IXSCAN", "share_token"),
        "a link is found by its index")


@test
def lists():
    """Of the very commands, as the server's profiler saw them."""
    zoe = guest(stack)
    model = stack.db.designs.find_one({"_id": make(zoe)["id"]})
    at = datetime.datetime(2026, 6, 1)
    # Newer ones of many others, so that only the owner's own index is short.
    stack.db.designs.insert_many([dict(model, _id=str(uuid.uuid4()), guest_session_id=str(uuid.uuid4()) if n % 3 else zoe.session,
                                       created_at=at + datetime.timedelta(minutes=n if n % 3 else -n), is_favorite=n % 2 == 0,
                                       is_deleted=n % 30 == 3) for n in range(1500)])
    stack.db.command("profile", 2)
    stack.db.command("profile", 0)
    cursor = zoe.get("/v1/designs?limit=20").json()["next_cursor"]
    oldest = zoe.get("/v1/designs?limit=20&sort=created_at").json()["next_cursor"]
    for query, most in (("", 30), ("cursor=" + cursor, 60), ("sort=created_at", 30), ("sort=created_at&cursor=" + oldest, 60), ("limit=100", 120),
                        ("is_favorite=true", 60), ("is_favorite=false", 60), ("deleted=true", 600), ("gem_type=Sapphire", 60),
                        ("metal=Platinum", 60), ("q=ivy", 60), ("q=nothing-like-it", 600), ("sort=-updated_at", 600),
                        ("folder_id=" + model["_id"], 600)):
        stack.db.command("profile", 2)
        before = metric(stack, "bezel_database_commands_total")
        reply = zoe.get("/v1/designs?" + query)
        told = metric(stack, "bezel_database_commands_total") - before
        stack.db.command("profile", 0)
        ops = [op for op in stack.db["system.profile"].find({"ns": stack.database + ".designs"})
               if op["command"].get("filter", {}).get("guest_session_id") == zoe.session]
        stack.db["system.profile"].drop()
        is_((reply.status, len(ops), told), (200, 1, 1), "%s: one command" % (query[:30] or "the first page"))
        op = ops[0]
        is_(re.findall(r"(\w+) \{ (\w+)", op["planSummary"]), [("IXSCAN", "guest_session_id")], "by the owner's index")
        is_(op.get("hasSortStage", False), query == "sort=-updated_at", "sorted by it" if query != "sort=-updated_at" else
            "sorted in memory, within the owner's")
        ok(op["docsExamined"] <= most, "looks at no more than it must (%d)" % op["docsExamined"], op["planSummary"])
    plan = str(stack.db.designs.find({"user_id": str(uuid.uuid4()), "is_deleted": {"$ne": True}}).sort(
        [("updated_at", -1), ("_id", -1)]).hint("by_user_updated").explain()["queryPlanner"]["winningPlan"])
    ok("'SORT'" not in plan, "a member's many by their last change: sorted by an index", plan)
    contains(str(stack.db.designs.find({"guest_session_id": {"$gt": ""}, "user_id": None}).hint("by_guest_time").explain()["queryPlanner"]["winningPlan"]),
             "by_guest_time", "the sweep has its index")


@test
def commands():
    ann = guest(stack)
    made = make(ann)
    for n in range(25):
        row = stack.db.designs.find_one({"_id": made["id"]})
        stack.db.designs.insert_one(dict(row, _id=str(uuid.uuid4())))

    def count(function):
        before = metric(stack, "bezel_database_commands_total")
        function()
        return metric(stack, "bezel_database_commands_total") - before
    path = "/v1/designs/" + made["id"]
    is_(count(lambda: ann.get(path)), 1, "GET of a design: one command")
    is_(count(lambda: ann.get(path, headers={"If-None-Match": ann.get(path).header("ETag")})), 2, "304: one (and one to learn the tag)")
    is_(count(lambda: ann.get("/v1/designs")), 1, "GET of 20 designs: one")
    is_(count(lambda: ann.patch(path, json={"is_favorite": True})), 2, "PATCH: two")
    is_(count(lambda: ann.get("/v1/guest-session")), 1, "the session: one")
    urls = [i["thumbnail_url"] for d in ann.get("/v1/designs").json()["items"] for i in d["generated_images"]] * 3
    is_(count(lambda: [ann.get(url) for url in urls[:100]]), 0, "100 thumbnails: none")
    for path in ("/v1/catalog", "/v1/openapi.json", "/healthz", "/docs", "/v1/problems/invalid", "/v1/nothing"):
        is_(count(lambda p=path: stack.client().get(p)), 0, "%s: none" % path)
    is_(count(lambda: stack.client().get("/v1/designs", headers={"Cookie": "bezel_%d=forged.1.x" % stack.port})), 0, "a forged cookie: none")


@test
def from_nothing():
    stack.mongo.drop_database(stack.database)
    status, out, _ = db("plan")
    is_((status, out.count("would create")), (0, len(manual())), "an empty database: all would be created")
    is_(stack.db.list_collection_names(), [], "plan makes nothing")
    is_(db("check")[0], 1, "check says no")
    status, out, err = db("apply")
    is_((status, out.count(": applied"), err), (0, len(manual()), ""), "apply makes all")
    what_is_there()
    ok(make(guest(stack)), "and the service, which has run all the time, goes on")


stack = Stack(settings={"provider": "mem", "guest_daily": "1000", "guest_address_daily": "100000"}).start()
main()
