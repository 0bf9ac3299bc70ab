#!/usr/bin/python3
"""The whole life of an account, from a guest's first design to the deletion of all, through nginx."""
import io
import json
import os
import sys
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from members import PASSWORD, an_address, login, register, token_in, wait_mail
from stack import Stack, wait_for
from studio import create, design, guest, make, over
from tap import is_, main, ok, test

NEW_PASSWORD = "a topaz of 11 carats"


@test
def a_life():
    # A visitor.
    client = guest(stack)
    first = make(client)
    address = an_address("life")
    is_(register(client, address, full_name="Lotte Life").status, 202, "a guest signs up")
    token = token_in(wait_mail(stack, address, "confirm"))
    is_(client.post("/v1/auth/verify-email", json={"token": token}).json(), {"signed_in": True}, "the link in the mail signs in")
    me = client.get("/v1/me").json()
    is_((me["email"], me["full_name"], [d["id"] for d in client.get("/v1/designs").json()["items"]]),
        (address, "Lotte Life", [first["id"]]), "with what was made before")

    # At work.
    folder = client.post("/v1/folders", json={"name": "Rings", "color": "#c0a060"}).json()
    second = make(client, gem_data__type="Ruby", original_prompt="a slim ring for every day")
    job = client.post("/v1/designs/%s/refinements" % second["id"], json={"prompt": "thinner"}).json()
    over(client, job["id"])
    is_(len(design(client, second["id"])["refinements"]), 1, "a design, refined")
    reply = client.patch("/v1/designs/" + second["id"], json={"folder_id": folder["id"], "is_favorite": True})
    is_((reply.status, reply.json()["folder_id"]), (200, folder["id"]), "filed and starred")
    for query, found in (("folder_id=" + folder["id"], [second["id"]]), ("is_favorite=true", [second["id"]]),
                         ("q=every%20DAY", [second["id"]]), ("gem_type=Ruby", [second["id"]]), ("folder_id=none", [first["id"]]),
                         ("q=ivy", [first["id"]])):
        is_([d["id"] for d in client.get("/v1/designs?" + query).json()["items"]], found, "found by " + query)
    client.delete("/v1/designs/" + first["id"])
    is_(client.post("/v1/designs/%s/restore" % first["id"]).status, 200, "out of the trash again")
    is_(client.patch("/v1/me", json={"preferences": {"theme": "dark"}}).json()["preferences"]["theme"], "dark", "settings")
    usage = client.get("/v1/me/usage").json()
    is_((usage["tier"], usage["designs_this_month"]["used"], usage["refinements_today"]["used"]), ("free", 1, 1), "counted")

    # A program of hers.
    key = client.post("/v1/api-keys", json={"name": "shop", "mode": "live", "scopes": ["designs:read"]}).json()
    shop = stack.client(headers={"Authorization": "Bearer " + key["key"]})
    is_((shop.get("/v1/designs").status, shop.post("/v1/folders", json={"name": "x"}).status), (200, 403), "an API key")

    # A lost password, and a stranger's session.
    other = stack.client()
    login(other, address)
    is_(len(client.get("/v1/me/sessions").json()["items"]), 2, "two sessions")
    fresh = stack.client()
    fresh.post("/v1/auth/password-reset", json={"email": address})
    token = token_in(wait_mail(stack, address, "new password"))
    is_(fresh.post("/v1/auth/password-reset/confirm", json={"token": token, "password": NEW_PASSWORD}).status, 200, "reset")
    is_((client.get("/v1/me").status, other.get("/v1/me").status, login(stack.client(), address).status), (401, 401, 401),
        "no session and no password of before")
    is_(login(client, address, NEW_PASSWORD).status, 200, "in again")

    # Another address, and everything is still there.
    moved = an_address("moved")
    is_(client.post("/v1/me/email", json={"email": moved}).status, 202, "another address")
    token = token_in(wait_mail(stack, moved, "new address"))
    is_(client.post("/v1/me/email/confirm", json={"token": token}).json()["email"], moved, "moved")
    is_((login(stack.client(), address, NEW_PASSWORD).status, login(client, moved, NEW_PASSWORD).status), (401, 200), "in by the new one")
    ok({first["id"], second["id"]} <= {d["id"] for d in client.get("/v1/designs").json()["items"]}, "with all designs")
    address = moved

    # All of it to take along.
    is_(client.post("/v1/me/export").status, 202, "an export")
    export = wait_for(lambda: [e for e in [client.get("/v1/me/export").json()] if e["status"] == "ready"], 20, "the export")[0]
    packed = zipfile.ZipFile(io.BytesIO(client.get(export["url"]).body))
    is_(packed.testzip(), None, "an archive that opens")
    account = json.loads(packed.read([n for n in packed.namelist() if n.endswith("account.json")][0]))
    is_(account["email"], address, "with the account")
    pictures = [n for n in packed.namelist() if n.endswith(".webp")]
    ok(len(pictures) >= 5, "and the pictures", packed.namelist())

    # The end.
    running = create(client).json()
    picture = design(client, second["id"])["generated_images"][0]["image_url"]
    is_(client.request("DELETE", "/v1/me", json={"password": PASSWORD}).status, 422, "not with an old password")
    is_(client.request("DELETE", "/v1/me", json={"password": NEW_PASSWORD}).status, 204, "deleted")
    is_((client.get("/v1/me").status, shop.get("/v1/designs").status, login(stack.client(), address, NEW_PASSWORD).status),
        (401, 401, 401), "nobody gets in")
    is_(register(stack.client(), address).status, 202, "the address is free at once")
    wait_for(lambda: stack.db.users.count_documents({"_id": me["id"]}) == 0, 60, "the end of the account")
    left = [name for name in stack.db.list_collection_names() if name not in ("jobs", "audit_log", "api_usage_log")
            for row in stack.db[name].find({"$or": [{"user_id": me["id"]}, {"owner": "user:" + me["id"]}]})]
    is_(left, [], "nothing is left")
    is_((stack.client().get(picture).status, stack.db.jobs.count_documents({"_id": running["generation"]["id"],
         "status": {"$in": ["queued", "running"]}})), (404, 0), "no picture, no work")
    rows = list(stack.db.api_usage_log.find({"design_id": {"$in": [first["id"], second["id"]]}}))
    ok(rows and all(row["user_id"] is None and row["request"]["prompt"] == "" for row in rows), "the bills stay, without a name", rows)
    kinds = {row["kind"] for row in stack.db.audit_log.find({"user_id": me["id"]})}
    ok({"registered", "email_verified", "signed_in", "password_reset", "api_key_made", "export_asked", "account_deleted"} <= kinds,
       "the log has it all", kinds)


stack = Stack(settings={"provider": "mem", "session_cache_s": "2", "request_deadline_ms": "3000"})
if __name__ == "__main__":
    stack.start()
    main()
