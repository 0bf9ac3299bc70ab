#!/usr/bin/python3
"""kill -9 of each kind of process while designs are made: everything comes to its end once."""
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from faults import Guest, Mongod, agree, alive, all_at_once, faulty_stack, workers
from stack import SLOWER, wait_for
from tap import diag, is_, main, ok, test

LONG = bool(os.environ.get("BEZEL_TEST_LONG"))


def kill_all(role):
    """Every worker of a role, at once."""
    for pid in workers(stack, role):
        stack.kill(pid)


def respawned(role, count, name):
    began = time.monotonic()
    wait_for(lambda: len(workers(stack, role)) == count, 20, "new workers")
    took = time.monotonic() - began
    ok(took < 1 + SLOWER, name + ": others are there within a second or two", "%.2f s" % took)


@test
def job_workers():
    """At moments before, in and right behind the landing of pictures."""
    guests = [Guest(stack) for _ in range(6)]
    all_at_once([guest.design for guest in guests])
    for pause in (0.3, 0.72, 0.75, 0.8) + ((0.5, 0.71, 0.77, 1.0, 0.9) if LONG else ()):
        time.sleep(pause)
        kill_all("job")
        respawned("job", 2, "job workers killed after %.2f s" % pause)
    agree(stack, guests, "job workers killed again and again: all ends once")
    restarts = stack.events("worker.died")
    ok(any(e["worker"] == "job" and e["signal"] == 9 for e in restarts), "the log says who died of what")


@test
def a_lock_that_the_dead_held():
    """Killed in a transaction that has charged the guest: the server keeps the lock for a minute and more, unless
    the next worker ends it. Early in this file: workers that are killed often come back later and later."""
    guest = Guest(stack)
    for _ in range(3 if LONG else 1):
        before = server.admin().admin.command({
            "configureFailPoint": "failCommand", "mode": {"times": 1},
            "data": {"failCommands": ["insert"], "namespace": stack.database + ".designs", "blockConnection": True,
                     "blockTimeMS": 1500}})["count"]
        began = time.monotonic()

        def kill():
            server.admin().admin.command({"waitForFailPoint": "failCommand", "timesEntered": before + 1, "maxTimeMS": 30000})
            time.sleep(0.3)
            kill_all("web")
        all_at_once([guest.design, kill])
        took = time.monotonic() - began
        ok(guest.failures[-1:] and took > 0.3, "a worker is killed in a transaction", "%s %.1f" % (guest.failures, took))
        ok(took < 5 * SLOWER, "the guest does not wait for the dead", "%.1f s" % took)
        diag("repeated with the same key until there was an answer: %.2f s" % took)
    agree(stack, [guest], "and all agrees", counter_over=1000)


@test
def an_idle_web_worker():
    client = stack.client()
    statuses, left = set(), set()
    for _ in range(3):
        pid = workers(stack, "web")[0]
        stack.kill(pid)
        left.update(name for name in os.listdir("/dev/shm") if name.endswith("-%d" % pid))
        for _ in range(30):
            statuses.add(client.get("/v1/catalog").status)
        respawned("web", 3, "an idle web worker is killed")
    is_(statuses, {200}, "nobody notices that an idle web worker is killed")
    is_(left, set(), "it leaves nothing in shared memory")


@test
def web_workers_under_load():
    """Half states, charges without designs, designs without jobs: none. The same key gives the answer once."""
    guests = [Guest(stack) for _ in range(4)]
    stop = []

    def make(guest):
        for _ in range(40 if LONG else 10):
            guest.design()
            time.sleep(0.2)
        stop.append(True)

    def kill():
        # Not for ever: on a slow machine no request would come to its end between two of them.
        for _ in range(400 if LONG else 100):
            if len(stop) == len(guests):
                break
            time.sleep(random.uniform(0.05, 0.3))
            for pid in workers(stack, "web")[:1]:
                stack.kill(pid)
    all_at_once([lambda guest=guest: make(guest) for guest in guests] + [kill])
    failures = [status for guest in guests for status in guest.failures]
    diag("%d designs; in vain: %s" % (sum(len(guest.designs) for guest in guests),
                                      {status: failures.count(status) for status in set(failures)}))
    ok(not set(failures) - {503, 409}, "a request that is cut is a problem of nginx, not silence", failures)
    kills = len([e for e in stack.events("worker.died") if e["worker"] == "web"])
    agree(stack, guests, "web workers killed under load (%d): each key has its one design" % kills, seconds=120,
          counter_over=kills)


@test
def nginx_worker():
    guest = Guest(stack)
    guest.design()
    for pid in stack.children(stack.pid("nginx")):
        stack.kill(pid)
    wait_for(lambda: stack.children(stack.pid("nginx")), 10, "another worker of nginx")
    agree(stack, [guest], "a worker of nginx is killed: the design is made", counter_over=10000)
    is_(guest.client.get("/v1/designs/" + guest.designs[0]).status, 200, "and shown")


@test
def mongod():
    guests = [Guest(stack) for _ in range(3)]
    all_at_once([guest.design for guest in guests])
    time.sleep(0.75)
    server.kill()
    time.sleep(0.5)
    reply = guests[0].client.get("/v1/designs/" + guests[0].designs[0])
    is_((reply.status, reply.header("Content-Type")), (503, "application/problem+json"), "meanwhile: a problem")
    server.start()
    wait_for(lambda: guests[0].client.get("/v1/designs").status == 200, 10, "recovery")
    agree(stack, guests, "mongod killed in the middle: all ends once", counter_over=10000)


@test
def a_server_that_cannot_now():
    """It shuts down, changes its role, or ends a connection that signs in: nothing that a request could have done wrong."""
    guest, admin = Guest(stack), server.admin().admin
    path = "/v1/designs/" + guest.design()
    guest.client.allowed.add(500)

    def seen(**data):
        admin.command({"configureFailPoint": "failCommand", "mode": "alwaysOn", "data": data})
        try:
            reply = guest.client.get(path)
            return reply.status, reply.json()["code"], reply.header("Retry-After") is not None
        finally:
            admin.command({"configureFailPoint": "failCommand", "mode": "off"})
    for code in (10107, 13435, 13436, 11600, 11602, 91, 189, 262, 134, 50):
        is_(seen(failCommands=["find"], namespace=stack.database + ".designs", errorCode=code), (503, "unavailable", True),
            "error %d: 503" % code)
        wait_for(lambda: guest.client.get(path).status == 200, 10, "an answer again")
    is_(seen(failCommands=["find"], namespace=stack.database + ".designs", errorCode=13)[0], 500, "what is forbidden is our fault")
    wait_for(lambda: guest.client.get(path).status == 200, 10, "an answer again")
    admin.command({"configureFailPoint": "failCommand", "mode": "alwaysOn", "data": {
        "failCommands": ["saslStart", "saslContinue"], "closeConnection": True}})
    try:
        kill_all("web")
        wait_for(lambda: len(workers(stack, "web")) == 3, 20, "new workers")
        is_({guest.client.get(path).status for _ in range(8)}, {503}, "no connection can sign in: 503")
    finally:
        admin.command({"configureFailPoint": "failCommand", "mode": "off"})
    wait_for(lambda: guest.client.get(path).status == 200, 20, "an answer again")
    agree(stack, [guest], "and the design is made", counter_over=10000)


@test
def what_takes_the_database_long():
    """Counting documents of a large collection, for whoever brings it up to date: it is waited for, and no start does it."""
    admin, designs = server.admin().admin, stack.database + ".designs"
    try:
        admin.command({"configureFailPoint": "failCommand", "mode": "alwaysOn", "data": {
            "failCommands": ["count"], "namespace": designs, "errorCode": 8000}})
        ended = stack.bezel("db", "apply")
        is_((ended.returncode, ended.stdout), (0, "0 collections changed\n"), "where nothing changes nothing is counted")
        admin.command({"configureFailPoint": "failCommand", "mode": {"times": 1}, "data": {
            "failCommands": ["count"], "namespace": designs, "blockConnection": True, "blockTimeMS": 7500}})
        began = time.monotonic()
        ended = stack.bezel("db", "plan")
        is_((ended.returncode, ended.stdout), (0, "0 collections differ from the rows\n"), "what takes longer than a request may is waited for")
        ok(time.monotonic() - began > 7, "it took so long")
    finally:
        admin.command({"configureFailPoint": "failCommand", "mode": "off"})


@test
def the_supervisor():
    guests = [Guest(stack) for _ in range(3)]
    all_at_once([guest.design for guest in guests])
    time.sleep(0.4)
    # What would end everything else at once is kept from looking.
    runner, supervisor, old = stack.pid("run"), stack.pid("bezel"), stack.workers
    stack.kill(runner, signal.SIGSTOP)
    stack.kill(supervisor)
    began = time.monotonic()
    wait_for(lambda: not any(alive(pid) for pid in old), 20, "the end of the workers")
    took = time.monotonic() - began
    ok(took < 3 * SLOWER, "the workers of a dead supervisor end by themselves", "%.2f s" % took)
    began = time.monotonic()
    other = subprocess.Popen(stack.bezel_command("serve"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: guests[0].client.get("/readyz").status == 200, 10, "another supervisor")
        took = time.monotonic() - began
        ok(took < 2 + 2 * SLOWER, "its sockets are free: another one serves within seconds", "%.2f s" % took)
        agree(stack, guests, "supervisor killed in the middle: all ends once", counter_over=10000)
    finally:
        other.terminate()
        other.wait(40)
        os.kill(runner, signal.SIGCONT)
    is_(other.returncode, 0, "SIGTERM ends a supervisor well")
    wait_for(lambda: not alive(runner), 40, "the end of scripts/run")
    stack.start()


@test
def nginx_itself():
    guest = Guest(stack)
    guest.design()
    runner = stack.pid("run")
    stack.kill(stack.pid("nginx"))
    wait_for(lambda: not alive(runner), 60, "the end of scripts/run")
    stack.start()
    agree(stack, [guest], "nginx killed in the middle, all started again: the design is made", counter_over=10000)


server = Mongod("--setParameter=enableTestCommands=1")
stack = faulty_stack(server)
server.start()
stack.start()
main()
