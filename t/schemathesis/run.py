#!/usr/bin/python3
"""run.py [as_guest|as_member|with_an_api_key]... - the REST interface held to its own description.

schemathesis makes requests from etc/openapi.json, right ones and wrong ones, and looks at what comes back; once as a
guest, once as a member, once with an API key. A point for each operation of each of them. What fails is in
<build>/schemathesis/<who>.txt, with a curl line for each case.

$SCHEMATHESIS_SECONDS: for each of the three (200); requests are made until that is over. $SCHEMATHESIS_EXAMPLES: cases
of an operation in one go (20). $SCHEMATHESIS_SEED: 1. Not part of make check: scripts/test --long runs it.
"""
import json
import os
import secrets
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
# pylint: disable=wrong-import-position
import pypi
from members import member
from openapi import load
from stack import BUILDDIR, SLOWER, SRCDIR, Stack
from studio import create, guest, make, over
from tap import diag, is_, main, ok, skip_all, test

SECONDS = int(os.environ.get("SCHEMATHESIS_SECONDS", "200"))
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "20"))
SEED = int(os.environ.get("SCHEMATHESIS_SEED", "1"))
OUT = os.path.join(BUILDDIR, "schemathesis")
LIMITS = {name: "1000000" for name in (
    "guest_daily", "guest_address_daily", "test_daily", "view_address_daily", "register_address_daily", "share_daily",
    "free_designs_daily", "free_designs_monthly", "free_refinements_daily", "free_refinements_monthly")}
LIMITS.update({"provider": "mem", "fresh_login_s": "7200", "upload_daily": "100000", "upload_daily_bytes": "10000000000"})
# They end what the run goes on with: the session, or the account. t/func/53-accounts.py and 56-leaving.py have them.
ENDS = ["auth_logout", "me_delete"]

# What a description cannot say, so a request that fits it may be refused.
NOT_SAID = {
    "400": ["api_key_list", "design_list", "generation_list",  # a cursor must be one that was given out
            "oembed",  # and the address one of a share's page
            "upload_create", "photo_set", "share_page_unlock",  # further fields of a form: names that none can have
            # a path of the studio
            "auth_google", "auth_facebook", "auth_google_callback", "auth_facebook_callback",
            "auth_facebook_deletion"],  # and the request one that Facebook has signed
    "422": ["auth_register", "auth_password", "auth_reset_confirm", "share_put",  # common passwords
            "auth_login", "auth_verify_resend", "auth_reset", "auth_provider_email", "me_email_ask",  # addresses
            "api_key_create",  # a time in the past
            "design_create", "design_edit", "generation_create",  # pictures that are one's own uploads
            "design_bulk", "folder_reorder", "refinement_create", "design_select",  # ids of what is there
            "upload_create", "photo_set",  # bytes that are a picture
            "share_page_unlock",
            "folder_create", "folder_edit"],  # colours
    # The length of a form's bytes is no part of its schema.
    "413": ["upload_create", "photo_set"],
}
# They answer the same to whatever is sent: a beacon, the picture in its place, what mail programs post (RFC 8058), and
# the form of a link that has no password (any more), which goes to the page.
TAKE_ALL = ["share_view_count", "share_pixel", "unsubscribe", "share_page_unlock"]


def quoted(words):
    return json.dumps(list(words))


def configuration(actor):
    """schemathesis.toml: what is looked at, and what is not, and why."""
    lines = [
        'hooks = "hooks"', "seed = %d" % SEED, "[generation]", "max-examples = %d" % EXAMPLES, "no-shrink = true",
        "[auth.openapi.%s]" % actor["scheme"],
        "%s = %s" % ("api_key" if actor["scheme"] == "session" else "bearer", json.dumps(actor["secret"])),
        "[checks.negative_data_rejection]",
        # Beside the usual ones: what decides before the body is looked at (410 a link, 412 If-Match), or its size.
        'expected-statuses = ["400", "401", "403", "404", "405", "409", "410", "412", "413", "415", "422", "428", "429"]',
    ]
    accepted = ["2xx", "3xx", "401", "403", "404", "409", "410", "412", "428", "429"]
    names = sorted({name for few in NOT_SAID.values() for name in few})
    for name in names:
        more = [status for status, few in NOT_SAID.items() if name in few]
        lines += ["[[operations]]", 'include-operation-id = "%s"' % name,
                  "checks.positive_data_acceptance.expected-statuses = %s" % quoted(accepted + more)]
        if name == "oembed":  # which wants 501 for a format that is not offered (oEmbed 1.0, 2.3.4)
            lines += ['checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "501"]',
                      'checks.negative_data_rejection.expected-statuses = ["400", "404", "501"]']
    for name in TAKE_ALL:
        lines += ["[[operations]]", 'include-operation-id = "%s"' % name, "checks.negative_data_rejection.enabled = false"]
    # DELETE of a design is the trash first: it is there until it is purged, and its share can be undone.
    lines += ["[[operations]]", 'include-path-regex = "^/v1/designs/"', "checks.use_after_free.enabled = false"]
    if actor["ends"]:
        lines += ["[[operations]]", "include-operation-id = %s" % quoted(ENDS), "enabled = false"]
    lines.insert(2, "[checks.positive_data_acceptance]\nexpected-statuses = %s" % quoted(accepted))
    if actor["origin"]:
        lines.insert(1, "headers = { Origin = %s }" % json.dumps(stack.base_url))
    return "\n".join(lines) + "\n"


def description(actor):
    """etc/openapi.json for this run: the cookie's name has the port in it, and each status must be named."""
    document = json.loads(load(SRCDIR, "etc/openapi.json"))
    document["components"]["securitySchemes"]["session"]["name"] = "bezel_%d" % stack.port
    for operations in document["paths"].values():
        for operation in operations.values():
            del operation["responses"]["default"]
            for parameter in operation["parameters"]:
                # Of browsers neither is required, so it is not in the description.
                if actor["scheme"] == "key" and parameter["name"] == "Idempotency-Key":
                    parameter["required"] = any("key" in way for way in operation.get("security", []))
    return document


def run(name, actor):
    """schemathesis as this actor; a point for each operation."""
    folder = os.path.join(OUT, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for file_name, text in (("schemathesis.toml", configuration(actor)), ("openapi.json", json.dumps(description(actor))),
                            ("actor.json", json.dumps(actor))):
        with open(os.path.join(folder, file_name), "w", encoding="utf-8") as file:
            file.write(text)
    shutil.copy(os.path.join(HERE, "hooks.py"), folder)
    seconds = int(SECONDS * SLOWER)
    text = os.path.join(OUT, name + ".txt")
    with open(text, "w", encoding="utf-8") as file:
        ended = subprocess.run(
            [os.path.join(PROGRAMS, "st"), "run", "openapi.json", "--url", stack.base_url, "--max-time", str(seconds),
             "--phases", "examples,coverage,fuzzing,stateful", "--continue-on-failure", "--no-color", "--warnings", "off",
             "--output-sanitize", "false", "--generation-database", "none", "--suppress-health-check", "all",
             "--report", "junit", "--report-junit-path", "junit.xml"],
            cwd=folder, env={**os.environ, "BEZEL_ACTOR": "actor.json", "PYTHONPATH": folder}, stdin=subprocess.DEVNULL,
            stdout=file, stderr=subprocess.STDOUT, timeout=2 * seconds + 120, check=False)
    points(name, os.path.join(folder, "junit.xml"))
    with open(text, encoding="utf-8") as file:
        lines = file.read().splitlines()
    diag("\n".join(line for line in lines[-12:] if line.strip()))
    # 1: something failed, which is a point; others: it did not run.
    ok(ended.returncode in (0, 1), "%s: schemathesis ran to its end" % name, "\n".join(lines[-30:]))


def points(name, path):
    cases = ElementTree.parse(path).getroot().iter("testcase")
    asked = 0
    for case in cases:
        faults = [fault for kind in ("failure", "error") for fault in case.iter(kind)]
        asked += case.find("skipped") is None
        ok(not faults, "%s: %s" % (name, case.get("name")),
           "\n".join((fault.text or fault.get("message") or "")[:1500] for fault in faults[:5]))
    ok(asked > 50, "%s: %d operations were asked for (seed %d; %s)" % (name, asked, SEED, os.path.join(OUT, name + ".txt")))


def things(client, account=False):
    """What is there, by the begin of the paths that ask for it."""
    designs = [make(client)["id"] for _ in range(6)]
    jobs = [create(client).json()["generation"]["id"] for _ in range(3)]
    for job in jobs:
        over(client, job)
    found = {"/v1/designs/": designs, "/v1/generations/": jobs, "/v1/problems/": ["not_found", "invalid"]}
    if account:
        found["/v1/folders/"] = [client.post("/v1/folders", json={"name": "F%d" % i}).json()["id"] for i in range(5)]
        tokens = [client.put("/v1/designs/%s/share" % each, json={}).json()["token"] for each in designs[:3]]
        locked = client.put("/v1/designs/%s/share" % designs[3], json={"password": secrets.token_hex(8)}).json()["token"]
        for begin in ("/v1/shares/", "/s/"):
            found[begin] = tokens + [locked]
    return found


@test
def the_description_is_valid():
    ended = subprocess.run([os.path.join(PROGRAMS, "openapi-spec-validator"), os.path.join(SRCDIR, "etc", "openapi.json")],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120 * SLOWER, check=False)
    ok(ended.returncode == 0, "etc/openapi.json is OpenAPI 3.1", ended.stdout)
    served = stack.client().get("/v1/openapi.json").json()
    is_(served, json.loads(load(SRCDIR, "etc/openapi.json")), "and what the service tells")


@test
def as_guest():
    client = guest(stack)
    run("guest", {"scheme": "session", "secret": client.cookies["bezel_%d" % stack.port], "origin": True, "ends": False,
                  "things": things(client)})


@test
def as_member():
    client = member(stack)
    run("member", {"scheme": "session", "secret": client.cookies["bezel_%d" % stack.port], "origin": True, "ends": True,
                   "things": things(client, account=True)})


@test
def with_an_api_key():
    client = member(stack)
    scopes = json.loads(load(SRCDIR, "etc/openapi.json"))["components"]["schemas"]["ApiKeyNew"]["properties"]["scopes"]
    key = client.post("/v1/api-keys", json={"name": "till", "scopes": scopes["items"]["enum"]}).json()["key"]
    run("key", {"scheme": "key", "secret": key, "origin": False, "ends": False,
                "things": things(client, account=True)})


try:
    PROGRAMS = pypi.install("schemathesis")
except RuntimeError as fault:
    skip_all("schemathesis cannot be had: " + str(fault).splitlines()[-1])
os.makedirs(OUT, exist_ok=True)
stack = Stack(settings=LIMITS).start()
main(4 * (2 * SECONDS + 300))
