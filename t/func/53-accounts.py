#!/usr/bin/python3
"""Accounts: registering, links in mail, signing in and out, sessions, passwords, profile, plan; and what strangers
cannot learn."""
import datetime
import multiprocessing
import os
import re
import statistics
import sys
import threading
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from members import PASSWORD, an_address, login, mails, member, register, text_of, token_in, wait_mail
from stack import SLOWER, Stack, clear_of_border, wait_for
from studio import body, create, design, guest, make, metric, over
from tap import diag, is_, main, ok, test

UTC = datetime.timezone.utc


def problem(reply, status, code, name):
    is_((reply.status, reply.json().get("code")), (status, code), name)


def pointers(reply):
    return sorted((fault["pointer"], fault["code"]) for fault in reply.json().get("errors", []))


def session_cookie(client):
    return next(value for name, value in client.cookies.items() if not name.endswith(("-d", "-r")))


@test
def registering():
    client = stack.client()
    address = an_address()
    reply = register(client, address.upper(), full_name="Anna Stone")
    is_((reply.status, reply.header("Cache-Control"), sorted(reply.json())), (202, "no-store", ["message"]), "accepted")
    user = stack.db.users.find_one({"email": address})
    is_((user["auth_provider"], user["email_verified"], user["full_name"], user["last_login_at"], user["disabled_at"]),
        ("email", False, "Anna Stone", None, None), "stored, in lower case, not confirmed")
    is_((user["preferences"], user["subscription"]["tier"]),
        ({"email_notifications": {"new_features": True, "design_tips": True, "account_activity": True},
          "default_num_variations": 3, "default_refinement_strength": 0.5, "theme": "light"}, "free"), "the defaults")
    ok(user["password_hash"].subtype == 6 and b"argon2" not in bytes(user["password_hash"]), "the hash is sealed")
    problem(login(stack.client(), address), 401, "wrong_credentials", "no sign-in before the address is confirmed")
    message = wait_mail(stack, address, "confirm")
    token = token_in(message)
    problem(client.post("/v1/auth/verify-email", json={"token": token[:-1] + ("A" if token[-1] != "A" else "B")}),
            410, "link_expired", "a link with another MAC")
    reply = client.post("/v1/auth/verify-email", json={"token": token})
    is_((reply.status, reply.json()), (200, {"signed_in": True}), "the link signs in where one registered")
    me = client.get("/v1/me")
    is_((me.json()["email"], me.json()["email_verified"], "password_hash" in me.text, "disabled_at" in me.text),
        (address, True, False, False), "the profile")
    problem(client.post("/v1/auth/verify-email", json={"token": token}), 410, "link_expired", "a link works once")
    ok(client.get("/v1/me").json()["last_login_at"] is not None, "last_login_at is set")


@test
def the_link_in_another_browser():
    address = an_address()
    mine = stack.client()
    register(mine, address)
    token = token_in(wait_mail(stack, address, "confirm"))
    other = stack.client()
    register(other, an_address())
    reply = other.post("/v1/auth/verify-email", json={"token": token})
    is_((reply.status, reply.json(), other.get("/v1/me").status), (200, {"signed_in": False}, 401),
        "it confirms the address and signs nobody in")
    is_(login(mine, address).status, 200, "the password does")


@test
def prepared_by_a_stranger():
    """Who registers somebody else's address and waits has nothing of it once the owner comes."""
    address, words = an_address(), "the stranger's words 9"
    stranger = stack.client()
    register(stranger, address, words)
    bait = token_in(wait_mail(stack, address, "confirm"))
    owner = stack.client()
    is_(register(owner, address).status, 202, "the owner registers too")
    message = wait_mail(stack, address, "new password")
    problem(owner.post("/v1/auth/verify-email", json={"token": bait}), 410, "link_expired", "the stranger's link is void")
    is_(owner.post("/v1/auth/password-reset/confirm", json={"token": token_in(message), "password": PASSWORD}).status, 200,
        "the owner's proves the address")
    is_((login(stranger, address, words).status, login(owner, address).status), (401, 200), "and the stranger's password is none")


@test
def keys_of_before():
    """A reset ends API keys too; a change of one's own does not."""
    client = member(stack)
    key = client.post("/v1/api-keys", json={"name": "left behind", "mode": "live", "scopes": ["designs:read"]}).json()["key"]
    program = stack.client(headers={"Authorization": "Bearer " + key})
    client.post("/v1/auth/password", json={"current_password": PASSWORD, "new_password": "an agate of 3 carats"})
    is_(program.get("/v1/designs").status, 200, "a change of the password leaves them")
    client.post("/v1/auth/password-reset", json={"email": client.address_of_mail})
    token = token_in(wait_mail(stack, client.address_of_mail, "new password"))
    client.post("/v1/auth/password-reset/confirm", json={"token": token, "password": "an agate of 4 carats"})
    is_([program.get("/v1/designs").status for _ in range(10)], [401] * 10, "a reset does not")


@test
def cookies():
    client = member(stack)
    line = [line for line in login(client, client.address_of_mail).header_all("Set-Cookie") if "-d=" not in line][0]
    name, _, rest = line.partition("=")
    value, *attributes = [part.strip() for part in rest.split(";")]
    is_((name, sorted(attributes)[:3]), ("bezel_%d" % stack.port, ["HttpOnly", "Max-Age=7776000", "Path=/"]),
        "HttpOnly, the whole host")
    ok(re.fullmatch(r"s_[0-9a-f-]{36}\.[A-Za-z0-9_-]{43}", value), "opaque", value)
    secret = value.split(".")[1]
    stored = stack.db.sessions.find_one({"_id": value[2:38]})
    ok(stored is not None and secret not in str(stored), "the secret is not stored")
    for changed in (value[:-1] + ("A" if value[-1] != "A" else "B"), value[:-1], value + "A", "s_" + "0" * 36,
                    "s_", value.replace("s_", "s-"), value[:38] + "." + "A" * 43):
        is_(stack.client().get("/v1/me", headers={"Cookie": "%s=%s" % (name, changed)}).status, 401, "refused: " + changed)
    is_(stack.client().get("/v1/me", headers={"Cookie": "%s=%s" % (name, value)}).status, 200, "the very value opens")


@test
def bad_bodies():
    client = stack.client()
    table = (
        ({}, [("/email", "missing"), ("/password", "missing")]),
        ({"email": "anna", "password": PASSWORD}, [("/email", "not_an_address")]),
        ({"email": "a@b.example\r\nBcc: x@y.example", "password": PASSWORD}, None),
        ({"email": an_address(), "password": "short"}, [("/password", "too_short")]),
        ({"email": an_address(), "password": "x" * 129}, [("/password", "too_long")]),
        ({"email": an_address(), "password": "Password1"}, [("/password", "too_common")]),
        ({"email": "goldsmith@example.net", "password": "goldsmith1"}, [("/password", "too_easy")]),
        ({"email": an_address(), "password": PASSWORD, "tier": "premium"}, [("/tier", "unknown_field")]),
        ({"email": an_address(), "password": PASSWORD, "email_verified": True}, [("/email_verified", "unknown_field")]),
        ({"email": 7, "password": ["x"]}, [("/email", "wrong_type"), ("/password", "wrong_type")]),
        ({"email": {"$ne": None}, "password": {"$gt": ""}}, [("/email", "wrong_type"), ("/password", "wrong_type")]),
    )
    before = stack.db.users.count_documents({})
    for given, faults in table:
        reply = client.post("/v1/auth/register", json=given)
        is_(reply.status, 422, "refused: %.60r" % (given,))
        if faults is not None:
            is_([f[0] for f in pointers(reply)], [f[0] for f in faults], "where: %.60r" % (given,))
    is_(stack.db.users.count_documents({}), before, "nobody was added")
    ok(register(client, an_address(), "äöü ß 漢字 ok").status == 202, "any characters will do")
    for given in ({"email": {"$ne": ""}, "password": {"$ne": ""}}, {"email": "a@b.example"}, []):
        ok(client.post("/v1/auth/login", json=given).status in (400, 422), "no sign-in: %r" % (given,))
    problem(client.post("/v1/auth/login", json={"email": an_address(), "password": PASSWORD}, origin="http://evil.example"),
            403, "origin_required", "not from another site")
    problem(client.post("/v1/auth/logout"), 401, "session_required", "nobody signs out")


@test
def strangers_learn_nothing():
    known = member(stack, full_name="Known").address_of_mail
    unknown = an_address()
    client = stack.client()
    answers = []
    for address in (known, unknown):
        reply = register(client, address, full_name="A stranger")
        answers.append((reply.status, reply.body, sorted(reply.headers.keys())))
    is_(answers[0], answers[1], "registering: the same answer")
    message = wait_mail(stack, known, "already")
    ok("A stranger" not in text_of(message), "its owner is told, not in the stranger's words")
    is_(stack.db.users.count_documents({"email": known}), 1, "one account")
    is_(login(stack.client(), known).status, 200, "which is what it was")
    for path in ("/v1/auth/password-reset", "/v1/auth/verify-email/resend"):
        replies = [client.post(path, json={"email": address}) for address in (known, an_address())]
        is_([(r.status, r.body) for r in replies], [(202, replies[0].body)] * 2, path + ": the same answer")
    wrong = [login(client, address, "not the password") for address in (known, an_address())]
    is_([(r.status, r.json()["detail"]) for r in wrong], [(401, wrong[0].json()["detail"])] * 2, "signing in: the same")
    took = {known: [], "nobody@example.net": []}
    for _ in range(8):
        for address, times in took.items():
            began = time.monotonic()
            login(client, address, "not the password")
            times.append(time.monotonic() - began)
    # The quicker ones: a machine that has other things to do makes some of them slower.
    known_s, unknown_s = (statistics.median(sorted(times)[:5]) for times in took.values())
    ok(0.5 < known_s / unknown_s < 2, "and takes as long", "%.1f and %.1f ms" % (known_s * 1000, unknown_s * 1000))


@test
def a_guest_becomes_a_member():
    client = guest(stack)
    done = make(client)
    trashed = make(client)
    client.delete("/v1/designs/" + trashed["id"])
    address = an_address()
    register(client, address)
    token = token_in(wait_mail(stack, address, "confirm"))
    running = create(client).json()
    client.post("/v1/auth/verify-email", json={"token": token})
    me = client.get("/v1/me").json()
    listed = [item["id"] for item in client.get("/v1/designs").json()["items"]]
    is_(sorted(listed), sorted([done["id"], running["id"]]), "the designs are there, with their ids")
    is_([item["id"] for item in client.get("/v1/designs?deleted=true").json()["items"]], [trashed["id"]], "the trash too")
    over(client, running["generation"]["id"])
    finished = design(client, running["id"])
    is_((len(finished["generated_images"]), finished["user_id"]), (2, me["id"]), "what was on its way arrives")
    is_(client.get(done["generated_images"][0]["image_url"]).status, 200, "pictures keep their address")
    is_((stack.db.guest_sessions.count_documents({"_id": client.session}), me["usage_stats"]["total_designs_created"],
         me["usage_stats"]["designs_this_month"]), (0, 3, 0), "the guest is gone; made, but not of this month's")
    is_(stack.db.designs.count_documents({"guest_session_id": client.session}), 0, "nothing is the guest's")
    problem(client.post("/v1/guest-session"), 409, "conflict", "a member is no guest")


@test
def a_guest_with_many_designs():
    """More than one step: the rest comes by a job."""
    client = guest(stack)
    one = make(client)
    stored = stack.db.designs.find_one({"_id": one["id"]})
    many = []
    for i in range(450):
        many.append({**stored, "_id": "%08x-0000-7000-8000-%012x" % (i, int(time.time() * 1000) & 0xffffffffffff),
                     "generated_images": [], "generation_id": None,
                     "share_settings": {**stored["share_settings"], "share_token": None}})
    stack.db.designs.insert_many(many)
    address = an_address()
    register(client, address)
    token = token_in(wait_mail(stack, address, "confirm"))
    is_(client.post("/v1/auth/verify-email", json={"token": token}).json(), {"signed_in": True}, "signed in at once")
    user = client.get("/v1/me").json()["id"]
    wait_for(lambda: stack.db.designs.count_documents({"user_id": user}) == 451, 20, "all designs")
    wait_for(lambda: stack.db.guest_sessions.count_documents({"_id": client.session}) == 0, 10, "the end of the guest")
    is_(client.get("/v1/me").json()["usage_stats"]["total_designs_created"], 451, "counted once")


@test
def sessions():
    client = member(stack)
    other = stack.client(headers={"User-Agent": "Workbench/1.0"})
    is_(login(other, client.address_of_mail).status, 200, "a second browser")
    items = client.get("/v1/me/sessions").json()["items"]
    is_(([i["current"] for i in items], items[0]["device"], items[0]["ip_address"]), ([False, True], "Workbench/1.0", "127.0.0.1"),
        "both are listed, newest first")
    ok("secret" not in client.get("/v1/me/sessions").text, "without their hashes")
    wait_mail(stack, client.address_of_mail, "sign-in")
    stranger = member(stack)
    is_(stranger.delete("/v1/me/sessions/" + items[0]["id"]).status, 404, "nobody else's")
    is_(other.get("/v1/me").status, 200, "which still holds")
    is_(client.delete("/v1/me/sessions/" + items[0]["id"]).status, 204, "ended")
    is_([other.get("/v1/me").status for _ in range(30)], [401] * 30, "and refused at once, by every worker")
    is_(client.delete("/v1/me/sessions/" + items[0]["id"]).status, 404, "once")
    login(other, client.address_of_mail)
    is_((client.delete("/v1/me/sessions").status, other.get("/v1/me").status, client.get("/v1/me").status), (204, 401, 200),
        "all others at once")
    before = session_cookie(client)
    login(client, client.address_of_mail)
    ok(session_cookie(client) != before, "a new id at each sign-in")
    old = stack.client()
    old.cookies = {"bezel_%d" % stack.port: before}
    is_(old.get("/v1/me").status, 401, "and the one before has ended")
    kept = dict(client.cookies)
    is_(client.post("/v1/auth/logout").status, 204, "signed out")
    ok("bezel_%d" % stack.port not in client.cookies, "the cookie goes")
    client.cookies = kept
    is_(client.get("/v1/me").status, 401, "and would open nothing")


@test
def at_most_a_hundred_sessions():
    client = member(stack)
    form = stack.db.sessions.find_one({"user_id": client.user})
    stack.db.sessions.insert_many([dict(form, _id="019a%04x%s" % (i, form["_id"][8:])) for i in range(105)])
    first = stack.client()
    first.cookies = {"bezel_%d" % stack.port: session_cookie(client).replace(form["_id"], "019a0068" + form["_id"][8:])}
    is_(first.get("/v1/me").status, 200, "an old session")
    second = stack.client()
    is_(login(second, client.address_of_mail).status, 200, "one more sign-in")
    there = [row["_id"] for row in stack.db.sessions.find({"user_id": client.user}).sort("_id", -1)]
    is_((len(there), there[:2], there[-1][:8]), (100, [session_cookie(second)[2:38], form["_id"]], "019a0007"), "the newest hundred stay")
    is_((client.get("/v1/me").status, first.get("/v1/me").status), (200, 200), "they hold still")
    for _ in range(2):
        login(stack.client(), client.address_of_mail)
    is_(stack.db.sessions.count_documents({"user_id": client.user}), 100, "so it stays")
    stack.db.sessions.delete_many({"_id": {"$gt": "019a0069", "$lt": form["_id"]}})
    stack.db.sessions.insert_many([dict(form, _id="019a8%03x%s" % (i, form["_id"][8:])) for i in range(99)])
    is_(first.get("/v1/me").status, 200, "the oldest is in memory")
    is_(login(stack.client(), client.address_of_mail).status, 200, "signed in again")
    is_([first.get("/v1/me").status for _ in range(8)], [401] * 8, "it is refused at once, by every worker")


@test
def sessions_end():
    client = member(stack)
    identifier = session_cookie(client)[2:38]
    past = datetime.datetime.now(UTC) - datetime.timedelta(seconds=1)
    stack.db.sessions.update_one({"_id": identifier}, {"$set": {"expires_at": past}})
    stack.restart()
    problem(client.get("/v1/me"), 401, "session_expired", "not used for too long, though the server has not removed it")
    client = member(stack)
    identifier = session_cookie(client)[2:38]
    hours = datetime.datetime.now(UTC) - datetime.timedelta(hours=2)
    stack.db.sessions.update_one({"_id": identifier}, {"$set": {"last_used_at": hours}})
    stack.db.users.update_one({"_id": client.user}, {"$set": {"last_login_at": hours}})
    stack.restart()
    is_(client.get("/v1/me").status, 200, "used after two hours")
    stored = stack.db.sessions.find_one({"_id": identifier}, )
    ok((datetime.datetime.utcnow() - stored["last_used_at"]).total_seconds() < 60, "which is noted")
    user = stack.db.users.find_one({"_id": client.user})
    ok((datetime.datetime.utcnow() - user["last_login_at"]).total_seconds() < 60, "in the account too")
    stack.db.sessions.update_one({"_id": identifier}, {"$set": {"ends_at": past, "last_used_at": hours}})
    stack.restart()
    is_(client.get("/v1/me").status, 401, "over in any case")


@test
def revoked_on_another_host():
    """Whose memory ours does not see: within session_cache_s."""
    with Stack(settings={"provider": "mem", "session_cache_s": "2", "web_workers": "4"}) as ours:
        client = member(ours)
        client.get("/v1/me")
        ours.db.sessions.delete_one({"_id": session_cookie(client)[2:38]})
        began = time.monotonic()
        wait_for(lambda: client.get("/v1/me").status == 401, 5, "the end of the session")
        ok(time.monotonic() - began < 2 + SLOWER, "refused two seconds later at most", "%.1f s" % (time.monotonic() - began))
        is_([client.get("/v1/me").status for _ in range(20)], [401] * 20, "by every worker")


@test
def many_sessions_cost_few_look_ups():
    """One that is looked up takes others along that are in use; none that was ended elsewhere."""
    sessions, kept_s = 200, 10
    with Stack(settings={"provider": "mem", "session_cache_s": str(kept_s)}) as ours:
        client = member(ours)
        name = next(name for name in client.cookies if not name.endswith(("-d", "-r")))
        row = ours.db.sessions.find_one({"_id": session_cookie(client)[2:38]})
        rows = [row | {"_id": str(uuid.uuid4())} for _ in range(sessions)]
        secret = session_cookie(client)[39:]
        ours.db.sessions.insert_many(rows)

        def ask_all():
            before, began = metric(ours, "bezel_database_commands_total"), time.monotonic()
            statuses = []
            for row in rows:
                client.cookies[name] = "s_%s.%s" % (row["_id"], secret)
                statuses.append(client.get("/v1/designs?limit=1").status)
            return statuses, metric(ours, "bezel_database_commands_total") - before - sessions, time.monotonic() - began

        statuses, commands, took_s = ask_all()
        is_((set(statuses), commands), ({200}, sessions), "each is looked up once")
        is_(ask_all()[:2], ([200] * sessions, 0), "and is then known")
        rows_gone = (rows[17], rows[116])
        ours.db.sessions.delete_many({"_id": {"$in": [row["_id"] for row in rows_gone]}})
        time.sleep(kept_s)
        statuses, commands, took_again_s = ask_all()
        is_([n for n, status in enumerate(statuses) if status != 200], [17, 116], "what ended elsewhere ends here")
        is_({statuses[17], statuses[116]}, {401}, "with 401")
        ok(commands < sessions / 2 or took_s + took_again_s > kept_s / 2, "together they cost less than half as many",
           "%d, %.1f and %.1f s" % (commands, took_s, took_again_s))


@test
def another_password():
    client = member(stack)
    other = stack.client()
    login(other, client.address_of_mail)
    new = "a ruby of 9 carats"
    reply = client.post("/v1/auth/password", json={"current_password": "wrong", "new_password": new})
    is_((reply.status, pointers(reply)), (422, [("/current_password", "wrong_password")]), "not without the old one")
    reply = client.post("/v1/auth/password", json={"new_password": new})
    is_((reply.status, pointers(reply)), (422, [("/current_password", "wrong_password")]), "nor with none")
    reply = client.post("/v1/auth/password", json={"current_password": PASSWORD, "new_password": "password1"})
    is_((reply.status, pointers(reply)), (422, [("/new_password", "too_common")]), "nor a common one")
    before = session_cookie(client)
    reply = client.post("/v1/auth/password", json={"current_password": PASSWORD, "new_password": new})
    is_(reply.status, 204, "changed")
    ok(session_cookie(client) != before, "under a new session")
    is_((client.get("/v1/me").status, other.get("/v1/me").status), (200, 401), "all others have ended")
    wait_mail(stack, client.address_of_mail, "password")
    is_((login(stack.client(), client.address_of_mail).status, login(stack.client(), client.address_of_mail, new).status),
        (401, 200), "the new one holds, the old one does not")


@test
def a_forgotten_password():
    client = member(stack)
    address = client.address_of_mail
    asker = stack.client()
    asker.post("/v1/auth/password-reset", json={"email": " " + address.upper() + " "})
    first = token_in(wait_mail(stack, address, "new password"))
    asker.post("/v1/auth/password-reset", json={"email": address})
    second = token_in(wait_mail(stack, address, "new password", 2))
    ok(first != second, "each mail has its own link")
    new = "an emerald of 5 carats"
    reply = asker.post("/v1/auth/password-reset/confirm", json={"token": second, "password": "password1"})
    is_((reply.status, pointers(reply)), (422, [("/password", "too_common")]), "a common one is refused")
    problem(asker.post("/v1/auth/verify-email", json={"token": second}), 410, "link_expired", "a link for something else")
    reply = asker.post("/v1/auth/password-reset/confirm", json={"token": second, "password": new})
    is_((reply.status, reply.json(), asker.get("/v1/me").json()["email"]), (200, {"signed_in": True}, address),
        "the link holds still, and signs in")
    is_(client.get("/v1/me").status, 401, "all other sessions have ended")
    for token in (second, first):
        problem(asker.post("/v1/auth/password-reset/confirm", json={"token": token, "password": new}), 410, "link_expired",
                "no link works again, the other neither")
    is_(login(stack.client(), address, new).status, 200, "the new password")
    late = an_address()
    register(stack.client(), late)
    wait_mail(stack, late, "confirm")
    asker = stack.client()
    asker.post("/v1/auth/password-reset", json={"email": late})
    token = token_in(wait_mail(stack, late, "new password"))
    stack.db.one_time_tokens.update_many({"email": late}, {"$set": {"expires_at": datetime.datetime.now(UTC)}})
    problem(asker.post("/v1/auth/password-reset/confirm", json={"token": token, "password": new}), 410, "link_expired",
            "too late, though the server has not removed it")
    asker.post("/v1/auth/password-reset", json={"email": late})
    token = token_in(wait_mail(stack, late, "new password", 2))
    is_((asker.post("/v1/auth/password-reset/confirm", json={"token": token, "password": new}).status,
         login(stack.client(), late, new).status), (200, 200), "a reset confirms the address too")


@test
def a_reset_holds():
    """Whoever has shown the old password loses it to a reset at the same moment."""
    for i in range(5):
        thief = member(stack)
        address = thief.address_of_mail
        owner = stack.client()
        owner.post("/v1/auth/password-reset", json={"email": address})
        token = token_in(wait_mail(stack, address, "new password"))
        change = threading.Thread(target=thief.post, args=("/v1/auth/password",), kwargs={
            "json": {"current_password": PASSWORD, "new_password": "the thief's words 5"}})
        change.start()
        time.sleep(i * 0.02)
        reply = owner.post("/v1/auth/password-reset/confirm", json={"token": token, "password": "the owner's words 5"})
        change.join()
        is_((reply.status, login(stack.client(), address, "the thief's words 5").status,
             login(stack.client(), address, "the owner's words 5").status), (200, 401, 200), "the reset's holds")


@test
def a_damaged_session():
    client = member(stack)
    name, value = next((n, v) for n, v in client.cookies.items() if not n.endswith(("-d", "-r")))
    row = dict(stack.db.sessions.find_one({"_id": value[2:38]}), _id=str(uuid.uuid4()), user_id=5)
    stack.db.sessions.insert_one(row, bypass_document_validation=True)
    problem(stack.client().get("/v1/me", headers={"Cookie": "%s=s_%s%s" % (name, row["_id"], value[38:])}), 401, "session_expired",
            "one of nobody opens nothing")
    stack.db.sessions.delete_one({"_id": row["_id"]})


@test
def signing_in_again_and_again():
    clear_of_border(3600, 10)
    client = member(stack)
    for _ in range(7):
        is_(login(stack.client(), client.address_of_mail).status, 200, "signed in")
    wait_mail(stack, client.address_of_mail, "sign-in", 5)
    wait_for(lambda: stack.db.jobs.count_documents({"kind": "mail", "status": {"$in": ["queued", "running"]}}) == 0, 10, "all is sent")
    is_(len([m for m in mails(stack, client.address_of_mail) if "sign-in" in m["Subject"]]), 5, "five mails of it an hour")


@test
def addresses_of_a_proxy():
    """One with a socket for both kinds writes IPv4 as ::ffff:..., which is not one network."""
    with Stack(settings={"provider": "mem", "register_address_daily": "1"}) as ours:
        ours.stop()
        with open(os.path.join(ours.state, "etc", "real-ip.conf"), "w", encoding="ascii") as file:
            file.write("set_real_ip_from 127.0.0.1;\nreal_ip_header X-Forwarded-For;\n")
        ours.start()
        places = ("::ffff:192.0.2.7", "192.0.2.7", "::ffff:198.51.100.9", "2001:db8::1", "2001:db8::2")
        is_([ours.client().post("/v1/auth/register", json={"email": an_address(), "password": PASSWORD},
                                headers={"X-Forwarded-For": place}).status for place in places], [202, 429, 202, 202, 429],
            "each IPv4 address counts for itself, however it is written")
        is_(sorted(event["network"] for event in ours.db.audit_log.find({"kind": "registered"})),
            ["192.0.2.0", "198.51.100.0", "2001:db8::"], "and stands so in the audit log")


@test
def links_race():
    """Of many who use one link at the same time one does."""
    client = member(stack)
    client.post("/v1/auth/password-reset", json={"email": client.address_of_mail})
    token = token_in(wait_mail(stack, client.address_of_mail, "new password"))
    statuses = []

    def use(n):
        statuses.append(stack.client(allowed=(503,)).post("/v1/auth/password-reset/confirm", json={
            "token": token, "password": "a pearl of %d mm or so" % n}, timeout=60).status)
    threads = [threading.Thread(target=use, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    is_((statuses.count(200), set(statuses) - {200, 410, 503}), (1, set()), "one of eight")


@test
def guessing():
    """Wrong passwords: throttled, the owner gets in, and nobody else waits."""
    owner = member(stack)
    attacker = stack.client(address="127.0.0.9")

    def guess(statuses, pipe):
        while not pipe.poll() or len(statuses) < 200:
            statuses.append(login(attacker, owner.address_of_mail, "guess %d" % len(statuses), timeout=60).status)

    def attack(pipe):
        """In a process of its own: one that both guesses and measures would wait for itself."""
        statuses = []
        threads = [threading.Thread(target=guess, args=(statuses, pipe)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        pipe.send(statuses)

    def measure():
        """Of three seconds the middle one, so that one hiccup of the machine does not count."""
        watcher, worst = stack.client(), []
        for _ in range(3):
            times, until = [], time.monotonic() + 1
            while time.monotonic() < until:
                began = time.monotonic()
                watcher.get("/v1/catalog")
                times.append(time.monotonic() - began)
            worst.append(sorted(times)[len(times) * 99 // 100])
        return sorted(worst)[1]
    statuses = []
    # Whoever waits for passwords waits each time; beside other tests anybody does now and then.
    for _ in range(3):
        idle = measure()
        ours, theirs = multiprocessing.Pipe()
        attacking = multiprocessing.get_context("fork").Process(target=attack, args=(theirs,), daemon=True)
        attacking.start()
        busy = measure()
        ours.send("enough")
        statuses += ours.recv() if ours.poll(60 * SLOWER) else []
        attacking.join()
        if busy < max(5 * idle, 0.02 * SLOWER):
            break
    is_(set(statuses), {401, 429}, "wrong, then too many")
    ok(statuses.count(401) <= 3 * 10, "few were tried", "%d" % statuses.count(401))
    diag("p99 of /v1/catalog: %.1f ms idle, %.1f ms with %d guesses meanwhile" % (idle * 1000, busy * 1000, len(statuses)))
    # A password is hashed for 25 ms: whoever waited for one would be seen.
    ok(busy < max(5 * idle, 0.02 * SLOWER), "others do not wait", "p99 %.1f and %.1f ms" % (idle * 1000, busy * 1000))
    # The next minute would begin anew: in one that has just begun, the tries are used up once more.
    clear_of_border(60, 8)
    for _ in range(40):
        if login(attacker, owner.address_of_mail, "guess again").status == 429:
            break
    reply = login(attacker, owner.address_of_mail)
    problem(reply, 429, "rate_limited", "not even with the right one")
    ok(0 < int(reply.header("Retry-After")) <= 60, "when to come again", reply.header("Retry-After"))
    is_(login(stack.client(), owner.address_of_mail).status, 200, "the owner gets in from elsewhere")
    known = stack.client(address="127.0.0.9")
    known.cookies = {name: value for name, value in owner.cookies.items() if name.endswith("-d")}
    is_(login(known, owner.address_of_mail).status, 200, "and from there, with a browser that has signed in before")
    other = stack.client(address="127.0.0.9")
    other.cookies = {name: value for name, value in member(stack).cookies.items() if name.endswith("-d")}
    is_(login(other, owner.address_of_mail).status, 429, "a browser of somebody else does not count")
    ok(stack.db.audit_log.count_documents({"kind": "sign_in_failed", "user_id": owner.user}) >= 10, "failures are on record")


@test
def the_right_password_again_and_again():
    """Each is a hash: who knows a password must not keep all slow workers busy either."""
    with Stack(settings={"provider": "mem", "login_failures": "2", "login_successes": "5", "login_address_failures": "2",
                         "login_window_s": "86400", "register_address_daily": "1000"}) as few:
        owner = member(few)
        statuses = [login(few.client(), owner.address_of_mail).status for _ in range(9)]
        is_(statuses, [200] * 7 + [429] * 2, "five right ones and two wrong ones may be tried")
        is_(login(few.client(address="127.0.0.9"), owner.address_of_mail).status, 200, "the owner gets in from elsewhere")
        known = few.client()
        known.cookies = {name: value for name, value in owner.cookies.items() if name.endswith("-d")}
        is_(login(known, owner.address_of_mail).status, 200, "and with a browser that has signed in before")
        current, statuses = PASSWORD, []
        for i in range(9):
            new = "%s, number %d" % (PASSWORD, i)
            reply = owner.post("/v1/auth/password", json={"current_password": current, "new_password": new})
            current = new if reply.status == 204 else current
            statuses.append(reply.status)
        is_(statuses, [204] * 7 + [429] * 2, "the same where the password is asked for again")
        others = [member(few) for _ in range(8)]
        statuses = [login(few.client(address="127.0.0.8"), other.address_of_mail).status for other in others for _ in range(7)]
        is_(statuses, [200] * 52 + [429] * 4, "ten times as many of all accounts from one address")


@test
def too_much_mail():
    clear_of_border(3600, 10)
    address = an_address()
    client = stack.client()
    statuses = [client.post("/v1/auth/password-reset", json={"email": address}).status for _ in range(7)]
    is_(statuses, [202] * 5 + [429] * 2, "five an hour to one address")
    # Registering somebody's address, or asking for its link again, keeps nobody from a reset.
    owner, stranger = member(stack), stack.client()
    address = owner.address_of_mail
    is_([register(stranger, address).status for _ in range(6)][-2:], [429, 429], "a stranger registers it again and again")
    statuses = [stranger.post("/v1/auth/verify-email/resend", json={"email": address}).status for _ in range(6)]
    is_(statuses, [202] * 5 + [429], "and asks for links")
    is_(stack.client().post("/v1/auth/password-reset", json={"email": address}).status, 202, "the owner's reset is counted apart")
    wait_mail(stack, address, "new password")
    ok(True, "and comes")


@test
def the_profile():
    client = member(stack)
    me = client.get("/v1/me")
    is_((client.get("/v1/me", headers={"If-None-Match": me.header("ETag")}).status), 304, "an ETag")
    reply = client.patch("/v1/me", json={"full_name": "$where ‘x’", "preferences": {"theme": "dark", "email_notifications": {
        "design_tips": False}}}, headers={"If-Match": me.header("ETag")})
    is_((reply.status, reply.json()["full_name"], reply.json()["preferences"]["theme"],
         reply.json()["preferences"]["email_notifications"]), (200, "$where ‘x’", "dark",
         {"new_features": True, "design_tips": False, "account_activity": True}), "changed where something was said")
    is_(client.patch("/v1/me", json={"full_name": None}, headers={"If-Match": me.header("ETag")}).status, 412,
        "not on an old version")
    is_(client.patch("/v1/me", json={"full_name": None}).json()["full_name"], None, "a name may go")
    for given, pointer in (({"email": "x@y.example"}, "/email"), ({"email_verified": True}, "/email_verified"),
                           ({"subscription": {"tier": "premium"}}, "/subscription"), ({"usage_stats": {}}, "/usage_stats"),
                           ({"preferences": {"theme": "blue"}}, "/preferences/theme"),
                           ({"preferences": {"default_num_variations": 5}}, "/preferences/default_num_variations"),
                           ({"preferences": None}, "/preferences"), ({"disabled_at": None}, "/disabled_at"),
                           ({"password_hash": "x"}, "/password_hash")):
        reply = client.patch("/v1/me", json=given)
        is_((reply.status, [f[0] for f in pointers(reply)]), (422, [pointer]), "not to be set: %r" % (given,))
    client.patch("/v1/me", json={"preferences": {"default_num_variations": 4, "default_refinement_strength": 0.9}})
    asked = body()
    del asked["num_variations_requested"]
    made = client.post("/v1/designs", json=asked).json()
    is_(made["num_variations_requested"], 4, "one's own number of pictures")
    over(client, made["generation"]["id"])
    refined = client.post("/v1/designs/%s/refinements" % made["id"], json={"prompt": "thinner"}).json()
    is_(refined["refinement_strength"], 0.9, "one's own strength")
    problem(guest(stack).get("/v1/me"), 403, "account_required", "a guest has none")


@test
def limits_of_the_plan():
    clear_of_border(86400, 10)
    client = member(stack)
    codes = [create(client).status for _ in range(4)]
    is_(codes, [202, 202, 202, 429], "three designs a day")
    reply = create(client)
    is_((reply.json()["code"], reply.header("RateLimit").split(";")[1], reply.header("RateLimit-Policy")),
        ("quota_exceeded", "r=0", '"gen";q=3;w=86400'), "the refusal says how many there are")
    usage = client.get("/v1/me/usage").json()
    is_((usage["tier"], usage["designs_today"]["used"], usage["designs_today"]["left"], usage["designs_this_month"]["used"]),
        ("free", 3, 0, 3), "usage")
    one = client.get("/v1/designs?limit=1").json()["items"][0]
    over(client, stack.db.jobs.find_one({"design_id": one["id"]})["_id"])
    is_([client.post("/v1/designs/%s/refinements" % one["id"], json={"prompt": "thinner"}).status for _ in range(3)],
        [202, 202, 429], "refinements are counted apart")
    stack.db.users.update_one({"_id": client.user}, {"$set": {"subscription.tier": "premium"}})
    is_((client.get("/v1/me/usage").json()["tier"], create(client).status), ("premium", 202), "premium has more")
    past = datetime.datetime.now(UTC) - datetime.timedelta(seconds=1)
    stack.db.users.update_one({"_id": client.user}, {"$set": {"subscription.expires_at": past}})
    is_((client.get("/v1/me").json()["subscription"]["tier"], create(client).status), ("free", 429), "until it ends")
    stack.db.users.update_one({"_id": client.user}, {"$set": {
        "usage_stats.day": "2026-01-31", "usage_stats.month": "2026-01"}})
    me = client.get("/v1/me").json()
    is_((me["usage_stats"]["designs_this_month"], me["usage_stats"]["designs_today"]), (0, 0), "another month: shown as 0")
    is_(create(client).status, 202, "and begun anew by no job at all")
    stored = stack.db.users.find_one({"_id": client.user})["usage_stats"]
    is_((stored["designs_this_month"], stored["designs_today"], stored["refinements_this_month"]), (1, 1, 0), "all counters")
    codes = []
    threads = [threading.Thread(target=lambda: codes.append(create(client).status)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    is_(sorted(codes), [202] * 2 + [429] * 10, "twelve at once: two are left")


@test
def a_plan_with_none_a_day():
    """What is not to be had today is to be asked for tomorrow, not in a month."""
    with Stack(settings={"provider": "mem", "free_designs_daily": "0"}) as closed:
        reply = create(member(closed))
        problem(reply, 429, "quota_exceeded", "none a day")
        ok(0 < int(reply.header("Retry-After")) <= 86400, "until tomorrow", reply.header("Retry-After"))


@test
def the_job_of_the_month():
    """Counters that are over are tidied, whose month runs on are left alone; nothing depends on it."""
    over_now, running = member(stack), member(stack)
    create(running)
    stack.db.users.update_one({"_id": over_now.user}, {"$set": {
        "usage_stats.month": "2026-01", "usage_stats.day": "2026-01-31", "usage_stats.designs_this_month": 7,
        "usage_stats.refinements_this_month": 5, "usage_stats.designs_today": 2, "usage_stats.total_designs_created": 9}})
    before = stack.db.users.find_one({"_id": running.user})["usage_stats"]
    for _ in range(2):
        stack.restart()
        tidied = wait_for(lambda: [s for s in [stack.db.users.find_one({"_id": over_now.user})["usage_stats"]]
                                   if s["month"] != "2026-01"], 10, "the scheduler")[0]
    is_((tidied["designs_this_month"], tidied["refinements_this_month"], tidied["designs_today"],
         tidied["total_designs_created"]), (0, 0, 0, 9), "tidied; what was ever made stays")
    is_(stack.db.users.find_one({"_id": running.user})["usage_stats"], before, "this month's are left alone")


@test
def charges_come_back():
    failing = Stack(settings={"provider": "mem", "provider_script": "*:refused"})
    with failing:
        client = member(failing)
        made = create(client).json()
        over(client, made["generation"]["id"])
        stats = client.get("/v1/me").json()["usage_stats"]
        is_((stats["designs_this_month"], stats["designs_today"], stats["total_designs_created"]), (0, 0, 1),
            "a design without a picture cost nothing")


@test
def what_is_written_down():
    client = member(stack, full_name="Quite Unusual Name")
    login(client, client.address_of_mail, "wrong one")
    login(client, client.address_of_mail)
    client.post("/v1/auth/logout")
    kinds = [event["kind"] for event in stack.db.audit_log.find({"user_id": client.user}).sort("_id", 1)]
    is_(kinds, ["registered", "email_verified", "signed_in", "sign_in_failed", "signed_in", "signed_out"], "the audit log")
    event = stack.db.audit_log.find_one({"user_id": client.user, "kind": "signed_in"})
    is_(event["network"], "127.0.0.0", "addresses are shortened")
    everything = str(list(stack.db.audit_log.find({}))) + stack.log("bezel") + stack.log("nginx-access")
    for word in ("Quite Unusual", client.address_of_mail, PASSWORD, "127.0.0.9", "verify_email.0"):
        ok(word not in everything, "in no log: " + word)
    ok(metric(stack, "bezel_sign_ins_total") > 0 and metric(stack, "bezel_sign_in_failures_total") > 0, "counted")


@test
def one_command():
    client = member(stack)
    made = make(client)
    client.get("/v1/designs/" + made["id"])
    for path in ("/v1/designs/" + made["id"], "/v1/designs?limit=20"):
        before = metric(stack, "bezel_database_commands_total")
        for _ in range(20):
            client.get(path)
        is_(metric(stack, "bezel_database_commands_total") - before, 20, "one command a request: " + path.split("?")[0])
    stack.restart()
    before = metric(stack, "bezel_database_commands_total")
    for path in ("/v1/catalog", "/v1/openapi.json", "/v1/auth/providers", "/v1/problems/invalid", "/healthz"):
        is_(client.get(path).status, 200, "for everybody: " + path)
    is_(metric(stack, "bezel_database_commands_total") - before, 0, "without a look at the session")


stack = Stack(settings={"provider": "mem", "free_designs_daily": "3", "free_refinements_daily": "2", "guest_daily": "1000",
                        "guest_address_daily": "100000"})
if __name__ == "__main__":
    stack.start()
    main()
