#!/usr/bin/python3
"""robots.py [--check] MODULES - makes src/app/agents-robots.def of the npm package crawler-user-agents in the folder MODULES.

Only robots that the rows of src/app/agents.def do not know get a row: the literal text of the package's pattern. No
row may fit a browser of the npm package user-agents. --check compares with the file that is there.
"""
import json
import os
import re
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
RULES = os.path.join(TOP, "src", "app", "agents.def")
ROBOTS = os.path.join(TOP, "src", "app", "agents-robots.def")
# Of the package's examples, what are people to us.
PEOPLE = {
    "MetaIAB Facebook": "the browser inside of Facebook's app: somebody has opened a link there",
    "AP3A\\.240617\\.008": "the number of a build of Android, on many phones; the example is Instagram's app",
}
HEAD = """/*
 * agents-robots.def - robots that agents.def does not know by itself; see there.
 *
 * Made by t/views/robots.py of the patterns of crawler-user-agents %(version)s, (c) 2017 Martin
 * Monperrus, under this licence (MIT):
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy of this
 * software and associated documentation files (the "Software"), to deal in the Software
 * without restriction, including without limitation the rights to use, copy, modify,
 * merge, publish, distribute, sublicense, and/or sell copies of the Software, and to
 * permit persons to whom the Software is furnished to do so, subject to the following
 * conditions: The above copyright notice and this permission notice shall be included in
 * all copies or substantial portions of the Software.
 *
 * THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED,
 * INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR
 * PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE
 * LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT
 * OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR
 * OTHER DEALINGS IN THE SOFTWARE.
 */
"""


def read_json(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return json.load(file)


def rules():
    with open(RULES, encoding="ascii") as file:
        return re.findall(r'^(?:AGENT\((\w+), (\w+), "(.*)"\)|#include.*(robots))', file.read(), re.M)


def known(rows, more, agent):
    """As src/app/agents.c does it, with the literals that are found so far in the place of the generated rows."""
    agent = agent.lower()
    for kind, how, text, here in rows:
        if here:
            if any(literal in agent for literal in more):
                return "robot"
        elif {"BEGINS": agent.startswith(text), "HAS": text in agent, "LACKS": not agent.startswith(text)}[how]:
            return kind
    return "other"


def literal(pattern):
    text = re.sub(r"\(\^\| \)", "", pattern).lstrip("^").rstrip("$")
    text = re.sub(r"\[(\w)(\w)\]", lambda m: m[1] if m[1].lower() == m[2].lower() else m[0], text)
    text = re.sub(r"\\([./()+-])", "\x00\\1", text)
    if re.search(r"(?<!\x00)[][(){}*+?|\\^$]", text):
        raise SystemExit("the pattern %r is no literal: it needs a row in agents.def" % pattern)
    return text.replace("\x00", "").lower().strip()


def make(modules):
    package = os.path.join(modules, "crawler-user-agents")
    browsers = {row["userAgent"] for row in read_json(modules, "user-agents", "dist", "user-agents.json")}
    rows, found = rules(), []
    for robot in read_json(package, "crawler-user-agents.json"):
        if robot["pattern"] in PEOPLE or all(known(rows, found, agent) == "robot" for agent in robot["instances"]):
            continue
        text = literal(robot["pattern"])
        people = [agent for agent in browsers if text in agent.lower()]
        if people or len(text) < 4:
            raise SystemExit("%r fits people too, like %s" % (text, people[:1]))
        found.append(text)
    head = HEAD % {"version": read_json(package, "package.json")["version"]}
    return head + "".join('AGENT(robot, HAS, "%s")\n' % text for text in sorted(found))


def main(arguments):
    check = arguments[:1] == ["--check"]
    made = make(arguments[-1])
    if not check:
        with open(ROBOTS, "w", encoding="ascii") as file:
            file.write(made)
        return 0
    with open(ROBOTS, encoding="ascii") as file:
        return 0 if file.read() == made else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
