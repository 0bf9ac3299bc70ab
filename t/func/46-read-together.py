#!/usr/bin/python3
"""Designs and links that are asked for while a worker is busy are read by one command, and each answer is as if it had been
asked alone."""
import datetime
import os
import signal
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from faults import HeldWorker, Mongod, faulty_stack
from members import member
from stack import SLOWER
from studio import guest, make, metric
from tap import is_, main, ok, test


def together():
    return metric(stack, "bezel_designs_read_together_total")


def commands():
    return metric(stack, "bezel_database_commands_total")


def gist(reply):
    """What does not change from one asking to the next: signed addresses and request ids do."""
    kind = reply.header("Content-Type") or ""
    said = reply.json() if "json" in kind else {}
    return reply.status, said.get("code"), said.get("id"), said.get("original_prompt"), reply.header("ETag")


def ask(client, path, **keywords):
    return lambda: client.get(path, **keywords)


def failing(mode, **data):
    server.admin().admin.command({"configureFailPoint": "failCommand", "mode": mode, "data": data})


@test
def one_command_for_all():
    people = [guest(stack) for _ in range(4)] + [member(stack), member(stack)]
    designs = [make(client, original_prompt="a ring for number %d" % i) for i, client in enumerate(people)]
    path = ["/v1/designs/" + design["id"] for design in designs]
    asked = {"own %d" % i: ask(client, path[i]) for i, client in enumerate(people)}
    asked.update({
        "twice": ask(people[0], path[0]),
        "another's": ask(people[0], path[1]),
        "a member's": ask(people[0], path[4]),
        "nobody's": ask(people[1], "/v1/designs/" + str(uuid.uuid4())),
        "no id": ask(people[2], "/v1/designs/none"),
        "nobody": ask(stack.client(), path[3]),
        "known": ask(people[3], path[3], headers={"If-None-Match": people[3].get(path[3]).header("ETag")}),
    })
    alone = {name: function() for name, function in asked.items()}
    is_({name: reply.status for name, reply in alone.items() if not name.startswith("own")},
        {"twice": 200, "another's": 404, "a member's": 404, "nobody's": 404, "no id": 404, "nobody": 401, "known": 304}, "one after the other")
    before, sent = together(), commands()
    with HeldWorker(stack) as held:
        for name, function in asked.items():
            held.send(name, function)
    is_({name: gist(reply) for name, reply in held.replies.items()}, {name: gist(reply) for name, reply in alone.items()},
        "at once: the same answers")
    is_([held.replies["own %d" % i].json()["original_prompt"] for i in range(6)], ["a ring for number %d" % i for i in range(6)],
        "each has its own")
    is_(together() - before, 11, "all that have an id and come from somebody are read together")
    ok(commands() - sent <= 1 + 2, "by one command, also what is not there; members' sessions may be looked for", commands() - sent)


@test
def what_was_waiting_sees_what_is_there():
    """It is read when the worker goes on, not when it was sent."""
    people = [guest(stack) for _ in range(3)]
    designs = [make(client) for client in people]
    before = together()
    with HeldWorker(stack) as held:
        for i, client in enumerate(people):
            held.send(i, ask(client, "/v1/designs/" + designs[i]["id"]))
        held.arrived()
        stack.db.designs.update_one({"_id": designs[1]["id"]}, {"$set": {"original_prompt": "changed meanwhile"}})
        stack.db.designs.delete_one({"_id": designs[2]["id"]})
    is_([held.replies[i].status for i in range(3)], [200, 200, 404], "one of them has gone")
    is_(held.replies[1].json()["original_prompt"], "changed meanwhile", "another has changed")
    is_(together() - before, 3, "together")
    is_(people[1].patch("/v1/designs/" + designs[1]["id"], json={"is_favorite": True}).status, 200, "it is edited")
    is_(people[1].get("/v1/designs/" + designs[1]["id"]).json()["is_favorite"], True, "what was read ahead is forgotten")


@test
def links():
    """Pages and JSON, each of a link of its own, so that nothing is kept yet."""
    def link(**changes):
        design = make(eve)
        reply = eve.put("/v1/designs/%s/share" % design["id"], json={"title": "Ring %s" % design["id"][-6:], **changes})
        assert reply.status == 201, reply
        return design["id"], reply.json()["token"], "Ring %s" % design["id"][-6:]

    def asked(name, page):
        design_id, token, title = link(**({"password": "sesame sesame"} if name == "locked" else {}))
        if name == "expired":
            past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
            stack.db.designs.update_one({"_id": design_id}, {"$set": {"share_settings.expires_at": past}})
        elif name == "revoked":
            is_(eve.delete("/v1/designs/%s/share" % design_id).status, 204, "revoked")
        elif name == "trashed":
            is_(eve.delete("/v1/designs/" + design_id).status, 204, "in the trash")
        elif name == "forged":
            token = token[:-1] + ("A" if token[-1] != "A" else "B")
        return ("/s/" if page else "/v1/shares/") + token, title
    eve = member(stack)
    names = ["open 1", "open 2", "open 3", "expired", "revoked", "trashed", "locked", "forged"]
    for page, statuses in ((True, [200, 200, 200, 410, 404, 404, 200, 404]), (False, [200, 200, 200, 410, 404, 404, 403, 404])):
        wanted = {name: asked(name, page) for name in names}
        before, sent = together(), commands()
        with HeldWorker(stack) as held:
            for name, (path, _) in wanted.items():
                held.send(name, ask(stack.client(), path))
        is_([held.replies[name].status for name in names], statuses, "each its status")
        is_([name for name, (_, title) in wanted.items() if title in held.replies[name].text], names[:3], "and its title, if it is open")
        is_(together() - before, 7, "read together, but what is forged")
        ok(commands() - sent == 1, "by one command", commands() - sent)


@test
def made_up_links_join_no_group():
    """They ask for nothing, so they do not wait for what the others ask for."""
    eve = member(stack)
    tokens = []
    for _ in range(3):
        reply = eve.put("/v1/designs/%s/share" % make(eve)["id"], json={})
        assert reply.status == 201, reply
        tokens.append(reply.json()["token"])
    ended = {}

    def noted(name, path):
        def run():
            reply = stack.client().get(path)
            ended[name] = time.monotonic()
            return reply
        return run
    failing({"times": 1}, failCommands=["find"], namespace=stack.database + ".designs", appName="bezel-web", blockConnection=True,
            blockTimeMS=2000)
    made_up = tokens[0][:-1] + ("A" if tokens[0][-1] != "A" else "B")
    with HeldWorker(stack) as held:
        for i, token in enumerate(tokens):
            held.send(i, noted(i, "/s/" + token))
        held.send("made up", noted("made up", "/s/" + made_up))
        held.send("and its JSON", noted("and its JSON", "/v1/shares/" + made_up))
    failing("off", failCommands=["find"])
    is_({name: reply.status for name, reply in held.replies.items()},
        {0: 200, 1: 200, 2: 200, "made up": 404, "and its JSON": 404}, "each its status")
    first = min(ended[i] for i in range(3))
    ok(max(ended["made up"], ended["and its JSON"]) < first - 1.5, "who made one up is told at once", ended)


@test
def a_read_that_fails():
    people = [guest(stack) for _ in range(4)]
    path = ["/v1/designs/" + make(client)["id"] for client in people]

    def at_once():
        began, before = time.monotonic(), together()
        with HeldWorker(stack) as held:
            for i, client in enumerate(people):
                client.allowed.add(503)
                held.send(i, ask(client, path[i], timeout=60))
        replies = [held.replies[i] for i in range(4)]
        return [reply.status for reply in replies], together() - before, time.monotonic() - began, replies
    failing_reads = {"failCommands": ["find"], "namespace": stack.database + ".designs", "appName": "bezel-web"}
    failing({"times": 1}, closeConnection=True, **failing_reads)
    is_(at_once()[:2], ([200] * 4, 4), "a connection that breaks: the driver asks again")
    failing({"times": 1}, errorCode=8000, **failing_reads)
    is_(at_once()[:2], ([200] * 4, 0), "refused: each reads by itself")
    failing({"times": 2}, closeConnection=True, **failing_reads)
    statuses, joined, _, replies = at_once()
    is_((statuses, joined), ([503] * 4, 0), "away: it is away for all of them")
    ok(all(reply.json()["code"] == "unavailable" and reply.header("Retry-After") for reply in replies), "as each would be told", replies)
    failing("off", failCommands=["find"])
    is_(at_once()[:2], ([200] * 4, 4), "and back")
    server.signal(signal.SIGSTOP)
    try:
        statuses, joined, took, _ = at_once()
    finally:
        server.signal(signal.SIGCONT)
    is_((statuses, joined), ([503] * 4, 0), "it hangs: all are told")
    ok(took < 14 * SLOWER, "after one wait, not one for each", "%.1f s" % took)


server = Mongod("--setParameter=enableTestCommands=1")
stack = faulty_stack(server, web_workers="1", log_level="debug", provider_script="*:ok:1")
server.start()
stack.start()
main()
