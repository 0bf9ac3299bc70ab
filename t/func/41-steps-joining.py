#!/usr/bin/python3
"""Fails each single step of becoming a member, of another address, and of sharing a design (t/lib/steps.py)."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from steps import DB, DB_MANY, run, series_of
from tap import main, test


@test
def become_a_member():
    """In steps of 200 designs: whatever fails, all of them are the member's in the end."""
    run(series_of("claim", [DB_MANY]))


@test
def sign_in_by_a_provider():
    """Whatever fails at the callback: one account in the end, and nothing of whoever typed the address in."""
    run(series_of("signin", [DB]))


@test
def prove_an_address():
    run(series_of("confirm", [DB]))


@test
def another_address():
    """The request, the link, the mails; and the way back."""
    run(series_of("rename", [DB]) + series_of("unrename", [DB]))


@test
def share():
    run(series_of("share", [DB]))


main(600)
