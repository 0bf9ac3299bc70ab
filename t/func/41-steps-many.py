#!/usr/bin/python3
"""Fails each single step of what concerns many: a folder of designs, those who look at a link (t/lib/steps.py)."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from steps import DB, DB_MANY, LONG, run, series_of
from tap import main, test


@test
def remove_a_folder():
    """A folder with more designs than one transaction takes: the request's step, then the job's."""
    run(series_of("unfile", [DB_MANY, ("take", "0")]))


@test
def look():
    """At a link, and counting, by this host and another one."""
    run(series_of("look", [DB if LONG else ("db", ("before", "commit", "exit_after")), ("take", "0")]))


main(600)
