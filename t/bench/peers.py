"""peers.py - the comparison with servers that somebody could use instead, and the bars that bezel is held to.

The peers and the program `run` that measures all in turn are not part of bezel: they lie in a folder of their own and
were built into $PERF. `run` deletes the rows that W3 made at its peers after each run; bezel's are deleted by us, while
`run` is stopped: it has just begun the unmeasured warm-up of the next target, and goes on to its measured run when the
databases are at rest again.
"""
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile

import documents
from server import Failure, say

NAMES = ("go", "rust", "node")
BUILT = ("go/peer", "rust/target/release/peer", "node/node_modules/fastify", "ids.txt")
MIB_MOST = 40
LINKS = {"shared", "static", "forged", "missing"}


def perf(*names):
    return os.path.join(os.environ.get("PERF", ""), *names)


def mongod_pid():
    try:
        with open(perf("run", "mongod.pid"), encoding="ascii") as file:
            pid = int(file.read())
        os.kill(pid, 0)
        return pid
    except (OSError, ValueError):
        return None


def check(folder):
    """Says what is missing before anything is started."""
    for name in ("run", "ratios.py", "load.lua"):
        if not os.path.isfile(os.path.join(folder, name)):
            raise Failure("the peers are not here: there is no %s. The comparison is not part of bezel; "
                          "leave out --peers, or give the folder it is in" % os.path.join(folder, name))
    if not os.environ.get("PERF"):
        raise Failure("PERF must name the folder where the peers were built (setup.sh in %s)" % folder)
    for name in BUILT:
        if not os.path.exists(perf("build", name)):
            raise Failure("the peers are not built: %s is missing (setup.sh in %s)" % (perf("build", name), folder))
    if mongod_pid() is None:
        raise Failure("the peers' mongod does not run (setup.sh in %s starts it)" % folder)


def workloads_of(server):
    return ("W1", "W2", "W3", "W4") if server.kind.shares else ("W1", "W2", "W3")


def python():
    """One that has pymongo."""
    own = perf("build", "py", "venv", "bin", "python")
    return own if os.path.exists(own) else sys.executable


def target(server):
    """bezel as `run` wants to know it; $BODY goes with it."""
    return "bezel=%s,ids=%s,auth=Cookie: %s=%%s,p1=/v1/designs/%%s,p2=/v1/designs?limit=20,p3=/v1/designs,xh=Origin: %s,pids=%d+%d" % (
        server.base_url, server.path("ids.txt"), server.cookie, server.base_url, server.stack.pid("bezel"),
        server.stack.pid("nginx"))


def clean_while_stopped(server, process):
    os.kill(process.pid, signal.SIGSTOP)
    try:
        server.drain()
        say("%d designs deleted" % server.clean())
        server.settle([mongod_pid()], 3)
    finally:
        os.kill(process.pid, signal.SIGCONT)


def run(server, chosen):
    """Runs all in turn; returns rows, the line about memory and the table of ratios."""
    if server.kind.shares:
        server.keep_pages(False)  # W4 is the page made anew
    folder = chosen.peers
    descriptor, out = tempfile.mkstemp(prefix="bezel-bench-", suffix=".json")
    os.close(descriptor)
    environment = {name: value for name, value in os.environ.items() if name not in ("DB", "IDS", "MONGO")}
    environment["BODY"] = json.dumps(documents.BODY, separators=(",", ":"))
    command = [python(), os.path.join(folder, "run"), "--peers", ",".join(NAMES), "--target", target(server), "--reps",
               str(chosen.peer_reps), "--seconds", str(chosen.seconds), "--conns", str(chosen.connections),
               "--workloads", ",".join(workloads_of(server)), "--json", out]
    try:
        with tempfile.TemporaryFile("w+") as printed:
            # A session of its own: Ctrl-C reaches us alone, and we end it.
            process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=printed,
                                       stderr=subprocess.PIPE, text=True, start_new_session=True)
            try:
                for line in process.stderr:
                    if re.match(r"# rep\d+ W3 bezel ", line):
                        clean_while_stopped(server, process)
                    print(line, end="", file=sys.stderr, flush=True)
                process.wait()
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)  # ends its peers
                    try:
                        process.wait(20)
                    except subprocess.TimeoutExpired:
                        process.kill()
            printed.seek(0)
            text = printed.read()
        if process.returncode != 0:
            raise Failure("the peers' run failed (%d): %s" % (process.returncode, text))
        with open(out, encoding="utf-8") as file:
            rows = json.load(file)
        ratios = subprocess.run([sys.executable, os.path.join(folder, "ratios.py"), out, "bezel"], check=True,
                                stdout=subprocess.PIPE, text=True).stdout
    finally:
        os.unlink(out)
    server.clean()
    memory = re.search(r"^memory .*$", text, re.M)
    return {"rows": rows, "workloads": workloads_of(server), "memory": memory[0] if memory else "", "ratios": ratios}


# --- bars ------------------------------------------------------------------------
def own_cpu(one):
    return one["app"] + one["nginx"]


def median(runs, key):
    return statistics.median(key(one) if callable(key) else one[key] for one in runs)


def rate(runs, other):
    """The median over repetitions, for those of one repetition lie next to each other in time."""
    pairs = list(zip(runs["bezel"], runs[other]))
    return statistics.median(mine["rps"] / theirs["rps"] for mine, theirs in pairs) if pairs else float("nan")


def bar(text, value, most=None, least=None):
    met = value is not None and (most is None or value <= most) and (least is None or value >= least)
    return {"text": text, "value": value, "most": most, "least": least, "met": met}


def link_bars(rows):
    """Pages of links beside what nginx has on its disk."""
    cpu = {name: row["us_bezel"] + row["us_nginx"] for name, row in rows.items()}
    found = [
        bar("a kept page's requests/s, of a static file's", rows["shared"]["rps"] / rows["static"]["rps"], least=0.65),
        bar("a kept page's CPU, of a static file's", cpu["shared"] / cpu["static"], most=1.5),
        bar("a forged link's CPU, of a file's that is not there", cpu["forged"] / cpu["missing"], most=3),
    ]
    if "crowd" in rows:
        found.append(bar("the same of a crowd on eight of them", cpu["crowd"] / cpu["missing"], most=3))
    return found


def bars(figures):
    runs = {}
    for row in figures["peers"]["rows"]:
        runs.setdefault(row["w"], {})[row["name"]] = row["runs"]
    for name in figures["peers"]["workloads"]:
        if set(runs.get(name, ())) != {"bezel", *NAMES}:
            raise Failure("the peers' run has no figures of all for " + name)

    def cpu(name, other):
        return median(runs[name]["bezel"], own_cpu) / median(runs[name][other], own_cpu)

    found = [
        bar("W1 requests/s, of Go's", rate(runs["W1"], "go"), least=1.6),
        bar("W1 requests/s, of Rust's", rate(runs["W1"], "rust"), least=1.4),
        bar("W2 requests/s, of Go's", rate(runs["W2"], "go"), least=2.5),
        bar("W3 requests/s, of Go's", rate(runs["W3"], "go"), least=0.9),
        bar("W1 CPU of workers and nginx, of Go's", cpu("W1", "go"), most=0.7),
        bar("W2 CPU of workers and nginx, of Go's", cpu("W2", "go"), most=0.3),
        bar("W3 CPU of workers and nginx, of Go's", cpu("W3", "go"), most=0.7),
        bar("W1 p99, of Rust's", median(runs["W1"]["bezel"], "p99") / median(runs["W1"]["rust"], "p99"), most=2),
        bar("PSS of supervisor and web workers, MiB", figures["memory"]["supervisor and web workers"], most=MIB_MOST),
    ]
    if "W4" in runs:
        found += [bar("W4 requests/s, of Go's", rate(runs["W4"], "go"), least=1.4),
                  bar("W4 requests/s, of Rust's", rate(runs["W4"], "rust"), least=0.9)]
    if LINKS <= set(figures["workloads"]):
        found += link_bars(figures["workloads"])
    # One at most: requests that wait together are read together.
    for name, count in (("W1", 1), ("W2", 1), ("W4", 1), ("shared", 0), ("forged", 0), ("thumbnails", 0)):
        if name in figures["workloads"]:
            found.append(bar("%s database commands" % name, figures["workloads"][name]["commands"], most=count + 0.01))
    everything = [one for each in runs.values() for some in each.values() for one in some]
    found += [
        bar("answers that are not 2xx", sum(one["bad"] for one in everything)
            + sum(row["bad"] for row in figures["workloads"].values()), most=0),
        bar("socket errors", sum(bool(one["sock"]) for one in everything)
            + sum(row["sockets"] for row in figures["workloads"].values()), most=0),
    ]
    return found
