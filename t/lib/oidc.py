"""oidc.py - an OpenID provider on loopback for tests, in the place of Google: the npm library oidc-provider, with a
proxy in front that counts, delays and spoils.

    with Oidc() as oidc:
        back = oidc.sign_in(url, "alice")     # the parameters of the callback: {"code": .., "state": .., "iss": ..}
        oidc.spoil("/token", slow=3)          # for the path, until oidc.spoil("/token")
        oidc.count("/jwks")

t/oidc has the provider itself; its packages are installed into the cache once. No browser: its forms are posted.
"""
import http.client
import http.server
import json
import subprocess
import threading
import time
import urllib.parse

import npm
from stack import SLOWER, free_port

SECRET = "rp-secret-0123456789"


class Oidc:
    """The provider as seen through its proxy: url is the issuer."""

    def __init__(self, redirect="http://127.0.0.1:8080/v1/auth/google/callback", kid="k1"):
        self.redirect = redirect
        self.port, self.inner = free_port(), free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.folder, self.node = npm.install("oidc")
        self.process = None
        self.proxy = None
        self.seen = []      # (method, path, body) of all that came through
        self.spoilt = {}    # path: what is done to it
        self.start_proxy()
        self.start(kid)

    def __enter__(self):
        return self

    def __exit__(self, *_what):
        self.close()

    # --- the provider
    def start(self, kid):
        options = {"port": self.inner, "issuer": self.url, "kid": kid, "redirect": self.redirect, "secret": SECRET}
        self.process = subprocess.Popen([self.node, "provider.mjs", json.dumps(options)], cwd=self.folder,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)
        for line in self.process.stdout:
            if line.startswith("ready"):
                return
        raise RuntimeError("oidc-provider did not start")

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def rotate(self, kid):
        """Ends it and starts it with another key; it has forgotten all codes."""
        self.stop()
        self.start(kid)

    # --- the proxy
    def start_proxy(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                outer.pass_on(self)

            do_GET = do_POST = handle_any

            def log_message(self, *_arguments):  # pylint: disable=arguments-differ
                pass

        http.server.ThreadingHTTPServer.daemon_threads = True
        self.proxy = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.proxy.serve_forever, daemon=True).start()

    def stop_proxy(self):
        if self.proxy is not None:
            self.proxy.shutdown()
            self.proxy.server_close()
            self.proxy = None

    def pass_on(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        path = urllib.parse.urlsplit(handler.path).path
        how = self.spoilt.get(path, {})
        self.seen.append((handler.command, path, body))
        time.sleep(how.get("slow", 0))
        if "instead" in how:
            status, headers, answer = how["instead"]
        else:
            status, headers, answer = self.ask(handler, body)
        if "change" in how:
            answer = json.dumps(how["change"](json.loads(answer))).encode()
        headers = [pair for pair in headers if pair[0].lower() not in ("content-length", "connection", "transfer-encoding")]
        try:
            handler.send_response(status)
            for name, value in headers:
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(answer) + how.get("lie", 0)))
            handler.send_header("Connection", "close")
            handler.end_headers()
            handler.wfile.write(answer)
        except OSError:
            pass  # who asked did not wait
        handler.close_connection = True

    def ask(self, handler, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.inner, timeout=20 * SLOWER)
        try:
            headers = {name: value for name, value in handler.headers.items() if name.lower() != "connection"}
            connection.request(handler.command, handler.path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except OSError:
            return 502, [("Content-Type", "text/html")], b"<h1>Bad gateway</h1>"
        finally:
            connection.close()

    def spoil(self, path, **how):
        """slow=seconds, instead=(status, headers, body), change=function of the JSON,
        lie=bytes that are promised and do not come; nothing: as it is."""
        self.spoilt[path] = how

    def count(self, path):
        return sum(1 for _method, seen, _body in self.seen if seen == path)

    # --- a person
    def sign_in(self, url, login, abort=False):
        """Goes all the way with the address of the first half; returns the parameters of the callback."""
        cookies = {}

        def step(method, address, fields=None):
            parts = urllib.parse.urlsplit(urllib.parse.urljoin(self.url, address))
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20 * SLOWER)
            headers = {"Cookie": "; ".join("%s=%s" % pair for pair in cookies.items())}
            body = None
            if fields is not None:
                body = urllib.parse.urlencode(fields)
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            try:
                connection.request(method, parts.path + ("?" + parts.query if parts.query else ""), body, headers)
                answer = connection.getresponse()
                text = answer.read()
            finally:
                connection.close()
            for line in answer.headers.get_all("Set-Cookie", []):
                name, _, value = line.split(";")[0].partition("=")
                cookies[name] = value
            if answer.status != 303:
                raise RuntimeError("the provider answers %d to %s: %.300r" % (answer.status, address, text))
            return answer.headers["Location"]

        where = step("GET", url)
        forms = [{"prompt": "login", "login": login, "password": "x"}, {"prompt": "consent"}]
        while not where.startswith(self.redirect):
            if "/interaction/" not in where:
                where = step("GET", where)
            elif abort:
                where = step("GET", where + "/abort")
            else:
                where = step("POST", where, forms.pop(0))
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(where).query))

    def close(self):
        self.stop_proxy()
        self.stop()
