#!/usr/bin/python3
"""Another e-mail address: asking, the link and who may follow it, what ends with it, taking it back, races, limits; and
what strangers cannot learn or do."""
import datetime
import io
import json
import os
import sys
import threading
import time
import uuid
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from members import PASSWORD, an_address, login, mails, member, register, text_of, token_in, wait_mail
from stack import Stack, wait_for
from studio import guest
from tap import contains, is_, main, ok, test

UTC = datetime.timezone.utc
ASK, CONFIRM, UNDO = "/v1/me/email", "/v1/me/email/confirm", "/v1/auth/email-undo"


def problem(reply, status, code, name):
    is_((reply.status, reply.json().get("code")), (status, code), name)


def stored(client):
    return stack.db.users.find_one({"_id": client.user})


def me(client):
    return client.get("/v1/me").json()


def ask(client, address):
    return client.post(ASK, json={"email": address})


def asked(client, address=None):
    """The link that was sent to a new address."""
    client.new_address = address or an_address("new")
    reply = ask(client, client.new_address)
    assert reply.status == 202, reply
    return token_in(wait_mail(stack, client.new_address, "new address"))


def changed(client, address=None):
    """Changes it; returns the link that takes it back."""
    old = me(client)["email"]
    reply = client.post(CONFIRM, json={"token": asked(client, address)})
    assert reply.status == 200, reply
    return token_in(wait_mail(stack, old, "your address at"))


def events(client):
    return [event["kind"] for event in stack.db.audit_log.find({"user_id": client.user}).sort("_id", 1)]


def mail_settled():
    wait_for(lambda: stack.db.jobs.count_documents({"kind": "mail", "status": {"$in": ["queued", "running"]}}) == 0, 20, "all is sent")


def an_hour_later(client):
    stack.db.sessions.update_many({"user_id": client.user}, {"$set": {
        "created_at": datetime.datetime.now(UTC) - datetime.timedelta(hours=1)}})
    stack.restart()


@test
def from_one_to_another():
    client = member(stack, full_name="Anna Stone")
    other = stack.client()
    login(other, client.address_of_mail)
    old, new = client.address_of_mail, an_address("new")
    key = client.post("/v1/api-keys", json={"name": "shop", "mode": "live", "scopes": ["account:read"]}).json()["key"]
    before = me(client)
    is_((before["pending_email"], before["pending_email_until"]), (None, None), "nothing is pending")
    etag = client.get("/v1/me").header("ETag")
    reply = ask(client, "  " + new.upper().replace("EXAMPLE", "Example") + " ")
    is_((reply.status, sorted(reply.json()), reply.header("Cache-Control")), (202, ["message"], "no-store"), "accepted")
    now = me(client)
    is_((now["email"], now["pending_email"], client.get("/v1/me").header("ETag") != etag), (old, new, True),
        "it is pending, in lower case; the address is what it was")
    left = datetime.datetime.fromisoformat(now["pending_email_until"].replace("Z", "+00:00")) - datetime.datetime.now(UTC)
    ok(datetime.timedelta(hours=47) < left <= datetime.timedelta(hours=48), "for two days", left)
    message = wait_mail(stack, new, "new address")
    token = token_in(message)
    contains(text_of(message), "/email#token=", "the link's page")
    ok("Anna Stone" not in message.as_string() and old not in message.as_string(), "a stranger who gets it learns nobody's name or address")
    row = stack.db.one_time_tokens.find_one({"user_id": client.user, "purpose": "email_change"})
    ok(token not in str(row) and token.split(".")[-1] not in str(row), "its secret is stored nowhere")
    is_((login(stack.client(), new).status, login(stack.client(), old).status), (401, 200), "one signs in with the old one still")
    client.post("/v1/auth/password-reset", json={"email": old})
    reset = token_in(wait_mail(stack, old, "new password"))
    reply = client.post(CONFIRM, json={"token": token})
    is_((reply.status, reply.json()["email"], reply.json()["pending_email"], reply.json()["email_verified"]), (200, new, None, True),
        "the link changes it")
    user = stored(client)
    is_((user["email"], user["email_verified"], user["pending_email"], user["pending_email_until"]), (new, True, None, None), "as stored")
    is_([client.get("/v1/me").status for _ in range(8)], [200] * 8, "this session goes on")
    is_([other.get("/v1/me").status for _ in range(8)], [401] * 8, "all others have ended, for every worker")
    is_(stack.client(headers={"Authorization": "Bearer " + key}).get("/v1/me").status, 200, "keys stay")
    is_((login(stack.client(), old).status, login(stack.client(), new).status), (401, 200), "one signs in with the new one")
    problem(stack.client().post("/v1/auth/password-reset/confirm", json={"token": reset, "password": "an agate of 4 carats"}),
            410, "link_expired", "a link for a new password to the old address is void")
    problem(client.post(CONFIRM, json={"token": token}), 410, "link_expired", "the link works once")
    notice = wait_mail(stack, old, "your address at")
    contains(text_of(notice), "/email-undo#token=", "the old address gets a way back")
    contains(text_of(notice), "Hello Anna Stone,", "by name")
    ok(new not in notice.as_string(), "and does not learn the new one")
    is_([kind for kind in events(client) if kind.startswith("email_change")], ["email_change_asked", "email_changed"], "in the audit log")
    ok(not any(word in str(event) for event in stack.db.audit_log.find({"user_id": client.user}) for word in (old, new)),
       "without addresses")
    log = stack.log("bezel") + stack.log("nginx-access")
    is_([word for word in (old, new, token) if word in log], [], "nor is any in the logs")


@test
def security_notices_always_go():
    client = member(stack)
    client.patch("/v1/me", json={"preferences": {"email_notifications": {
        "account_activity": False, "new_features": False, "design_tips": False}}})
    old = client.address_of_mail
    changed(client)
    ok(wait_mail(stack, old, "your address at"), "whatever mails one wants")


@test
def who_may_follow_the_link():
    client = member(stack)
    token = asked(client)
    stranger = member(stack)
    problem(stranger.post(CONFIRM, json={"token": token}), 404, "not_found", "not another member")
    problem(stack.client().post(CONFIRM, json={"token": token}), 401, "session_required", "nor somebody who is not signed in")
    problem(guest(stack).post(CONFIRM, json={"token": token}), 403, "account_required", "nor a guest")
    problem(client.post(CONFIRM, json={"token": token}, origin="http://evil.example"), 403, "origin_required", "nor another site")
    for forged in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x", token + "A", ""):
        ok(client.post(CONFIRM, json={"token": forged}).status in (410, 422), "forged: %.10s" % forged)
    for path in ("/v1/auth/verify-email", UNDO):
        problem(client.post(path, json={"token": token}), 410, "link_expired", "nor is it a link for %s" % path)
    problem(client.post("/v1/auth/password-reset/confirm", json={"token": token, "password": "an agate of 4 carats"}), 410, "link_expired",
            "nor for a new password")
    is_(client.get(CONFIRM).status, 405, "looking at it does nothing")
    is_((me(client)["email"], me(client)["pending_email"]), (client.address_of_mail, client.new_address), "nothing has changed")
    again = stack.client()
    login(again, client.address_of_mail)
    is_(again.post(CONFIRM, json={"token": token}).status, 200, "another browser of the same member does")


@test
def only_after_a_fresh_sign_in():
    client = member(stack)
    an_hour_later(client)
    problem(ask(client, an_address()), 403, "fresh_login_required", "not an hour later")
    is_((me(client)["pending_email"], stack.db.one_time_tokens.count_documents({"user_id": client.user, "purpose": "email_change"})),
        (None, 0), "nothing was made")
    login(client, client.address_of_mail)
    token = asked(client)
    an_hour_later(client)
    is_(client.delete(ASK).status, 204, "taking it back needs none")
    login(client, client.address_of_mail)
    token = asked(client)
    an_hour_later(client)
    is_(client.post(CONFIRM, json={"token": token}).status, 200, "nor does the link")
    for body in ({}, {"email": "anna"}, {"email": 7}, {"email": "a@b.example\r\nBcc: x@y.example"}, {"email": "a@b.example>\r\nRCPT TO:<x@y.example"},
                 {"email": "a@b.example", "user_id": str(uuid.uuid4())}, {"email": {"$ne": ""}}, {"email": "x" * 250 + "@e.example"}, []):
        login(client, client.new_address)
        ok(client.post(ASK, json=body).status in (400, 422), "refused: %.50r" % (body,))
    problem(client.post(ASK, json={"email": an_address()}, origin="http://evil.example"), 403, "origin_required", "from another site")
    key = client.post("/v1/api-keys", json={"name": "shop", "mode": "live", "scopes": ["account:read"]}).json()["key"]
    program = stack.client(headers={"Authorization": "Bearer " + key})
    ok(ask(program, an_address()).status in (401, 403), "no key changes it")
    is_(me(client)["pending_email"], None, "nothing is pending")


@test
def strangers_learn_nothing():
    taken = member(stack).address_of_mail
    client = member(stack)
    replies = [ask(client, address) for address in (taken, an_address())]
    is_([(r.status, r.body, sorted(r.headers.keys())) for r in replies], [(202, replies[0].body, sorted(replies[0].headers.keys()))] * 2,
        "the same answer")
    ask(client, taken)
    is_((me(client)["pending_email"], stack.db.one_time_tokens.count_documents({"user_id": client.user, "purpose": "email_change"})),
        (taken, 1), "the same state")
    message = wait_mail(stack, taken, "already")
    ok("token=" not in text_of(message), "who has the address is told, and gets no link")
    mail_settled()
    is_([m["Subject"] for m in mails(stack, taken) if "new address" in m["Subject"].lower()], [], "nor another mail with one")
    ok(client.address_of_mail not in message.as_string(), "nor learns who it was")


@test
def a_typed_in_account_is_in_nobodys_way():
    """Somebody has registered the address and never confirmed it."""
    address = an_address("typed")
    stranger = stack.client()
    register(stranger, address, "the stranger's words 9")
    bait = token_in(wait_mail(stack, address, "confirm"))
    there = stack.db.users.find_one({"email": address})["_id"]
    client = member(stack)
    token = asked(client, address)
    is_(client.post(CONFIRM, json={"token": token}).status, 200, "who has proven the address gets it")
    is_((stack.db.users.count_documents({"_id": there}), stack.db.one_time_tokens.count_documents({"user_id": there}),
         stack.db.audit_log.count_documents({"user_id": there, "kind": "registration_replaced"})), (0, 0, 1), "the other one is gone")
    problem(stranger.post("/v1/auth/verify-email", json={"token": bait}), 410, "link_expired", "and its link is void")
    is_(login(stranger, address, "the stranger's words 9").status, 401, "its password too")


@test
def taken_meanwhile():
    address = an_address("meanwhile")
    client = member(stack)
    token = asked(client, address)
    other = member(stack, address=address)
    problem(client.post(CONFIRM, json={"token": token}), 409, "account_exists", "somebody else has proven it meanwhile")
    is_((me(client)["email"], me(other)["email"], client.get("/v1/me").status), (client.address_of_mail, address, 200), "both keep theirs")
    problem(client.post(CONFIRM, json={"token": token}), 409, "account_exists", "as often as one asks")


@test
def two_to_one_address():
    for _ in range(4):
        address = an_address("race")
        both = [member(stack), member(stack)]
        tokens = []
        for i, client in enumerate(both):
            ask(client, address)
            tokens.append(token_in(wait_mail(stack, address, "new address", i + 1)))
        answers = [None, None]

        def follow(i):
            answers[i] = both[i].post(CONFIRM, json={"token": tokens[i]})

        threads = [threading.Thread(target=follow, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        is_(sorted(reply.status for reply in answers), [200, 409], "one of two gets it")
        is_(stack.db.users.count_documents({"email": address}), 1, "exactly one account has it")
        loser = both[[reply.status for reply in answers].index(409)]
        is_((me(loser)["email"], "email_changed" in events(loser)), (loser.address_of_mail, False), "the other is as it was")


@test
def one_link_many_times():
    client = member(stack)
    token, answers = asked(client), []
    threads = [threading.Thread(target=lambda: answers.append(client.post(CONFIRM, json={"token": token}).status)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    is_(sorted(answers), [200] + [410] * 5, "works once")
    mail_settled()
    is_((events(client).count("email_changed"), len([m for m in mails(stack, client.address_of_mail) if "your address at" in m["Subject"].lower()])), (1, 1),
        "one event, one notice")


@test
def asking_again_and_taking_it_back():
    client = member(stack)
    first = asked(client)
    second = asked(client)
    problem(client.post(CONFIRM, json={"token": first}), 410, "link_expired", "a further link replaces the earlier one")
    is_(me(client)["pending_email"], client.new_address, "the later address is pending")
    is_([client.delete(ASK).status for _ in range(2)], [204, 204], "taken back, twice is once")
    is_(me(client)["pending_email"], None, "nothing is pending")
    problem(client.post(CONFIRM, json={"token": second}), 410, "link_expired", "the link is void")
    is_(events(client).count("email_change_cancelled"), 1, "one event")
    third = asked(client)
    reply = ask(client, client.address_of_mail.upper())
    is_((reply.status, me(client)["pending_email"]), (202, None), "asking for the present one takes it back too")
    problem(client.post(CONFIRM, json={"token": third}), 410, "link_expired", "and the link is void")
    mail_settled()
    is_([m for m in mails(stack, client.address_of_mail) if "new address" in m["Subject"].lower()], [], "without a mail")
    guessed = an_address("once")
    asked(client, guessed)
    is_(client.patch("/v1/me", json={"pending_email": "x@example.net"}).status, 422, "it cannot be set")
    is_(client.patch("/v1/me", json={"full_name": "Anna"}).json()["pending_email"], guessed, "a change of the name leaves it")


@test
def links_end():
    client = member(stack)
    token = asked(client)
    past = datetime.datetime.now(UTC) - datetime.timedelta(seconds=1)
    stack.db.one_time_tokens.update_many({"user_id": client.user}, {"$set": {"expires_at": past}})
    problem(client.post(CONFIRM, json={"token": token}), 410, "link_expired", "too late, though the server has not removed it")
    stack.db.users.update_one({"_id": client.user}, {"$set": {"pending_email_until": past}})
    is_((me(client)["pending_email"], me(client)["pending_email_until"]), (None, None), "nothing is shown any more")
    done = stack.bezel("retention")
    is_(done.returncode, 0, "retention")
    contains(done.stdout, "1 addresses forgotten that nobody confirmed in time", "retention forgets it")
    is_((stored(client)["pending_email"], stored(client)["pending_email_until"]), (None, None), "and nothing is stored")
    plan = stack.db.command("explain", {"find": "users", "filter": {"pending_email_until": {
        "$gt": datetime.datetime(1970, 1, 1), "$lte": past}}}, verbosity="executionStats")
    contains(str(plan["queryPlanner"]["winningPlan"]), "by_pending", "by an index that only those are in")


def cancelled(client, token, name, present=1):
    user = stored(client)
    is_((user["email"], user["pending_email"], user["pending_email_until"]), (client.address_of_mail, None, None), name + ": nothing is pending")
    is_(stack.db.one_time_tokens.count_documents({"user_id": client.user, "purpose": "email_change"}), 0, name + ": there is no link")
    is_(events(client).count("email_change_cancelled"), present, name + ": in the audit log")
    problem(client.post(CONFIRM, json={"token": token}), 410, "link_expired", name + ": the one that was sent is void")
    is_(me(client)["email"], client.address_of_mail, name + ": the address is what it was")


@test
def a_new_password_ends_it():
    """Whoever had a session may have asked for it: a reset, or a change by the owner, takes it back."""
    owner, thief = member(stack), stack.client()
    login(thief, owner.address_of_mail)
    thief.user = owner.user
    token = asked(thief)
    stack.client().post("/v1/auth/password-reset", json={"email": owner.address_of_mail})
    reset = {"token": token_in(wait_mail(stack, owner.address_of_mail, "new password")), "password": "password1"}
    is_(owner.post("/v1/auth/password-reset/confirm", json=reset).status, 422, "a password that is refused")
    is_(stored(owner)["pending_email"], thief.new_address, "changes nothing")
    is_(owner.post("/v1/auth/password-reset/confirm", json={**reset, "password": "an agate of 4 carats"}).status, 200, "a reset")
    cancelled(owner, token, "reset")
    is_(login(thief, owner.address_of_mail, "an agate of 4 carats").status, 200, "also who had the new password")
    problem(thief.post(CONFIRM, json={"token": token}), 410, "link_expired", "could not follow it")

    ann, other = member(stack), stack.client()
    login(other, ann.address_of_mail)
    token = asked(other)
    change = {"current_password": PASSWORD, "new_password": "a ruby of 9 carats"}
    is_(ann.post("/v1/auth/password", json={**change, "current_password": "wrong"}).status, 422, "a wrong password")
    is_(stored(ann)["pending_email"], other.new_address, "changes nothing")
    is_(ann.post("/v1/auth/password", json=change).status, 204, "a change")
    cancelled(ann, token, "change")
    is_(ann.post(CONFIRM, json={"token": asked(ann)}).status, 200, "asked for again, it comes about")

    ben = member(stack)
    is_(ben.post("/v1/auth/password", json=change).status, 204, "without one that is pending")
    is_(events(ben).count("email_change_cancelled"), 0, "nothing is cancelled")


@test
def a_new_password_leaves_the_way_back():
    """A thief who has changed the address already must not be rid of it by a new password."""
    client = member(stack)
    undo = changed(client)
    is_(client.post("/v1/auth/password", json={"current_password": PASSWORD, "new_password": "a ruby of 9 carats"}).status, 204, "another password")
    is_((stack.client().post(UNDO, json={"token": undo}).status, stored(client)["email"]), (202, client.address_of_mail), "the old address comes back")


@test
def a_new_password_at_the_same_moment():
    """Whichever comes first, account, link and audit log agree."""
    client, address = member(stack), an_address("new")
    reply = []
    threads = [threading.Thread(target=lambda: reply.append(ask(client, address).status)),
               threading.Thread(target=lambda: reply.append(client.post("/v1/auth/password", json={
                   "current_password": PASSWORD, "new_password": "a ruby of 9 carats"}).status))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ok(set(reply) <= {202, 204, 401} and 204 in reply, "both at once", reply)
    user, links = stored(client), stack.db.one_time_tokens.count_documents({"user_id": client.user, "purpose": "email_change"})
    is_(links, 0 if user["pending_email"] is None else 1, "a link is there exactly when an address waits")
    is_(events(client).count("email_change_cancelled"), events(client).count("email_change_asked") - links, "as the audit log has it")


@test
def who_leaves_and_who_is_closed():
    client = member(stack)
    token = asked(client)
    stack.db.users.update_one({"_id": client.user}, {"$set": {"disabled_at": datetime.datetime.now(UTC)}})
    ok(ask(client, an_address()).status == 401, "a closed account asks for nothing")
    ok(client.post(CONFIRM, json={"token": token}).status == 401, "and changes nothing")
    is_(stored(client)["email"], client.address_of_mail, "the address is what it was")
    leaver = member(stack)
    back = changed(leaver)
    token = asked(leaver)
    is_(leaver.delete("/v1/me", json={"password": PASSWORD}).status, 204, "somebody leaves")
    user = stack.db.users.find_one({"_id": leaver.user}) or {}
    is_((user.get("pending_email"), stack.db.one_time_tokens.count_documents({"user_id": leaver.user})), (None, 0), "nothing waits any more")
    problem(stack.client().post(UNDO, json={"token": back}), 410, "link_expired", "the way back is none")
    ok(leaver.post(CONFIRM, json={"token": token}).status == 401, "nor the link")


@test
def the_export_has_it():
    client = member(stack)
    asked(client)
    is_(client.post("/v1/me/export").status, 202, "an export")
    wait_for(lambda: client.get("/v1/me/export").json()["status"] == "ready", 30, "the export")
    archive = client.get(client.get("/v1/me/export").json()["url"])
    with zipfile.ZipFile(io.BytesIO(archive.body)) as packed:
        name = next(name for name in packed.namelist() if name.endswith("account.json"))
        is_(json.loads(packed.read(name))["pending_email"], client.new_address, "account.json names the pending address")


# --- taking it back ----------------------------------------------------------

@test
def undone():
    """As after a theft: whoever had the account changed the address, made a key and linked a way in."""
    client = member(stack, full_name="Anna")
    old = client.address_of_mail
    kept, since = str(uuid.uuid4()), str(uuid.uuid4())
    row = {"user_id": client.user, "issuer": "https://id.example", "email": None, "last_used_at": None}
    stack.db.identities.insert_one({**row, "_id": kept, "provider": "google", "subject": kept, "created_at": datetime.datetime.now(UTC)})
    time.sleep(0.01)
    back = changed(client)
    new = client.new_address
    stack.db.identities.insert_one({**row, "_id": since, "provider": "facebook", "subject": since, "created_at": datetime.datetime.now(UTC)})
    key = client.post("/v1/api-keys", json={"name": "left", "mode": "live", "scopes": ["account:read"]}).json()["key"]
    client.post("/v1/auth/password-reset", json={"email": new})
    reset = token_in(wait_mail(stack, new, "new password"))
    pending = asked(client)
    owner = stack.client()
    for forged in (back[:-1] + ("A" if back[-1] != "A" else "B"), "x", pending, reset):
        ok(owner.post(UNDO, json={"token": forged}).status in (410, 422), "not by %.8s" % forged)
    problem(owner.post(UNDO, json={"token": back}, origin="http://evil.example"), 403, "origin_required", "nor from another site")
    is_(owner.get(UNDO).status, 405, "looking at it does nothing")
    is_(me(client)["email"], new, "nothing has happened")
    reply = owner.post(UNDO, json={"token": back})
    is_((reply.status, sorted(reply.json())), (202, ["message"]), "taken back")
    user = stored(client)
    is_((user["email"], user["email_verified"], user["password_hash"], user["pending_email"]), (old, True, None, None),
        "the old address, without a password")
    is_([client.get("/v1/me").status for _ in range(8)], [401] * 8, "all sessions have ended, for every worker")
    is_(stack.client(headers={"Authorization": "Bearer " + key}).get("/v1/me").status, 401, "keys too")
    is_([i["_id"] for i in stack.db.identities.find({"user_id": client.user})], [kept], "a way in that was linked since is gone, earlier ones stay")
    is_([login(stack.client(), address).status for address in (old, new)], [401, 401], "the password opens nothing")
    problem(stack.client().post("/v1/auth/password-reset/confirm", json={"token": reset, "password": "an agate of 4 carats"}), 410,
            "link_expired", "nor a link to the other address")
    token = token_in(wait_mail(stack, old, "new password"))
    is_(owner.post("/v1/auth/password-reset/confirm", json={"token": token, "password": "an agate of 5 carats"}).json(), {"signed_in": True},
        "a link for a new password has come")
    is_((me(owner)["email"], login(stack.client(), old, "an agate of 5 carats").status), (old, 200), "the account is its owner's")
    problem(stack.client().post(UNDO, json={"token": back}), 410, "link_expired", "the way back works once")
    notice = wait_mail(stack, new, "your address at")
    ok("token=" not in text_of(notice) and old not in notice.as_string(), "the other address hears of it, and has no way back")
    is_(events(client).count("email_restored"), 1, "in the audit log")


@test
def who_changes_twice_is_not_rid_of_it():
    thief = member(stack)
    old = thief.address_of_mail
    first_back = changed(thief)
    middle = thief.new_address
    second_back = changed(thief)
    is_(stack.client().post(UNDO, json={"token": second_back}).status, 202, "the second change is taken back")
    is_(stored(thief)["email"], middle, "to what was between")
    is_(stack.client().post(UNDO, json={"token": first_back}).status, 202, "the first one's way back holds still")
    is_(stored(thief)["email"], old, "its owner has the last word")
    thief = member(stack)
    first_back, second_back = changed(thief), changed(thief)
    is_(stack.client().post(UNDO, json={"token": first_back}).status, 202, "the first one at once")
    problem(stack.client().post(UNDO, json={"token": second_back}), 410, "link_expired", "ends the later ones")
    is_(stored(thief)["email"], thief.address_of_mail, "the first address holds")


@test
def undone_by_oneself():
    client = member(stack)
    old = client.address_of_mail
    back = changed(client)
    changed(client, old)
    problem(stack.client().post(UNDO, json={"token": back}), 410, "link_expired", "who has the address again needs no way back")
    is_(client.get("/v1/me").status, 200, "and is not signed out by an old mail")


@test
def the_old_address_is_free():
    client = member(stack)
    old = client.address_of_mail
    back = changed(client)
    register(stack.client(), old, "another person 7")
    is_(stack.client().post(UNDO, json={"token": back}).status, 202, "who only types it in is not in the way")
    is_(stack.db.users.count_documents({"email": old}), 1, "one account has it")
    client = member(stack)
    old = client.address_of_mail
    back = changed(client)
    other = stack.client()
    register(other, old)
    other.post("/v1/auth/verify-email", json={"token": token_in(wait_mail(stack, old, "confirm", count=2))})
    problem(stack.client().post(UNDO, json={"token": back}), 409, "account_exists", "who has proven it keeps it")
    is_((me(client)["email"], me(other)["email"]), (client.new_address, old), "both are as they were")
    client = member(stack)
    back = changed(client)
    stack.db.users.update_one({"_id": client.user}, {"$set": {"disabled_at": datetime.datetime.now(UTC)}})
    problem(stack.client().post(UNDO, json={"token": back}), 403, "account_disabled", "a closed account stays as it is")
    stack.db.users.update_one({"_id": client.user}, {"$set": {"disabled_at": None}})
    stack.db.one_time_tokens.update_many({"user_id": client.user}, {"$set": {"expires_at": datetime.datetime.now(UTC)}})
    problem(stack.client().post(UNDO, json={"token": back}), 410, "link_expired", "nor after seven days")
    is_(stored(client)["email"], client.new_address, "the new one stays")


@test
def seven_days():
    client = member(stack)
    changed(client)
    row = stack.db.one_time_tokens.find_one({"user_id": client.user, "purpose": "email_changed"})
    is_(row["expires_at"] - row["created_at"], datetime.timedelta(days=7), "so long it holds")


@test
def without_a_password():
    """Who signs in by a provider alone: the identity is issuer and subject, whatever the address is."""
    client = member(stack)
    identity = str(uuid.uuid4())
    stack.db.users.update_one({"_id": client.user}, {"$set": {"password_hash": None, "auth_provider": "google"}})
    stack.db.identities.insert_one({
        "_id": identity, "user_id": client.user, "provider": "google", "issuer": "https://id.example", "subject": identity,
        "email": client.address_of_mail, "created_at": datetime.datetime.now(UTC), "last_used_at": None})
    changed(client)
    user, row = stored(client), stack.db.identities.find_one({"_id": identity})
    is_((user["email"], user["auth_provider"], row["user_id"], row["subject"]), (client.new_address, "google", client.user, identity),
        "the address changes, the identity does not")


@test
def too_often():
    client = member(stack)
    address = an_address("flooded")
    is_([ask(client, address).status for _ in range(6)], [202] * 5 + [429], "five mails an hour to one address")
    other = member(stack)
    reply = ask(other, address)
    problem(reply, 429, "rate_limited", "whoever asks")
    ok(int(reply.header("Retry-After")) > 0, "and is told when to come again")
    is_(me(other)["pending_email"], None, "nothing is pending of that")
    is_(ask(other, an_address()).status, 202, "another address is free")
    for _ in range(4):
        ask(client, an_address())
    is_([ask(client, an_address()).status for _ in range(3)], [202, 429, 429], "ten changes a day of one account")
    is_(client.delete(ASK).status, 204, "taking it back is not counted")
    is_(ask(client, client.address_of_mail).status, 202, "nor is the present one")


@test
def not_sent_when_void():
    """A link that was taken back before its mail left is not sent."""
    client = member(stack)
    address = an_address("void")
    ask(client, address)
    mail_settled()
    job = stack.db.jobs.find_one({"mail_order.to": address})
    client.delete(ASK)
    before = len(mails(stack, address))
    now = datetime.datetime.utcnow()
    stack.db.jobs.insert_one({**job, "_id": str(uuid.uuid4()), "status": "queued", "run_at": now, "ended_at": None, "attempts": 0})
    mail_settled()
    is_(len(mails(stack, address)), before, "no mail")


# --- support -----------------------------------------------------------------

@test
def by_support():
    client = member(stack, full_name="Ben")
    old, new = client.address_of_mail, an_address("support")
    back = changed(client, an_address("between"))
    between = client.new_address
    pending = asked(client)
    taken = member(stack).address_of_mail
    for words in (("users", "set-email"), ("users", "set-email", client.user)):
        is_(stack.bezel("admin", *words).returncode, 2, "used wrongly: %s" % (words,))
    for who, address, name in ((client.user, "nonsense", "no address"), (client.user, taken, "another one's"), (str(uuid.uuid4()), new, "nobody")):
        done = stack.bezel("admin", "users", "set-email", who, address)
        is_((done.returncode, stored(client)["email"]), (1, between), "refused: " + name)
    done = stack.bezel("admin", "users", "set-email", between.upper(), " %s " % new.upper())
    is_((done.returncode, done.stderr), (0, ""), "set, by the address in any spelling")
    user = stored(client)
    is_((user["email"], user["email_verified"], user["pending_email"]), (new, False, None), "to be confirmed")
    wait_for(lambda: client.get("/v1/me").status == 401, 60, "the end of the sessions")
    problem(stack.client().post(UNDO, json={"token": back}), 410, "link_expired", "ways back are void")
    login(client, new)
    is_(client.post(CONFIRM, json={"token": pending}).status, 401, "nobody signs in before it is confirmed")
    token = token_in(wait_mail(stack, new, "confirm"))
    is_(client.post("/v1/auth/verify-email", json={"token": token}).status, 200, "the link confirms it")
    is_(login(client, new).status, 200, "and one signs in")
    notice = wait_mail(stack, between, "your address at")
    ok("token=" not in text_of(notice) and new not in notice.as_string(), "the old one hears of it, without a way back")
    event = stack.db.audit_log.find({"user_id": client.user, "kind": "email_changed"}).sort("_id", -1).limit(1)[0]
    ok(event["by"].startswith("admin:") and new not in str(event) and old not in str(event), "in the audit log", event)
    done = stack.bezel("admin", "users", "set-email", client.user, new)
    is_((done.returncode, "already" in done.stdout, login(client, new).status), (0, True, 200), "what is so already changes nothing")


stack = Stack(settings={"provider": "mem", "login_failures": "1000", "register_address_daily": "100000", "session_cache_s": "2"})
if __name__ == "__main__":
    stack.start()
    main()
