#!/usr/bin/python3
"""Who has looked at a link: people once a day, robots apart, the owner not; each counted once whatever dies; the figures,
and what becomes of addresses."""
import concurrent.futures
import datetime
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import npm
import tap
from faults import workers
from members import login, member
from stack import BUILDDIR, SLOWER, SRCDIR, Stack, clear_of_border, wait_for
from studio import make, metric
from tap import diag, is_, main, ok, skip, test

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/154.0.0.0 Safari/537.36"
IPHONE = ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.6 "
          "Mobile/15E148 Safari/604.1")
IPAD = IPHONE.replace("iPhone; CPU iPhone OS", "iPad; CPU OS")
BRITISH, JAPANESE, GERMAN6 = "81.2.69.160", "210.138.184.59", "2a02:8109:1234:5678::1"
# Of the package's examples, what are people to us: t/views/robots.py says why.
PEOPLE = ("MetaIAB Facebook", "AP3A\\.240617\\.008")
GIF = b"GIF89a\x01\x00\x01\x00"
_addresses = itertools.count(1)


def new_address():
    n = next(_addresses)
    return "198.18.%d.%d" % (n // 250, n % 250 + 1)


def shared(client, **body):
    """A new design and the token of its link."""
    design = make(client)["id"]
    return design, share(client, design, **body)


def share(client, design, **body):
    reply = client.put("/v1/designs/%s/share" % design, json=body)
    assert reply.status in (200, 201), reply
    return reply.json()["token"]


def headers_of(agent, address, more):
    return {"User-Agent": agent, "X-Forwarded-For": address, "Sec-Fetch-Site": "same-origin",
            **{name.replace("_", "-"): value for name, value in more.items()}}


def look(token, agent=CHROME, address=BRITISH, client=None, body=b"", **more):
    """As the page's script does; always the same answer."""
    headers = {"Content-Type": "text/plain;charset=UTF-8", **headers_of(agent, address, more)}
    reply = (client or stack.client()).post("/v1/shares/%s/views" % token, body=body, headers=headers)
    if (reply.status, reply.body, reply.header("Cache-Control")) != (204, b"", "no-store"):
        ok(False, "the answer to a look", "%r %s" % (reply, reply.headers))
    return reply


def pixel(token, agent=CHROME, address=BRITISH, client=None, method="GET", **more):
    return (client or stack.client()).request(method, "/s/%s/v.gif" % token, headers=headers_of(agent, address, more))


def settled(seconds=20):
    """When everything that came in is counted."""
    wait_for(lambda: not stack.db.view_dedupe.count_documents({"viewed_at": {"$ne": None}}), seconds, "the count")


def views(design):
    settled()
    return stack.db.designs.find_one({"_id": design})["share_settings"]["view_count"]


def rows(design, **more):
    settled()
    return list(stack.db.shared_designs_access.find({"design_id": design, **more}).sort("viewed_at", 1))


def figures(client, design, query="", status=200):
    reply = client.get("/v1/designs/%s/share/analytics%s" % (design, query))
    is_(reply.status, status, "analytics%s: %d" % (query, status))
    return reply.json()


def commands(function):
    before = metric(stack, "bezel_database_commands_total")
    function()
    return metric(stack, "bezel_database_commands_total") - before


def install():
    """The packages' folder, or None."""
    try:
        return os.path.join(npm.install("views")[0], "node_modules")
    except RuntimeError as error:
        diag(error)
        return None


def read(*path):
    with open(os.path.join(modules, *path), encoding="utf-8") as file:
        return json.load(file)


def ask(lines, *arguments):
    done = subprocess.run([os.path.join(BUILDDIR, "t", "tools", "views_cli"), *arguments], input="\n".join(lines) + "\n",
                          stdout=subprocess.PIPE, text=True, check=True, timeout=60 * SLOWER)
    return done.stdout.splitlines()


# --- agents and countries ---------------------------------------------------------------------------------------------

@test
def all_known_robots_are_robots():
    if not modules:
        return skip("all robots of crawler-user-agents", "npm is not there")
    listed = [(robot["pattern"], agent) for robot in read("crawler-user-agents", "crawler-user-agents.json")
              for agent in robot["instances"]]
    ok(len(listed) > 2000, "a list of robots", len(listed))
    said = ask(["agent " + agent for _, agent in listed])
    is_(len(said), len(listed), "each has a class")
    people = {(pattern, agent) for (pattern, agent), kind in zip(listed, said) if kind != "robot"}
    is_({pattern for pattern, _ in people}, set(PEOPLE), "all are robots but those that are named")
    is_(len(people), len(PEOPLE), "one example each")


@test
def no_browser_is_a_robot():
    if not modules:
        return skip("all browsers of user-agents", "npm is not there")
    kinds = {"mobile": "phone"}
    listed = {row["userAgent"]: kinds.get(row["deviceCategory"], row["deviceCategory"])
              for row in read("user-agents", "dist", "user-agents.json")}
    ok(len(listed) > 900, "a list of browsers", len(listed))
    said = ask(["agent " + agent for agent in listed])
    wrong = [(agent, want, got) for (agent, want), got in zip(listed.items(), said) if got != want]
    is_(wrong, [], "each is of its class: %s" % {kind: said.count(kind) for kind in sorted(set(said))})


@test
def rows_are_those_of_the_list():
    if not modules:
        return skip("src/app/agents-robots.def", "npm is not there")
    done = subprocess.run([sys.executable, os.path.join(SRCDIR, "t", "views", "robots.py"), "--check", modules],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60 * SLOWER)
    is_((done.returncode, done.stdout), (0, ""), "t/views/robots.py would write the same")


@test
def addresses_have_countries():
    if not modules:
        return skip("countries", "npm is not there")
    want = {BRITISH: "GB", "::ffff:" + BRITISH: "GB", JAPANESE: "JP", GERMAN6: "DE", "8.8.8.8": "US", "127.0.0.1": "-",
            "10.1.2.3": "-", "nonsense": "-"}
    is_(dict(zip(want, ask(["country " + address for address in want], DATABASE))), want, "countries of addresses")


# --- what counts ------------------------------------------------------------------------------------------------------

@test
def people_count_once_a_day():
    design, token = shared(anna)
    before = stack.db.designs.find_one({"_id": design})["updated_at"]
    began = time.monotonic()
    look(token)
    is_(views(design), 1, "a look counts")
    ok(time.monotonic() - began < 10 * SLOWER, "within seconds", time.monotonic() - began)
    for _ in range(3):
        look(token)
        pixel(token)
    is_(views(design), 1, "a reload does not, nor the pixel besides")
    look(token, agent=IPHONE)
    look(token, address=JAPANESE)
    is_(views(design), 3, "another browser does, and another address")
    look(token, address=GERMAN6)
    look(token, address="2a02:8109:1234:5678:ffff::7")
    is_(views(design), 4, "all of a /64 are one")
    look(token, address="2a02:8109:1234:5679::1", agent=IPAD)
    look(token, address="::ffff:" + BRITISH)
    is_(views(design), 5, "another /64 is another; IPv4 in IPv6 is IPv4")
    got = [(row["viewer_ip"], row["viewer_country"], row["viewer_device"]) for row in rows(design)]
    want = [(BRITISH, "GB", "desktop"), (BRITISH, "GB", "phone"), (JAPANESE, "JP", "desktop"), (GERMAN6, "DE", "desktop"),
            ("2a02:8109:1234:5679::1", "DE", "tablet")]
    if not modules:
        want = [(address, None, device) for address, _, device in want]
    is_(got, want, "rows with country and device")
    is_({row["share_token"] for row in rows(design)}, {token}, "of this link")
    is_(stack.db.designs.find_one({"_id": design})["updated_at"], before, "updated_at stays")
    is_(anna.get("/v1/designs/%s/share" % design).json()["view_count"], 5, "its owner sees it")
    kept = stack.db.view_dedupe.find_one({"expires_at": {"$ne": None}})
    is_({name for name, value in kept.items() if value is not None}, {"_id", "expires_at"},
        "what is kept against reloads says nothing of the viewer")
    ok(token not in json.dumps(list(stack.db.view_dedupe.find()), default=str), "nor of the link")


@test
def reloads_are_forgotten_in_two_days():
    _, token = shared(anna)
    now = datetime.datetime.utcnow()
    look(token, address=new_address())
    settled()
    times = [doc["expires_at"] - now for doc in stack.db.view_dedupe.find({"expires_at": {"$gt": now}})]
    day = datetime.timedelta(days=1)
    ok(times and all(day < left <= 2 * day + datetime.timedelta(minutes=5) for left in times), "two days later", times)
    ttl = stack.db.view_dedupe.index_information()["expires_at"]
    is_((ttl["key"], ttl["expireAfterSeconds"]), ([("expires_at", 1)], 0), "MongoDB removes it then")


@test
def the_owner_does_not_count():
    design, token = shared(anna)
    for _ in range(2):
        look(token, client=anna, agent=CHROME, address=new_address())
        pixel(token, client=anna, address=new_address())
    is_((views(design), rows(design)), (0, []), "the owner's own looks are nothing")
    bella = member(stack)
    look(token, client=bella)
    is_(views(design), 1, "another member's are")
    elsewhere = stack.client()
    look(token, client=elsewhere, address=JAPANESE)
    is_(views(design), 2, "signed out, the owner is somebody")
    login(elsewhere, anna.address_of_mail)
    look(token, client=elsewhere, address=new_address())
    is_(views(design), 2, "signed in elsewhere, the owner again")


@test
def robots_are_apart():
    design, token = shared(anna)
    some = ["Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "WhatsApp/2.23.20.0", "Twitterbot/1.0",
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "TelegramBot (like TwitterBot)",
            "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", "curl/7.88.1", "",
            "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", "Mastodon/4.2 (http.rb)"]
    if modules:
        some += [agent for robot in read("crawler-user-agents", "crawler-user-agents.json")[::60]
                 for agent in robot["instances"][:1] if robot["pattern"] not in PEOPLE]
    ok(len(some) > 10 or not modules, "a sample of %d robots" % len(some))
    first, second = new_address(), new_address()
    for agent in some:
        look(token, agent=agent, address=first)
        pixel(token, agent=agent, address=second)
    is_(views(design), 0, "none of %d robots counts" % len(some))
    is_(sorted((row["viewer_ip"], row["viewer_device"]) for row in rows(design)),
        sorted([(first, "robot"), (second, "robot")]), "of each address one row a day")
    look(token, address=first)
    is_(views(design), 1, "a person behind the same address does")
    got = figures(anna, design)
    is_((got["robots"], got["total"], got["devices"]), (2, 1, [{"device": "desktop", "visitors": 1}]), "figures: robots apart")


@test
def what_nobody_sees_does_not_count():
    design, token = shared(anna)
    for name, value in (("Sec_Purpose", "prefetch"), ("Sec_Purpose", "prefetch;prerender"), ("Purpose", "prefetch"),
                        ("X_Purpose", "preview"), ("X_Moz", "prefetch"), ("Sec_Fetch_Site", "cross-site"),
                        ("Sec_Fetch_Site", "same-site"), ("Sec_Fetch_Site", "none")):
        look(token, **{name: value})
        is_(pixel(token, **{name: value}).status, 200, "%s: %s" % (name, value))
    pixel(token, method="HEAD")
    is_((views(design), rows(design)), (0, []), "ahead of time, by another's page, or HEAD")
    look(token, Sec_Fetch_Site=None)
    is_(views(design), 1, "a browser that does not say where it comes from counts")
    look(token, address=JAPANESE, Origin="null")
    is_(views(design), 2, "and one that hides its origin, as pages without a referrer make it")


@test
def the_pixel():
    design, token = shared(anna)
    reply = pixel(token)
    is_((reply.status, reply.header("Content-Type"), reply.header("Cache-Control")), (200, "image/gif", "no-store"), "a GIF")
    ok(reply.body.startswith(GIF) and len(reply.body) == 43 and reply.body.endswith(b";"), "of one pixel", reply.body)
    is_(reply.header("Set-Cookie"), None, "no cookie is set")
    is_(views(design), 1, "it counts")
    nothing = pixel("x" * 64)
    is_((nothing.status, nothing.body), (200, reply.body), "and shows whatever the token is")


@test
def tokens_that_are_none():
    design, token = shared(anna)
    wrong = ["x", token[:-1], token + "A", token[:30] + ("A" if token[30] != "A" else "B") + token[31:], "%00" * 64, "A" * 64,
             token[::-1], token.swapcase()]
    session = stack.client()
    name = list(anna.cookies)[0] if anna.cookies else "bezel_%d" % stack.port
    session.cookies = {name: "s_01a00000-0000-7000-8000-000000000000.c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MDE"}
    answers = set()

    def all_of_them():
        for each in wrong:
            for client in (stack.client(), session):
                answers.add(client.post("/v1/shares/%s/views" % each, headers=headers_of(CHROME, BRITISH, {})).status)
                answers.add(pixel(each, client=client).status)
    is_(commands(all_of_them), 0, "%d forged tokens cost no command" % (4 * len(wrong)))
    ok(answers == {204, 200, 400}, "and no error, but for what is no path", answers)
    is_(views(design), 0, "and count nothing")


@test
def commands_of_a_look():
    _, token = shared(anna)
    address = new_address()
    is_(commands(lambda: look(token, address=address)), 4, "the first look from an address: read, counter (made), insert")
    is_(commands(lambda: look(token, address=address, agent=IPHONE)), 3, "a look: read, counter, insert")
    is_(commands(lambda: look(token, address=address)), 3, "a reload: the same, and the insert meets its key")
    ok(commands(lambda: look(token, client=anna, address=address)) <= 2, "the owner's: read (and session)")


@test
def links_that_show_nothing():
    design, token = shared(anna, password="seven small stones")
    look(token)
    pixel(token)
    is_((views(design), rows(design)), (0, []), "locked: nothing was seen")
    guest = stack.client()
    is_(guest.post("/v1/shares/%s/unlock" % token, json={"password": "seven small stones"}).status, 204, "unlocked")
    look(token, client=guest)
    is_(views(design), 1, "then it counts")
    stack.db.designs.update_one({"_id": design}, {"$set": {
        "share_settings.expires_at": datetime.datetime.utcnow() - datetime.timedelta(seconds=5)}})
    look(token, client=guest, address=JAPANESE)
    is_(views(design), 1, "expired: not any more")
    design, token = shared(anna)
    anna.delete("/v1/designs/%s/share" % design)
    look(token)
    is_(views(design), 0, "revoked: not")
    is_(anna.get("/v1/designs/%s/share/analytics" % design).status, 404, "nor has it figures")


def pending(design, token, **more):
    """A look that has come in and is not counted."""
    return {"_id": (uuid.uuid4().hex * 2)[:43], "view_id": str(uuid.uuid4()), "design_id": design, "share_token": token,
            "viewer_ip": BRITISH, "viewer_device": "phone", "viewed_at": datetime.datetime.utcnow(), "expires_at": None, **more}


@test
def a_new_link_begins_anew():
    design, old = shared(anna)
    look(old)
    is_(views(design), 1, "by the first link")
    anna.delete("/v1/designs/%s/share" % design)
    stack.db.designs.update_one({"_id": design}, {"$set": {"share_settings.share_token": None}})
    new = share(anna, design)
    ok(new != old, "another token")
    stack.db.view_dedupe.insert_many([pending(design, old), pending(design, old, viewer_device="robot")])
    is_(views(design), 0, "at nothing, whatever comes late of the old one")
    is_([row["share_token"] for row in rows(design)], [old], "of which no row is made any more")
    look(new)
    is_(views(design), 1, "the same person counts for the new one")
    got = figures(anna, design)
    is_((got["total"], sum(day["visitors"] for day in got["days"])), (1, 1), "figures are those of the present link")


@test
def damage_stops_nothing():
    design, token = shared(anna)
    stack.db.command("collMod", "view_dedupe", validationLevel="off")
    stack.db.command("collMod", "designs", validationLevel="off")
    try:
        stack.db.designs.update_one({"_id": design}, {"$set": {"share_settings.view_count": "many"}})
        early = datetime.datetime(2020, 1, 1)
        broken = [pending(design, token, viewed_at=early, **change) for change in (
            {"view_id": 7}, {"design_id": None}, {"share_token": ["x"]}, {"viewer_ip": "x" * 500}, {"view_id": "no uuid"},
            {"design_id": "01a00000-0000-7000-8000-000000000000"}, {"_id": 12345}, {"viewer_device": None})]
        stack.db.view_dedupe.insert_many(broken)
        stack.db.view_dedupe.insert_one(pending(design, token))
        wait_for(lambda: stack.db.designs.find_one({"_id": design})["share_settings"]["view_count"] != "many", 20, "the count")
        # Nobody could say which device it was: still somebody.
        is_(stack.db.designs.find_one({"_id": design})["share_settings"]["view_count"], 2, "what is whole is counted")
        left = [doc["_id"] for doc in stack.db.view_dedupe.find({"viewed_at": {"$ne": None}})]
        is_(left, [12345], "what is damaged is put aside")
    finally:
        stack.db.view_dedupe.delete_one({"_id": 12345})
        stack.db.command("collMod", "view_dedupe", validationLevel="moderate")
        stack.db.command("collMod", "designs", validationLevel="moderate")
    is_([e for e in stack.events("views.failed")], [], "and nothing fails")


# --- whatever dies ----------------------------------------------------------------------------------------------------

def same_database(**settings):
    """Another host: its own processes, the same database and keys."""
    other = Stack(settings={**stack.settings, **settings, "mongodb_database": stack.database},
                  options=["--mongodb-uri", "@" + os.path.join(stack.state, "secrets", "mongodb.uri")])
    other.shared, other.database = None, stack.database
    os.makedirs(os.path.join(other.state, "secrets"), mode=0o755)
    key, ours = [os.path.join(each.state, "secrets", "master.key") for each in (stack, other)]
    shutil.copy2(key, ours)
    os.chown(ours, os.stat(key).st_uid, os.stat(key).st_gid)
    return other


@test
def counted_once_whatever_dies():
    links = [shared(anna) for _ in range(3)]
    people = [(token, new_address()) for _, token in links for _ in range(60)]
    other = same_database(web_workers="1", job_workers="0")
    other.start()
    other.shared = "another's mongod"
    try:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            looking = [pool.submit(look, token, CHROME, address) for token, address in people]
            killed = 0
            for turn in range(8):
                time.sleep(0.4)
                for each in (stack, other)[turn % 2:turn % 2 + 1]:
                    for pid in workers(each, "scheduler"):
                        each.kill(pid)
                        killed += 1
            for each in looking:
                each.result()
        ok(killed >= 4, "schedulers were killed while they counted", killed)
        settled(90)
    finally:
        other.stop()
    is_([views(design) for design, _ in links], [60] * 3, "each person is counted once, by two hosts whose schedulers die")
    is_([len(rows(design)) for design, _ in links], [60] * 3, "with a row each")


# --- figures ----------------------------------------------------------------------------------------------------------

def stored(design, token, days_ago, device="phone", country="DE", n=1):
    when = datetime.datetime.utcnow().replace(hour=0, minute=0, second=1, microsecond=0) - datetime.timedelta(days=days_ago)
    stack.db.shared_designs_access.insert_many([{
        "_id": str(uuid.uuid4()), "design_id": design, "share_token": token, "viewer_ip": "192.0.2.0/24",
        "viewer_country": country, "viewer_device": device, "viewed_at": when, "cut_at": None} for _ in range(n)])


@test
def figures_are_exact():
    design, token = shared(anna)
    other, other_token = shared(anna)
    stored(design, token, 0, n=3)
    stored(design, token, 0, device="desktop", country="FR", n=2)
    stored(design, token, 1, device="tablet", country=None, n=1)
    stored(design, token, 29, n=4)
    stored(design, token, 30, n=5)
    stored(design, token, 364, country="JP", device="other", n=6)
    stored(design, token, 365, n=7)
    stored(design, token, 2, device="robot", n=8)
    stored(design, "x" * 64, 0, n=9)
    stored(other, other_token, 0, n=10)
    stack.db.designs.update_one({"_id": design}, {"$set": {"share_settings.view_count": 28}})
    got = figures(anna, design)
    today = datetime.datetime.utcnow().date()
    is_([day["day"] for day in got["days"]], [str(today - datetime.timedelta(days=n)) for n in range(29, -1, -1)],
        "30 days, today last")
    is_([(n, day["visitors"]) for n, day in enumerate(got["days"]) if day["visitors"]], [(0, 4), (28, 1), (29, 5)],
        "visitors of each, and 0 of the others")
    is_(got["countries"], [{"country": "DE", "visitors": 7}, {"country": "FR", "visitors": 2},
                           {"country": None, "visitors": 1}], "countries")
    is_(got["devices"], [{"device": "phone", "visitors": 7}, {"device": "desktop", "visitors": 2},
                         {"device": "tablet", "visitors": 1}], "devices")
    is_((got["robots"], got["total"]), (8, 28), "robots apart, and all that ever looked")
    got = figures(anna, design, "?days=365")
    is_((len(got["days"]), sum(day["visitors"] for day in got["days"]), got["days"][0]["visitors"]), (365, 21, 6), "a year")
    got = figures(anna, design, "?days=1")
    is_((got["days"], got["robots"]), ([{"day": str(today), "visitors": 5}], 0), "today alone")
    for wrong in ("?days=0", "?days=366", "?days=-1", "?days=x", "?days=", "?days=1.5", "?day=3", "?days=99999999999999999999"):
        figures(anna, design, wrong, 400)
    empty = figures(anna, shared(anna)[0])
    is_((empty["total"], empty["countries"], empty["devices"], empty["robots"], {d["visitors"] for d in empty["days"]}),
        (0, [], [], 0, {0}), "nobody yet")
    is_(anna.get("/v1/designs/%s/share/analytics" % design).header("Cache-Control"), "no-store", "no-store")


@test
def figures_are_the_owners():
    design, _ = shared(anna)
    is_(member(stack).get("/v1/designs/%s/share/analytics" % design).status, 404, "another member: there is nothing")
    is_(stack.client().get("/v1/designs/%s/share/analytics" % design).status, 401, "nobody: a session is needed")
    is_(anna.get("/v1/designs/%s/share/analytics" % make(anna)["id"]).status, 404, "not shared: there is nothing")
    for scopes, status in ((["shares:read"], 200), (["designs:read", "shares:write"], 403)):
        key = anna.post("/v1/api-keys", json={"name": "x", "scopes": scopes}).json()["key"]
        is_(stack.client().get("/v1/designs/%s/share/analytics" % design, headers={"Authorization": "Bearer " + key}).status,
            status, "a key with %s: %d" % (scopes, status))


def stages(plan):
    """Names of all indexes and stages of an explain's winning plan."""
    return set(re.findall(r"'(?:stage|indexName)': '(\w+)'", repr(plan)))


@test
def queries_have_their_index():
    db, day = stack.db, datetime.datetime.utcnow()
    epoch = datetime.datetime(1970, 1, 1)
    for name, find, index in (
            ("uncounted", db.view_dedupe.find({"viewed_at": {"$gt": epoch}, "_id": {"$gt": ""}}).sort("viewed_at", 1), "uncounted"),
            ("to be cut", db.shared_designs_access.find({"cut_at": {"$gt": epoch, "$lt": day}}).sort("cut_at", 1), "by_cut"),
            ("old", db.shared_designs_access.find({"viewed_at": {"$gt": epoch, "$lt": day}}).sort("viewed_at", 1), "viewed_at"),
            ("figures", db.shared_designs_access.find({"design_id": "x", "viewed_at": {"$gte": day}, "share_token": "x"}).hint(
                "by_design_time"), "by_design_time")):
        got = stages(find.explain()["queryPlanner"]["winningPlan"])
        ok({"IXSCAN", index} <= got and not got & {"COLLSCAN", "SORT"}, "%s: by an index, in its order" % name, got)


# --- retention --------------------------------------------------------------------------------------------------------

@test
def addresses_become_networks():
    design, token = shared(anna)
    addresses = {BRITISH: "81.2.69.0/24", GERMAN6: "2a02:8109:1234::/48", "198.18.255.255": "198.18.255.0/24"}
    for address in addresses:
        look(token, address=address)
    fresh = new_address()
    look(token, address=fresh)
    before = rows(design)
    is_([row["viewer_ip"] for row in before], [*addresses, fresh], "whole at first")
    ok(all(row["cut_at"] - row["viewed_at"] == datetime.timedelta(days=1) for row in before), "for a day")
    stack.db.shared_designs_access.update_many(
        {"design_id": design, "viewer_ip": {"$in": list(addresses)}},
        [{"$set": {"cut_at": {"$subtract": ["$cut_at", 86400001]}, "viewed_at": {"$subtract": ["$viewed_at", 86400001]}}}])
    wait_for(lambda: stack.db.shared_designs_access.count_documents({"design_id": design, "cut_at": None}) == 3, 15, "the cut")
    is_(sorted((row["viewer_ip"], row["cut_at"] is None) for row in rows(design)),
        sorted([(network, True) for network in addresses.values()] + [(fresh, False)]), "then only their network")
    is_(views(design), 4, "the count stays")


@test
def old_looks_go():
    design, token = shared(anna)
    stored(design, token, 399, n=2)
    stored(design, token, 402, n=700)
    stored(design, token, 0)
    stack.db.designs.update_one({"_id": design}, {"$set": {"share_settings.view_count": 703}})
    wait_for(lambda: stack.db.shared_designs_access.count_documents({"design_id": design}) <= 3, 20, "the sweep")
    is_((stack.db.shared_designs_access.count_documents({"design_id": design}), views(design)), (3, 703),
        "after 400 days; the count stays")


@test
def with_the_design_its_looks_go():
    design, token = shared(anna)
    look(token)
    look(token, agent="curl/7.88.1")
    is_(len(rows(design)), 2, "two looks")
    is_(anna.delete("/v1/designs/" + design).status, 204, "in the trash")
    look(token, address=new_address())
    is_(len(rows(design)), 2, "nobody sees it there")
    is_(anna.delete("/v1/designs/%s?purge=true" % design).status, 204, "gone for good")
    wait_for(lambda: not stack.db.shared_designs_access.count_documents({"design_id": design}), 20, "the removal")
    stack.db.view_dedupe.insert_one(pending(design, token))
    is_(rows(design), [], "what was on its way makes no row")
    stored(design, token, 0)
    stack.db.shared_designs_access.update_many({"design_id": design}, {"$set": {"cut_at": datetime.datetime(2026, 1, 1)}})
    wait_for(lambda: not stack.db.shared_designs_access.count_documents({"design_id": design}), 20, "the sweep")
    ok(True, "what it left behind all the same goes when its address is to be cut")


@test
def with_the_account_its_looks_go():
    leaver = member(stack)
    design, token = shared(leaver)
    look(token)
    is_(len(rows(design)), 1, "a look")
    is_(leaver.delete("/v1/me", json={"password": "a stone of 7 carats"}).status, 204, "the account is deleted")
    wait_for(lambda: not stack.db.shared_designs_access.count_documents({"design_id": design}), 30, "the removal")
    ok(wait_for(lambda: not stack.db.designs.count_documents({"_id": design}), 30), "with its designs")


# --- other settings ---------------------------------------------------------------------------------------------------

def reload():
    old = set(workers(stack, "scheduler") + workers(stack, "web"))
    stack.kill(stack.pid("bezel"), signal.SIGHUP)
    wait_for(lambda: not old & set(stack.workers) and workers(stack, "scheduler"), 30, "the reload")


@test
def a_damaged_database_of_countries():
    """It is read anew by SIGHUP; without it all goes on."""
    if not modules:
        return skip("a damaged database of countries", "npm is not there")
    kept = DATABASE + ".kept"
    os.rename(DATABASE, kept)
    try:
        for what in ("missing", "nonsense", "cut"):
            if what != "missing":
                with open(kept, "rb") as file, open(DATABASE + ".new", "wb") as to:
                    to.write(b"nonsense" if what == "nonsense" else file.read(100000))
                os.rename(DATABASE + ".new", DATABASE)
            said = len(stack.events("geo.unusable"))
            reload()
            design, token = shared(anna)
            look(token, address=new_address())
            is_((views(design), [row["viewer_country"] for row in rows(design)]), (1, [None]), what + ": counted without a country")
            is_(len(stack.events("geo.unusable")) - said, 1, what + ": said once")
            is_(metric(stack, "bezel_geo_failing"), 1, what + ": a gauge says so")
            is_(stack.client().get("/readyz").status, 200, what + ": the service is ready")
    finally:
        os.rename(kept, DATABASE)
    reload()
    design, token = shared(anna)
    look(token)
    is_([row["viewer_country"] for row in rows(design)], ["GB"], "a good one is taken by a reload")
    wait_for(lambda: metric(stack, "bezel_geo_failing") == 0, 10, "the gauge")


@test
def one_address_cannot_fill_it():
    stack.settings.update(view_address_daily="5")
    del stack.settings["geo_database"]
    stack.restart()
    design, token = shared(anna)
    refused, address = metric(stack, "bezel_views_refused_total"), new_address()
    for n in range(9):
        look(token, agent=CHROME.replace("154", str(100 + n)), address=address)
    is_(views(design), 5, "five a day from one address")
    is_(metric(stack, "bezel_views_refused_total") - refused, 4, "the others are counted as refused")
    look(token, address=new_address())
    is_(views(design), 6, "another address is free")
    is_([row["viewer_country"] for row in rows(design)], [None] * 6, "without geo_database there is no country")


@test
def a_database_that_is_away():
    """The page shows nothing of it, and what was taken in before is counted when it is back."""
    design, token = shared(anna)
    look(token, address=new_address())
    stack.kill(stack.pid("mongod"), signal.SIGSTOP)
    try:
        reply = pixel(token, address=new_address())
        is_((reply.status, reply.body[:10]), (200, GIF), "the pixel is there")
        reply = stack.client(allowed=[503]).post("/v1/shares/%s/views" % token, headers=headers_of(CHROME, new_address(), {}))
        ok(reply.status == 503 and b"\"unavailable\"" in reply.body, "the beacon, which nobody sees, is told",
           [reply] + [event for event in stack.events() if "mongodb " in str(event.get("detail"))][-5:])
    finally:
        stack.kill(stack.pid("mongod"), signal.SIGCONT)
    settled(60)
    # The one that was told may have come in all the same, and so may the pixel's.
    ok(1 <= views(design) <= 3, "counted later", views(design))
    wait_for(lambda: stack.client(allowed=[503]).get("/readyz").status == 200, 30, "the database")


@test
def figures_are_limited():
    """By account: adding up takes the database longer than other questions."""
    few = Stack(settings={"provider": "mem", "share_reports_hourly": "3"}).start()
    ann, design = member(few), None
    design = make(ann)["id"]
    other = make(ann)["id"]
    for each in (design, other):
        is_(ann.put("/v1/designs/%s/share" % each, json={}).status, 201, "a link")
    path = "/v1/designs/%s/share/analytics"
    is_([ann.get(path % each).status for each in (design, other, design)], [200] * 3, "as often as is allowed")
    reply = ann.get(path % other)
    is_((reply.status, reply.json()["code"]), (429, "rate_limited"), "and no more, of any of its links")
    ok(0 < int(reply.header("Retry-After")) <= 3600, "but in a while", reply.header("Retry-After"))
    is_(ann.get("/v1/designs/%s/share" % design).status, 200, "the link itself may be asked for")
    eve = member(few)
    is_(eve.get(path % design).status, 404, "another's are nothing")
    is_(ann.get(path % design + "?days=366").status, 400, "more than a year of days is no question")
    few.close()


modules = install()
clear_of_border(86400, 100)     # people count once a day
stack = Stack(settings={"provider": "mem", "render_profile": "draft", "sweep_interval_s": "2", "free_designs_daily": "1000",
                        "free_designs_monthly": "1000", "trusted_proxies": "127.0.0.1/32"},
              own_mongod=True)
DATABASE = os.path.join(stack.folder, "countries.mmdb")
if modules:
    shutil.copyfile(os.path.join(modules, "@ip-location-db", "dbip-country-mmdb", "dbip-country.mmdb"), DATABASE)
    os.chmod(DATABASE, 0o644)
    stack.settings["geo_database"] = DATABASE
stack.start()
anna = member(stack)
if __name__ == "__main__":
    main(300)
