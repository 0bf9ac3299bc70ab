"""facebook.py - a stand-in for Facebook Login on loopback: dialog, token, debug_token, me.

    with Facebook() as facebook:
        back = facebook.sign_in(url)              # the parameters of the callback
        facebook.mode = "no_email"

It refuses what Facebook refuses: a wrong secret, a code twice or with another redirect_uri, a call without the right
appsecret_proof, an access token that it has not made. Modes: see MODES. `log` has method, path and parameters of each
request.
"""
import hashlib
import hmac
import http.client
import http.server
import json
import secrets
import threading
import time
import urllib.parse

from stack import SLOWER, free_port

APP_ID, APP_SECRET, VERSION = "123456789012345", "test-app-secret", "v25.0"
USER_ID = "10211234567890123"

MODES = {
    "good": "all as it should be",
    "no_email": "an account without an e-mail",
    "no_picture": "a silhouette in the place of a picture",
    "bare": "an account of which only the id is told",
    "numbers": "ids as numbers, as older versions had them",
    "wrong_app_id": "debug_token: the token is of another app",
    "page_token": "debug_token: the token is no person's",
    "is_valid_false": "debug_token: the token is no longer good",
    "expired_token": "debug_token: the token has ended",
    "no_data": "debug_token: an answer without data",
    "expired_190": "me: error 190",
    "id_mismatch": "me: another person",
    "no_token": "token: an answer without a token",
    "rate_4": "token: error 4",
    "service_2": "token: error 2",
    "error_200": "token: an error with status 200",
    "html_error": "token: a page with status 500",
    "garbage": "token: bytes that are no JSON",
    "redirect": "token: a redirection elsewhere",
    "huge": "me: 70 KB",
    "cut": "me: half an answer",
    "slow": "token: after 30 seconds",
    "secret_in_error": "token: an error that repeats what was sent",
}


class Facebook:
    def __init__(self):
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.mode = "good"
        self.user_id = USER_ID  # who signs in next
        self.log = []
        self.codes = {}     # code: redirect_uri
        self.tokens = set()
        self.ending = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                parts = urllib.parse.urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                sent = dict(urllib.parse.parse_qsl(body if self.command == "POST" else parts.query))
                outer.log.append((self.command, parts.path, sent))
                status, headers, answer = outer.answer(self.command, parts.path, sent)
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    lie = 100 if outer.mode == "cut" and parts.path.endswith("/me") else 0
                    self.send_header("Content-Length", str(len(answer) + lie))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    pass  # who asked did not wait
                if lie:
                    self.close_connection = True

            do_GET = do_POST = handle_any

            def log_message(self, *_arguments):  # pylint: disable=arguments-differ
                pass

        http.server.ThreadingHTTPServer.daemon_threads = True
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_what):
        self.close()

    def close(self):
        if self.server is not None:
            self.ending.set()
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    # --- answers
    @staticmethod
    def json(status, value):
        return status, {"Content-Type": "application/json; charset=UTF-8"}, json.dumps(value).encode()

    def error(self, code, message, kind="OAuthException", status=400, **more):
        return self.json(status, {"error": {"message": message, "type": kind, "code": code, "fbtrace_id": "Atrace", **more}})

    def answer(self, method, path, sent):
        if path == "/%s/dialog/oauth" % VERSION:
            return self.dialog(sent)
        if path == "/%s/oauth/access_token" % VERSION:
            return self.access_token(sent)
        if path == "/debug_token" and method == "GET":
            return self.debug_token(sent)
        if path == "/%s/me" % VERSION and method == "GET":
            return self.me(sent)
        return self.error(2500, "Unknown path components: " + path)

    def dialog(self, sent):
        if sent.get("client_id") != APP_ID or sent.get("response_type") != "code" or "redirect_uri" not in sent \
                or not set(sent.get("scope", "").split(",")) <= {"public_profile", "email"}:
            return 400, {"Content-Type": "text/html"}, b"<h1>Sorry, something went wrong.</h1>"
        if sent.get("_press") == "cancel":
            back = {"error": "access_denied", "error_reason": "user_denied", "error_description": "Permissions error",
                    "state": sent["state"]}
        else:
            code = "AQ" + secrets.token_urlsafe(60)
            self.codes[code] = sent["redirect_uri"]
            back = {"code": code, "state": sent["state"]}
        where = sent["redirect_uri"] + "?" + urllib.parse.urlencode(back) + "#_=_"
        return 302, {"Location": where}, b""

    def access_token(self, sent):
        early = {
            "rate_4": lambda: self.error(4, "Application request limit reached", status=403),
            "service_2": lambda: self.error(2, "Service temporarily unavailable", status=500, is_transient=True),
            "error_200": lambda: self.error(190, "Error validating access token", status=200),
            "html_error": lambda: (500, {"Content-Type": "text/html"}, b"<html>Sorry</html>"),
            "garbage": lambda: (200, {"Content-Type": "application/json"}, b"\x00\xff{]"),
            "redirect": lambda: (302, {"Location": self.url + "/elsewhere"}, b""),
            "no_token": lambda: self.json(200, {"token_type": "bearer"}),
            "secret_in_error": lambda: self.error(1, "Not so: " + json.dumps(sent)),
            "slow": lambda: (self.ending.wait(30), self.error(2, "late"))[1],
        }.get(self.mode)
        if early is not None:
            return early()
        if sent.get("client_id") != APP_ID:
            return self.error(101, "Error validating application. Cannot get application info due to a system error.")
        if sent.get("client_secret") != APP_SECRET:
            return self.error(1, "Error validating client secret.")
        if sent.get("code") not in self.codes:
            return self.error(100, "This authorization code has been used.", error_subcode=36009)
        if self.codes[sent["code"]] != sent.get("redirect_uri"):
            return self.error(100, "Error validating verification code. Please make sure your redirect_uri is identical to"
                                   " the one you used in the OAuth dialog request", error_subcode=36008)
        del self.codes[sent["code"]]
        token = "EAA" + secrets.token_urlsafe(120)
        self.tokens.add(token)
        return self.json(200, {"access_token": token, "token_type": "bearer", "expires_in": 5183976})

    def debug_token(self, sent):
        if sent.get("access_token") != "%s|%s" % (APP_ID, APP_SECRET):
            return self.error(190, "Invalid OAuth access token signature.")
        if self.mode == "no_data":
            return self.json(200, {"ok": True})
        now = int(time.time())
        data = {"app_id": APP_ID, "type": "USER", "application": "Studio", "expires_at": now + 5183976,
                "data_access_expires_at": now + 7776000, "is_valid": True, "scopes": ["email", "public_profile"],
                "user_id": self.user_id}
        if sent.get("input_token") not in self.tokens:
            data.update(is_valid=False)
        data.update({"wrong_app_id": {"app_id": "999999999999999"}, "page_token": {"type": "PAGE"},
                     "is_valid_false": {"is_valid": False}, "expired_token": {"expires_at": now - 3600},
                     "numbers": {"app_id": int(APP_ID), "user_id": int(self.user_id), "expires_at": 0}}.get(self.mode, {}))
        return self.json(200, {"data": data})

    def me(self, sent):
        token = sent.get("access_token", "")
        proof = hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
        if token not in self.tokens or self.mode == "expired_190":
            return self.error(190, "Error validating access token: Session has expired.", error_subcode=463, status=401)
        if sent.get("appsecret_proof") != proof:
            return self.error(100, "Invalid appsecret_proof provided in the API argument", "GraphMethodException")
        person = {"id": self.user_id, "name": "Fanny Face", "email": "fanny@example.com",
                  "picture": {"data": {"height": 50, "width": 50, "is_silhouette": False,
                                       "url": "https://img.example/fanny.jpg"}}}
        if self.mode == "no_email":
            del person["email"]
        elif self.mode == "no_picture":
            person["picture"]["data"]["is_silhouette"] = True
        elif self.mode == "bare":
            person = {"id": self.user_id}
        elif self.mode == "id_mismatch":
            person["id"] = "1"
        elif self.mode == "numbers":
            person["id"] = int(self.user_id)
        elif self.mode == "huge":
            person["name"] = "x" * 70000
        asked = set(sent.get("fields", "").split(",")) | {"id"}
        return self.json(200, {name: value for name, value in person.items() if name in asked})

    # --- a person
    def sign_in(self, url, press="ok"):
        """Presses a button of the dialog; returns the parameters of the callback."""
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20 * SLOWER)
        try:
            connection.request("GET", parts.path + "?" + parts.query + "&_press=" + press)
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        if answer.status != 302:
            raise RuntimeError("the dialog answers %d" % answer.status)
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["Location"]).query))
