#!/usr/bin/python3
"""Nobody sees or changes anybody else's anything: every row of the routes, asked for with another one's ids by a member,
a guest, a guest whose session has ended, somebody signed out, nobody at all. A route without a fixture that gives its
owner 2xx fails."""
import datetime
import datetime
import os
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from members import login, member
from openapi import route_rows
from stack import SRCDIR, Stack
from studio import BODY, create, guest, make, over, picture
from tap import is_, main, ok, test

NOBODY = "01a00000-0000-7000-8000-000000000000"
# What belongs to nobody, or is opened by something else than who asks; where the tests of that are.
OPEN = {
    "GET /healthz": "30-readiness", "GET /readyz": "30-readiness", "GET /metrics": "21-designs", "GET /docs": "21-designs",
    "GET /v1/openapi.json": "21-designs", "GET /v1/problems/{code}": "21-designs", "GET /v1/catalog": "21-designs",
    "POST /v1/guest-session": "20-guest-session", "POST /v1/auth/register": "53-accounts",
    "POST /v1/auth/login": "53-accounts", "POST /v1/auth/verify-email": "53-accounts",
    "POST /v1/auth/verify-email/resend": "53-accounts", "POST /v1/auth/password-reset": "53-accounts",
    "POST /v1/auth/password-reset/confirm": "53-accounts",
    "GET /s/{token}": "65-share-page", "POST /s/{token}": "65-share-page", "GET /v1/oembed": "65-share-page",
