#!/usr/bin/python3
"""Administration: members, sessions, the audit log, announcements, figures; and that the log can only be added to."""
import datetime
import json
import os
import pwd
import re
import subprocess
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import pymongo
import pymongo.errors

from members import PASSWORD, an_address, login, mails, member, register, text_of, token_in, wait_mail
from openapi import load
from stack import SLOWER, SRCDIR, Stack, app_role, wait_for
from studio import create, guest, make
from tap import contains, is_, main, ok, raises, test

CACHE_S = 2
stack = Stack(settings={"provider": "mem", "session_cache_s": CACHE_S, "free_designs_daily": 2, "free_designs_monthly": 50,
                        "premium_designs_daily": 6, "job_workers": 2, "login_failures": 50}).start()
NOBODY = "0190a000-0000-7000-8000-000000000000"


def admin(*words):
    return stack.bezel("admin", *words)


def done(name, *words):
    """The output of a command that must succeed."""
    ended = admin(*words)
    is_((ended.returncode, ended.stderr), (0, ""), name)
    return ended.stdout


def as_json(name, *words):
    return json.loads(done(name, *words, "--json"))


def events(**query):
    return list(stack.db.audit_log.find(query).sort("_id", 1))


def operator():
    with open("/proc/self/loginuid", encoding="ascii") as file:
        uid = int(file.read())
    if uid != 2 ** 32 - 1:
        return "admin:" + pwd.getpwuid(uid).pw_name
    return "admin:" + (os.environ.get("SUDO_USER") or ("bezel" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name))


def text_file(text, name="text"):
    path = os.path.join(stack.folder, name)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    os.chmod(path, 0o644)
    return path


ann = member(stack, full_name="Ann Étoile")
ben = member(stack, address=an_address("ben"))


@test
def used_wrongly():
    for words in ((), ("users",), ("users", "nonsense"), ("users", "list", "more"), ("users", "list", "--nonsense"),
                  ("users", "list", "--limit", "0"), ("users", "list", "--limit", "1001"), ("users", "list", "--limit", "x"),
                  ("users", "list", "--limit"), ("users", "list", "--tier", "gold"), ("users", "list", "--disabled=yes"),
                  ("users", "list", "--email", "a", "--email", "b"), ("users", "list", "--follow"), ("users", "show"),
                  ("users", "show", "a", "b"), ("users", "disable"), ("users", "set-tier", ann.user),
                  ("users", "set-tier", ann.user, "gold"), ("users", "set-tier", ann.user, "premium", "--until", "soon"),
                  ("users", "set-tier", ann.user, "premium", "--until", "2026-02-30"),
                  ("users", "set-tier", ann.user, "free", "--until", "2126-01-01"), ("sessions", "revoke"), ("audit",),
                  ("audit", "tail", "--kind", "nonsense"), ("audit", "tail", "--since", "yesterday"),
                  ("audit", "tail", "-n", "-1"), ("announce",), ("announce", "--list", "new_features", "--subject", "x"),
                  ("announce", "--list", "account_activity", "--subject", "x", "--text-file", text_file("x")),
                  ("report", "--days", "367"), ("report", "--days", "0"), ("report", "x")):
        ended = admin(*words)
        is_((ended.returncode, ended.stdout), (2, ""), "wrong: admin " + " ".join(words))
        contains(ended.stderr, "bezel: ", "says why")
    ended = admin("--help")
    is_((ended.returncode, ended.stderr), (0, ""), "--help")
    for name in re.findall(r'^ADMIN\(\w+, "([^"]+)"', load(SRCDIR, "src/cmd/admin.def"), re.M):
        contains(ended.stdout, "  %s " % name, "--help: " + name)
        contains(load(SRCDIR, "docs/bezel.1"), "\n.It Ic %s" % name, "bezel(1): " + name)
    is_(admin("users", "list", "--help").returncode, 0, "--help anywhere")


@test
def unknown_accounts():
    for words in (("users", "show"), ("users", "disable"), ("users", "enable"), ("sessions", "revoke")):
        for who in (NOBODY, "nobody@example.net", "nonsense", "' || 1", "a@b@c"):
            ended = admin(*words, who)
            is_((ended.returncode, ended.stdout), (1, ""), "%s %s" % (" ".join(words), who))
            contains(ended.stderr, "There is no account", "says so")
    is_(admin("users", "set-tier", NOBODY, "premium").returncode, 1, "set-tier too")
    is_(events(by={"$regex": "^admin:"}), [], "and nothing is in the log")


@test
def listing():
    shown = as_json("users list --json", "users", "list")["items"]
    is_([item["id"] for item in shown], [ben.user, ann.user], "newest first")
    is_((shown[1]["email"], shown[1]["full_name"], shown[1]["plan"], shown[1]["disabled_at"]),
        (ann.address_of_mail, "Ann Étoile", "free", None), "with what is known")
    ok("password" not in json.dumps(shown) and "hash" not in json.dumps(shown), "no hash")
    text = done("users list", "users", "list")
    ok(re.search(r"^%s  \S+Z  free +%s$" % (ben.user, re.escape(ben.address_of_mail)), text, re.M), "as a table", text)
    contains(text, "2 members", "counted")
    found = as_json("by the begin of an address", "users", "list", "--email", "BEN")["items"]
    is_([item["id"] for item in found], [ben.user], "in any case of letters")
    is_(as_json("another", "users", "list", "--email", "zz")["items"], [], "nobody")
    is_(as_json("no pattern", "users", "list", "--email", ".*")["items"], [], "is a begin, not a pattern")
    is_(len(as_json("limit", "users", "list", "--limit=1")["items"]), 1, "--limit")
    is_(as_json("premium", "users", "list", "--tier", "premium")["items"], [], "nobody has premium")
    is_(len(as_json("free", "users", "list", "--tier", "free")["items"]), 2, "all are free")
    is_(as_json("disabled", "users", "list", "--disabled")["items"], [], "nobody is disabled")


@test
def showing():
    design = make(ann)
    for who in (ann.user, ann.address_of_mail, ann.address_of_mail.upper()):
        shown = as_json("users show " + who, "users", "show", who)
        is_(shown["user"]["id"], ann.user, "is who was meant")
    is_((shown["designs"], shown["designs_in_trash"], shown["sessions"]), (1, 0, 1), "designs and sessions")
    is_(shown["usage"]["designs"], {"month": 1, "month_limit": 50, "day": 1, "day_limit": 2}, "use")
    is_(shown["user"]["plan"], "free", "plan")
    is_([e["kind"] for e in shown["events"]], ["signed_in", "email_verified", "registered"], "the last events, newest first")
    ann.delete("/v1/designs/" + design["id"])
    text = done("users show", "users", "show", ann.user)
    for part in ("email +" + re.escape(ann.address_of_mail), "name +Ann Étoile", "plan +free", "stored +1, 1 of them in the trash",
                 "sessions +1", "designs +1 of 50 this month, 1 of 2 today", "registered +user " + ann.user):
        ok(re.search(part, text), "shows " + part, text)
    whole = text + json.dumps(shown)
    ok("argon2" not in whole and "hash" not in whole and "secret" not in whole, "no hash")


@test
def disabling():
    eve = member(stack, address=an_address("eve"))
    second = stack.client()
    is_(login(second, eve.address_of_mail).status, 200, "eve is here twice")
    for reason in ("tell eve@example.net", "x" * 201, "two\nlines", ""):
        ended = admin("users", "disable", eve.user, "--reason", reason)
        is_((ended.returncode, ended.stdout), (1, ""), "a reason that may not be in the log: " + reason[:20])
        contains(ended.stderr, "A reason is one line", "says so")
    is_(eve.get("/v1/me").status, 200, "she is here still")
    out = done("users disable", "users", "disable", eve.address_of_mail, "--reason", "sold what is not hers")
    contains(out, "%s is disabled\n2 sessions ended; services take them for %d s at most\n" % (eve.user, CACHE_S), "says what it did")
    is_(create(eve).status, 401, "what costs quota is refused at once")
    began = time.monotonic()
    wait_for(lambda: eve.get("/v1/me").status == 401, CACHE_S + 1, "her request to be refused")
    ok(time.monotonic() - began < CACHE_S + SLOWER, "within session_cache_s")
    wait_for(lambda: second.get("/v1/me").status == 401, CACHE_S + 1, "her other session too")
    is_(create(eve).status, 401, "no design")
    is_(login(stack.client(), eve.address_of_mail).status, 401, "no sign-in, with the right password")
    stack.client().post("/v1/auth/password-reset", json={"email": eve.address_of_mail})
    time.sleep(2.5)
    is_([m for m in mails(stack, eve.address_of_mail) if "password" in m["Subject"].lower()], [], "nor a link for a new one")
    is_([i["id"] for i in as_json("--disabled", "users", "list", "--disabled")["items"]], [eve.user], "she is listed")
    contains(done("a table", "users", "list", "--disabled"), "disabled  " + eve.address_of_mail, "as such")
    contains(done("again", "users", "disable", eve.user), "is disabled already", "twice is harmless")
    contains(done("enable", "users", "enable", eve.user), "is enabled", "users enable")
    contains(done("again", "users", "enable", eve.user), "is not disabled", "twice is harmless")
    is_(eve.get("/v1/me").status, 401, "her old sessions stay ended")
    is_(login(eve, eve.address_of_mail).status, 200, "she signs in anew")
    is_(eve.get("/v1/me").status, 200, "and is here")
    is_([(e["kind"], e["by"], e["detail"], e["network"]) for e in events(user_id=eve.user, by={"$regex": "^admin:"})],
        [("account_disabled", operator(), "sold what is not hers", ""), ("account_enabled", operator(), None, "")],
        "the log has each once, with who did it")


@test
def who_leaves_has_left():
    ida = member(stack)
    is_(ida.delete("/v1/me", json={"password": PASSWORD}).status, 204, "she leaves")
    ended = admin("users", "enable", ida.user)
    ok(ended.returncode != 0 and "being deleted" in ended.stderr, "which nobody undoes", ended.stderr)
    ok(stack.db.users.find_one({"_id": ida.user})["disabled_at"] is not None, "nobody signs in to it")


@test
def sessions():
    dan = member(stack, address=an_address("dan"))
    contains(done("sessions revoke", "sessions", "revoke", dan.user), "1 sessions ended; services", "says so")
    wait_for(lambda: dan.get("/v1/me").status == 401, CACHE_S + 1, "the session to be refused")
    is_(done("again", "sessions", "revoke", dan.user), "0 sessions ended\n", "none is left")
    is_(login(dan, dan.address_of_mail).status, 200, "a sign-in is fine")
    is_([e["by"] for e in events(user_id=dan.user, kind="sessions_revoked")], [operator()], "in the log once")


@test
def tiers():
    tea = member(stack, address=an_address("tea"))
    for _ in range(2):
        make(tea)
    is_(create(tea).status, 429, "free is used up")
    today = datetime.datetime.utcnow().date()
    last = today + datetime.timedelta(days=30)
    yesterday = str(today - datetime.timedelta(days=1))
    ended = admin("users", "set-tier", tea.user, "premium", "--until", yesterday)
    is_((ended.returncode, ended.stdout), (1, ""), "premium until yesterday")
    contains(ended.stderr, "That day is over", "is refused")
    end = "%sT00:00:00.000Z" % (last + datetime.timedelta(days=1))
    is_(done("premium", "users", "set-tier", tea.address_of_mail, "premium", "--until", str(last)),
        "%s is premium until %s\n" % (tea.user, end), "to the end of that day")
    is_(done("the same again", "users", "set-tier", tea.user, "premium", "--until", str(last)),
        "%s is premium already until %s\n" % (tea.user, end), "changes nothing")
    is_(tea.get("/v1/me").json()["subscription"]["tier"], "premium", "the member sees it at once")
    is_(tea.get("/v1/me").json()["subscription"]["expires_at"], end, "and its end")
    for _ in range(4):
        make(tea)
    is_(create(tea).status, 429, "the limit of premium holds")
    began = stack.db.users.find_one({"_id": tea.user})["subscription"]["started_at"]
    done("without an end", "users", "set-tier", tea.user, "premium")
    subscription = stack.db.users.find_one({"_id": tea.user})["subscription"]
    is_((subscription["started_at"], subscription["expires_at"]), (began, None), "a premium that holds keeps its begin")
    is_([i["id"] for i in as_json("--tier", "users", "list", "--tier", "premium")["items"]], [tea.user], "she is listed")
    # An end that has come.
    past = datetime.datetime.utcnow() - datetime.timedelta(seconds=1)
    stack.db.users.update_one({"_id": tea.user}, {"$set": {"subscription.expires_at": past, "usage_stats.designs_today": 2}})
    is_(create(tea).status, 429, "premium that has ended has the limit of free")
    is_(as_json("--tier", "users", "list", "--tier", "premium")["items"], [], "is listed as free")
    ok(tea.user in [i["id"] for i in as_json("--tier", "users", "list", "--tier", "free")["items"]], "with the others")
    contains(done("show", "users", "show", tea.user), "plan           free", "is shown as free")
    done("premium anew", "users", "set-tier", tea.user, "premium")
    ok(stack.db.users.find_one({"_id": tea.user})["subscription"]["started_at"] > began, "begins anew")
    is_(create(tea).status, 202, "and holds")
    done("free", "users", "set-tier", tea.user, "free")
    is_(stack.db.users.find_one({"_id": tea.user})["subscription"], {"tier": "free", "started_at": None, "expires_at": None}, "free")
    is_([e["detail"] for e in events(user_id=tea.user, kind="tier_changed")],
        ["premium until %s" % last, "premium", "premium", "free"], "each change is in the log")


@test
def tail():
    lines = done("audit tail", "audit", "tail").splitlines()
    is_(len(lines), 20, "20 by default")
    lines = done("-n", "audit", "tail", "-n", "3", "--json").splitlines()
    got = [json.loads(line) for line in lines]
    is_([e["id"] for e in got], [e["_id"] for e in events()][-3:], "the last, newest last")
    is_(set(got[0]), {"id", "kind", "user_id", "by", "detail", "created_at", "network"} | set(got[0]) & {"request_id"}, "with all fields")
    mine = [json.loads(line) for line in done("--user", "audit", "tail", "--user", ann.address_of_mail, "--json").splitlines()]
    is_({e["user_id"] for e in mine}, {ann.user}, "of one member")
    is_([e["kind"] for e in mine], ["registered", "email_verified", "signed_in"], "are all there")
    ok(all(e.get("request_id") for e in mine), "with the request's id", mine)
    kinds = done("--kind", "audit", "tail", "--kind", "tier_changed").splitlines()
    is_(len(kinds), 4, "of one kind")
    ok(all("tier_changed" in line and "by " + operator() in line for line in kinds), "as a table", kinds)
    middle = events()[10]["created_at"]
    since = middle.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (middle.microsecond // 1000)
    is_([json.loads(line)["id"] for line in done("--since", "audit", "tail", "--since", since, "-n", "1000", "--json").splitlines()],
        [e["_id"] for e in events(created_at={"$gte": middle})], "since a time")
    is_(done("--since a day", "audit", "tail", "--since", "2126-01-01"), "", "nothing since a day to come")
    is_(done("--user of nobody", "audit", "tail", "--user", NOBODY), "", "an account that is gone has no events left")


@test
def following():
    process = subprocess.Popen(stack.bezel_command("admin", "audit", "tail", "-n", "1", "--follow", "--json", "--kind", "sign_in_failed"),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        first = json.loads(process.stdout.readline())
        is_(first["kind"], "sign_in_failed", "what there was")
        login(stack.client(), ben.address_of_mail, "not this one")
        login(stack.client(), ann.address_of_mail, "not this one")
        got = [json.loads(process.stdout.readline())["user_id"] for _ in range(2)]
        is_(got, [ben.user, ann.user], "what comes")
        time.sleep(2.5)
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=20)
    is_(rest, "", "each once")


def announce(*more, subject="Opals", text="They glow now.\n\nCome and see.", name="new_features"):
    return admin("announce", "--list", name, "--subject", subject, "--text-file", text_file(text), *more)


def announced(address):
    return [m for m in mails(stack, address) if m["Subject"] == "Opals"]


@test
def announcing():
    for more in ({"subject": ""}, {"subject": "x" * 201}, {"subject": "two\nlines"}, {"text": ""}, {"text": "x" * 10001},
                 {"text": b"\xff"}, {"text": "bell\x07"}):
        ended = announce(**more)
        is_((ended.returncode, ended.stdout), (1, ""), "refused: %r" % str(more)[:30])
    is_(admin("announce", "--list", "design_tips", "--subject", "x", "--text-file", "/nowhere").returncode, 1, "no such file")
    no_news = member(stack, address=an_address("nonews"))
    is_(no_news.patch("/v1/me", json={"preferences": {"email_notifications": {"new_features": False}}}).status, 200, "one wants no news")
    gone = member(stack, address=an_address("gone"))
    done("one is disabled", "users", "disable", gone.user)
    unconfirmed = an_address("unconfirmed")
    is_(register(stack.client(), unconfirmed).status, 202, "one has not confirmed")
    wait_mail(stack, unconfirmed, "confirm")
    want = {u["email"] for u in stack.db.users.find({"disabled_at": None})} - {no_news.address_of_mail, gone.address_of_mail, unconfirmed}
    news = {"mail_order.template": "announce"}      # other jobs come and go
    before = stack.db.jobs.count_documents(news)
    ended = announce("--dry-run")
    is_((ended.returncode, ended.stdout), (0, "%d members would get it\n" % len(want)), "--dry-run counts")
    is_((stack.db.jobs.count_documents(news), events(kind="announced")), (before, []), "and does nothing")
    ended = announce()
    is_((ended.returncode, ended.stderr), (0, ""), "announce")
    found = re.match(r"announcement (\S{36})\n(\d+) members: (\d+) mails queued, 0 were before\n$", ended.stdout)
    ok(found, "says what it did", ended.stdout)
    name = found.group(1)
    is_((int(found.group(2)), int(found.group(3))), (len(want), len(want)), "for those who want it")
    for address in want:
        wait_for(lambda a=address: announced(a), 15, "the mail to " + address)
    message = announced(ann.address_of_mail)[0]
    contains(text_of(message), "They glow now.\n\nCome and see.", "says what was to be said")
    contains(text_of(message), "Ann Étoile", "by name")
    is_((message["List-Unsubscribe-Post"], "/u/" in message["List-Unsubscribe"]), ("List-Unsubscribe=One-Click", True), "can be unsubscribed from")
    again = announce("--resume", name)
    is_((again.returncode, again.stdout), (0, "announcement %s\n%d members: 0 mails queued, %d were before\n" % (name, len(want), len(want))),
        "again with --resume")
    for more, why in (({"subject": "Pearls"}, "another"), ({"text": "other"}, "another"), ({"name": "design_tips"}, "another")):
        ended = announce("--resume", name, **more)
        is_(ended.returncode, 1, "--resume with other words")
        contains(ended.stderr, why, "is refused")
    old = "0190a000" + name[8:]
    contains(announce("--resume", old).stderr, "over 5 days old", "an old id is refused")
    contains(announce("--resume", "nonsense").stderr, "no id", "what is no id too")
    time.sleep(3)
    is_({a: len(announced(a)) for a in want}, {a: 1 for a in want}, "everybody has one")
    is_([len(announced(a)) for a in (no_news.address_of_mail, gone.address_of_mail, unconfirmed)], [0, 0, 0], "the others have none")
    is_([e["detail"] for e in events(kind="announced")][:2],
        ["begun new_features %s: 0 of 0 mails queued" % name, "done new_features %s: %d of %d mails queued" % (name, len(want), len(want))],
        "the log has begin and end")
    tips = announce(subject="Tips", name="design_tips")
    contains(tips.stdout, "%d members: %d mails queued" % (len(want) + 1, len(want) + 1), "another list has other readers")


CROWD = 500


@test
def broken_off():
    """Killed in the middle, and resumed; who has unsubscribed since gets none."""
    model = stack.db.users.find_one({"_id": ann.user})
    crowd = ["0190b000-0000-7000-8000-%012x" % i for i in range(CROWD)]
    stack.db.users.insert_many([dict(model, _id=i, email="crowd.%s@example.net" % i[-12:]) for i in crowd])
    path = text_file("Killed in the middle")
    words = ("admin", "announce", "--list", "new_features", "--subject", "Broken", "--text-file", path)
    process = subprocess.Popen(stack.bezel_command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    name = process.stdout.readline().split()[1]
    mine = {"mail_order.subject": "Broken"}
    wait_for(lambda: stack.db.jobs.count_documents(mine) >= 20, 20, "some mails")
    process.kill()
    process.communicate()
    # What it had sent last may still be carried out.
    count = [stack.db.jobs.count_documents(mine)]
    while len(count) < 3 or count[-1] != count[-3]:
        time.sleep(0.5)
        count.append(stack.db.jobs.count_documents(mine))
    queued = count[-1]
    ok(20 <= queued < CROWD, "it is killed in the middle: %d" % queued)
    stack.db.users.update_one({"_id": crowd[-1]}, {"$set": {"preferences.email_notifications.new_features": False}})
    ended = stack.bezel(*words, "--resume", name)
    is_((ended.returncode, ended.stderr), (0, ""), "--resume")
    found = [int(n) for n in re.findall(r"(\d+) members: (\d+) mails queued, (\d+) were before", ended.stdout)[0]]
    is_(found[2], queued, "knows what was queued")
    is_(found[1] + found[2], found[0], "queues the rest")
    rows = list(stack.db.jobs.find(mine, {"user_id": 1}))
    is_((len(rows), len({row["user_id"] for row in rows})), (found[0], found[0]), "one job a member")
    ok(crowd[-1] not in {row["user_id"] for row in rows} and crowd[0] in {row["user_id"] for row in rows}, "but who wants none")
    is_({row["priority"] for row in stack.db.jobs.find(mine)}, {20}, "behind all other work")
    wait_for(lambda: stack.db.jobs.count_documents(dict(mine, status={"$in": ["queued", "running"]})) == 0, 60, "all to be sent")
    sent = [m["To"].addresses[0].addr_spec for m in mails(stack) if m["Subject"] == "Broken"]
    is_((len(sent), len(set(sent))), (found[0], found[0]), "each is sent once")
    stack.db.users.delete_many({"_id": {"$in": crowd}})


@test
def unsubscribed_before_it_is_sent():
    now = datetime.datetime.utcnow()
    is_(ben.patch("/v1/me", json={"preferences": {"email_notifications": {"design_tips": False}}}).status, 200, "one turns tips off")
    model = stack.db.jobs.find_one({"kind": "mail", "mail_order.subject": "Tips", "user_id": ben.user})
    for number, user in enumerate((ben.user, ann.user, NOBODY)):
        order = dict(model["mail_order"], subject="Late %d" % number, to=ann.address_of_mail if user == ann.user else ben.address_of_mail)
        stack.db.jobs.insert_one(dict(model, _id=str(uuid.uuid4()), status="queued", user_id=user, mail_order=order, run_at=now,
                                      ended_at=None, lease_token=None, lease_until=None, attempts=0))
    wait_for(lambda: stack.db.jobs.count_documents({"mail_order.subject": {"$regex": "^Late"}, "status": "queued"}) == 0, 15, "the jobs to be taken")
    wait_for(lambda: stack.db.jobs.count_documents({"mail_order.subject": {"$regex": "^Late"}}) == 2, 15, "that of nobody to go")
    wait_for(lambda: stack.db.jobs.count_documents({"mail_order.subject": {"$regex": "^Late"}, "status": "succeeded"}) == 2, 15, "the jobs to end")
    is_([m["Subject"] for m in mails(stack) if m["Subject"].startswith("Late")], ["Late 1"], "who has turned it off, or is gone, gets none")


@test
def figures():
    zoe = guest(stack)
    make(zoe, num_variations_requested=3)
    calls = list(stack.db.api_usage_log.find())
    today = datetime.datetime.utcnow().strftime("%Y-%m-%d")
    week = (datetime.datetime.utcnow() - datetime.timedelta(days=6)).strftime("%Y-%m-%d")
    # One of another day, and one that is too old to count.
    old = dict(calls[0], _id=str(uuid.uuid4()), created_at=datetime.datetime.strptime(week, "%Y-%m-%d"), cost_usd=0.5,
               response={"success": False, "num_images_returned": 0, "error_message": "no"})
    older = dict(old, _id=str(uuid.uuid4()), created_at=old["created_at"] - datetime.timedelta(milliseconds=1))
    stack.db.api_usage_log.insert_many([old, older])
    stack.db.set_profiling_level(2)
    got = as_json("report", "report", "--days", "7")
    stack.db.set_profiling_level(0)
    is_([day["day"] for day in got["days"]][::6], [week, today], "the last seven days, the oldest first")
    last = got["days"][-1]
    cost = last.pop("cost_usd")
    is_(last, {"day": today, "sign_ups": stack.db.users.count_documents({}), "designs": stack.db.designs.count_documents({}),
               "calls": len(calls), "pictures": sum(c["response"]["num_images_returned"] for c in calls), "failures": 0}, "today")
    ok(len(calls) >= 10 and abs(cost - 0.02 * len(calls)) < 1e-9, "and its cost", cost)
    is_(got["days"][0], {"day": week, "sign_ups": 0, "designs": 0, "calls": 1, "pictures": 0, "failures": 1, "cost_usd": 0.5}, "another day")
    is_((got["total"]["calls"], got["total"]["failures"], got["total"]["sign_ups"]), (len(calls) + 1, 1, last["sign_ups"]), "the total")
    plans = [(p["command"].get("count") or p["command"].get("aggregate"), p["planSummary"], p.get("docsExamined", 0))
             for p in stack.db.system.profile.find({"appName": "bezel-admin", "$or": [
                 {"command.count": {"$exists": True}}, {"command.aggregate": {"$exists": True}}]})]
    is_({p[0] for p in plans}, {"users", "designs", "api_usage_log"}, "what was asked: %d commands" % len(plans))
    is_(len(plans), 21, "three a day")
    ok(all("created_at" in p[1] and "COLLSCAN" not in p[1] for p in plans), "each is a range of the index", plans)
    is_(sum(p[2] for p in plans if p[0] != "api_usage_log"), 0, "accounts and designs are counted in the index alone")
    is_(sum(p[2] for p in plans if p[0] == "api_usage_log"), len(calls) + 1, "of calls the days' are read, no other")
    stack.db.drop_collection("system.profile")
    text = done("as a table", "report", "--days", "7").splitlines()
    is_((len(text), text[0].split()[0], text[-1].split()[:2]), (9, "day", ["total", str(got["total"]["sign_ups"])]), "a line a day, and the total")
    is_(len(done("by default", "report").splitlines()), 32, "30 days by default")
    stack.db.api_usage_log.delete_many({"_id": {"$in": [old["_id"], older["_id"]]}})


@test
def keys_are_noted():
    for words, kind in ((("rotate",), "keys_rotated"), (("prune",), "keys_pruned")):
        is_(stack.bezel("keys", *words).returncode, 0, "keys " + words[0])
        got = events(kind=kind)
        is_([(e["by"], e["user_id"]) for e in got], [(operator(), None)] * 2, "is in the log")
        is_(got[0]["detail"], "begun", "before it begins")
        ok(re.match(r"done: fields/2, \d+ of \d+ values sealed anew, 0 unreadable, \d keys removed$", got[1]["detail"]), "and when it is done", got[1])
    other = text_file("0" * 64, "master")
    os.chmod(other, 0o400)
    if os.getuid() == 0:
        os.chown(other, pwd.getpwnam("bezel").pw_uid, -1)
    is_(stack.bezel("keys", "rewrap", other).returncode, 0, "keys rewrap")
    is_([e["detail"] for e in events(kind="keys_rewrapped")][0], "begun", "is in the log")
    is_(stack.bezel("keys", "list").returncode, 0, "keys list")
    is_(len(events(kind={"$regex": "^keys"})), 6, "is not: it changes nothing")


@test
def the_rest_is_noted():
    """What members do about their accounts: each kind, by whom, and nothing personal in any of it."""
    visitor = guest(stack)
    make(visitor)
    kim = member(stack, client=visitor, address=an_address("kim"))
    is_(kim.post("/v1/auth/password", json={"current_password": "wrong one here", "new_password": "another stone of 9"}).status, 422, "not the password")
    is_(kim.post("/v1/auth/password", json={"current_password": PASSWORD, "new_password": "another stone of 9"}).status, 204, "changed")
    login(stack.client(), kim.address_of_mail, "wrong one here")
    other = stack.client()
    login(other, kim.address_of_mail, "another stone of 9")
    session = next(s for s in kim.get("/v1/me/sessions").json()["items"] if not s.get("current", s.get("is_current")))
    is_(kim.delete("/v1/me/sessions/" + session["id"]).status, 204, "a session is revoked")
    login(other, kim.address_of_mail, "another stone of 9")
    is_(kim.delete("/v1/me/sessions").status, 204, "all others")
    is_(kim.post("/v1/auth/logout").status, 204, "signed out")
    stack.client().post("/v1/auth/password-reset", json={"email": kim.address_of_mail})
    stack.client().post("/v1/auth/password-reset", json={"email": "nobody@example.net"})
    token = token_in(wait_mail(stack, kim.address_of_mail, "new password"))
    is_(kim.post("/v1/auth/password-reset/confirm", json={"token": token, "password": "a third stone of 3"}).status, 200, "reset")
    login(stack.client(), "nobody@example.net", "wrong one here")
    got = [(e["kind"], e["by"].split(":")[0]) for e in events(user_id=kim.user)]
    for kind, by in (("registered", "guest"), ("email_verified", "guest"), ("signed_in", "guest"), ("guest_claimed", "guest"),
                     ("sign_in_failed", "user"), ("password_changed", "user"), ("sign_in_failed", "anonymous"),
                     ("session_revoked", "user"), ("sessions_revoked", "user"), ("signed_out", "user"),
                     ("password_reset_asked", "anonymous"), ("password_reset", "anonymous")):
        contains(got, (kind, by), "%s by %s" % (kind, by))
    is_(len([k for k in got if k[0] == "password_reset_asked"]), 1, "each once")
    ok([e for e in events(kind="sign_in_failed") if e["user_id"] is None], "a sign-in to no account too")
    whole = json.dumps(events(), default=str)
    is_("@" in whole, False, "no e-mail address in any of %d events" % len(events()))
    is_([e["network"] for e in events() if e["network"] not in ("", "127.0.0.0")], [], "no whole address")
    secrets = [PASSWORD, "another stone of 9", "a third stone of 3", "wrong one here", token]
    for client in (ann, ben, kim, other):
        secrets += [value for value in client.cookies.values()] + [value.split(".", 1)[-1] for value in client.cookies.values()]
    is_([s for s in secrets if s and s in whole], [], "no password, cookie or token")
    is_({e["kind"] for e in events()} - set(re.findall(r'"(\w+)"', load(SRCDIR, "src/schema/enums.def"))), set(), "kinds are those of the rows")


@test
def nobody_changes_the_log():
    """As the user that bezel connects as."""
    with open(os.path.join(stack.folder, "uri") if stack.shared else os.path.join(stack.state, "secrets", "mongodb.uri"),
              encoding="ascii") as file:
        app = pymongo.MongoClient(file.read())[stack.database]
    refused = pymongo.errors.OperationFailure
    event = events()[0]
    before = stack.db.audit_log.count_documents({})

    def refuses(function, name):
        try:
            function()
        except refused as error:
            return is_(error.code, 13, name)
        return ok(False, name, "it was done")
    refuses(lambda: app.audit_log.update_one({"_id": event["_id"]}, {"$set": {"by": "nobody"}}), "no update")
    refuses(lambda: app.audit_log.update_many({}, [{"$set": {"by": "nobody"}}]), "no update by pipeline")
    refuses(lambda: app.audit_log.replace_one({"_id": event["_id"]}, event), "no replacement")
    refuses(lambda: app.audit_log.find_one_and_update({}, {"$set": {"by": "nobody"}}), "no findAndModify")
    refuses(lambda: app.audit_log.delete_one({"_id": event["_id"]}), "no delete")
    refuses(lambda: app.audit_log.delete_many({}), "no delete of many")
    refuses(lambda: app.audit_log.find_one_and_delete({}), "no findAndModify with remove")
    refuses(app.audit_log.drop, "no drop")
    refuses(lambda: app.audit_log.rename("other"), "no rename")
    refuses(lambda: list(app.users.aggregate([{"$out": "audit_log"}])), "no $out")
    refuses(lambda: list(app.audit_log.aggregate([{"$merge": {"into": "audit_log"}}])), "no $merge")
    refuses(lambda: app.client.drop_database(app.name), "no drop of the database")
    refuses(lambda: app.other.insert_one({}), "no other collection")
    is_(stack.db.audit_log.count_documents({}), before, "all is there")
    is_(stack.db.audit_log.find_one({"_id": event["_id"]}), event, "as it was")
    app.audit_log.insert_one(dict(event, _id=str(uuid.uuid4())))
    is_(app.audit_log.count_documents({}), before + 1, "it may be added to, and read")
    raises(pymongo.errors.WriteError, lambda: app.audit_log.insert_one({"_id": "x"}), "its validator holds")
    index = stack.db.audit_log.index_information()["created_at"]
    is_((index["key"], index["expireAfterSeconds"]), ([("created_at", 1)], 400 * 86400), "old entries go after 400 days")
    app.client.close()


@test
def a_stricter_role():
    """Without the right to change the log's indexes, as docs/operators.md has it: another user does that."""
    role = app_role(stack.database)
    strict = [dict(p, actions=[a for a in p["actions"] if a in ("find", "insert", "listIndexes")])
              if p["resource"]["collection"] == "audit_log" else p for p in role["privileges"]]
    name = stack.name if stack.shared else role["createRole"]
    stack.mongo.admin.command("updateRole", name, privileges=strict, roles=[])
    try:
        is_(stack.bezel("db", "check").returncode, 0, "db check")
        is_(stack.bezel("db", "apply").stdout, "0 collections changed\n", "db apply has nothing to do")
        is_(login(stack.client(), ann.address_of_mail).status, 200, "it serves")
        is_(max(events(user_id=ann.user), key=lambda e: e["created_at"])["kind"], "signed_in", "and adds to the log")
        stack.db.audit_log.drop_index("created_at")
        stack.db.audit_log.create_index("created_at", name="created_at")
        is_(stack.bezel("db", "check").returncode, 1, "an index that differs")
        ended = stack.bezel("db", "apply")
        is_(ended.returncode, 1, "is not for this user to replace")
        contains(ended.stderr, "not authorized", "which is said")
    finally:
        stack.mongo.admin.command("updateRole", name, privileges=role["privileges"], roles=[])
    contains(stack.bezel("db", "apply").stdout, "audit_log: replaced index created_at", "who has the whole role does")
    is_(stack.db.audit_log.index_information()["created_at"]["expireAfterSeconds"], 400 * 86400, "it is as it was")


@test
def what_cannot_be_noted_is_not_done():
    role = app_role(stack.database)
    mute = [dict(p, actions=["find"]) if p["resource"]["collection"] == "audit_log" else p for p in role["privileges"]]
    name = stack.name if stack.shared else role["createRole"]
    before = (stack.db.users.find_one({"_id": ben.user}), stack.db.sessions.count_documents({}), stack.db.key_vault.count_documents({}),
              stack.db.jobs.count_documents({}), len(events()))
    stack.mongo.admin.command("updateRole", name, privileges=mute, roles=[])
    try:
        for words in (("admin", "users", "disable", ben.user), ("admin", "users", "set-tier", ben.user, "premium"),
                      ("admin", "sessions", "revoke", ben.user), ("keys", "rotate"),
                      ("admin", "announce", "--list", "new_features", "--subject", "x", "--text-file", text_file("x"))):
            is_(stack.bezel(*words).returncode, 1, "refused: " + " ".join(words[:3]))
    finally:
        stack.mongo.admin.command("updateRole", name, privileges=role["privileges"], roles=[])
    is_((stack.db.users.find_one({"_id": ben.user}), stack.db.sessions.count_documents({}), stack.db.key_vault.count_documents({}),
         stack.db.jobs.count_documents({}), len(events())), before, "nothing has changed")


@test
def the_role():
    with open(os.path.join(SRCDIR, "etc", "mongodb-role.json"), encoding="ascii") as file:
        role = json.load(file)
    rights = {p["resource"]["collection"]: set(p["actions"]) for p in role["privileges"]}
    is_(rights.pop(""), {"listCollections"}, "the database")
    is_(set(rights), set(re.findall(r"^## (\w+)$", load(SRCDIR, "docs/schema.md"), re.M)), "every collection of the rows, and no other")
    is_({name for name, actions in rights.items() if not {"update", "remove"} <= actions}, {"audit_log"}, "the log alone is append-only")
    is_(rights["audit_log"] & {"update", "remove"}, set(), "in both")
    is_(stack.bezel("print", "role").stdout, load(SRCDIR, "etc/mongodb-role.json"), "is what bezel prints")


main()
