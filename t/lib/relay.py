"""relay.py - peers for mail: a real SMTP server (aiosmtpd) on loopback that is told what to refuse, and a scripted one
that says odd things at any step.

    relay = Relay(folder, tls="starttls").start()
    relay.refuse["anna@example.net"] = ["451 4.7.1 greylisted", "451 4.7.1 still"]     # then it is taken
    relay.taken      # a Taken for each message, in order
    relay.asked      # an address for each RCPT, whatever became of it
"""
import logging
import os
import shutil
import socket
import ssl
import subprocess
import threading
import warnings

import tap
from stack import free_port

try:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, AuthResult
except ImportError:
    tap.skip_all("python3-aiosmtpd is missing")

logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)    # handshakes that are to fail
warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")    # implicit TLS needs no STARTTLS
USER, PASSWORD = "mailer", "mail-pass"


def readable(path):
    """For the user of the services and nobody else."""
    os.chmod(path, 0o600)
    if os.getuid() == 0:
        shutil.chown(path, "bezel", "bezel")
    return path


def secret(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return readable(path)


def certificate(folder, name="relay"):
    """A key and a self-signed certificate for localhost, one of a name; returns the paths."""
    key, cert = (os.path.join(folder, name + end) for end in (".key", ".pem"))
    if os.path.exists(cert):
        return key, cert
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return key, readable(cert)


class Taken:
    """A message that was accepted."""

    def __init__(self, session, envelope):
        self.sender, self.recipients = envelope.mail_from, list(envelope.rcpt_tos)
        self.content = envelope.original_content
        self.tls = session.ssl is not None
        self.authenticated = session.authenticated
        self.hello = session.host_name


class _Listener(Controller):
    """aiosmtpd's own for implicit TLS says AUTH only when STARTTLS was used; the socket is secure already."""

    def __init__(self, handler, relay, **keywords):
        self.relay = relay
        super().__init__(handler, hostname="127.0.0.1", port=relay.port, ready_timeout=20, **keywords)

    def factory(self):
        relay = self.relay
        context = relay.context if relay.tls == "starttls" else None
        return SMTP(self.handler, hostname="localhost", tls_context=context, require_starttls=context is not None,
                    auth_required=relay.login, auth_require_tls=relay.tls == "starttls", authenticator=relay.authenticate,
                    data_size_limit=relay.size)


class Relay:
    """An SMTP server of one port; it may be stopped and started again."""

    def __init__(self, folder, tls="starttls", login=True, size=1 << 20, cert=None):
        self.key, self.cert = cert or certificate(folder)
        self.tls, self.login, self.size = tls, login, size
        self.port = free_port()
        self.taken, self.asked, self.refuse, self.logins = [], [], {}, []
        self.on_taken = None    # called before the acceptance is said
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.cert, self.key)
        self._controller = None
        tap.at_end(self.stop)

    def start(self):
        context = self.context if self.tls == "implicit" else None
        self._controller = _Listener(self, self, ssl_context=context)
        self._controller.start()
        return self

    def stop(self):
        if self._controller is not None:
            controller, self._controller = self._controller, None
            controller.stop()

    def settings(self, folder, name="relay"):
        """bezel's options for it."""
        options = {"mail": "smtp", "smtp_host": "127.0.0.1", "smtp_port": self.port, "smtp_ca_file": self.cert,
                   "smtp_tls": self.tls if self.tls != "plain" else "none"}
        if self.login:
            options.update(smtp_user=USER, smtp_password_file=secret(folder, name + ".password", PASSWORD))
        return options

    # --- what aiosmtpd calls
    def authenticate(self, _server, _session, _envelope, mechanism, data):
        user = getattr(data, "login", b"").decode(), getattr(data, "password", b"").decode()
        self.logins.append((mechanism, user[0]))
        return AuthResult(success=user == (USER, PASSWORD), handled=False)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        self.asked.append(address)
        answers = self.refuse.get(address)
        if answers:
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, _server, session, envelope):
        self.taken.append(Taken(session, envelope))
        if self.on_taken is not None:
            self.on_taken()
        return "250 2.0.0 stored"


class OddRelay:
    """Answers each command by a table of its own: {"RCPT": "550 no"}; None closes, "..." says nothing. "" is the greeting,
    "." what answers the message. What it does not name is accepted."""

    def __init__(self, answers):
        self.answers = answers
        self.commands = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._listener.close()

    def _serve(self):
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _answer(self, peer, command):
        usual = {"": "220 localhost odd", "EHLO": "250-localhost\r\n250-SIZE 1000000\r\n250 AUTH PLAIN", "DATA": "354 go on",
                 "QUIT": "221 bye"}
        answer = self.answers.get(command, usual.get(command, "250 ok"))
        if answer is None:
            peer.close()
            return False
        if answer != "...":
            peer.sendall(answer.encode() + b"\r\n")
        return True

    def _talk(self, peer):
        try:
            lines = peer.makefile("rb")
            if not self._answer(peer, ""):
                return
            in_data = False
            for line in lines:
                if in_data:
                    if line != b".\r\n":
                        continue
                    in_data = False
                    command = "."
                else:
                    command = line.split()[0].decode("ascii", "replace").upper() if line.split() else "?"
                    in_data = command == "DATA" and "DATA" not in self.answers
                self.commands.append(command)
                if not self._answer(peer, command) or command == "QUIT":
                    return
        except (OSError, ValueError):
            pass
        finally:
            peer.close()
