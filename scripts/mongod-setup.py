#!/usr/bin/python3
"""mongod-setup.py --socket PATH --secrets DIR --database NAME --role FD [--timeout SECONDS]

Waits for the mongod behind a unix socket, makes it a replica set of one, and sees to its users:
  app     the role bezelApp: what etc/mongodb-role.json (open as descriptor FD) allows in its own database
  admin   root
  backup  the role "backup"
Their passwords are read from DIR/app.password and so on. The first user is made through the localhost
exception, which ends with it. May be repeated: what is as it should be stays so. When the socket's path has
changed (the state folder was moved), the set is told.
"""
import argparse
import json
import os
import sys
import time
import urllib.parse

try:
    import pymongo
    import pymongo.errors
except ImportError:
    sys.exit("mongod-setup: python3-pymongo is missing (scripts/install-packages run)")

SET = "bezel"
NOT_INITIALIZED = 94
AUTHENTICATION_FAILED = 18
UNAUTHORIZED = 13


class Failure(Exception):
    pass


def secret(folder, name):
    with open(os.path.join(folder, name + ".password"), encoding="ascii") as file:
        return file.read().strip()


def connect(socket, user=None, password=None):
    auth = {}
    if user:
        auth = {"username": user, "password": password, "authSource": "admin"}
    uri = "mongodb://%s/?directConnection=true" % urllib.parse.quote(socket, safe="")
    return pymongo.MongoClient(uri, serverSelectionTimeoutMS=2000, connectTimeoutMS=2000, **auth)


def wait_for(deadline, what, test):
    """Calls test until it returns something true."""
    last = None
    while time.monotonic() < deadline:
        try:
            got = test()
            if got:
                return got
        except pymongo.errors.PyMongoError as error:
            if getattr(error, "code", None) in (AUTHENTICATION_FAILED, UNAUTHORIZED):
                raise
            last = error
        time.sleep(0.05)
    raise Failure("%s did not happen in time%s" % (what, ": %s" % last if last else ""))


def hello(client):
    return client.admin.command("ismaster")


def initiate(client, socket):
    try:
        client.admin.command("replSetInitiate", {"_id": SET, "members": [{"_id": 0, "host": socket}]})
    except pymongo.errors.OperationFailure as error:
        # AlreadyInitialized, or a set with users that wants to know who asks
        if error.code not in (23, UNAUTHORIZED):
            raise


def move(admin, socket):
    """The set's only member is known by its socket's path; a moved state folder has another one."""
    config = admin.admin.command("replSetGetConfig")["config"]
    members = config["members"]
    if len(members) != 1 or members[0]["host"] == socket:
        return
    print("mongod-setup: the state folder was moved; the replica set now knows", socket, file=sys.stderr)
    members[0]["host"] = socket
    config["version"] += 1
    admin.admin.command("replSetReconfig", config, force=True)


def make_admin(client, password):
    """Through the localhost exception, open only while there is no user."""
    try:
        client.admin.command("createUser", "admin", pwd=password, roles=["root"])
    except pymongo.errors.OperationFailure as error:
        if error.code != UNAUTHORIZED:
            raise


def ensure_role(admin, name, privileges, roles):
    known = admin.admin.command("rolesInfo", name)["roles"]
    admin.admin.command("updateRole" if known else "createRole", name, privileges=privileges, roles=roles)


def ensure_user(admin, name, password, roles):
    known = admin.admin.command("usersInfo", name)["users"]
    admin.admin.command("updateUser" if known else "createUser", name, pwd=password, roles=roles)


def setup(args):
    deadline = time.monotonic() + args.timeout
    with os.fdopen(args.role, encoding="ascii") as file:
        role = json.load(file)
    passwords = {name: secret(args.secrets, name) for name in ("app", "admin", "backup")}
    client = connect(args.socket)
    state = wait_for(deadline, "the start of mongod", lambda: hello(client))
    if not state.get("setName"):
        initiate(client, args.socket)
        # A config that does not know this socket leaves us without a name too.
        time.sleep(0.05)
    admin = connect(args.socket, "admin", passwords["admin"])
    if not hello(client).get("ismaster"):
        try:
            move(admin, args.socket)
        except pymongo.errors.OperationFailure as error:
            if error.code not in (AUTHENTICATION_FAILED, NOT_INITIALIZED):
                raise
    wait_for(deadline, "the election of the only member", lambda: hello(client).get("ismaster"))
    make_admin(client, passwords["admin"])
    client.close()

    try:
        admin.admin.command("connectionStatus")
    except pymongo.errors.OperationFailure as error:
        if error.code == AUTHENTICATION_FAILED:
            raise Failure("the database has other users than this state's secrets: is %s of another state?"
                          % args.secrets) from error
        raise
    for privilege in role["privileges"]:
        privilege["resource"]["db"] = args.database
    ensure_role(admin, role["createRole"], role["privileges"], role["roles"])
    ensure_user(admin, "app", passwords["app"], [role["createRole"]])
    ensure_user(admin, "backup", passwords["backup"], ["backup"])
    admin.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--secrets", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--role", type=int, metavar="FD", required=True)
    parser.add_argument("--timeout", type=float, default=60)
    try:
        setup(parser.parse_args())
    except (Failure, pymongo.errors.PyMongoError, OSError, ValueError, KeyError) as error:
        sys.exit("mongod-setup: %s" % error)


if __name__ == "__main__":
    main()
