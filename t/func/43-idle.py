#!/usr/bin/python3
"""Nothing to do: what bezel and its database use of the machine then, and how soon a job begins after it."""
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from faults import Guest, Mongod, cpu_s, faulty_stack
from stack import SLOWER, wait_for
from tap import diag, main, ok, test

SECONDS = 60 if os.environ.get("BEZEL_TEST_LONG") else 15
SANITIZED = bool(os.environ.get("BEZEL_TEST_SANITIZED"))


def mongod_pid():
    with open(os.path.join(server.state, "pids", "mongod.pid"), encoding="ascii") as file:
        return int(file.read().split()[0])


def sample(pids):
    """Per cent of a core that these processes use together."""
    before, began = sum(map(cpu_s, pids)), time.monotonic()
    time.sleep(SECONDS)
    return (sum(map(cpu_s, pids)) - before) / (time.monotonic() - began) * 100


@test
def idle():
    alone = sample([mongod_pid()])
    stack.start()
    time.sleep(4)    # the first sweeps
    pids = [stack.pid("bezel")] + stack.workers
    before, began = [sum(map(cpu_s, pids)), cpu_s(mongod_pid())], time.monotonic()
    time.sleep(SECONDS)
    passed = time.monotonic() - began
    bezel = (sum(map(cpu_s, pids)) - before[0]) / passed * 100
    mongod = (cpu_s(mongod_pid()) - before[1]) / passed * 100
    diag("bezel (%d processes) %.2f %%, mongod %.2f %%, alone %.2f %% of a core" % (len(pids), bezel, mongod, alone))
    ok(bezel < (3 if SANITIZED else 1), "an idle bezel uses less than 1 % of a core", "%.2f %%" % bezel)
    ok(mongod - alone < 1, "and makes mongod use less than 1 % more", "%.2f %%, alone %.2f %%" % (mongod, alone))


@test
def then_a_job():
    guest, waits = Guest(stack), []
    for _ in range(5):
        time.sleep(0.7)
        guest.design()
        wait_for(guest.ended, 30, "the pictures")
        job = stack.db.jobs.find_one({"design_id": guest.designs[-1]})
        waits.append((min(slot["started_at"] for slot in job["slots"]) - job["created_at"]).total_seconds() * 1000)
    median = statistics.median(waits)
    diag("from request to provider: " + ", ".join("%.0f ms" % wait for wait in waits))
    ok(median < 300 * SLOWER, "a job begins within 300 ms", "%.0f ms" % median)


server = Mongod()
stack = faulty_stack(server, provider_script="*:ok:1", web_workers=8, job_lease_s=60)
server.start()
main()
