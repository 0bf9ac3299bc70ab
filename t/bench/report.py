"""report.py - the figures as Markdown, on the terminal and between two marks of docs/speed.md."""
import datetime
import os
import platform
import re
import statistics
import subprocess

import peers
from arguments import TOP
from server import MONGOD_CACHE_GB, NGINX_WORKERS, Failure, run_text
from workloads import ROWS

BEGIN, END = "<!-- measured: begin (written by scripts/bench --write) -->", "<!-- measured: end -->"


def number(value, digits=0):
    return "-" if value is None else "%.*f" % (digits, value)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


# --- what was measured on what ------------------------------------------------------
def read(path, pattern, default="?"):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = re.search(pattern, file.read(), re.M)
    except OSError:
        return default
    return found[1].strip() if found else default


def commit():
    git = ["git", "-C", TOP]
    ended = subprocess.run(git + ["describe", "--always", "--dirty"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True, check=False)
    return ended.stdout.strip()


def configuration(server, chosen):
    note = server.note
    try:
        folder = os.path.dirname(os.path.abspath(chosen.program))
        flags = read(os.path.join(folder, "Makefile"), r"^CFLAGS = (.*)$")
        sanitized = read(os.path.join(folder, "Makefile"), r"^SANITIZE_CFLAGS = (.*)$", "")
        version = " ".join(filter(None, (run_text(chosen.program, "version"), commit())))
        nginx = re.sub("^nginx version: ", "", run_text("/usr/sbin/nginx", "-v"))
        wrk = " ".join(run_text("wrk", "-v").split()[:2])
    except OSError as error:
        raise Failure(str(error)) from error
    return {
        "date": datetime.date.today().isoformat(),
        "machine": "%d cores, %s, %.0f GiB, Linux %s" % (
            os.cpu_count(), read("/proc/cpuinfo", r"^model name\s*: (.*)$"),
            int(read("/proc/meminfo", r"^MemTotal:\s*(\d+)", "0")) / 2 ** 20, platform.release()),
        "versions": "%s (%s); mongod %s; %s; %s" % (
            version, " ".join(filter(None, (flags, sanitized))), server.mongod_version(), nginx, wrk),
        "data": "%d designs of %d bytes (BSON, mean) of %d %s, and a gallery of 100 more; validators on; "
                "thumbnails of %d bytes" % (note["designs"], note["mean_bytes"], note["owners"], note["kind"], note["thumbnail_bytes"]),
        "bezel": "%d web workers, no job workers (2 for generations), %d nginx worker, access log on, flood guard off, %s" % (
            chosen.workers, NGINX_WORKERS, ", ".join("%s %d" % each for each in server.kind.settings.items())),
        "mongod": "own, by unix socket, one-node replica set, cache %d GB" % MONGOD_CACHE_GB,
        "load": "wrk, 2 threads, %d connections, %d s a run, medians of %d interleaved runs; all on one machine" % (
            chosen.connections, chosen.seconds, chosen.reps),
    }


# --- text ---------------------------------------------------------------------------
def workload_table(figures):
    head = ["workload", "requests/s", "min-max", "p50 ms", "p99 ms", "CPU us: bezel", "nginx", "mongod",
            "database commands", "body bytes", "non-2xx", "socket errors"]
    return table(head, [[
        "%s: %s" % (name, ROWS[name].text), number(row["rps"]), "%.0f-%.0f" % (row["rps_least"], row["rps_most"]),
        number(row["p50_ms"], 2), number(row["p99_ms"], 2), number(row["us_bezel"]), number(row["us_nginx"]),
        number(row["us_mongod"]), number(row["commands"], 2), number(row["body_bytes"]), number(row["bad"]),
        number(row["sockets"])] for name, row in figures["workloads"].items()])


def text(figures):
    parts = ["\n".join("* %s: %s" % each for each in figures["configuration"].items()), workload_table(figures)]
    lines = ["Database commands of a request (upkeep of connections left out; idle: %s a second, subtracted):"
             % number(sum(figures["idle"].values()), 2)]
    lines += ["* %s: %s" % (name, ", ".join("%s %.2f" % each for each in row["by_command"].items()) or "none")
              for name, row in figures["workloads"].items()]
    parts.append("\n".join(lines))
    if peers.LINKS <= set(figures["workloads"]):
        parts.append(bars_text(peers.link_bars(figures["workloads"])))
    parts.append("Memory (PSS, MiB): " + ", ".join("%s %s" % (name, number(mib, 1)) for name, mib in figures["memory"].items()))
    if figures["generation"]:
        parts.append("A generation of 3 pictures in final quality: %.1f s, %.1f s of CPU" % tuple(
            statistics.median(each[key] for each in figures["generation"]) for key in ("seconds", "cpu_seconds")))
    parts.append("Rows left by W3: " + ", ".join("%s %d" % each for each in figures["rows_left"].items()))
    return "\n\n".join(parts) + "\n"


def sound(figures):
    """Whether the figures count at all."""
    rows = figures["workloads"].values()
    return not any(row["bad"] or row["sockets"] for row in rows) and not any(figures["rows_left"].values())


def bar_text(bar):
    bounds = ["%s %g" % (words, bar[key]) for key, words in
              (("least", "at least"), ("most", "at most")) if bar[key] is not None]
    return "%s: %s (%s)" % (bar["text"], number(bar["value"], 2), ", ".join(bounds))


def bars_text(bars):
    return "\n".join("%-8s %s" % ("ok" if bar["met"] else "NOT MET", bar_text(bar)) for bar in bars)


def peer_table(figures):
    def middle(runs, key):
        return statistics.median(one[key] for one in runs)

    rows = []
    for row in sorted(figures["peers"]["rows"], key=lambda r: (r["w"], -middle(r["runs"], "rps"))):
        runs, bezel = row["runs"], row["name"] == "bezel"
        rates = [one["rps"] for one in runs]
        rows.append([
            row["w"], row["name"], number(middle(runs, "rps")), "%.0f-%.0f" % (min(rates), max(rates)),
            number(middle(runs, "p50"), 2), number(middle(runs, "p99"), 2),
            number(middle(runs, "app") + middle(runs, "nginx")), "-" if bezel else number(middle(runs, "mongod")),
            number(sum(one["bad"] for one in runs)), number(sum(bool(one["sock"]) for one in runs))])
    return table(["workload", "server", "requests/s", "min-max", "p50 ms", "p99 ms", "CPU us: server and nginx", "mongod",
                  "non-2xx", "runs with socket errors"], rows)


def peers_text(figures):
    return "\n\n".join((peer_table(figures), figures["peers"]["memory"].strip(), figures["peers"]["ratios"].strip(),
                        bars_text(figures["bars"]))) + "\n"


# --- the page -------------------------------------------------------------------------
def page_part(figures):
    parts = [text(figures).strip()]
    if "peers" in figures:
        bars = [["ok" if bar["met"] else "**not met**", bar_text(bar)] for bar in figures["bars"]]
        parts += ["### Against Go, Rust and Node\n\nAll in one run, in turn; the peers without any proxy in front of them.",
                  peer_table(figures), figures["peers"]["memory"].strip(), figures["peers"]["ratios"].strip(),
                  table(["", "bar"], bars)]
    return "\n\n".join(parts)


def write(path, figures):
    with open(path, encoding="utf-8") as file:
        page = file.read()
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise Failure("%s does not have the two marks between which the figures go" % path)
    head, rest = page.split(BEGIN)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write("%s%s\n%s\n%s%s" % (head, BEGIN, page_part(figures), END, rest.split(END)[1]))
    os.replace(path + ".new", path)
