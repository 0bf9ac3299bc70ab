"""members.py - what tests of accounts do again and again: mail that was sent, an account, a sign-in."""
import datetime
import email
import email.policy
import functools
import glob
import itertools
import os
import re
import secrets
import uuid

from stack import wait_for

_numbers = itertools.count(1)
PASSWORD = "a stone of 7 carats"


def an_address(word="anna"):
    """An address that nobody has yet."""
    return "%s.%d.%s@example.net" % (word, next(_numbers), secrets.token_hex(3))


@functools.lru_cache(maxsize=None)
def _message(path, _mtime_ns):
    """Read once: whoever waits for a mail looks at all of them, many times a second."""
    with open(path, "rb") as file:
        return email.message_from_binary_file(file, policy=email.policy.default)


def mails(stack, to=None):
    """What lies in the outbox, oldest first."""
    found = []
    for path in sorted(glob.glob(os.path.join(stack.state, "var", "outbox", "*.eml")), key=os.path.getmtime):
        message = _message(path, os.stat(path).st_mtime_ns)
        if to is None or message["To"].addresses[0].addr_spec == to:
            found.append(message)
    return found


def text_of(message):
    return message.get_body(("plain",)).get_content()


def wait_mail(stack, to, subject="", count=1, seconds=10):
    """The count-th message to an address whose subject has these words."""
    def look():
        fitting = [m for m in mails(stack, to) if subject.lower() in m["Subject"].lower()]
        return len(fitting) >= count and fitting[count - 1]
    return wait_for(look, seconds, "mail to %s: %s" % (to, subject))


def token_in(message):
    return re.search(r"#token=([A-Za-z0-9._-]+)", text_of(message)).group(1)


def register(client, address, password=PASSWORD, **more):
    return client.post("/v1/auth/register", json={"email": address, "password": password, **more})


def login(client, address, password=PASSWORD, **keywords):
    return client.post("/v1/auth/login", json={"email": address, "password": password}, **keywords)


def member(stack, client=None, address=None, password=PASSWORD, **more):
    """A client that is signed in with an account of its own, made as people do it."""
    client = client or stack.client()
    client.address_of_mail = address or an_address()
    reply = register(client, client.address_of_mail, password, **more)
    assert reply.status == 202, reply
    token = token_in(wait_mail(stack, client.address_of_mail, "confirm"))
    reply = client.post("/v1/auth/verify-email", json={"token": token})
    assert reply.status == 200 and reply.json()["signed_in"], reply
    client.user = client.get("/v1/me").json()["id"]
    return client


def stored_member(stack, address=None, **more):
    """The id of a confirmed account that was put into the database: nobody can sign in to it."""
    now = datetime.datetime.now(datetime.timezone.utc)
    document = {
        "_id": str(uuid.uuid4()), "email": address or an_address(), "password_hash": None, "full_name": None,
        "profile_photo_url": None, "auth_provider": "email", "email_verified": True,
        "preferences": {"email_notifications": {"new_features": True, "design_tips": True, "account_activity": True},
                        "default_num_variations": 3, "default_refinement_strength": 0.5, "theme": "light"},
        "subscription": {"tier": "free", "started_at": None, "expires_at": None},
        "usage_stats": {"total_designs_created": 0, "total_refinements_used": 0, "designs_this_month": 0,
                        "refinements_this_month": 0, "last_design_created_at": None},
        "created_at": now, "updated_at": now, "last_login_at": None, **more}
    stack.db.users.insert_one(document)
    return document["_id"]
