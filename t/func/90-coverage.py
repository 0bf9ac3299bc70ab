#!/usr/bin/python3
"""Which rows of routes.def no test has asked, by what the tests before wrote down (t/lib/openapi.py)."""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from openapi import route_rows
from stack import BUILDDIR, SRCDIR
from tap import is_, main, ok, skip_all, test

files = glob.glob(os.path.join(BUILDDIR, "t", "func", "exercised", "*.txt"))
seen = set()
for name in files:
    with open(name, encoding="ascii") as file:
        seen.update(line.strip() for line in file)
rows = route_rows(SRCDIR)
# They answer the same, whatever comes of it.
ALIKE = {("POST", "/v1/shares/{token}/views"), ("GET", "/s/{token}/v.gif")}


@test
def all_routes_are_exercised():
    ok(len(rows) > 20, "there are routes: %d" % len(rows))
    missing = ["%s %s -> %d" % row for row in rows if "%s %s %d" % row not in seen]
    is_(missing, [], "each route has given its answer")
    errors = {(method, path): {int(s.split()[2]) for s in seen if s.startswith("%s %s " % (method, path))}
              for method, path, _ in rows}
    quiet = [row for row, statuses in errors.items() if "{" in row[1] and row not in ALIKE and not statuses & {404}]
    is_(quiet, [], "each route with an id has refused one")
    with open(os.path.join(SRCDIR, "src", "api", "routes.def"), encoding="utf-8") as file:
        guarded = re.findall(r'^ROUTE(?:_TOGETHER)?\((\w+), +"([^"]+)", (?:\w+, )+[A-Z_|]*\bWHO\b', file.read(), re.M)
    ok(len(guarded) > 15, "some need a session: %d" % len(guarded))
    unguarded = [row for row in guarded if 401 not in errors[row]]
    is_(unguarded, [], "each route that needs a session has refused somebody without")


if not files:
    skip_all("no test with bezel has run")
main()
