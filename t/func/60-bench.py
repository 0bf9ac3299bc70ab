#!/usr/bin/python3
"""scripts/bench, small and short: its figures are of no use here, but what it says about them is."""
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import tap
from stack import BUILDDIR, SLOWER, SRCDIR, script
from tap import contains, is_, main, ok, test

tap.about_no_bezel("is about scripts/bench; a build with a sanitizer has no speed")
if shutil.which("wrk") is None:
    tap.skip_all("wrk is missing (scripts/install-packages bench)")
SHORT = ("--no-build", "--program", os.path.join(BUILDDIR, "bezel"), "--designs", "500", "--seconds", "1", "--reps", "1",
         "--no-render")
folder = tempfile.mkdtemp(prefix="bezel-t-", dir="/tmp")
os.chmod(folder, 0o755)
tap.at_end(lambda: shutil.rmtree(folder, ignore_errors=True))


def rows_of(text):
    """The table: {workload: {column: value}}."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {row[0].split(":")[0]: dict(zip(lines[0], row)) for row in lines[1:]}


@test
def what_it_measures():
    page = os.path.join(folder, "speed.md")
    shutil.copy(os.path.join(SRCDIR, "docs", "speed.md"), page)
    os.chmod(page, 0o644)
    ended = script("bench", *SHORT, "--write=" + page, timeout=240 * SLOWER)
    if not is_(ended.returncode, 0, "a short run succeeds"):
        tap.diag(ended.stdout + ended.stderr)
        return
    rows = rows_of(ended.stdout)
    is_(sorted(rows), ["W1", "W2", "W3", "healthz", "thumbnails"], "all workloads are there")
    for name, row in rows.items():
        ok(float(row["requests/s"]) > 0, name + " has answers")
        is_((row["non-2xx"], row["socket errors"]), ("0", "0"), name + ": all of them good")
    for name, count in (("W2", "1.00"), ("thumbnails", "0.00"), ("healthz", "0.00")):
        is_(rows[name]["database commands"], count, "%s: %s database commands" % (name, count))
    # Requests that wait at a worker together are read, and made, together: at least a sixteenth each.
    ok(0.06 < float(rows["W1"]["database commands"]) <= 1, "W1: at most one database command", rows["W1"])
    ok(0.3 < float(rows["W3"]["database commands"]) < 10, "W3 sends five, more when transactions meet, less together", rows["W3"])
    left = re.search(r"^Rows left by W3: (.*)$", ended.stdout, re.M)
    ok(left and re.fullmatch(r"[a-z_ ]+ 0(, [a-z_ ]+ 0)*", left[1]), "W3 leaves no rows", left and left[0])
    memory = re.search(r"supervisor and web workers ([0-9.]+)", ended.stdout)
    ok(memory and 1 < float(memory[1]) < 4000, "memory is measured", memory)
    for word in ("8 web workers", "guest_daily", "mongod", "500 designs of", "validators on"):
        contains(ended.stdout, word, "the configuration says: " + word)
    with open(page, encoding="utf-8") as file:
        written = file.read()
    with open(os.path.join(SRCDIR, "docs", "speed.md"), encoding="utf-8") as file:
        original = file.read()
    mark = re.compile(r"(<!-- measured: begin.*?-->)(.*?)(<!-- measured: end -->)", re.S)
    is_(mark.sub(r"\1\3", written), mark.sub(r"\1\3", original), "--write leaves the prose as it is")
    contains(mark.search(written)[2], "| W1: one own design |", "and puts the table between the marks")


@test
def members():
    ended = script("bench", *SHORT, "--members", "--workloads", "W1,W2,W3,W4,shared,static,forged,crowd,missing", timeout=240 * SLOWER)
    if not is_(ended.returncode, 0, "a short run with members succeeds"):
        tap.diag(ended.stdout + ended.stderr)
        return
    rows = rows_of(ended.stdout)
    for name, least in (("W1", 0.06), ("W2", 1)):
        # 210 sessions, looked up once each, are a part of so few requests.
        ok(least <= float(rows[name]["database commands"]) < 1.2, "%s of a member: one database command at most" % name, rows[name])
    ok(0.25 < float(rows["W3"]["database commands"]) < 10, "W3 sends four, more when transactions meet, less together", rows["W3"])
    contains(ended.stdout, "a forged link's CPU, of a file's that is not there: ", "links beside files")
    contains(ended.stdout, "the same of a crowd on eight of them: ", "and crowds")
    ok(0.06 < float(rows["W4"]["database commands"]) <= 1, "W4: at most one database command", rows["W4"])
    for name, count in (("shared", "0.00"), ("forged", "0.00")):
        is_(rows[name]["database commands"], count, "%s: %s database commands" % (name, count))
    for name in ("W4", "shared", "forged"):
        is_((rows[name]["non-2xx"], rows[name]["socket errors"]), ("0", "0"), name + ": all answers good")
    contains(ended.stdout, "500 designs of", "members' data")
    contains(ended.stdout, "free_designs_daily", "the configuration says what their limits are")


@test
def what_it_refuses():
    other = os.path.join(folder, "other")
    os.mkdir(other)
    with open(os.path.join(other, "precious"), "w", encoding="ascii") as file:
        file.write("data")
    ended = script("bench", *SHORT, "--state", other)
    ok(ended.returncode == 1 and "left alone" in ended.stderr, "a folder that is not its own", ended)
    is_(os.listdir(other), ["precious"], "is not touched")
    ended = script("bench", *SHORT, "--peers=" + other)
    ok(ended.returncode == 1 and "peers are not here" in ended.stderr, "peers that are not there", ended)
    for words in (["--designs", "many"], ["--workloads", "W9"], ["--workloads", "W4"], ["--seconds", "0"]):
        ended = script("bench", *words)
        ok(ended.returncode == 2 and words[0] in ended.stderr, " ".join(words), ended)


main(600)
