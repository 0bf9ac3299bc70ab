#!/usr/bin/python3
"""Fails each single step of making, refining, trying again, stopping and removing a design (t/lib/steps.py)."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from steps import DB, DB_MANY, DELETE, GET, LIST, PROVIDER, PUT, run, series_of
from tap import main, test


@test
def make():
    run(series_of("make", [DB, PUT, PROVIDER]))


@test
def make_together():
    """Two guests in one transaction: with any fault each has one design in the end, and one charge."""
    run(series_of("crowd", [DB_MANY]))


@test
def lose_the_lease():
    """At each moment another worker takes the job over, and is done at once or some steps later."""
    run(series_of("make", [("take", "0123")]) + series_of("refine", [("take", "0123")]))


@test
def refine():
    run(series_of("refine", [DB, PUT, GET, PROVIDER]))


@test
def try_again():
    run(series_of("retry", [DB, PUT]))


@test
def stop():
    """What waits in the queue is ended in one transaction: whole or not at all."""
    run(series_of("cancel", [DB]))


@test
def remove():
    run(series_of("purge", [DB, DELETE, LIST]) + series_of("retain", [DB, DELETE, LIST]))


main(600)
