#!/usr/bin/python3
"""Signals: reloads and ends under load, frozen workers, a frozen and an absent database, workers that cannot start."""
import os
import shutil
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from faults import DESIGN, Guest, Mongod, agree, alive, all_at_once, faulty_stack, noise_png, state_of, workers, wrk
from stack import SLOWER, wait_for
from tap import diag, is_, main, ok, skip, test

LONG = bool(os.environ.get("BEZEL_TEST_LONG"))
PROCESSES = 3 + 2 + 2 + 3       # web, slow, job; scheduler, sweeper, who looks after links


def hup():
    stack.kill(stack.pid("bezel"), signal.SIGHUP)


def reload_wholly():
    """And all the old workers have left."""
    old = set(stack.workers)
    hup()
    wait_for(lambda: not old & set(stack.workers) and len(stack.workers) == PROCESSES, 60, "the reload")


def set_options(**options):
    """Rewrites bezel.conf; its owner and mode stay. A value of None takes the option out."""
    path = os.path.join(stack.state, "etc", "bezel.conf")
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file.read().splitlines() if line.split(" =")[0] not in options]
    lines += ["%s = %s" % pair for pair in options.items() if pair[1] is not None]
    os.chmod(path, 0o600)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    os.chmod(path, 0o400)


def busy(pid):
    """Not waiting for its next request (epoll_pwait)."""
    with open("/proc/%d/syscall" % pid, encoding="ascii") as file:
        return file.read().split()[0] not in ("281", "441", "22")


def busy_for_a_while(pids):
    """A connection wakes all workers for a moment, and one of them takes it."""
    def first():
        pids_busy = [pid for pid in pids if busy(pid)]
        for _ in range(10):
            time.sleep(0.05)
            pids_busy = [pid for pid in pids_busy if busy(pid)]
        return pids_busy
    return wait_for(first, 10, "a busy worker")


@test
def reloads_under_load():
    """No request fails; nor does an upload, whose body comes in many pieces."""
    if not shutil.which("wrk"):
        skip("reloads under load", "wrk is missing")
        return
    guest, statuses, stop = Guest(stack), [], []
    guest.design()
    cookie = "; ".join("%s=%s" % pair for pair in guest.client.cookies.items())
    lua = os.path.join(stack.folder, "post.lua")
    with open(lua, "w", encoding="ascii") as file:
        file.write('wrk.method = "POST"\nwrk.headers["Origin"] = "%s"\nwrk.headers["Cookie"] = "%s"\n'
                   'wrk.headers["Content-Type"] = "application/json"\nwrk.body = "{}"\n' % (stack.base_url, cookie))
    picture = noise_png(600)

    def upload():
        client = guest.client
        while not stop:
            statuses.append(client.upload("/v1/uploads", picture).status)
    uploader = threading.Thread(target=upload)
    uploader.start()
    seconds = 60 if LONG else 8
    reads, writes, reloads = (0, 0, 0), (0, 0, 0), 0
    # Again when the machine had so much else to do that there were few.
    for _ in range(4):
        more = wrk(stack, "/v1/catalog", seconds, 8), wrk(stack, "/v1/guest-session", seconds, 4, lua)
        end = time.monotonic() + seconds - 1
        while time.monotonic() < end:
            hup()
            reloads += 1
            time.sleep(0.25 * SLOWER)
        reads, writes = [tuple(map(sum, zip(sums, each()))) for sums, each in zip((reads, writes), more)]
        if reads[0] > 500 and writes[0] > 50:
            break
    stop.append(True)
    uploader.join()
    diag("%d reloads, %d reads, %d writes, %d uploads" % (reloads, reads[0], writes[0], len(statuses)))
    ok(reads[0] > 500 and reads[1:] == (0, 0), "reloads under load: no read fails", reads)
    ok(writes[0] > 50 and writes[1:] == (0, 0), "reloads under load: no write fails", writes)
    ok(len(statuses) > 2 and set(statuses) == {201}, "reloads under load: no upload fails", statuses)
    wait_for(lambda: len(stack.workers) == PROCESSES, 60, "the end of the old workers")
    ok(True, "afterwards there are as many processes as before")
    # A call that a reload cuts off has its row, and its slot keeps its attempts.
    agree(stack, [guest], "the design is made meanwhile", calls_unsure=2 * reloads)


@test
def too_many_reloads():
    """As fast as they can be sent: no flood of processes, and the service goes on."""
    most = 0
    for _ in range(300):
        hup()
        time.sleep(0.01)
        most = max(most, len(stack.workers))
    ok(most <= 512, "reloads make at most as many processes as there are rows", most)
    is_(stack.client().get("/v1/catalog").status, 200, "the service goes on")
    wait_for(lambda: len(stack.workers) == PROCESSES, 60, "the end of the old workers")
    is_(len(workers(stack, "web")), 3, "the last configuration stands")
    diag("at most %d processes" % most)


@test
def broken_configurations():
    before, client = sorted(stack.workers), stack.client()
    key = os.path.join(stack.folder, "no.key")
    for name, options in (("a value", {"web_workers": "many"}), ("an unknown option", {"no_such_option": "1"}),
                          ("no master key", {"master_key_file": key}),
                          ("a provider without a key", {"provider": "gemini", "provider_script": None}),
                          ("a script that is none", {"provider_script": "1:nonsense"}),
                          ("no program for images", {"image_program": "/nonexistent"}),
                          ("no folder of objects", {"objects": "/nonexistent"})):
        refused = len(stack.events("reload.refused"))
        saved = open(os.path.join(stack.state, "etc", "bezel.conf"), encoding="utf-8").read()
        set_options(**options)
        hup()
        wait_for(lambda: len(stack.events("reload.refused")) > refused, 10, "a refusal of " + name)
        entry = stack.events("reload.refused")[-1]
        ok(entry["level"] == "error" and (entry["message"] or entry["at"]), "%s: refused, the log says why" % name, entry)
        path = os.path.join(stack.state, "etc", "bezel.conf")
        os.chmod(path, 0o600)
        with open(path, "w", encoding="utf-8") as file:
            file.write(saved)
        os.chmod(path, 0o400)
    time.sleep(0.6)
    is_(sorted(stack.workers), before, "not one worker was replaced")
    is_(client.get("/v1/catalog").status, 200, "the service goes on")


@test
def a_crash_loop():
    """A worker that dies of each job: it comes back later and later, and the job ends."""
    guest, restarts = Guest(stack), len(stack.events("worker.died"))
    set_options(provider_script="*:exit:20", job_attempts="5", job_lease_s="1")
    reload_wholly()
    guest.design()
    most = 0
    end = time.monotonic() + 60 * SLOWER
    while not guest.ended() and time.monotonic() < end:
        most = max(most, len(stack.workers))
        time.sleep(0.1)
    died = stack.events("worker.died")[restarts:]
    ok(most <= PROCESSES, "no flood of processes", most)
    ok(5 <= len(died) <= 16, "a crash costs one attempt", len(died))
    delays = [entry["delay_ms"] for entry in died]
    ok(max(delays) > 2 * min(delays), "workers that keep dying come back later and later", delays)
    job = guest.jobs()[0]
    is_((job["status"], {slot["reason"] for slot in job["slots"]}), ("failed", {"attempts_exhausted"}),
        "the job ends when its attempts are used up")
    agree(stack, [guest], "and the charge is given back", all_land=False)
    set_options(provider_script="*:ok:700", job_attempts="12", job_lease_s="2")
    reload_wholly()
    guest.design()
    wait_for(guest.ended, 30, "a design")
    is_(guest.jobs()[-1]["status"], "succeeded", "after the repair designs are made again")


@test
def a_frozen_job_worker():
    """Beyond its lease: another one has made the pictures; what the late one brings is discarded."""
    guests = [Guest(stack) for _ in range(2)]
    all_at_once([guest.design for guest in guests])
    wait_for(lambda: all(job["status"] != "queued" for guest in guests for job in guest.jobs()), 10, "workers that have the jobs")
    frozen = workers(stack, "job")[:1]
    for pid in frozen:
        stack.kill(pid, signal.SIGSTOP)
    try:
        wait_for(lambda: all(guest.ended() for guest in guests), 40, "the other worker")
        ok(True, "another worker takes the job over when the lease is over")
    finally:
        for pid in frozen:
            stack.kill(pid, signal.SIGCONT)
    time.sleep(1.5)
    agree(stack, guests, "the late result is discarded, each picture is there once")
    metrics = guests[0].client.get("/metrics").text
    ok("bezel_job_leases_lost_total 0\n" not in metrics, "the lost lease is counted")


@test
def web_workers_wait_for_their_turn():
    """Whatever the policy of the supervisor is; job workers take it as it is."""
    supervisor = stack.pid("bezel")
    os.sched_setscheduler(supervisor, os.SCHED_OTHER, os.sched_param(0))
    for role, policy in (("web", os.SCHED_BATCH), ("slow", os.SCHED_BATCH), ("job", os.SCHED_OTHER)):
        before = workers(stack, role)
        stack.kill(before[0])
        ok(wait_for(lambda: set(workers(stack, role)) - set(before), 15), role + ": another one is there")
        new = (set(workers(stack, role)) - set(before)).pop()
        ok(wait_for(lambda: os.sched_getscheduler(new) == policy, 5), role + ": its policy")
    os.sched_setscheduler(supervisor, os.SCHED_BATCH, os.sched_param(0))


def serves(pid):
    """It has what it waits for requests with."""
    folder = "/proc/%d/fd" % pid
    return any(os.readlink(os.path.join(folder, name)) == "anon_inode:[eventpoll]" for name in os.listdir(folder))


def stopped_at_its_start(role):
    """A worker that is stopped before it serves. One that was too quick is killed for the next one."""
    pid = workers(stack, role)[0]
    if os.getuid() == 0:    # before whoever else wants the processor
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    try:
        return caught_at_its_start(pid)
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def caught_at_its_start(pid):
    for _ in range(12):
        before = set(stack.workers)
        stack.kill(pid)
        deadline = time.monotonic() + 30
        while not set(stack.workers) - before and time.monotonic() < deadline:
            time.sleep(0.0005)        # it starts within milliseconds
        pid = (set(stack.workers) - before).pop()
        stack.kill(pid, signal.SIGSTOP)
        wait_for(lambda: state_of(pid) == "T", 5, "the stop")
        if not serves(pid):
            return pid
    raise RuntimeError("workers start too quickly to be stopped")


@test
def a_hanging_web_worker():
    """The watchdog: request_deadline_ms and 5 s; twice that for a start, here of a slow worker."""
    starting, started = stopped_at_its_start("slow"), time.monotonic()
    # One that is starting is busy too, but with no request.
    wait_for(lambda: not any(busy(pid) for pid in workers(stack, "web")), 30, "all web workers to wait")
    server.signal(signal.SIGSTOP)
    reply, client = [], stack.client(allowed=(503,))
    thread = threading.Thread(target=lambda: reply.append(client.get("/readyz", timeout=60)))
    try:
        thread.start()
        hanging = busy_for_a_while(workers(stack, "web"))
        stack.kill(hanging[0], signal.SIGSTOP)
        began = time.monotonic()
    finally:
        server.signal(signal.SIGCONT)
    wait_for(lambda: not alive(hanging[0]), 30, "the watchdog")
    took = time.monotonic() - began
    ok(5 < took < 12 * SLOWER, "a worker that hangs in a request is killed", "%.1f s" % took)
    wait_for(lambda: len(workers(stack, "web")) == 3, 10, "its successor")
    thread.join(60)
    ok(reply[0].status in (200, 503), "its request is answered: by another one, or with a problem", reply)
    wait_for(lambda: not alive(starting), 30, "the watchdog over starts")
    took = time.monotonic() - started
    ok(12 < took < 20 * SLOWER, "a worker that hangs before it serves is killed, later", "%.1f s" % took)
    wait_for(lambda: len(workers(stack, "slow")) == 2, 30, "its successor")
    said = {e["worker_pid"]: e["doing"] for e in stack.events("worker.hangs")}
    is_(said, {hanging[0]: "request", starting: "start"}, "the log says of both what they did, and of no other")


@test
def a_frozen_database():
    guest = Guest(stack)
    guest.design()
    time.sleep(0.3)
    server.signal(signal.SIGSTOP)
    try:
        took, statuses = [], set()

        def ask(path):
            began = time.monotonic()
            reply = guest.client.get(path, timeout=60)
            took.append(time.monotonic() - began)
            statuses.add((reply.status, reply.header("Retry-After") is not None))
        all_at_once([lambda path=path: ask(path) for path in ("/readyz", "/v1/designs")])
        worst = max(took)
        is_(statuses, {(503, True)}, "a frozen database: 503 and Retry-After")
        ok(worst < 12 * SLOWER, "within the budget of a request", "%.1f s" % worst)
        diag("the longest wait: %.1f s" % worst)
        is_(guest.client.get("/v1/catalog").status, 200, "what needs no database is answered")
    finally:
        server.signal(signal.SIGCONT)
    began = time.monotonic()
    wait_for(lambda: guest.client.get("/readyz").status == 200, 20, "recovery")
    ok(time.monotonic() - began < 5 * SLOWER, "it recovers within 5 s", "%.1f s" % (time.monotonic() - began))
    agree(stack, [guest], "the design is made", counter_over=1000)


@test
def an_absent_database():
    guest = Guest(stack)
    guest.design()
    server.kill()
    took, bad = [], []

    def ask(method, path, body):
        began = time.monotonic()
        reply = guest.client.request(method, path, json=body)
        took.append(time.monotonic() - began)
        if (reply.status, reply.header("Content-Type")) != (503, "application/problem+json") \
                or not reply.header("Retry-After"):
            bad.append((method, path, reply))
    all_at_once([lambda each=each: ask(*each) for each in (
        ("GET", "/readyz", None), ("GET", "/v1/designs", None), ("POST", "/v1/designs", DESIGN))])
    ask("POST", "/v1/guest-session", None)
    worst = max(took)
    ok(not bad, "no database: a problem with 503 and Retry-After", bad)
    ok(worst < 4 * SLOWER, "in less than 4 s", "%.1f s" % worst)
    diag("the longest wait: %.1f s" % worst)
    is_(guest.client.get("/healthz").status, 200, "/healthz: the service lives")
    is_(guest.client.get("/v1/catalog").status, 200, "what needs no database is answered")
    server.start()
    began = time.monotonic()
    wait_for(lambda: guest.client.get("/readyz").status == 200, 20, "recovery")
    ok(time.monotonic() - began < 5 * SLOWER, "it recovers within 5 s", "%.1f s" % (time.monotonic() - began))
    agree(stack, [guest], "the design is made", counter_over=1000)


@test
def the_end_under_load():
    """SIGTERM to the supervisor: what was accepted is answered, jobs are given back, all is gone in time."""
    set_options(provider_script="*:ok:5000")    # a job that is in hand when the end comes, however late that is noticed
    reload_wholly()
    guest = Guest(stack)
    old, runner = stack.workers, stack.pid("run")
    stack.kill(runner, signal.SIGSTOP)
    cut, stop = [], []

    def read():
        while not stop:
            try:
                reply = guest.client.get("/v1/designs")
                if reply.status != 200:
                    cut.append(reply.status)
                    return
            except OSError as error:
                cut.append(str(error))
                return
    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    time.sleep(0.3)
    guest.design()
    time.sleep(0.2)
    began = time.monotonic()
    stack.kill(stack.pid("bezel"), signal.SIGTERM)
    wait_for(lambda: not any(alive(pid) for pid in old), 30, "the end")
    took = time.monotonic() - began
    stop.append(True)
    for reader in readers:
        reader.join()
    ok(took < 10 * SLOWER, "SIGTERM under load: all workers have left", "%.1f s" % took)
    is_(set(cut) - {503}, set(), "until then answers, then nginx's problem")
    jobs = guest.jobs()
    is_([(job["status"], [slot["status"] for slot in job["slots"]]) for job in jobs], [("queued", ["queued"] * 2)],
        "a job in hand is given back at once")
    os.kill(runner, signal.SIGCONT)
    wait_for(lambda: not alive(runner), 40, "the end of scripts/run")
    stack.start()
    agree(stack, [guest], "and made after the next start")


server = Mongod()
stack = faulty_stack(server, request_deadline_ms=2000)
server.start()
stack.start()
main()
