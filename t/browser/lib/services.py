#!/usr/bin/python3
"""services.py BEZEL-PORT FOLDER - other services to sign in with, for tests of the studio: the OpenID provider of t/oidc
in Google's place, and the stand-in for Facebook of t/lib. Prints the settings of a bezel that offers them, as one line of
JSON. Each line on its input is a name and a value for the person who signs in at Facebook next ("user_id 4711"); it is
answered with "ok". The end of the input ends both."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
# pylint: disable=wrong-import-position
from facebook import APP_ID, APP_SECRET, Facebook
from oidc import SECRET, Oidc
from stack import write_secret


with Oidc(redirect="http://127.0.0.1:%s/v1/auth/google/callback" % sys.argv[1]) as oidc, Facebook() as facebook:
    print(json.dumps({
        "google_issuer": oidc.url, "google_client_id": "rp", "google_prompt": "",
        "google_client_secret_file": write_secret(os.path.join(sys.argv[2], "google.secret"), SECRET), "facebook_app_id": APP_ID,
        "facebook_graph_url": facebook.url, "facebook_dialog_url": facebook.url,
        "facebook_app_secret_file": write_secret(os.path.join(sys.argv[2], "facebook.secret"), APP_SECRET)}), flush=True)
    for line in sys.stdin:
        name, _, value = line.strip().partition(" ")
        setattr(facebook, name, value)
        print("ok", flush=True)
