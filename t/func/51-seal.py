#!/usr/bin/python3
"""Sealed fields and "bezel keys", with the rights that the service has: what is stored, and what becomes of it."""
import datetime
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from bson.binary import Binary
from bson.raw_bson import RawBSONDocument
from bson.codec_options import CodecOptions

import mongod
import stack as stack_module
from stack import BUILDDIR, SLOWER, Stack
from studio import guest, make
from tap import contains, diag, is_, main, ok, skip_all, test

TOOL = os.path.join(BUILDDIR, "t/tools/seal_cli")
RAW = CodecOptions(document_class=RawBSONDocument)
USERS = 400
SECRET = "plain-text-$argon2id$%d"


class Tool:
    """seal_cli with the stack's configuration: a process as bezel's."""

    def __init__(self):
        self.process = subprocess.Popen([TOOL, os.path.join(stack.state, "etc", "bezel.conf")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_what):
        self.process.stdin.close()
        is_(self.process.wait(30 * SLOWER), 0, "the tool ended well")
        self.process.stdout.close()

    def ask(self, verb, use, owner, data):
        self.process.stdin.write("%s %s %s %s\n" % (verb, use, owner, data.hex()))
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def seal(self, use, owner, text):
        word, _, rest = self.ask("seal", use, owner, text.encode()).partition(" ")
        assert word == "ok", rest
        return Binary(bytes.fromhex(rest), 6)

    def unseal(self, use, owner, sealed):
        answer = self.ask("unseal", use, owner, bytes(sealed))
        word, _, rest = answer.partition(" ")
        return bytes.fromhex(rest).decode() if word == "ok" else answer


def user(number, password_hash):
    now = datetime.datetime.utcnow()
    return {"_id": "0190a5b0-0000-7000-8000-%012d" % number, "email": "someone-%d@example.org" % number,
            "password_hash": password_hash, "full_name": None, "profile_photo_url": None, "auth_provider": "email",
            "email_verified": False,
            "preferences": {"email_notifications": {"new_features": True, "design_tips": True, "account_activity": True},
                            "default_num_variations": 3, "default_refinement_strength": 0.5, "theme": "light"},
            "subscription": {"tier": "free", "started_at": None, "expires_at": None},
            "usage_stats": {"total_designs_created": 0, "total_refinements_used": 0, "designs_this_month": 0,
                            "refinements_this_month": 0, "last_design_created_at": None, "month": "2026-11"},
            "created_at": now, "updated_at": now, "last_login_at": None}


def keys(*words):
    ended = stack.bezel("keys", *words)
    return ended.returncode, ended.stdout, ended.stderr


def key_of(sealed):
    return uuid.UUID(bytes=bytes(sealed)[1:17])


def current():
    """The id of the key that bezel takes for the current one."""
    return uuid.UUID(re.search(r"^fields/\d+  (\S+) .* current", keys("list")[1], re.M).group(1))


def unreadable():
    """Of all that is stored, what does not unseal to what it was."""
    with Tool() as tool:
        wrong = [row["email"] for row in stack.db.users.find({}, {"email": 1, "password_hash": 1})
                 if tool.unseal("password", row["_id"], row["password_hash"]) != SECRET % int(row["_id"][-12:])]
        wrong += [row["_id"] for row in stack.db.designs.find({"share_settings.password_hash": {"$ne": None}})
                  if tool.unseal("share_password", row["_id"], row["share_settings"]["password_hash"]) != SECRET % 0]
    return wrong


def under(key):
    """How many stored values are under that key."""
    return sum(key_of(row["password_hash"]) == key for row in stack.db.users.find({}, {"password_hash": 1})) + sum(
        key_of(row["share_settings"]["password_hash"]) == key
        for row in stack.db.designs.find({"share_settings.password_hash": {"$ne": None}}))


@test
def the_store():
    """Its own test program, as the user that the service is."""
    with open(os.path.join(stack.state, "secrets", "mongodb.uri"), encoding="ascii") as file:
        uri = file.read().strip()
    mongod.run_one("t/tools/store_seal", uri, stack.database, 240 * SLOWER)
    for name in ("users", "designs", "key_vault"):
        stack.db[name].delete_many({})
    is_(stack.bezel("db", "check").returncode, 0, "db check knows the collection of the keys")
    index = stack.db.key_vault.index_information()["keyAltNames"]
    is_((index["key"], index.get("unique"), dict(index["partialFilterExpression"]["keyAltNames"])),
        ([("keyAltNames", 1)], True, {"$exists": True}), "which has MongoDB's index on names")


@test
def used_wrongly():
    is_(keys("list")[:2], (0, "there are no data keys yet\n"), "at first there is none")
    for words, said in (((), "needs list"), (("lost",), "needs list"), (("list", "x"), "no argument"),
                        (("rotate", "x"), "no argument"), (("prune", "x"), "no argument"),
                        (("rewrap",), "file of the old master key"), (("rewrap", "a", "b"), "file of the old")):
        status, out, err = keys(*words)
        is_((status, out, said in err), (2, "", True), "keys %s: %s" % (" ".join(words), said))
    contains(stack.bezel("help").stdout, "keys list|prune|rotate|rewrap old-master-key-file", "help names them")
    is_(stack.db.key_vault.count_documents({}), 0, "nothing was made")


@test
def what_is_stored():
    began = stack.mongo.local["oplog.rs"].find_one(sort=[("$natural", -1)])["ts"]
    made = make(guest(stack))
    with Tool() as tool:
        stack.db.users.insert_many(user(i, tool.seal("password", "0190a5b0-0000-7000-8000-%012d" % i, SECRET % i))
                                   for i in range(1, USERS))
        stack.db.designs.update_one({"_id": made["id"]}, {"$set": {
            "share_settings.password_hash": tool.seal("share_password", made["id"], SECRET % 0)}})
    is_(stack.db.key_vault.count_documents({}), 1, "the first use has made a key")
    is_(unreadable(), [], "all unseals")
    sealed = stack.db.users.find_one()["password_hash"]
    is_((type(sealed), sealed.subtype), (Binary, 6), "what is stored is binary data of subtype 6")
    raw = b"".join(row.raw for name in ("users", "designs", "key_vault")
                   for row in stack.db.get_collection(name, codec_options=RAW).find())
    ok(b"plain-text" not in raw and b"someone-1@example.org" in raw, "the text is nowhere in the raw documents")
    oplog = stack.mongo.local.get_collection("oplog.rs", codec_options=RAW)
    log = b"".join(row.raw for row in oplog.find({"ts": {"$gt": began}}))
    ok(b"plain-text" not in log and b"someone-1@example.org" in log, "nor in the oplog")
    ok(b"plain-text" not in b"".join(row.raw for row in oplog.find()), "nor has the store's test left it there")
    for name in ("bezel", "mongod"):
        ok("plain-text" not in stack.log(name), "nor in %s's log" % name)
    contains(keys("list")[1], "%d values  current\n" % USERS, "list counts them")
    is_(keys("list")[0], 0, "and all is well")


@test
def copied_and_spoilt():
    one, two = stack.db.users.find().limit(2)
    sealed = bytes(one["password_hash"])
    with Tool() as tool:
        contains(tool.unseal("password", two["_id"], sealed), "internal A sealed value cannot be opened. (password: it was "
                 "sealed for another place)", "another's value is refused")
        contains(tool.unseal("webhook_secret", one["_id"], sealed), "another place", "another use too")
        contains(tool.unseal("password", one["_id"], sealed[:-1] + bytes([sealed[-1] ^ 1])), "it was changed", "a flipped bit too")
        contains(tool.unseal("password", one["_id"], sealed[:60]), "was cut", "and a part")
        is_(tool.unseal("password", one["_id"], sealed), SECRET % int(one["_id"][-12:]), "the whole is fine")


@test
def rotate():
    old = current()
    before = stack.db.users.find_one()
    status, out, err = keys("rotate")
    is_((status, out, err), (0, "sealed %d of %d values anew with fields/2\n" % (USERS, USERS), ""), "rotate")
    new = current()
    ok(new != old, "there is a new key")
    is_((under(old), under(new)), (0, USERS), "all values are under it")
    is_(unreadable(), [], "and readable")
    after = stack.db.users.find_one()
    ok(bytes(before.pop("password_hash")) != bytes(after.pop("password_hash")) and before == after, "nothing else was changed")
    is_(keys("prune"), (0, "sealed 0 of %d values anew with fields/2\nremoved 0 old data keys\n" % USERS, ""),
        "prune leaves a key that somebody may use still")
    stack.db.key_vault.update_one({"keyAltNames": "fields/2"}, {"$set": {
        "creationDate": datetime.datetime.utcnow() - datetime.timedelta(minutes=11)}})
    contains(keys("prune")[1], "removed 1 old data keys\n", "ten minutes later it goes")
    is_([row["keyAltNames"] for row in stack.db.key_vault.find()], [["fields/2"]], "which leaves one")
    is_(unreadable(), [], "all is readable")


@test
def killed_rotations():
    """A real one, by kill -9 at some moment after its key was made: each step has its test in store_seal."""
    kills = 0
    for attempt in range(8):
        process = subprocess.Popen(stack.bezel_command("keys", "rotate"), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # pylint: disable=cell-var-from-loop
        stack_module.wait_for(lambda: stack.db.key_vault.count_documents({"keyAltNames": "rotating"})
                              or process.poll() is not None, 20, "the new key")
        time.sleep(attempt * random.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        killed = process.wait() == -signal.SIGKILL
        half = bool(stack.db.key_vault.count_documents({"keyAltNames": "rotating"}))
        kills += half and killed
        is_(unreadable(), [], "after kill %d all is readable" % (attempt + 1))
        if not half:
            continue
        contains(keys("list")[1], "current, rotation not ended", "list says so")
        count = stack.db.key_vault.count_documents({})
        status, out, err = keys("rotate")
        is_((status, err, "went on with a rotation that had not ended\n" in out), (0, "", True), "the next one goes on")
        is_((stack.db.key_vault.count_documents({}), under(current())), (count, USERS), "to the same key, with all values")
        is_(stack.db.key_vault.count_documents({"keyAltNames": "rotating"}), 0, "and ends it")
    diag("%d of 8 were killed midway" % kills)
    ok(kills > 0, "some were killed midway")


@test
def another_master_key():
    master = os.path.join(stack.state, "secrets", "master.key")
    old, wrong = os.path.join(stack.state, "secrets", "old.key"), os.path.join(stack.state, "secrets", "wrong.key")
    owner = os.stat(master)
    shutil.copy2(master, old)

    def write(path, text):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o600)
        os.chown(path, owner.st_uid, owner.st_gid)
    os.chown(old, owner.st_uid, owner.st_gid)
    write(wrong, "5a" * 32)
    write(master, os.urandom(32).hex())
    count = stack.db.key_vault.count_documents({})
    one = stack.db.users.find_one()
    with Tool() as tool:
        contains(tool.unseal("password", one["_id"], one["password_hash"]), "internal The master key does not open the data "
                 "keys of sealed fields. Was master_key_file replaced? See bezel keys rewrap.", "it is said what is wrong")
        contains(tool.ask("seal", "password", one["_id"], b"x"), "internal The master key does not open", "nothing is sealed")
    status, out, _ = keys("list")
    is_((status, out.count("does not open with the master key\n")), (1, count), "list shows it")
    for word in ("rotate", "prune"):
        status, out, err = keys(word)
        is_((status, out, "The master key does not open the data keys" in err), (1, "", True), word + " does nothing")
    status, _, err = keys("rewrap", os.path.join(stack.state, "secrets", "none.key"))
    is_((status, "none.key" in err), (1, True), "rewrap with no such file")
    status, _, err = keys("rewrap", wrong)
    is_((status, "neither of the two master keys; nothing was changed" in err), (1, True), "rewrap with a wrong file")
    is_(keys("rewrap", old), (0, "wrapped %d data keys anew; 0 were fine already\n" % count, ""), "rewrap with the old one")
    is_(keys("rewrap", old)[1], "wrapped 0 data keys anew; %d were fine already\n" % count, "and again")
    is_(unreadable(), [], "all is readable")
    is_(keys("rotate")[0], 0, "and can be rotated")
    is_(unreadable(), [], "which libmongocrypt reads")


@test
def mongod_away():
    one = stack.db.users.find_one()
    stack.kill(stack.pid("mongod"), signal.SIGSTOP)
    try:
        for word in ("list", "rotate", "prune"):
            began = time.monotonic()
            status, out, err = keys(word)
            is_((status, out, "The database cannot answer now." in err), (1, "", True), word + " says so")
            ok(time.monotonic() - began < 20 * SLOWER, "in time", time.monotonic() - began)
        with Tool() as tool:
            contains(tool.unseal("password", one["_id"], one["password_hash"]), "unavailable The database cannot", "so does unsealing")
            contains(tool.ask("seal", "password", one["_id"], b"x"), "unavailable The database cannot", "and sealing")
    finally:
        stack.kill(stack.pid("mongod"), signal.SIGCONT)
    is_(unreadable(), [], "all is readable afterwards")


@test
def keys_that_are_gone():
    vault = stack.db.get_collection("key_vault", codec_options=RAW)
    saved = list(vault.find())
    one = stack.db.users.find_one()
    stack.db.key_vault.delete_many({})
    with Tool() as tool:
        contains(tool.unseal("password", one["_id"], one["password_hash"]), "is not in key_vault", "a missing key is said")
    is_(keys("list")[:2], (1, "there are no data keys yet\n%d values were sealed with keys that are not there\n" % USERS),
        "list tells how many are lost")
    status, out, _ = keys("rotate")
    is_((status, "%d values cannot be opened and were left as they are" % USERS in out), (1, True), "rotate leaves them")
    stack.db.key_vault.delete_many({})
    vault.insert_many(saved)
    is_(unreadable(), [], "from a backup of the collection all is readable")


if not os.path.exists(TOOL) or not os.path.exists(os.path.join(BUILDDIR, "t/tools/store_seal")):
    skip_all("not built: libcheck was missing when configure ran")
# Its own mongod: it is stopped, and its oplog is read.
stack = Stack(settings={"provider": "mem"}, own_mongod=True).start()
stack_module.wait_for(lambda: stack.client().get("/readyz").status == 200, 20, "bezel")
main(seconds=280)
