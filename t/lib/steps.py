"""steps.py - fails each single step of what users and workers do, one after the other (t/tools/steps): each database
command (before its effect, behind it, at the commit, and by the end of the process), each call to the object store, each
call to the provider. After each, what is stored must agree with itself.

    @test
    def refine():
        run(series_of("refine", [DB, PUT, GET, PROVIDER]))

    main(600)

The files 41-steps-*.py share the scenarios, so that they run side by side.
"""
import collections
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading

import tap
import truth
from stack import BUILDDIR, SLOWER, Stack
from tap import is_, ok

LONG = bool(os.environ.get("BEZEL_TEST_LONG"))
SANITIZED = bool(os.environ.get("BEZEL_TEST_SANITIZED"))
STEPS = os.path.join(BUILDDIR, "t", "tools", "steps")
IMAGE = os.path.join(BUILDDIR, "bezel-image")
# How far a series must go at least, so that it cannot test nothing.
FAR = {("make", "db"): 22, ("crowd", "db"): 30, ("refine", "db"): 17, ("retry", "db"): 22, ("cancel", "db"): 10, ("purge", "db"): 6, ("retain", "db"): 9, ("claim", "db"): 20,
       ("signin", "db"): 18, ("confirm", "db"): 18, ("unfile", "db"): 13, ("unfile", "take"): 8,
       ("make", "put"): 4, ("make", "take"): 16, ("refine", "take"): 13, ("refine", "put"): 2, ("refine", "get"): 1, ("retry", "put"): 4,
       ("make", "provider"): 2, ("refine", "provider"): 1,
       ("look", "db"): 45, ("look", "take"): 60,
       ("leave", "db"): 30, ("leave", "delete"): 3, ("leave", "list"): 7, ("pack", "db"): 28, ("pack", "put"): 1, ("pack", "get"): 5,
       ("share", "db"): 17, ("rename", "db"): 33, ("unrename", "db"): 23,
       ("purge", "delete"): 1, ("purge", "list"): 3, ("retain", "delete"): 1, ("retain", "list"): 3}
EXITS = ("exit_before", "exit_after", "exit")
both = []


class Steps:
    """The program with a database of its own, and what it said. Objects lie in memory: fsync is not tested here."""

    def __init__(self):
        # The service only makes the database; the program is the job workers.
        self.stack = Stack(settings={"provider": "mem", "job_workers": "0"})
        self.objects = None
        self.state = None
        self.codes = []
        self.runs = []

    def start(self):
        self.stack.start()
        return self

    def run(self, lines):
        self.objects = tempfile.mkdtemp(prefix="bezel-steps-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        tap.at_end(lambda folder=self.objects: shutil.rmtree(folder, ignore_errors=True))
        self.state = tempfile.mkdtemp(prefix="bezel-steps-")
        tap.at_end(lambda folder=self.state: shutil.rmtree(folder, ignore_errors=True))
        uri = os.path.join(self.stack.state, "secrets", "mongodb.uri")
        done = subprocess.run([STEPS, "--uri-file=" + uri, "--database=" + self.stack.database,
                               "--objects=" + self.objects, "--image=" + IMAGE, "--state=" + self.state],
                              input="\n".join(lines + ["sweep list before 9999"]) + "\n", stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False, timeout=280 * SLOWER)
        # LeakSanitizer says this of threads (libmongoc's) that end while it looks: nothing of ours.
        said = re.sub(r"(?m)^==\d+==(Unable to get registers from|Running) thread \d+.*\n", "", done.stderr)
        self.codes.append((done.returncode, said[-2000:]))
        self.runs = [json.loads(line) for line in done.stdout.splitlines()]


def run(lines):
    """Carries series out, half of them in each of two processes."""
    if not both:
        both.extend(Steps().start() for _ in range(2))
    threads = [threading.Thread(target=steps.run, args=(part,)) for steps, part in zip(both, (lines[0::2], lines[1::2]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for steps in both:
        is_(steps.codes[-1:], [(0, "")], "the program has nothing to complain about")
        check(steps)


def gone(db, run, objects):
    """Of a design that was to be removed."""
    faults = []
    if db.designs.count_documents({"_id": run["design"]}):
        faults.append("the design is still there")
    left = [key for key in objects if key.startswith(run["design"] + "/")]
    if left:
        faults.append("objects are left: %s" % left)
    states = [job["status"] for job in db.jobs.find({"design_id": run["design"], "kind": "object_deletion"})]
    if states != ["succeeded"]:
        faults.append("jobs of deletion: %s" % states)
    return faults


def claimed(db, run):
    """A guest's things after the claim: all of them the member's, counted once."""
    faults = []
    mine = db.designs.count_documents({"user_id": run["user"], "guest_session_id": None})
    if (mine, db.designs.count_documents({"guest_session_id": run["session"]})) != (404, 0):
        faults.append("%d designs are the member's" % mine)
    if db.jobs.count_documents({"design_id": run["design"], "user_id": {"$ne": run["user"]}}):
        faults.append("a job is not the member's")
    if db.guest_sessions.count_documents({"_id": run["session"]}):
        faults.append("the guest session is still there")
    counted = db.users.find_one({"_id": run["user"]})["usage_stats"]["total_designs_created"]
    if counted != 404:
        faults.append("%d designs are counted" % counted)
    states = [job["status"] for job in db.jobs.find({"user_id": run["user"], "kind": "claim"})]
    if set(states) != {"succeeded"}:
        faults.append("jobs of the claim: %s" % states)
    db.designs.delete_many({"user_id": run["user"], "_id": {"$ne": run["design"]}})
    return faults


def signed_in(db, run):
    """Whom a provider has named: one account, one identity, in the place of what somebody had typed in."""
    users = list(db.users.find({"email": run["user"] + "@example.net"}))
    if len(users) != 1 or users[0]["_id"] == run["user"] or users[0]["auth_provider"] != "google":
        return ["accounts: %s" % users]
    faults, user = [], users[0]["_id"]
    counts = {
        "identities": (db.identities.count_documents({"subject": run["user"], "user_id": user}), 1),
        "the other's account": (db.users.count_documents({"_id": run["user"]}), 0),
        "the guest": (db.guest_sessions.count_documents({"_id": run["session"]}), 0),
        "the guest's designs": (db.designs.count_documents({"_id": run["design"], "user_id": user}), 1),
        "registered": (db.audit_log.count_documents({"user_id": user, "kind": "registered"}), 1),
        "replaced": (db.audit_log.count_documents({"user_id": run["user"], "kind": "registration_replaced"}), 1),
        "designs counted": (users[0]["usage_stats"]["total_designs_created"], 1),
        "links that still work": (db.one_time_tokens.count_documents({"subject": run["user"], "used_at": None}), 0),
    }
    faults += ["%s: %d, %d wanted" % (name, got, want) for name, (got, want) in counts.items() if got != want]
    if not db.sessions.count_documents({"user_id": user}):
        faults.append("nobody is signed in")
    return faults


FILED = 1001    # designs in a folder that is removed: t/tools/steps-folders.c


def unfiled(db, run):
    """Of a folder that was removed, in two steps."""
    faults = []
    if db.folders.count_documents({"_id": run["folder"]}):
        faults.append("the folder is still there")
    there = list(db.designs.find({"user_id": run["user"]}, {"folder_id": 1, "created_at": 1, "updated_at": 1}))
    states = {(d["folder_id"], d["updated_at"] > d["created_at"]) for d in there}
    if len(there) != FILED or states != {(None, True)}:
        faults.append("%d designs: %s" % (len(there), states))
    jobs = [(job["kind"], job["status"]) for job in db.jobs.find({"user_id": run["user"]})]
    if jobs != [("folder_deletion", "succeeded")]:
        faults.append("jobs: %s" % jobs)
    db.designs.delete_many({"user_id": run["user"]})
    return faults


def left_of_member(db, run, objects, state):
    """Of somebody who has left: the job, the mail, the audit log and rows without a name."""
    faults = []
    for name in db.list_collection_names():
        if name in ("jobs", "audit_log", "idempotency_keys"):
            continue
        faults += ["%s: %s" % (name, row["_id"]) for row in db[name].find({"$or": [
            {"user_id": run["user"]}, {"_id": run["user"]}, {"owner": "user:" + run["user"]}]})]
    if db.designs.count_documents({"_id": run["design"]}):
        faults.append("the design is still there")
    rows = list(db.api_usage_log.find({"design_id": run["design"]}))
    if len(rows) != 2 or any(r["request"]["prompt"] or r["request"]["parameters"] or r["ip_address"] for r in rows):
        faults.append("rows of the usage log: %s" % rows)
    jobs = sorted((job["kind"], job["status"]) for job in db.jobs.find({"user_id": run["user"]}))
    if [job for job in jobs if job[0] != "mail"] != [("account_deletion", "succeeded")]:
        faults.append("jobs: %s" % jobs)
    if db.audit_log.count_documents({"user_id": run["user"], "kind": "account_deleted"}) != 1:
        faults.append("the audit log does not say it once")
    if not any(run["user"] + "@example.org" in text and "gone" in text for text in state):
        faults.append("no mail says it")
    return faults


def packed(db, run, objects, state):
    """Of an export: one, with one file, one mail and one event, whatever happened on the way."""
    exports = list(db.exports.find({"user_id": run["user"]}))
    faults = []
    if [(e["status"], e["job_id"]) for e in exports] != [("ready", None)]:
        return ["exports: %s" % exports]
    have = [key for key in objects if key.startswith(exports[0]["_id"] + "/")]
    if have != [exports[0]["key"]]:
        faults.append("files: %s, wanted %s" % (have, exports[0]["key"]))
    mails = db.jobs.count_documents({"user_id": run["user"], "kind": "mail", "status": "succeeded"})
    events = db.audit_log.count_documents({"user_id": run["user"], "kind": "export_asked"})
    if (mails, events) != (1, 1):
        faults.append("%d mails, %d events" % (mails, events))
    if db.uploads.count_documents({"owner": "user:" + run["user"]}) != 1 or not db.designs.count_documents({"_id": run["design"]}):
        faults.append("what was packed is gone")
    return faults


def looked(db, run):
    """Two people and a robot on each of two days: each counted once, in its row and in the design."""
    faults = []
    count = db.designs.find_one({"_id": run["design"]})["share_settings"]["view_count"]
    if count != 4:
        faults.append("%d people are counted" % count)
    rows = collections.Counter(row["viewer_device"] for row in db.shared_designs_access.find({"design_id": run["design"]}))
    if rows != {"desktop": 4, "robot": 2}:
        faults.append("rows: %s" % rows)
    waiting = db.view_dedupe.count_documents({"design_id": run["design"]})
    if waiting:
        faults.append("%d are not counted" % waiting)
    return faults


def shared(db, run):
    """A link that was made, revoked, brought back and revoked again: each once, whoever got an answer."""
    faults = []
    link = db.designs.find_one({"_id": run["design"]})["share_settings"]
    if link["is_shared"] or not link["share_token"] or not link["revoked_at"] or link["former_tokens"] or link["title"] != "A ring":
        faults.append("the link: %s" % link)
    kinds = sorted(event["kind"] for event in db.audit_log.find({"user_id": run["user"], "kind": {"$regex": "^share_"}}))
    if kinds != ["share_made", "share_restored", "share_revoked", "share_revoked"]:
        faults.append("events: %s" % kinds)
    who = hashlib.sha256(run["user"].encode()).hexdigest()[:32]
    counted = sum(row["count"] for row in db.rate_counters.find({"_id": {"$regex": r"^share\|%s\|" % who}}))
    if not 1 <= counted <= 2:       # what died after counting counts again: too much, never too little
        faults.append("%d links are counted" % counted)
    return faults


def crowded(db, run, objects):
    """Two guests of one address, whose designs were made together: one each."""
    guests = [run["session"], run["user"]]
    faults = [fault for guest in guests
              for fault in truth.faults_of_guest(db, guest, objects, calls_unsure=1)]
    charges = sum(db.guest_sessions.find_one({"_id": guest})["usage_count"] for guest in guests)
    counted = sum(row["count"] for row in db.rate_counters.find({"_id": {"$regex": "^address:%s\\|" % run["address"].replace(".", "\\.")}}))
    over = 2 if run["how"] in EXITS or run["how"] in ("commit", "after") else 0
    return faults + ([] if charges <= counted <= charges + over else ["the address counts %d, charged are %d" % (counted, charges)])


def renamed(db, run, taken_back):
    """An account that got another address, and perhaps the old one back: once, with one account for each address, what
    another had typed in replaced."""
    old, new = run["user"] + "@example.org", run["user"] + "@new.example.org"
    have, other = (old, new) if taken_back else (new, old)
    faults, user = [], db.users.find_one({"_id": run["user"]})
    if (user["email"], user["email_verified"], user["pending_email"]) != (have, True, None):
        faults.append("the account: %s" % user)
    kinds = [event["kind"] for event in db.audit_log.find({"user_id": run["user"]})]
    purposes = sorted(token["purpose"] for token in db.one_time_tokens.find({"user_id": run["user"]}))
    sent = collections.Counter(job["mail_order"]["template"] for job in db.jobs.find({"user_id": run["user"], "kind": "mail"}))
    counts = {
        "accounts with the address": (db.users.count_documents({"email": have}), 1),
        "accounts with the other one": (db.users.count_documents({"email": other}), 0),
        "changed": (kinds.count("email_changed"), 1), "taken back": (kinds.count("email_restored"), int(taken_back)),
        "links": (purposes, ["password_reset"] if taken_back else ["email_changed"]),
        "notices": (sent["email_changed"], 1), "to the other one": (sent["email_moved"], int(taken_back)),
        "for a new password": (sent["password_reset"], int(taken_back)),
        "mails that are left": (db.jobs.count_documents({"user_id": run["user"], "status": {"$ne": "succeeded"}}), 0),
    }
    return faults + ["%s: %s, %s wanted" % (name, got, want) for name, (got, want) in counts.items() if got != want]


def outbox(steps):
    folder = os.path.join(steps.state, "outbox")
    found = []
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="ascii") as file:
            found.append(file.read())
    return found


def faults_of(steps, run, objects, state):
    found = ["stuck at " + run["where"]] if run["stuck"] else []
    if run["scenario"] == "leave":
        folders = {run["design"], run["user"]}
        return found + left_of_member(steps.stack.db, run, objects, [
            text for text in state if run["user"] in text]) + [key for key in objects if key.split("/")[0] in folders]
    if run["scenario"] == "pack":
        return found + packed(steps.stack.db, run, objects, state)
    if run["scenario"] == "share":
        return found + shared(steps.stack.db, run)
    if run["scenario"] in ("purge", "retain"):
        return found + gone(steps.stack.db, run, objects)
    if run["scenario"] == "claim":
        return found + claimed(steps.stack.db, run)
    if run["scenario"] in ("signin", "confirm"):
        return found + signed_in(steps.stack.db, run)
    if run["scenario"] in ("rename", "unrename"):
        return found + renamed(steps.stack.db, run, run["scenario"] == "unrename")
    if run["scenario"] == "look":
        return found + looked(steps.stack.db, run)
    if run["scenario"] == "unfile":
        return found + unfiled(steps.stack.db, run)
    if run["scenario"] == "crowd":
        return found + crowded(steps.stack.db, run, objects)
    exits = run["how"] in EXITS
    before = 0 if run["scenario"] in ("make", "cancel") else 2    # calls of what was there already
    calls = before + run["calls"]
    if exits:
        calls = before if run["scenario"] == "retry" else None
    return found + truth.faults_of_guest(
        steps.stack.db, run["session"], objects, calls=calls, address=run["address"],
        calls_unsure=9 if exits and run["scenario"] == "retry" else 1 if exits or run["kind"] == "db" else 0,
        counter_over=1 if exits or run["how"] in ("commit", "after") else 0)


def check(steps):
    """A point for each series: how far it came, and what was wrong in which run."""
    objects = truth.objects_on_disk(steps.objects)
    state = outbox(steps)
    series = collections.OrderedDict()
    for each in steps.runs:
        if each["scenario"] != "sweep":
            series.setdefault((each["scenario"], each["kind"], each["how"]), []).append(each)
    for (scenario, kind, how), each in series.items():
        faults = ["%d: %s" % (run["n"], fault) for run in each for fault in faults_of(steps, run, objects, state)]
        far = sum(1 for run in each if run["fired"])
        name = "%s: %s %s at each of %d steps" % (scenario, kind, how, far)
        ok(not faults, name, "\n".join(faults[:20]))
        ok(far >= FAR.get((scenario, kind), 1) and not each[-1]["fired"], name + " (far enough, to the end)",
           "%d" % far)


def series_of(scenario, kinds):
    return ["%s %s %s" % (scenario, kind, how) for kind, hows in kinds for how in hows]


# What is stored in the end is the same in each build: for a sanitizer it is enough that each command has failed, and
# that processes have gone on with what others had left.
DB = ("db", ("after", "commit", "exit_after")) if SANITIZED and not LONG else (
    "db", ("before", "after", "commit", "exit_before", "exit_after"))
# Where a run is hundreds of designs, and most of the time the server's. The end before a command is the end behind the
# last one when nothing but commands has an effect, as here.
DB_MANY = DB if LONG else ("db", ("after", "exit_after")) if SANITIZED else ("db", ("before", "after", "commit", "exit_after"))
PUT = ("put", ("before", "full", "after"))
GET = ("get", ("before", "after"))
DELETE = ("delete", ("before", "half", "after"))
LIST = ("list", ("before", "after"))
PROVIDER = ("provider", ("retry", "rate_limited:10", "timeout", "killed", "refused", "failed", "alarm", "damaged", "hang",
                         "exit"))
