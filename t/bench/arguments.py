"""arguments.py - the options of scripts/bench; its head says what they mean.

Run alone it only checks them: nothing is installed or built for a word that is not understood.
"""
import argparse
import os

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORKLOADS = ("W1", "W2", "W3", "W4", "shared", "static", "forged", "crowd", "missing", "thumbnails", "healthz")
OF_MEMBERS = {"W4", "shared", "static", "forged", "crowd", "missing"}


def number(least):
    def read(text):
        value = int(text)
        if value < least:
            raise ValueError
        return value
    read.__name__ = "number from %d" % least  # argparse says it
    return read


def workloads(text):
    names = text.split(",")
    if not set(names) <= set(WORKLOADS):
        raise argparse.ArgumentTypeError("the workloads are " + ", ".join(WORKLOADS))
    return names


def parse():
    parser = argparse.ArgumentParser(prog="bench", allow_abbrev=False, usage="see scripts/bench --help")
    parser.add_argument("--designs", type=number(50), default=100000)
    parser.add_argument("--state")
    parser.add_argument("--port", type=number(1))
    parser.add_argument("--workers", type=number(1), default=8)
    parser.add_argument("--connections", type=number(2), default=64)
    parser.add_argument("--seconds", type=number(1), default=10)
    parser.add_argument("--reps", type=number(1), default=3)
    parser.add_argument("--workloads", type=workloads)
    parser.add_argument("--members", action="store_true")
    parser.add_argument("--no-render", action="store_true")
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--peers", nargs="?", const=os.path.join(os.path.dirname(TOP), "shared", "bench"))
    parser.add_argument("--peer-reps", type=number(1), default=5)
    parser.add_argument("--write", nargs="?", const=os.path.join(TOP, "docs", "speed.md"))
    parser.add_argument("--json")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--program", default=os.path.join(TOP, "build", "bezel"))
    chosen = parser.parse_args()
    able = [name for name in WORKLOADS if chosen.members or name not in OF_MEMBERS]
    if not set(chosen.workloads or ()) <= set(able):
        parser.error("--workloads: guests have no links; %s want --members" % " and ".join(sorted(OF_MEMBERS)))
    chosen.workloads = chosen.workloads or able
    return chosen


if __name__ == "__main__":
    parse()
