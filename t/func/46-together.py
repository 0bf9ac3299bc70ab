#!/usr/bin/python3
"""Designs that are asked for while a worker is busy are made together: one transaction, and each answer as if it had come
alone. What cannot be together, or fails so, is done one by one."""
import datetime
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from faults import SETTINGS, Guest, HeldWorker, Mongod, agree, faulty_stack, workers
from members import member
from stack import SLOWER, SRCDIR, wait_for
from studio import body, guest, metric
from tap import is_, main, ok, test

DAILY = 100000      # as faults.py sets it
URL = "/v1/designs"
MOST = 16           # of a group


class Held(HeldWorker):
    def __init__(self):
        super().__init__(stack)

    def post(self, name, client, **keywords):
        keywords.setdefault("json", body())
        self.send(name, lambda: client.post(URL, **keywords))


with open(os.path.join(SRCDIR, "src", "app", "shared.c"), encoding="utf-8") as file:
    GATES = int(re.search(r"\bGATES = (\d+)", file.read())[1])


def gate(one):
    """The gate that the owner has in shared memory (FNV-1a): strangers may meet there, and then one of them is alone."""
    place = 2166136261
    for byte in ("user:" + one.user if hasattr(one, "user") else "guest:" + one.session).encode():
        place = (place ^ byte) * 16777619 & 0xffffffff
    return place % GATES


def apart(*makers):
    """One of each maker, none in another's gate."""
    while True:
        people = [make() for make in makers]
        if len({gate(one) for one in people}) == len(people):
            return people


def a_guest():
    return guest(stack)


def a_member():
    return member(stack)


def one_who_insists():
    return Guest(stack)


def together():
    return metric(stack, "bezel_designs_together_total")


def session_of(client):
    return stack.db.guest_sessions.find_one({"_id": client.session})


def counted():
    return sum(row["count"] for row in stack.db.rate_counters.find({"_id": {"$regex": "^address:"}}))


def left(reply):
    return int(reply.header("RateLimit").split("r=")[1].split(";")[0])


def of_guest(client):
    return {"guest_session_id": client.session}


def has_made(client, n, name):
    """So many designs, each with its charge and job."""
    owner = {"user_id": client.user} if hasattr(client, "user") else of_guest(client)
    used = stack.db.users.find_one({"_id": client.user})["usage_stats"]["designs_today"] if hasattr(client, "user") \
        else session_of(client)["usage_count"]
    designs = {row["_id"] for row in stack.db.designs.find(owner)}
    jobs = [row["design_id"] for row in stack.db.jobs.find({**owner, "kind": "generation"})]
    is_((len(designs), used, sorted(jobs)), (n, n, sorted(designs)), name)
    if not hasattr(client, "user"):
        is_(sorted(session_of(client)["designs"]), sorted(designs), name + ": the session names them")


def problem(reply):
    return reply.status, reply.json().get("code")


# Those with agree() first: it compares the address with all charges, and members have none there.
def failing(mode, **data):
    server.admin().admin.command({"configureFailPoint": "failCommand", "mode": mode, "data": data})


@test
def a_group_that_fails_is_done_one_by_one():
    steps = (("the counter", "update", "rate_counters", 1), ("the charge", "update", "guest_sessions", 1),
             ("the designs", "insert", "designs", 1), ("the jobs", "insert", "jobs", 1))
    for name, command, collection, times in steps:
        people, before = apart(*[one_who_insists] * 3), together()
        failing({"times": times}, failCommands=[command], namespace="%s.%s" % (stack.database, collection), errorCode=112,
                errorLabels=["TransientTransactionError"])
        with Held() as held:
            for i, one in enumerate(people):
                held.send(i, one.design)
        failing("off", failCommands=[command])
        is_([one.failures for one in people], [[]] * 3, name + " fails once: nobody hears of it")
        is_(together() - before, 0, "they are made one by one")
        agree(stack, people, name + ": each has one design", counter_over=10000)


@test
def a_commit_that_is_not_heard_of():
    """The driver asks again, and so do we."""
    people, before = apart(*[one_who_insists] * 3), together()
    failing({"times": 2}, failCommands=["commitTransaction"], closeConnection=True)
    with Held() as held:
        for i, one in enumerate(people):
            held.send(i, one.design)
    failing("off", failCommands=["commitTransaction"])
    is_([one.failures for one in people], [[]] * 3, "nobody hears of it")
    is_(together() - before, 3, "they were made together")
    agree(stack, people, "a commit that is not heard of: each has one design", counter_over=10000)


@test
def a_commit_that_nobody_knows_of():
    """Until the deadline: then it is 503 for each, and nothing was done one by one."""
    people = apart(*[one_who_insists] * 3)
    failing("alwaysOn", failCommands=["commitTransaction"], closeConnection=True)
    with Held() as held:
        for i, one in enumerate(people):
            held.send(i, one.design)

        def mend():
            wait_for(lambda: any(one.failures for one in people), 40, "the deadline")
            failing("off", failCommands=["commitTransaction"])
        held.meanwhile("mend", mend)
    is_([one.failures[:1] for one in people], [[503]] * 3, "nobody knows, until the deadline")
    agree(stack, people, "a commit that nobody knows of: each key has its one design", counter_over=10000)


@test
def killed_amid_a_group():
    people = apart(*[one_who_insists] * 5)
    began = time.monotonic()
    failing({"times": 1}, failCommands=["insert"], namespace=stack.database + ".designs", blockConnection=True, blockTimeMS=1500)
    with Held() as held:
        for i, one in enumerate(people):
            held.send(i, one.design)

        def kill():
            # When the group has been charged: its transaction waits at the designs.
            wait_for(lambda: server.admin().admin.command("serverStatus")["transactions"]["currentOpen"] > 0, 10, "a transaction")
            time.sleep(0.2)
            stack.kill(held.pid)
        held.meanwhile("kill", kill)
    ok(all(one.failures for one in people), "all five had no answer", [one.failures for one in people])
    wait_for(lambda: len(workers(stack, "web")) == 1, 20, "another worker")
    took = time.monotonic() - began
    ok(took < 12 * SLOWER, "nobody waits for the dead, nor for their keys", "%.1f s" % took)
    agree(stack, people, "killed amid a group: each has one design", counter_over=10000)


@test
def told_to_leave_amid_a_group():
    people = [guest(stack) for _ in range(4)]
    with Held() as held:
        for i, client in enumerate(people):
            held.post(i, client)
        stack.kill(held.pid, signal.SIGTERM)    # it hears of it when it goes on
    is_({r.status for r in held.replies.values()} - {202}, set(), "all are answered")
    wait_for(lambda: workers(stack, "web") not in ([], [held.pid]), 20, "another worker")
    for client in people:
        has_made(client, 1, "each has one")


@test
def one_transaction_for_all():
    people = apart(*[a_guest] * 6, *[a_member] * 2)
    before, count, commands = together(), counted(), metric(stack, "bezel_database_commands_total")
    with Held() as held:
        for i, client in enumerate(people):
            held.post(i, client, json=body(original_prompt="a ring for number %d" % i))
    replies = [held.replies[i] for i in range(8)]
    is_({r.status for r in replies}, {202}, "eight are made")
    is_(together() - before, 8, "together")
    sent = metric(stack, "bezel_database_commands_total") - commands
    ok(8 <= sent <= 10, "by eight commands, and two more if the members' sessions are not remembered", sent)
    is_(counted() - count, 6, "the address counts the guests")
    is_(len({r.json()["id"] for r in replies}), 8, "with different ids")
    is_(len({r.header("X-Request-Id") for r in replies}), 8, "and requests")
    for i, (client, reply) in enumerate(zip(people, replies)):
        made = reply.json()
        is_((made["original_prompt"], made["generation"]["status"], reply.header("Location")),
            ("a ring for number %d" % i, "queued", "/v1/designs/" + made["id"]), "%d has its own answer" % i)
        is_(client.get("/v1/designs/" + made["id"]).json()["original_prompt"], made["original_prompt"], "and its design")
        has_made(client, 1, "%d has one" % i)
    is_({left(r) for r in replies[:6]}, {DAILY - 1}, "what is left of a guest's day")
    is_({left(r) for r in replies[6:]}, {19}, "and of a member's")
    seen = {e["request_id"] for e in stack.events("request") if e["route"] == "design_create"}
    is_({r.header("X-Request-Id") for r in replies} - seen, set(), "each stands in the log by itself")


@test
def no_more_than_sixteen():
    guests, before = apart(*[a_guest] * 20), together()
    with Held() as held:
        for i, client in enumerate(guests):
            held.post(i, client)
    is_({r.status for r in held.replies.values()}, {202}, "twenty are made")
    is_(together() - before, 20, "in two groups of sixteen at most")
    ok(MOST < 20, "no group can hold them all")
    for client in guests:
        has_made(client, 1, "each has one")


@test
def what_is_refused_is_refused_alone():
    """The same requests one after the other are the measure."""
    def people():
        spent, gone, good, closed, fine = apart(a_guest, a_guest, a_guest, a_member, a_member)
        now = datetime.datetime.now(datetime.timezone.utc)
        stack.db.guest_sessions.update_one({"_id": spent.session}, {"$set": {"usage_count": DAILY, "last_design_at": now}})
        stack.db.guest_sessions.delete_one({"_id": gone.session})
        stack.db.users.update_one({"_id": closed.user}, {"$set": {"disabled_at": now}})
        return {"spent": (spent, {}), "gone": (gone, {}), "good": (good, {}), "closed": (closed, {}), "fine": (fine, {}),
                "invalid": (guest(stack), {"json": body(original_prompt="")}),
                "malformed": (guest(stack), {"body": b'{"a":', "headers": {"Content-Type": "application/json"}, "json": None}),
                "foreign": (guest(stack), {"origin": False}), "nobody": (stack.client(), {})}
    alone, crowd = people(), people()
    expected = {}
    for name, (client, keywords) in alone.items():
        keywords.setdefault("json", body())
        expected[name] = problem(client.post(URL, **keywords))
    is_({name: status for name, (status, _) in expected.items()},
        {"spent": 429, "gone": 401, "good": 202, "closed": 401, "fine": 202, "invalid": 422, "malformed": 400,
         "foreign": 403, "nobody": 401}, "one after the other")
    before, count = together(), counted()
    with Held() as held:
        for name, (client, keywords) in crowd.items():
            held.post(name, client, **keywords)
    is_({name: problem(reply) for name, reply in held.replies.items()}, expected, "at once: the same answers")
    is_(together() - before, 0, "none of them with others, for one of these had nothing left")
    is_(counted() - count, 1, "and the address counts the one of a guest")
    is_(held.replies["spent"].header("RateLimit") is not None, True, "the refusal says what there is in all")
    has_made(crowd["good"][0], 1, "who was among them has a design")
    has_made(crowd["fine"][0], 1, "so has the member")
    is_(stack.db.designs.count_documents({"$or": [of_guest(crowd[n][0]) for n in ("spent", "gone", "invalid")]}), 0,
        "the others have none")


@test
def refused_by_its_guards_disturbs_nobody():
    *good, other, before = *apart(*[a_guest] * 4), together()
    with Held() as held:
        for i, client in enumerate(good):
            held.post(i, client)
        held.post("invalid", other, json=body(num_variations_requested=99))
        held.post("nobody", stack.client())
        held.send("list", lambda: good[0].get(URL))
        held.send("health", lambda: stack.client().get("/metrics"))
    is_({name: reply.status for name, reply in held.replies.items()},
        {0: 202, 1: 202, 2: 202, "invalid": 422, "nobody": 401, "list": 200, "health": 200}, "each its answer")
    is_(together() - before, 3, "the three were made together")


@test
def the_first_does_not_wait_for_all_others():
    """Lists that take long, and are answered before a group: until the one that waits for it has waited enough."""
    ann, bob = guest(stack), guest(stack)
    ended = {}

    def noted(name, function):
        def run():
            reply = function()
            ended[name] = time.monotonic()
            return reply
        return run
    failing("alwaysOn", failCommands=["find"], namespace=stack.database + ".designs", appName="bezel-web", blockConnection=True,
            blockTimeMS=400)
    with Held() as held:
        held.send("post", noted("post", lambda: ann.post(URL, json=body())))
        held.arrived()
        for i in range(8):
            held.send(i, noted(i, lambda: bob.get(URL)))
    failing("off", failCommands=["find"])
    is_({reply.status for reply in held.replies.values()}, {200, 202}, "all are answered")
    later = sum(at > ended["post"] for at in ended.values())
    ok(later >= 5, "most of them after the one that came first", (later, ended))


@test
def two_of_one_owner():
    """At the edge of the quota, guest and member; one of both is made with others, the other alone."""
    ann, bob, *others = apart(a_guest, a_member, a_guest, a_guest, a_guest)
    now = datetime.datetime.now(datetime.timezone.utc)
    stack.db.guest_sessions.update_one({"_id": ann.session}, {"$set": {"usage_count": DAILY - 1, "last_design_at": now}})
    stack.db.users.update_one({"_id": bob.user}, {"$set": {
        "usage_stats.designs_today": 19, "usage_stats.designs_this_month": 19, "usage_stats.day": now.strftime("%Y-%m-%d"),
        "usage_stats.month": now.strftime("%Y-%m")}})
    before = together()
    with Held() as held:
        for i in range(2):
            held.post("ann%d" % i, ann)
            held.post("bob%d" % i, bob)
        for i, client in enumerate(others):
            held.post(i, client)
    for name in ("ann", "bob"):
        is_(sorted(problem(held.replies["%s%d" % (name, i)]) for i in range(2)), [(202, None), (429, "quota_exceeded")],
            name + ": one is made, one refused")
    is_(together() - before, 5, "five were made together")
    is_(stack.db.designs.count_documents(of_guest(ann)), 1, "one design")
    is_(session_of(ann)["usage_count"], DAILY, "and the last charge")
    usage = stack.db.users.find_one({"_id": bob.user})["usage_stats"]
    is_((usage["designs_today"], usage["total_designs_created"]), (20, 1), "of the member too")


@test
def with_keys():
    guests, before = apart(*[a_guest] * 4), together()
    headers = [{"Idempotency-Key": "k%d" % i} for i in range(4)]
    with Held() as held:
        for i, client in enumerate(guests):
            held.post(i, client, headers=headers[i])
        held.post("twice", guests[0], headers=headers[0])
    first = [held.replies[i] for i in range(4)]
    is_([r.status for r in first], [202] * 4, "four are made")
    is_(together() - before, 4, "together")
    twice = held.replies["twice"]
    is_((twice.status, twice.json()["id"]), (202, first[0].json()["id"]), "the same key gets the same design")
    is_(sorted(str(r.header("Idempotent-Replayed")) for r in (first[0], twice)), ["None", "true"], "one of both is a replay")
    again = [client.post(URL, json=body(), headers=headers[i]) for i, client in enumerate(guests)]
    is_([(r.status, r.header("Idempotent-Replayed"), r.json()["id"]) for r in again],
        [(202, "true", r.json()["id"]) for r in first], "and the keys remember it")
    before = together()
    with Held() as held:
        for i, client in enumerate(guests):
            held.post(i, client, headers=headers[i] if i < 2 else {"Idempotency-Key": "other"})
    is_([held.replies[i].header("Idempotent-Replayed") for i in range(4)], ["true", "true", None, None],
        "replays among new ones")
    is_(together() - before, 2, "only the new ones are made")
    for i, client in enumerate(guests):
        has_made(client, 1 if i < 2 else 2, "each once")


@test
def keys_are_taken_by_one_command():
    """A slow database: one that takes long for each key would take minutes for all, and the worker be taken for dead."""
    people = apart(*[a_guest] * 12)
    hung, before, sent = len(stack.events("worker.hangs")), together(), metric(stack, "bezel_database_commands_total")
    failing("alwaysOn", failCommands=["insert"], namespace=stack.database + ".idempotency_keys", blockConnection=True, blockTimeMS=1400)
    began = time.monotonic()
    with Held() as held:
        for i, client in enumerate(people):
            held.post(i, client, headers={"Idempotency-Key": "slow%d" % i}, timeout=60)
    took, sent = time.monotonic() - began, metric(stack, "bezel_database_commands_total") - sent
    failing("off", failCommands=["insert"])
    is_({reply.status for reply in held.replies.values()}, {202}, "all are made")
    is_(together() - before, 12, "together")
    is_(sent, 8, "keys, address, charges (two), designs, jobs, keys done, commit: a command each")
    ok(took < 8 * SLOWER, "and nobody waits for the others' keys", "%.1f s" % took)
    is_(len(stack.events("worker.hangs")) - hung, 0, "the worker is not taken for dead")
    for client in people:
        has_made(client, 1, "each has one")


@test
def keys_that_cannot_be_taken():
    people = [one_who_insists() for _ in range(4)]
    failing({"times": 2}, failCommands=["insert"], namespace=stack.database + ".idempotency_keys", closeConnection=True)
    with Held() as held:
        for i, one in enumerate(people):
            held.send(i, one.design)
    failing("off", failCommands=["insert"])
    is_([set(one.failures) for one in people], [{503}] * 4, "each is told, and tries again")
    agree(stack, people, "keys that cannot be taken: each has one design", counter_over=10000)
    one, two, three = [guest(stack) for _ in range(3)]
    with Held() as held:
        held.post(1, one, headers={"Idempotency-Key": "good"})
        held.post(2, two, headers={"Idempotency-Key": "b\xe4d"})
        held.post(3, three, headers={"Idempotency-Key": "x" * 256})
    is_([held.replies[i].status for i in (1, 2, 3)], [202, 400, 400], "what is no key is refused alone")


@test
def each_kind_by_itself():
    """Whoever comes first: those of another kind are together, too."""
    people = apart(*[a_guest] * 6)
    paths = ["/v1/designs/" + client.post(URL, json=body()).json()["id"] for client in people[:3]]
    for first, then in (("get", "post"), ("post", "get")):
        made, read = together(), metric(stack, "bezel_designs_read_together_total")

        def send(what):
            for i in range(3):
                if what == "post":
                    held.post("post%d" % i, people[3 + i])
                else:
                    held.send("get%d" % i, lambda client=people[i], path=paths[i]: client.get(path))
        with Held() as held:
            send(first)
            held.arrived()
            send(then)
        is_({name: reply.status for name, reply in held.replies.items()},
            {"get0": 200, "get1": 200, "get2": 200, "post0": 202, "post1": 202, "post2": 202}, "%ss first" % first)
        both = (together() - made, metric(stack, "bezel_designs_read_together_total") - read)
        # The first stranger at a new connection is not waited for.
        ok(min(both) >= 2, "two groups", both)


@test
def the_ready_do_not_wait_for_the_slow():
    """Two of one owner, whose second is made alone, and that takes long."""
    one, *others = apart(*[a_guest] * 4)
    ended = {}

    def noted(name, client):
        def run():
            reply = client.post(URL, json=body())
            ended.setdefault(name, []).append(time.monotonic())
            return reply
        return run
    failing({"times": 1}, failCommands=["findAndModify"], namespace=stack.database + ".guest_sessions", blockConnection=True, blockTimeMS=3000)
    with Held() as held:
        held.send("one", noted("one", one))
        held.send("one again", noted("one", one))
        for i, client in enumerate(others):
            held.send(i, noted(i, client))
    failing("off", failCommands=["findAndModify"])
    is_({reply.status for reply in held.replies.values()}, {202}, "five are made")
    last = max(ended["one"])
    ok(all(last - at > 2.5 for i in range(3) for at in ended[i]) and last - min(ended["one"]) > 2.5,
       "four are answered seconds before the one that is alone", ended)


@test
def who_is_refused_spoils_one_group():
    spent, closed, *good = apart(a_guest, a_member, *[a_guest] * 5)
    now = datetime.datetime.now(datetime.timezone.utc)
    stack.db.guest_sessions.update_one({"_id": spent.session}, {"$set": {"usage_count": DAILY, "last_design_at": now}})
    is_(closed.get("/v1/me").status, 200, "the session is remembered")
    stack.db.users.update_one({"_id": closed.user}, {"$set": {"disabled_at": now}})
    for name, who, status in (("without quota", spent, 429), ("closed", closed, 401)):
        for time_, expected in (("first", 0), ("second", 5)):
            before, failed = together(), metric(stack, "bezel_design_groups_failed_total")
            with Held() as held:
                for i, client in enumerate((who, *good)):
                    held.post(i, client)
            is_([held.replies[i].status for i in range(6)], [status] + [202] * 5, "%s: each its answer" % name)
            is_((together() - before, metric(stack, "bezel_design_groups_failed_total") - failed), (expected, int(expected == 0)),
                "the %s time" % time_)
    failures = stack.events("designs.together.failed")
    ok(failures and failures[-1]["designs"] == 6, "the log says so to who wants to know", failures[-1:])


@test
def who_was_taken_along_loses_nothing():
    """In the queue the innocent stand where they would stand without the one who was refused."""
    spent, *good = apart(*[a_guest] * 5)
    now = datetime.datetime.now(datetime.timezone.utc)
    stack.db.guest_sessions.update_one({"_id": spent.session}, {"$set": {"usage_count": DAILY, "last_design_at": now}})
    failed = metric(stack, "bezel_design_groups_failed_total")
    with Held() as held:
        for i, client in enumerate((spent, *good)):
            held.post(i, client)
    is_(metric(stack, "bezel_design_groups_failed_total") - failed, 1, "their group failed")
    jobs = [stack.db.jobs.find_one({"design_id": held.replies[i].json()["id"]}) for i in range(1, 5)]
    behind = [job["rank"] - job["created_at"].replace(tzinfo=datetime.timezone.utc).timestamp() * 1000 for job in jobs]
    # Seldom a stranger of an earlier test has the same gate; then one is.
    ok(sum(ms < 1000 for ms in behind) >= 3, "nobody is put behind others", behind)


@test
def a_database_too_slow_for_all():
    """Nobody is told that it failed who then has a design, and the worker lives."""
    people = apart(*[a_guest] * 3, *[a_member] * 3)
    for client in people:
        client.allowed.add(503)
        client.get("/v1/designs")
    hung = len(stack.events("worker.hangs"))
    slow = ["insert", "update", "find", "commitTransaction"]
    failing("alwaysOn", failCommands=slow, appName="bezel-web", blockConnection=True, blockTimeMS=1800)
    with Held() as held:
        for i, client in enumerate(people):
            held.post(i, client, headers={"Idempotency-Key": "too slow %d" % i}, timeout=60)
    failing("off", failCommands=slow)
    for i, client in enumerate(people):
        wait_for(lambda client=client: client.get("/v1/designs").status == 200, 30, "the database")
        has_made(client, int(held.replies[i].status == 202), "as many as was said")
    is_(len(stack.events("worker.hangs")) - hung, 0, "the worker is not taken for dead")


@test
def what_asks_for_itself_is_alone():
    """A member who does not say how many has them looked up."""
    habit, *others = apart(*[a_member] * 3)
    asks = body()
    del asks["num_variations_requested"]
    before = together()
    with Held() as held:
        held.post("habit", habit, json=asks)
        for i, client in enumerate(others):
            held.post(i, client)
    is_({reply.status for reply in held.replies.values()}, {202}, "all are made")
    is_(held.replies["habit"].json()["num_variations_requested"], 3, "as many as usual")
    is_(together() - before, 2, "the others together")


@test
def from_different_addresses():
    """Each address has its counter; all of them are one command."""
    def at(address, n):
        people = []
        while len(people) < n:
            people.append(guest(stack, address=address))
            if len({gate(one) for one in people}) < len(people):
                people.pop()
        return people

    def counter(address):
        rows = list(stack.db.rate_counters.find({"_id": {"$regex": "^address:%s\\|generation" % re.escape(address)}}))
        return sum(row["count"] for row in rows), [row["_id"] for row in rows]
    addresses = ["127.0.0.%d" % i for i in range(11, 15)]
    people = [one for i, address in enumerate(addresses) for one in at(address, i + 1)]
    people = [one for i, one in enumerate(people) if gate(one) not in {gate(other) for other in people[:i]}]
    expected = [sum(one.address == address for one in people) for address in addresses]
    before, commands = together(), metric(stack, "bezel_database_commands_total")
    with Held() as held:
        for i, client in enumerate(people):
            held.post(i, client)
    sent = metric(stack, "bezel_database_commands_total") - commands
    is_({reply.status for reply in held.replies.values()}, {202}, "all are made")
    is_(together() - before, len(people), "together")
    is_([counter(address)[0] for address in addresses], expected, "each address is counted")
    is_(sent, 6, "by one command, beside those of the transaction")
    limit = int(SETTINGS["guest_address_daily"])
    stack.db.rate_counters.update_one({"_id": counter(addresses[0])[1][0]}, {"$set": {"count": limit}})
    before = together()
    with Held() as held:
        for i, client in enumerate(people):
            held.post(i, client)
    is_([held.replies[i].status for i, one in enumerate(people) if one.address == addresses[0]], [429], "one address has had enough")
    is_({held.replies[i].status for i, one in enumerate(people) if one.address != addresses[0]}, {202}, "the others not")
    is_(together() - before, 0, "each by itself")
    is_([counter(address)[0] for address in addresses], [limit] + [2 * n for n in expected[1:]], "and nobody is counted twice")
    before = together()
    another = at(addresses[0], 1)[0]
    with Held() as held:
        for i, client in enumerate((another, *people)):
            held.post(i, client)
    is_(held.replies[0].status, 429, "nor has another guest of that address more")
    ok(together() - before >= len(people) - 2, "but he does not have the others made one by one", together() - before)


server = Mongod("--setParameter=enableTestCommands=1")
stack = faulty_stack(server, web_workers="1", log_level="debug")
server.start()
stack.start()
main()
