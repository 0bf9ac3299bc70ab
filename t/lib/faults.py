"""faults.py - a stack to be ill-treated: its processes by their role, a mongod that can be killed, frozen and started
again while bezel goes on, guests whose requests are repeated as a browser would, and what must hold at the end."""
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import time
import zlib

import tap
import truth
from stack import MONGOD_ARGUMENTS, SLOWER, TMP, Stack, mongo_client, script, send_signal, sockets_of, wait_for

DESIGN = {"original_prompt": "a ring with an oval ruby", "num_variations_requested": 2,
          "gem_data": {"type": "Ruby", "cut": "Oval", "color": "Red", "transparency": "Transparent",
                       "size": {"simple": "Medium"}},
          "material_preferences": {"metals": ["Yellow Gold"], "finish": "Polished"}}
SETTINGS = {"provider": "mem", "provider_script": "*:ok:700", "job_lease_s": "2", "job_attempts": "12",
            "web_workers": "3", "job_workers": "2", "orphan_age_s": "1", "guest_daily": "100000",
            "guest_address_daily": "1000000", "upload_daily": "10000"}


class Mongod:
    """A database server of its own, which may end while bezel goes on. Give its folder to faulty_stack()."""

    def __init__(self, *arguments):
        folder = tempfile.mkdtemp(prefix="bezel-t-m-", dir=TMP)
        os.chmod(folder, 0o755)
        self.state = os.path.join(folder, "state")
        self.arguments = [word for argument in arguments for word in ("--mongod-arg", argument)]
        tap.at_end(self.stop)

    def start(self):
        ended = script("run", "--no-build", "--only-mongod", "--state", self.state, "--detach", *MONGOD_ARGUMENTS,
                       *self.arguments)
        if ended.returncode != 0:
            raise RuntimeError(ended.stderr)
        return self

    def stop(self):
        script("stop", "--state", self.state)
        if not os.environ.get("BEZEL_TEST_KEEP"):
            shutil.rmtree(os.path.dirname(self.state), ignore_errors=True)

    def signal(self, number):
        with open(os.path.join(self.state, "pids", "mongod.pid"), encoding="ascii") as file:
            send_signal(int(file.read().split()[0]), number)

    def kill(self):
        """kill -9, and what watched it has noticed."""
        self.signal(signal.SIGKILL)
        wait_for(lambda: not os.path.exists(os.path.join(self.state, "pids", "run.pid")), 20, "the end of mongod")

    def admin(self):
        return mongo_client(self.state)


def faulty_stack(mongod=None, **settings):
    stack = Stack(settings={**SETTINGS, **settings})
    if mongod is not None:
        stack.shared = mongod.state
        stack.database = stack.name
    return stack


def comm(pid):
    try:
        with open("/proc/%d/comm" % pid, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def state_of(pid):
    """R, S, T, Z ... or nothing when it is gone."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as file:
            return file.read().rsplit(") ", 1)[1][0]
    except OSError:
        return ""


def alive(pid):
    return state_of(pid) not in ("", "Z", "X")


class HeldWorker:
    """The only web worker stands still; what is sent meanwhile waits for it, and is there when it goes on. Behind it
    replies has each answer by its name."""

    def __init__(self, stack):
        self.stack = stack
        self.socket = os.path.join(sockets_of(stack.state), "fcgi.sock")

    def __enter__(self):
        self.threads, self.replies, self.errors = [], {}, []
        self.sent = 0
        self.pid, = workers(self.stack, "web")
        self.stack.kill(self.pid, signal.SIGSTOP)
        return self

    def send(self, name, function):
        def run():
            self.replies[name] = function()
        self.sent += 1
        self.meanwhile(name, run)

    def meanwhile(self, name, function):
        """What sends nothing to the worker, and is not waited for before it goes on."""
        def run():
            try:
                function()
            except Exception as error:  # pylint: disable=broad-except
                self.errors.append("%s: %r" % (name, error))
        self.threads.append(threading.Thread(target=run))
        self.threads[-1].start()

    def arrived(self):
        """When all that was sent, and is not answered by nginx, waits for the worker."""
        wait_for(lambda: self.waiting() >= self.sent - len(self.replies) - len(self.errors), 10, "what was sent")
        time.sleep(0.1 * SLOWER)

    def waiting(self):
        """How many connections the worker has to take, and of those it has, how many brought something."""
        reply = subprocess.run(["ss", "-xaH", "src", self.socket], check=True, stdout=subprocess.PIPE, text=True)
        rows = [line.split() for line in reply.stdout.splitlines()]
        return sum(int(row[2]) if row[1] == "LISTEN" else int(row[2]) > 0 for row in rows)

    def __exit__(self, *_what):
        try:
            self.arrived()
        finally:
            self.stack.kill(self.pid, signal.SIGCONT)
        for thread in self.threads:
            thread.join()
        assert not self.errors, self.errors


def workers(stack, role):
    """Process ids of the workers of a role: web, slow, job, scheduler."""
    return [pid for pid in stack.workers if comm(pid) == "bezel-" + role]


def cpu_s(pid):
    """Seconds of processor time that a process has used; exactly for one without threads."""
    try:
        if len(os.listdir("/proc/%d/task" % pid)) == 1:
            with open("/proc/%d/schedstat" % pid, encoding="ascii") as file:
                return int(file.read().split()[0]) / 1e9
    except OSError:
        pass
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as file:
            fields = file.read().rsplit(") ", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Guest:
    """A guest who does not give up: a request that brings no answer is sent again with the same key."""

    def __init__(self, stack):
        self.stack = stack
        self.client = stack.client(allowed=(503,))
        self.designs = []
        self.failures = []          # statuses of tries in vain; 0: no answer
        reply = self.client.post("/v1/guest-session")
        tap.ok(reply.status == 201, "a guest session", reply)
        self.session = next(iter(self.client.cookies.values())).split(".")[0]

    def insist(self, method, path, seconds=60, **keywords):
        deadline = time.monotonic() + seconds
        headers = {"Idempotency-Key": os.urandom(12).hex()}
        while True:
            try:
                reply = self.client.request(method, path, headers=headers, **keywords)
                if reply.status < 500 and reply.status != 409:
                    return reply
                self.failures.append(reply.status)
            except OSError:
                self.failures.append(0)
            if time.monotonic() > deadline:
                raise TimeoutError("waited %d s for %s %s" % (seconds, method, path))
            time.sleep(0.1)

    def design(self):
        reply = self.insist("POST", "/v1/designs", json=DESIGN)
        if reply.status not in (200, 202):
            raise RuntimeError("no design: %r" % reply)
        self.designs.append(reply.json()["id"])
        return self.designs[-1]

    def jobs(self):
        return list(self.stack.db.jobs.find({"design_id": {"$in": self.designs}}))

    def ended(self):
        return all(job["status"] not in truth.OPEN for job in self.jobs())


def all_at_once(functions):
    errors = []

    def one(function):
        try:
            function()
        except Exception as error:  # pylint: disable=broad-except
            errors.append(error)
    threads = [threading.Thread(target=one, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def agree(stack, guests, name, all_land=True, seconds=60, counter_over=0, calls_unsure=20):
    """Waits for the end of all, sweeps, and adds a point: everything that is stored agrees. all_land: and every
    picture is there. calls_unsure: calls that may have been cut off, and do not count as an attempt."""
    try:
        wait_for(lambda: all(guest.ended() for guest in guests), seconds, "the end of the jobs")
    except TimeoutError as error:
        tap.ok(False, name, "%s: %s" % (error, [(j["status"], j["attempts"], j.get("last_error"), [
            (s["status"], s["attempts"], s["reason"]) for s in j["slots"]]) for g in guests for j in g.jobs()]))
        return
    time.sleep(1.1)    # orphan_age_s
    swept = stack.bezel("retention")
    faults = [] if swept.returncode == 0 else ["bezel retention: " + swept.stderr]
    objects = truth.objects_on_disk(stack.settings.get("objects") or os.path.join(stack.state, "objects"))
    charges = 0
    for guest in guests:
        faults += truth.faults_of_guest(stack.db, guest.session, objects, designs=len(guest.designs),
                                         calls_unsure=calls_unsure)
        for design in stack.db.designs.find({"_id": {"$in": guest.designs}}):
            if all_land and len(design["generated_images"]) != DESIGN["num_variations_requested"]:
                faults.append("design %s has %d pictures: %s" % (
                    design["_id"], len(design["generated_images"]), [job["slots"] for job in guest.jobs()]))
    charges = stack.db.jobs.count_documents({"kind": {"$ne": "object_deletion"}, "charge.returned": False})
    count = sum(row["count"] for row in stack.db.rate_counters.find({"_id": {"$regex": "^address:"}}))
    if not charges <= count <= charges + counter_over:
        faults.append("the address counts %d, %d charges hold" % (count, charges))
    tap.ok(not faults, name, "\n".join(faults[:20]))


def wrk(stack, path, seconds, connections=16, script_file=None):
    """wrk in the background; returns a function that waits and gives (requests, bad answers, socket errors)."""
    command = ["wrk", "-t1", "-c%d" % connections, "-d%ds" % seconds, "--timeout", "10s"]
    if script_file:
        command += ["-s", script_file]
    process = subprocess.Popen(command + ["http://127.0.0.1:%d%s" % (stack.port, path)], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)

    def result():
        text = process.communicate(timeout=seconds + 60)[0]
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
        requests = re.search(r"(\d+) requests in", text)
        return (int(requests.group(1)) if requests else 0, int(bad.group(1)) if bad else 0,
                sum(map(int, errors.groups())) if errors else 0)
    return result


def noise_png(side):
    """A picture that does not compress: about 3 * side * side bytes."""
    rows = b"".join(b"\0" + os.urandom(3 * side) for _ in range(side))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b""))
