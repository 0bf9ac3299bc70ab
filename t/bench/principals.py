"""principals.py - whose designs they are: guests, or members who are signed in (--members).

A kind knows the documents that stand for one of them, as bezel writes them, the cookie that goes with them, how one
is had by the interface, and the settings without which the limits would be measured.
"""
import datetime
import hashlib
import itertools
import os
import secrets
import time

from bson.int64 import Int64

SESSION_S = 7 * 86400  # as long as a guest's session can live
MANY = 100000000
_numbers = itertools.count(1)


class Guests:
    name = "guests"
    shares = False
    collections = ("guest_sessions",)
    index = "by_guest_time"
    settings = {"guest_daily": 1000000, "guest_address_daily": MANY, "guest_session_s": SESSION_S,
                "guest_session_max_s": 30 * 86400, "guest_design_s": 14 * 86400, "sweep_interval_s": 86400}

    @staticmethod
    def make(maker, began, ends):
        """(documents by collection, owner's fields of a design, cookie, id)"""
        session = {"_id": maker.uuid7(began), "ip_address": "203.0.113.%d" % maker.random.randrange(255), "designs": [],
                   "usage_count": 0, "last_design_at": None, "expires_at": ends, "created_at": began}
        return {"guest_sessions": session}, {"user_id": None, "guest_session_id": session["_id"]}, \
            Guests.token(maker, session), session["_id"]

    @staticmethod
    def token(maker, session):
        expires = session["expires_at"].replace(tzinfo=datetime.timezone.utc)
        return maker.keys.guest_token(session["_id"], int(expires.timestamp()))

    @staticmethod
    def count(made, times, uses):
        """What their designs leave in their documents. Each design and each refinement is one use; those of the last
        one's day count."""
        session = made["guest_sessions"]
        session["designs"] = sorted(times)
        session["last_design_at"] = max(uses)
        session["usage_count"] = sum(1 for use in uses if use.date() == max(uses).date())

    @staticmethod
    def sign_in(client, _stack):
        reply = client.post("/v1/guest-session")
        return reply.status == 201

    @staticmethod
    def model(db, design):
        """The documents behind a design that bezel has made."""
        return {"guest_sessions": db.guest_sessions.find_one({"_id": design["guest_session_id"]})}

    @staticmethod
    def token_fault(maker, model, token):
        return None if Guests.token(maker, model["guest_sessions"]) == token else "signs another cookie than bezel"

    @staticmethod
    def left(db):
        named = db.guest_sessions.aggregate([{"$group": {"_id": None, "n": {"$sum": {"$size": "$designs"}}}}])
        return next(named)["n"] - db.designs.estimated_document_count()


class Members:
    name = "members"
    shares = True
    collections = ("users", "sessions")
    index = "by_user_time"
    settings = {**{"%s_%s_%s" % (tier, what, when): MANY for tier in ("free", "premium")
                   for what in ("designs", "refinements") for when in ("monthly", "daily")},
                "register_address_daily": 1000000, "session_idle_s": 30 * 86400, "sweep_interval_s": 86400,
                "share_gate_s": 3600}

    @staticmethod
    def make(maker, began, ends):
        identifier, session = maker.uuid7(began), maker.uuid7(began)
        secret = "%043x" % maker.random.getrandbits(160)
        user = {"_id": identifier, "email": "member.%s@example.net" % identifier, "password_hash": None, "full_name": None,
                "profile_photo_url": None, "auth_provider": "email", "email_verified": True,
                "preferences": {"email_notifications": {"new_features": True, "design_tips": True, "account_activity": True},
                                "default_num_variations": 3, "default_refinement_strength": 0.5, "theme": "light"},
                "subscription": {"tier": "free", "started_at": None, "expires_at": None},
                "usage_stats": {"total_designs_created": Int64(0), "total_refinements_used": Int64(0),
                                "designs_this_month": Int64(0), "refinements_this_month": Int64(0),
                                "last_design_created_at": None, "month": None, "day": None,
                                "designs_today": Int64(0), "refinements_today": Int64(0)},
                "created_at": began, "updated_at": began, "last_login_at": ends, "disabled_at": None,
                "pending_email": None, "pending_email_until": None}
        # Used just now, so that no use of it is to be noted while we measure.
        login = {"_id": session, "user_id": identifier, "secret_hash": hashlib.sha256(secret.encode()).hexdigest(),
                 "device": None, "ip_address": "203.0.113.%d" % maker.random.randrange(255), "created_at": began,
                 "last_used_at": ends, "expires_at": ends, "ends_at": ends}
        return {"users": user, "sessions": login}, {"user_id": identifier, "guest_session_id": None}, \
            "s_%s.%s" % (session, secret), identifier

    @staticmethod
    def count(made, times, uses):
        stats = made["users"]["usage_stats"]
        stats["total_designs_created"] = stats["total_refinements_used"] = Int64(len(times))
        stats["last_design_created_at"] = max(uses)
        stats["month"], stats["day"] = "%.7s" % max(uses).date().isoformat(), max(uses).date().isoformat()

    @staticmethod
    def sign_in(client, stack):
        """As people do it: the link is in the outbox."""
        address = "bench.%d.%s@example.net" % (next(_numbers), secrets.token_hex(4))
        if client.post("/v1/auth/register", json={"email": address, "password": secrets.token_hex(12)}).status != 202:
            return False
        token = link_to(os.path.join(stack.state, "var", "outbox"), address)
        return client.post("/v1/auth/verify-email", json={"token": token}).json()["signed_in"]

    @staticmethod
    def model(db, design):
        return {"users": db.users.find_one({"_id": design["user_id"]}),
                "sessions": db.sessions.find_one({"user_id": design["user_id"]})}

    @staticmethod
    def token_fault(_maker, model, token):
        identifier, _, secret = token[2:].partition(".")
        fits = identifier == model["sessions"]["_id"] and \
            hashlib.sha256(secret.encode()).hexdigest() == model["sessions"]["secret_hash"]
        return None if fits else "makes another session than bezel"

    @staticmethod
    def left(db):
        return db.users.count_documents({"email": {"$not": {"$regex": "^member"}}})


def link_to(folder, address, seconds=30):
    """The token in the first mail to an address."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name.endswith(".eml"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    text = file.read()
                if address in text:
                    text = text.replace("=\n", "").replace("=\r\n", "").replace("=3D", "=")
                    return text.partition("#token=")[2].split()[0]
        time.sleep(0.05)
    raise TimeoutError("no mail to " + address)


KINDS = {kind.name: kind for kind in (Guests, Members)}
