"""workloads.py - what is sent, how it is measured. A further workload is a row of ROWS.

A row makes the requests' lines (requests.lua), looks at one answer before each run, so that what is measured is known
to be the right thing, and says whether bezel answers or nginx alone. CPU time comes from /proc, database commands from mongod's own counters.
"""
import collections
import itertools
import json
import os
import random
import re
import statistics
import subprocess
import time

import documents
from server import Failure, cpu_seconds

HERE = os.path.dirname(os.path.abspath(__file__))
# Sent to keep a connection, or by ourselves.
UPKEEP = {"hello", "isMaster", "ismaster", "ping", "saslStart", "saslContinue", "serverStatus", "buildInfo",
          "endSessions"}


# --- requests -----------------------------------------------------------------
def own(server, line):
    return "Cookie: %s=%s" % (server.cookie, line.split()[0])


def w1(server):
    return ["GET\t/v1/designs/%s\t%s" % (line.split()[2], own(server, line)) for line in server.lines("ids.txt")]


def w2(server):
    return ["GET\t/v1/designs?limit=20\t" + own(server, line) for line in server.lines("ids.txt")]


def w3(server):
    return ["POST\t/v1/designs\t%s\tOrigin: %s\tContent-Type: application/json" % (own(server, line), server.base_url)
            for line in server.lines("tokens.txt")]


def thumbnails(server):
    reply = server.client(server.lines("gallery.txt")[0]).get("/v1/designs?limit=%d" % documents.GALLERY)
    shown = [design["refinements"][0]["refined_thumbnail_url"] for design in reply.json()["items"]]
    if len(set(shown)) != documents.GALLERY:
        raise Failure("the gallery shows %d thumbnails" % len(set(shown)))
    return ["GET\t" + path for path in shown]


def links(server):
    found = [line.split()[3] for line in server.lines("ids.txt")]
    return ["GET\t/s/" + token for token in found if token != "-"]


def w4(server):
    server.keep_pages(False)
    return links(server)


def shared(server):
    """Few enough that all are kept after the warm-up: how fast nginx is does not depend on their number."""
    server.keep_pages(True)
    chosen = links(server)[:50]
    for request in chosen:
        page = server.client().get(request.split("\t")[1])
        # As browsers do: from then on nginx knows the link by its picture.
        server.client().get(re.search(r'<img src="(/s/[^"]+)"', page.text)[1])
    return chosen


def static(server):
    """A file as large as such a page."""
    page = server.client().get(links(server)[0].split("\t")[1])
    with open(os.path.join(server.state, "app", "web", "bench.html"), "wb") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(b"x" * len(page.body))
    return ["GET\t/bench.html"]


def forged(server):
    """One character of each token is another one."""
    server.keep_pages(True)
    return [line[:30] + ("A" if line[30] != "A" else "B") + line[31:] for line in links(server)]


def crowd(server):
    """Many at once ask for the same few."""
    return forged(server)[:8]


def missing(_server):
    return ["GET\t/assets/none.js"]


def healthz(_server):
    return ["GET\t/healthz"]


# --- what one answer must be ------------------------------------------------------
def is_design(reply):
    design = reply.json()
    return len(design["generated_images"]) == 3 and len(design["refinements"]) == 1 and not design["is_deleted"]


def is_list(reply):
    items = reply.json()["items"]
    times = [design["created_at"] for design in items]
    return len(items) == 20 and times == sorted(times, reverse=True) and all(len(d["generated_images"]) == 3 for d in items)


def is_created(reply):
    design = reply.json()
    return design["original_prompt"] == documents.BODY["original_prompt"] and design["generation"]["status"] == "queued"


def is_picture(reply):
    return reply.header("Content-Type") == "image/webp" and reply.body[8:12] == b"WEBP"


def is_page(reply):
    return reply.header("Content-Type") == "text/html; charset=utf-8" and "og:image" in reply.text and \
        "s-maxage" in reply.header("Cache-Control")


def is_nothing(reply):
    return "html" in reply.header("Content-Type")


Row = collections.namedtuple("Row", "name text lines body status good bezel")
ROWS = {row.name: row for row in (
    Row("W1", "one own design", w1, None, 200, is_design, True),
    Row("W2", "the newest 20", w2, None, 200, is_list, True),
    Row("W3", "create a design", w3, json.dumps(documents.BODY), 202, is_created, True),
    Row("thumbnails", "one of a page of 100 thumbnails", thumbnails, None, 200, is_picture, False),
    Row("W4", "the page of a link, made anew", w4, None, 200, is_page, True),
    Row("shared", "the same, kept by nginx", shared, None, 200, is_page, False),
    Row("static", "a static file as large", static, None, 200, lambda reply: True, False),
    Row("forged", "a link that is not ours", forged, None, 404, is_nothing, False),
    Row("crowd", "eight of these, again and again", crowd, None, 404, is_nothing, False),
    Row("missing", "a static file that is not there", missing, None, 404, is_nothing, False),
    Row("healthz", "no session, no database", healthz, None, 200, lambda reply: True, True),
)}


# --- counters -----------------------------------------------------------------------
def commands(server):
    """How often mongod has run each command."""
    rows = server.stack.mongo.admin.command("serverStatus", repl=0, metrics=1)["metrics"]["commands"]
    return collections.Counter({name: int(row["total"]) for name, row in rows.items()
                                if isinstance(row, dict) and name not in UPKEEP and row.get("total")})


class Bench:
    def __init__(self, server, seconds, connections):
        self.server = server
        self.seconds = seconds
        self.connections = connections
        self.idle = collections.Counter()  # commands a second
        self.warmed = False

    def measure_idle(self, windows=20):
        """What is sent when nobody asks; the first look of the scheduler, a second after the start, is not it."""
        for _ in range(windows):
            before, began = commands(self.server), time.monotonic()
            time.sleep(1.5)
            took = time.monotonic() - began
            self.idle = collections.Counter({name: n / took for name, n in (commands(self.server) - before).items()})
            # Links that have changed are looked for each second.
            if sum(self.idle.values()) < 5:
                return
        raise Failure("idle, bezel sends %s commands a second" % dict(self.idle))

    def wrk(self, row, requests, seconds):
        path = self.server.path("requests")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write("\n".join(requests) + "\n")
        environment = {**os.environ, "BENCH_REQUESTS": path}
        environment.pop("BENCH_BODY", None)
        if row.body:
            environment["BENCH_BODY"] = row.body
        ended = subprocess.run(
            ["wrk", "-t2", "-c%d" % self.connections, "-d%ds" % seconds, "--timeout", "10s", "-s",
             os.path.join(HERE, "requests.lua"), self.server.base_url],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        found = [line for line in ended.stdout.splitlines() if line.startswith("{")]
        if ended.returncode != 0 or not found:
            raise Failure("wrk failed: %s%s" % (ended.stdout, ended.stderr))
        return json.loads(found[-1])

    def try_one(self, row, requests):
        """Sends one of them by hand; returns the size of the answer's body."""
        method, path, *headers = random.choice(requests).split("\t")
        reply = self.server.client().request(
            method, path, body=row.body and row.body.encode(), origin=False,
            headers=dict(header.split(": ", 1) for header in headers))
        if reply.status != row.status or not row.good(reply):
            raise Failure("%s gives another answer than it should: %r" % (row.name, reply))
        return len(reply.body)

    def warm_up(self, row, requests):
        """Short tests are warmed up once: then all workers have their connections."""
        if self.seconds >= 5 or not self.warmed:
            self.wrk(row, requests, 1 if self.warmed else 2 if self.seconds >= 5 else 1)
            self.warmed = True
            self.server.drain()

    def run(self, name):
        """One measured run, as a dictionary of figures."""
        server, row = self.server, ROWS[name]
        requests = row.lines(server)
        size = self.try_one(row, requests)
        self.warm_up(row, requests)
        served, before, cpu_before, began = server.served(), commands(server), server.cpu(), time.monotonic()
        result = self.wrk(row, requests, self.seconds)
        if row.status >= 400:
            result["bad"] = result["requests"] - result["bad"]
        cpu_after = server.cpu()
        answered = server.drain() - served if row.bezel else result["requests"]
        took, after = time.monotonic() - began, commands(server)
        count, answered = max(result["requests"], 1), max(answered, 1)
        used = {each: n - self.idle[each] * took for each, n in (after - before).items()}
        return {
            "rps": result["requests"] / result["seconds"], "p50_ms": result["p50_ms"], "p99_ms": result["p99_ms"],
            **{"us_" + part: 1e6 * (cpu_after[part] - cpu_before[part]) / count for part in cpu_after},
            "commands": max(sum(used.values()) / answered, 0),
            "by_command": {each: n / answered for each, n in sorted(used.items()) if n / answered >= 0.005},
            "bad": result["bad"], "sockets": sum(result[each] for each in ("connect", "read", "write", "timeout")),
            "requests": result["requests"], "body_bytes": size}


# --- a generation -----------------------------------------------------------------------
def wait_until(client, path, good, seconds):
    deadline = time.monotonic() + seconds
    while True:
        reply = client.get(path)
        if reply.status == 200 and good(reply.json()):
            return reply.json()
        if time.monotonic() > deadline:
            raise Failure("waited %d s for %s: %r" % (seconds, path, reply))
        time.sleep(0.05)


def make_design(server, variations, seconds=300):
    """By the interface, with all its pictures: (client, design, seconds, CPU seconds of bezel and its children)."""
    client = server.client()
    if not server.kind.sign_in(client, server.stack):
        raise Failure("no session")
    bezel = server.stack.pid("bezel")
    cpu, began = cpu_seconds(bezel, with_ended=True), time.monotonic()
    reply = client.post("/v1/designs", json={**documents.BODY, "num_variations_requested": variations})
    if reply.status != 202:
        raise Failure("no design: %r" % reply)
    design = wait_until(client, reply.header("Location"), lambda d: not d.get("generation"), seconds)
    took = time.monotonic() - began
    if len(design["generated_images"]) != variations:
        raise Failure("%d pictures of %d came" % (len(design["generated_images"]), variations))
    return client, design, took, cpu_seconds(bezel, with_ended=True) - cpu


def medians(runs):
    """One row of figures from those of several runs: medians; faults are added up."""
    first = runs[0]
    row = {key: statistics.median(run[key] for run in runs) for key, value in first.items() if isinstance(value, (int, float))}
    for key in ("bad", "sockets", "requests"):
        row[key] = sum(run[key] for run in runs)
    names = sorted(set(itertools.chain.from_iterable(run["by_command"] for run in runs)))
    row["by_command"] = {name: statistics.median(run["by_command"].get(name, 0) for run in runs) for name in names}
    row["rps_least"], row["rps_most"] = min(run["rps"] for run in runs), max(run["rps"] for run in runs)
    return row
