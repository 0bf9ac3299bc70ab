#!/usr/bin/python3
"""Fails each single step of leaving with all that one has (t/lib/steps.py)."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import truth
from steps import both, DB, DELETE, GET, LIST, LONG, PUT, run, series_of
from tap import is_, main, test


@test
def leave():
    """An account with a design, an upload and an export."""
    run(series_of("leave", [DB, DELETE, LIST]))
    folders = {row["_id"] for steps in both for name in ("designs", "uploads", "exports") for row in steps.stack.db[name].find()}
    objects = [key for steps in both for key in truth.objects_on_disk(steps.objects)]
    is_([key for key in objects if key.split("/")[0] not in folders], [], "each object has its document")


@test
def pack():
    run(series_of("pack", [DB if LONG else ("db", ("after", "exit_after")), PUT, GET]))


main(600)
