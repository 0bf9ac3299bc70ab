#!/usr/bin/python3
"""Mail from the job to a real relay: what arrives, what is tried again and when, what is given up, and that nothing goes
in the clear. Messages are read with Python's own email package."""
import datetime
import email
import email.policy
import email.utils
import html.parser
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from relay import USER, OddRelay, Relay, certificate, secret
from faults import workers
from members import stored_member
from stack import SLOWER, TMP, Stack, wait_for
from studio import metric
from tap import at_end, diag, is_, main, ok, skip, test

ADDRESS = "anna@example.net"
TEMPLATES = ["verify_email", "password_reset", "password_changed", "email_taken", "new_sign_in", "export_ready",
             "account_deleted", "provider_confirm", "provider_linked", "provider_unlinked", "api_key_made",
             "email_change", "email_change_taken", "email_changed", "email_moved", "announce"]
PAGES = {"verify_email": "/verify", "password_reset": "/reset", "provider_confirm": "/confirm", "export_ready": "/account",
         "email_change": "/email", "email_changed": "/email-undo"}


def order(template="verify_email", to=ADDRESS, **more):
    return {"template": template, "to": to, "name": None, "token_id": str(uuid.uuid4()), "subject": None, "text": None, "list": None,
            "detail": None, **more}


def enqueue(mail_order, user_id=None, age_s=0, **more):
    """A job as bezel inserts it; the validator sees it."""
    now = datetime.datetime.utcnow()
    begun = now - datetime.timedelta(seconds=age_s)
    job = {"_id": str(uuid.uuid4()), "kind": "mail", "status": "queued", "design_id": None, "user_id": user_id,
           "guest_session_id": None, "priority": 5, "rank": int(time.time() * 1000), "run_at": now, "lease_token": None,
           "lease_until": None, "attempts": 0, "cancel_requested": False, "revision": 0, "slots": [], "charge": None,
           "prompt": "", "base_image_id": None, "refinement_strength": None, "preserve_elements": [], "gem_data": None,
           "material_preferences": None, "mail_order": mail_order, "ip_address": "", "last_error": None,
           "created_at": begun, "updated_at": now, "ended_at": None, **more}
    stack.db.jobs.insert_one(job)
    return job["_id"]


def row(job):
    return stack.db.jobs.find_one({"_id": job})


def ended(job, seconds=15):
    wait_for(lambda: row(job).get("ended_at"), seconds, "the end of the mail")
    return row(job)


def tried(job, attempts, seconds=15):
    """Until it waits after so many tries."""
    wait_for(lambda: row(job)["attempts"] == attempts and row(job)["status"] == "queued", seconds, "try %d" % attempts)
    return row(job)


def parse(content):
    return email.message_from_bytes(content, policy=email.policy.default)


def parts(message):
    return [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]


def reload_with(**settings):
    """Other options from now on: the services' user keeps its files, the processes are new."""
    for name in [name for name in stack.settings if name.startswith("smtp_")]:
        del stack.settings[name]
    stack.settings.update(settings)
    stack.restart()


def words_of(relay):
    """Its options for a command line."""
    return ["--%s=%s" % pair for pair in relay.settings(folder, "once").items()]


class Words(html.parser.HTMLParser):
    """What a reader of the HTML sees, and where its links lead."""

    def __init__(self, text):
        super().__init__()
        self.words, self.links, self.tags = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


# --- without a relay ---------------------------------------------------------

@test
def outbox():
    token, user = str(uuid.uuid4()), stored_member(stack)
    job = enqueue(order(token_id=token), user_id=user)
    is_(ended(job)["status"], "succeeded", "outbox: the job ends")
    path = os.path.join(stack.state, "var", "outbox", job + ".eml")
    is_(stat.S_IMODE(os.stat(path).st_mode), 0o600, "a file for its owner alone")
    with open(path, "rb") as file:
        content = file.read()
    message = parse(content)
    is_((message["To"].addresses[0].addr_spec, str(message["From"])), (ADDRESS, "bezel <noreply@localhost>"), "to and from")
    text, page = parts(message)
    found = re.search(r"%s/verify#token=(\S+)" % re.escape(stack.base_url), text)
    ok(found and found.group(1).startswith("verify_email.%s." % token), "the link has the token's name and a MAC", text)
    ok(found and found.group(0) in Words(page).links, "the HTML has the same link")
    ok(not any(found.group(1).rsplit(".", 1)[1] in repr(document) for name in stack.db.list_collection_names()
               for document in stack.db[name].find()), "the MAC is stored nowhere")
    is_([name for name in os.listdir(os.path.dirname(path)) if name != job + ".eml"], [], "and nothing beside it")


@test
def generations_do_not_show_mail():
    """A member's mail has the member's id, as a generation has."""
    client = stack.client()
    is_(client.post("/v1/guest-session", json={}).status, 201, "a guest")
    session = stack.db.guest_sessions.find_one(sort=[("created_at", -1)])["_id"]
    job = enqueue(order(), guest_session_id=session)
    ended(job)
    for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/retry")):
        reply = client.request(method, "/v1/generations/" + job + path, headers={"Idempotency-Key": str(uuid.uuid4())})
        is_(reply.status, 404, "%s %s of a mail: there is none" % (method, path))
    is_(row(job)["status"], "succeeded", "and it is as it was")


@test
def mail_test_to_the_outbox():
    done = stack.bezel("mail", "test", ADDRESS)
    is_((done.returncode, "mail: sent" in done.stdout), (0, True), "mail test: sent")
    name = re.search(r"^id: (\S+)$", done.stdout, re.M).group(1)
    with open(os.path.join(stack.state, "var", "outbox", name + ".eml"), "rb") as file:
        text = parts(parse(file.read()))[0]
    ok("étude, Größe, ♦" in text, "letters beyond ASCII are in it", text)
    for words in ([], ["test"], ["test", "nobody"], ["test", "a@b\nRCPT TO:<c@d>"], ["post", ADDRESS], ["test", "a@b", "c"]):
        is_(stack.bezel("mail", *words).returncode, 2, "mail %r is used wrongly" % words)


@test
def options_that_do_not_fit():
    for words, part in ((["--mail=smtp"], "needs smtp_host"),
                        (["--mail=smtp", "--smtp_host=mail.example", "--smtp_tls=none"], "loopback"),
                        (["--mail=smtp", "--smtp_host=localhost", "--smtp_user=x"], "need each other"),
                        (["--mail=smtp", "--smtp_host=mail example"], "smtp_host must be"),
                        (["--mail=smtp", "--smtp_host=a/b"], "smtp_host must be"),
                        (["--mail_from=nobody"], "mail_from must be"),
                        (["--mail=smtp", "--smtp_host=localhost", "--smtp_ca_file=/nonexistent"], "cannot be read"),
                        (["--mail=smtp", "--smtp_host=localhost", "--smtp_user=x", "--smtp_password_file=/nonexistent"],
                         "/nonexistent"),
                        (["--mail_outbox=/nonexistent/outbox"], "cannot be made")):
        done = stack.bezel(*words, "mail", "test", ADDRESS)
        ok(done.returncode == 1 and part in done.stderr, "%s: %s" % (" ".join(words), part), done.stderr)


# --- what a reply means -----------------------------------------------------

# answers of the relay, outcome, reason, code
ODD = [
    ({}, "sent", "accepted", 250),
    ({"RCPT": "550 5.1.1 no such user"}, "never", "refused", 550),
    ({"RCPT": "553 no"}, "never", "refused", 553),
    ({"RCPT": "450 4.2.0 greylisted"}, "later", "refused", 450),
    ({"RCPT": "452 full"}, "later", "refused", 452),
    ({"RCPT": "421 closing"}, "later", "refused", 421),
    ({"MAIL": "451 busy"}, "later", "refused", 451),
    ({"MAIL": "552 too big"}, "never", "refused", 552),
    ({"MAIL": "550 sender not allowed"}, "misconfigured", "refused", 550),
    ({"MAIL": "530 authentication required"}, "misconfigured", "refused", 530),
    ({"DATA": "554 no"}, "never", "refused", 554),
    ({"DATA": "451 no"}, "later", "refused", 451),
    ({".": "554 looks like spam"}, "never", "refused", 554),
    ({".": "452 disk full"}, "later", "refused", 452),
    ({"": "554 no service for you"}, "misconfigured", "refused", 554),
    ({"": "421 too many"}, "later", "refused", 421),
    ({"EHLO": "550 no", "HELO": "550 no"}, "misconfigured", "refused", 550),
    ({"": None}, "later", "cut", 0),
    ({"MAIL": None}, "later", "cut", 250),
    ({"RCPT": None}, "later", "cut", 250),
    ({".": None}, "later", "cut", 354),
    ({"": "..."}, "later", "timeout", 0),
    ({"RCPT": "..."}, "later", "timeout", 250),
    ({".": "..."}, "later", "timeout", 354),
    ({"QUIT": "..."}, "sent", "accepted", 250),
    ({"QUIT": None}, "sent", "accepted", 250),
]
SENTENCES = {"sent": "sent", "later": "not now", "never": "refused, and will be", "misconfigured": "nothing will go"}


@test
def replies():
    for answers, outcome, reason, code in ODD:
        odd = OddRelay(answers)
        began = time.monotonic()
        done = stack.bezel("--mail=smtp", "--smtp_host=127.0.0.1", "--smtp_port=%d" % odd.port, "--smtp_tls=none",
                           "--smtp_timeout_s=2", "mail", "test", ADDRESS)
        took = time.monotonic() - began
        odd.close()
        said = dict(line.split(": ", 1) for line in done.stdout.splitlines())
        name = "%r: %s" % (answers, outcome)
        ok(said.get("mail", "").startswith(SENTENCES[outcome]), name, done.stdout + done.stderr)
        is_((said.get("reason"), done.returncode), (reason, 0 if outcome == "sent" else 1), "reason %s" % reason)
        ok(said.get("code") in (str(code), None if code == 0 else str(code)), "code %d" % code, said)
        ok(took < 6 * SLOWER, "in time", "%.1f s" % took)
        if outcome == "never" and "RCPT" in answers:
            ok("DATA" not in odd.commands, "and the text was not sent")


@test
def nothing_in_the_clear():
    """STARTTLS that is not offered, refused, or of a stranger; TLS that is not spoken: not a word of the mail goes."""
    password = secret(folder, "clear.password", "mail-pass")
    login = ["--smtp_user=mailer", "--smtp_password_file=" + password]
    stranger = certificate(folder, "stranger")[1]
    offered = "250-localhost\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS"
    for name, answers, words in (
            ("not offered", {}, []), ("not offered, with login", {}, login),
            ("refused", {"EHLO": offered, "STARTTLS": "454 not now"}, login),
            ("broken", {"EHLO": offered, "STARTTLS": "220 go on"}, login),
            ("implicit, and the relay speaks plainly", {}, ["--smtp_tls=implicit", *login])):
        odd = OddRelay(answers)
        done = stack.bezel("--mail=smtp", "--smtp_host=127.0.0.1", "--smtp_port=%d" % odd.port, "--smtp_timeout_s=2", *words,
                           "mail", "test", ADDRESS)
        odd.close()
        ok(done.returncode == 1 and "mail: sent" not in done.stdout, "TLS %s: not sent" % name, done.stdout)
        is_([c for c in odd.commands if c in ("AUTH", "MAIL", "RCPT", "DATA")], [], "neither password nor mail goes")
    relay = Relay(folder, login=True).start()
    for name, words in (("a certificate of a stranger", ["--smtp_ca_file=" + stranger]),
                        ("a name that the certificate lacks", ["--smtp_ca_file=" + relay.cert, "--smtp_host=127.0.0.2"])):
        done = stack.bezel("--mail=smtp", "--smtp_host=127.0.0.1", "--smtp_port=%d" % relay.port, *login, *words,
                           "mail", "test", ADDRESS)
        ok("nothing will go" in done.stdout or "not now" in done.stdout, name + ": not sent", done.stdout)
        if "stranger" in name:
            ok("reason: tls" in done.stdout, "an operator must mend it", done.stdout)
    is_((relay.taken, relay.asked, relay.logins), ([], [], []), "the relay saw neither login nor mail")
    relay.stop()


# --- a real relay ------------------------------------------------------------

@test
def who_has_left():
    """A job that says an address is kept for a week; not of somebody who has deleted the account."""
    jobs = [enqueue(order("account_deleted", to=to, token_id=None), user_id=user) for to, user in (
        ("stays@example.net", stored_member(stack)), ("left@example.net", str(uuid.uuid4())), ("nobody@example.net", None))]
    wait_for(lambda: all(os.path.exists(os.path.join(stack.state, "var", "outbox", job + ".eml")) for job in jobs), 15, "the mails")
    wait_for(lambda: row(jobs[1]) is None, 10, "the job of who has left to go")
    is_([ended(jobs[i])["status"] for i in (0, 2)], ["succeeded"] * 2, "others are kept, for the operator")
    is_(stack.db.jobs.count_documents({"mail_order.to": "left@example.net"}), 0, "the address is not in the database any more")


@test
def every_template():
    """By STARTTLS with a login."""
    user, token = stored_member(stack, ADDRESS), str(uuid.uuid4())
    reload_with(mail_from='"Atelier Ä" <noreply@mail.example.com>', **starttls.settings(folder))
    starttls.taken.clear()
    # One link is sent only while it holds, and to an address that has no account yet.
    now, to = datetime.datetime.utcnow(), {"email_change": "new.anna@example.net"}
    stack.db.one_time_tokens.insert_one({
        "_id": token, "purpose": "email_change", "user_id": user, "email": to["email_change"], "browser": None, "provider": None,
        "issuer": None, "subject": None, "full_name": None, "used_at": None, "created_at": now,
        "expires_at": now + datetime.timedelta(hours=1)})
    jobs = {}
    for template in TEMPLATES:
        more = {"subject": "Neuigkeiten für alle, und ein recht langer Betreff, der gefaltet werden muss: ♦♦♦♦♦♦♦♦♦♦♦♦♦♦",
                "text": "One & two.\n\n.\nFrom here on: <b>é</b>\n" + "x" * 1200, "list": "design_tips"} \
            if template == "announce" else {}
        jobs[template] = enqueue(order(template, to.get(template, ADDRESS), name='Anna "A" Müller', token_id=token, detail="Firefox <5>", **more),
                                 user_id=user)
    for template, job in jobs.items():
        is_(ended(job)["status"], "succeeded", template + ": sent")
        found = [taken for taken in starttls.taken if job.encode() in taken.content]
        is_(len(found), 1, "once")
        taken = found[0]
        is_((taken.sender, taken.recipients, taken.tls, taken.authenticated, taken.hello),
            ("noreply@mail.example.com", [to.get(template, ADDRESS)], True, True, "mail.example.com"), "envelope, TLS, login")
        ok(not re.search(rb"(?<!\r)\n|\r(?!\n)", taken.content) and max(map(len, taken.content.split(b"\r\n"))) < 998
           and all(byte < 128 for byte in taken.content), "lines of 7 bits that end with CRLF")
        message = parse(taken.content)
        is_(message.defects + [d for part in message.walk() for d in part.defects], [], "no defects")
        is_(message["Message-ID"], "<%s@mail.example.com>" % job, "Message-ID")
        is_((message["From"].addresses[0].display_name, message["Auto-Submitted"], message["MIME-Version"]),
            ("Atelier Ä", "auto-generated", "1.0"), "From, Auto-Submitted, MIME-Version")
        created = row(job)["created_at"].replace(tzinfo=datetime.timezone.utc, microsecond=0)
        is_(message["Date"].datetime, created, "Date")
        is_(message.get_content_type(), "multipart/alternative", "alternatives")
        is_([part.get_content_type() for part in message.iter_parts()], ["text/plain", "text/html"], "text, then HTML")
        text, page = parts(message)
        words = Words(page)
        lines = [line for line in text.split("\n") if line and line != "-- " and not line.startswith("http")]
        missing = [line for line in lines if " ".join(line.rstrip(":").split()) not in words.text]
        is_(missing, [], "the HTML says what the text says")
        is_(words.tags & {"img", "script", "link", "iframe", "style"}, set(), "and fetches nothing")
        greets = template not in ("verify_email", "password_reset", "email_taken", "provider_confirm", "email_change", "email_change_taken")
        is_(('Hello Anna "A" Müller,' in text, message["To"].addresses[0].display_name),
            (greets, 'Anna "A" Müller' if greets else ""), "a name only for those whose address is confirmed")
        ok(all(link.startswith(stack.base_url + "/") for link in words.links), "links lead to the studio", words.links)
        if template in PAGES:
            ok("%s%s#token=%s.%s." % (stack.base_url, PAGES[template], template, token) in text, "its page and token", text)
        if template == "announce":
            is_(message["Subject"], more["subject"], "the operator's subject, unfolded")
            ok("<b>é</b>" in text and "<b>é</b>" in words.text and "b" not in words.tags, "his words are words")
            ok("\n.\n" in text and "x" * 1200 in text, "dots and long lines arrive")
            url = re.fullmatch(r"<(\S+)>", message["List-Unsubscribe"]).group(1)
            ok(url.startswith("%s/u/%s.design_tips." % (stack.base_url, user)), "List-Unsubscribe", url)
            is_(message["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click", "and with one click")
            ok(url in words.links and url in text, "which both parts show")
        else:
            ok(message["List-Unsubscribe"] is None, "not a message to many")
    logged = stack.log("bezel")
    ok(ADDRESS not in logged and "Müller" not in logged and "mail-pass" not in logged, "no address, name or password in the log")
    ok(all(key in logged for key in ('"mail.sent"', job)), "but the job's id")


@test
def without_a_token_or_a_name():
    starttls.taken.clear()
    ended(enqueue(order("new_sign_in", token_id=None)))
    text = parts(parse(starttls.taken[0].content))[0]
    ok("Hello,\n" in text and "Device" not in text and "#token" not in text, "what is not there is not spoken of", text)


@test
def greylisted_then_taken():
    address = "grey@example.net"
    starttls.taken.clear()
    starttls.asked.clear()
    starttls.refuse[address] = ["451 4.7.1 greylisted", "450 4.2.1 still"]
    sent, tries = metric(stack, "bezel_mail_sent_total"), metric(stack, "bezel_mail_tries_total")
    began = time.monotonic()
    job = enqueue(order(to=address))
    first = tried(job, 1)
    ok("451" in first["last_error"] and "greylisted" in first["last_error"], "the row says why", first["last_error"])
    is_((first["priority"], abs(first["rank"] - first["run_at"].replace(tzinfo=datetime.timezone.utc).timestamp() * 1000) < 5),
        (10, True), "it waits in nobody's way")
    last = ended(job, 30)
    took = time.monotonic() - began
    is_((last["status"], last["attempts"]), ("succeeded", 3), "4xx twice: sent with the third try")
    is_(starttls.asked.count(address), 3, "the relay was asked three times")
    is_(len(starttls.taken), 1, "and took one")
    is_(parse(starttls.taken[0].content)["Message-ID"], "<%s@mail.example.com>" % job, "of that id")
    ok(6 <= took < 14 * SLOWER, "waits of one and five times mail_retry_s", "%.1f s" % took)
    is_((metric(stack, "bezel_mail_sent_total") - sent, metric(stack, "bezel_mail_tries_total") - tries), (1, 3), "counted")
    is_(metric(stack, "bezel_mail_failing"), 0, "a relay that answers does not fail")


@test
def refused_for_good():
    address = "gone@example.net"
    starttls.asked.clear()
    starttls.refuse[address] = ["550 5.1.1 <gone@example.net>: no such user"] * 5
    failed = metric(stack, "bezel_mail_failed_total")
    last = ended(enqueue(order(to=address)))
    is_((last["status"], last["attempts"], starttls.asked.count(address)), ("failed", 1, 1), "5xx: one try, given up")
    ok("550" in last["last_error"] and "no such user" in last["last_error"], "the row says why", last["last_error"])
    # The row first, then what is said of it.
    wait_for(lambda: [e for e in stack.events("mail.given_up") if e["job"] == last["_id"]], 5, "the line in the log")
    is_(metric(stack, "bezel_mail_failed_total") - failed, 1, "counted")
    entry = [e for e in stack.events("mail.given_up") if e["job"] == last["_id"]]
    is_((len(entry), entry[0]["code"], entry[0]["reason"]), (1, 550, "refused"), "logged once, by its id")
    ok(address not in stack.log("bezel"), "without the address, which the relay had said")
    time.sleep(2)
    is_(row(last["_id"])["attempts"], 1, "and it stays given up")


@test
def given_up_with_time():
    """mail_retry_s is 1 here: three days are 4320 s."""
    address = "late@example.net"
    starttls.refuse[address] = ["451 later"] * 9
    last = ended(enqueue(order(to=address), age_s=4400))
    is_((last["status"], last["attempts"]), ("failed", 1), "older than three days: the last try was the last")
    job = enqueue(order(to=address), age_s=4310, attempts=4)
    waits = tried(job, 5)
    left = (waits["run_at"] - datetime.datetime.utcnow()).total_seconds()
    ok(0 < left <= 10, "the last try is when they are over", left)
    starttls.refuse["reset@example.net"] = ["451 later"] * 9
    last = ended(enqueue(order("password_reset", to="reset@example.net"), age_s=895, attempts=3))
    is_(last["status"], "failed", "a link of 15 minutes is not sent after them")
    ok(ended(enqueue(order("password_reset", to="other@example.net"), age_s=30))["status"] == "succeeded", "in time it is")


@test
def orders_that_cannot_be():
    """Damaged in the database: ended, never sent, and the worker goes on."""
    starttls.asked.clear()
    jobs = []
    for damage in (None, {}, {"to": "a@b"}, order("nonsense"), order(to="a@b\r\nRCPT TO:<c@d>"), order(to="a@b> <c@d"),
                   order(to=5), order(to="jörg@example.net"), "words"):
        now = datetime.datetime.utcnow()
        job = str(uuid.uuid4())
        stack.db.command("insert", "jobs", bypassDocumentValidation=True, documents=[{
            "_id": job, "kind": "mail", "status": "queued", "priority": 5, "rank": 0, "attempts": 0, "revision": 0,
            "run_at": now, "slots": [], "created_at": now, "updated_at": now, "mail_order": damage}])
        jobs.append(job)
    is_({ended(job)["status"] for job in jobs}, {"failed"}, "they end as failed")
    is_(starttls.asked, [], "and no relay was asked")
    starttls.taken.clear()
    values = {"name": "Anna\r\nBcc: evil@example.net", "detail": "a\r\n.\r\nQUIT\r\n\u202e", "subject": "x\r\nBcc: y@z"}
    for template in ("new_sign_in", "announce"):
        job = str(uuid.uuid4())
        stack.db.command("insert", "jobs", bypassDocumentValidation=True, documents=[{
            **row(jobs[0]), "_id": job, "status": "queued", "ended_at": None, "attempts": 0, "last_error": None,
            "mail_order": order(template, text="words\r\n.\r\nmore", **values)}])
        ended(job)
    for taken in starttls.taken:
        message = parse(taken.content)
        is_((taken.recipients, message["Bcc"], message.defects), ([ADDRESS], None, []), "no value makes a header or an end")
    is_(len(workers(stack, "job")), 2, "the workers live")


@test
def claimed_too_often():
    dead = metric(stack, "bezel_jobs_dead_total")
    last = ended(enqueue(order(), attempts=60))
    is_((last["status"], metric(stack, "bezel_jobs_dead_total") - dead), ("failed", 1), "a mail that is claimed again and again"
        " is given up")


@test
def killed_after_the_acceptance():
    """The relay has it, the worker dies before the job's end: sent again after the lease, and a reader can tell."""
    killed = []

    def kill():
        if not killed:
            killed.extend(wait_for(speaking, 5, "the worker that speaks to the relay"))
            for pid in killed:
                stack.kill(pid)

    def speaking():
        """The workers that are connected to the relay. One look can miss a connection, beside much coming and going."""
        reply = subprocess.run(["ss", "-tnpH", "dport", "=", ":%d" % starttls.port], check=True, stdout=subprocess.PIPE,
                               text=True)
        return [pid for pid in workers(stack, "job") if "pid=%d," % pid in reply.stdout]

    starttls.taken.clear()
    starttls.on_taken = kill
    job = enqueue(order(token_id=str(uuid.uuid4())))
    last = ended(job, 30)
    starttls.on_taken = None
    is_(len(killed), 1, "the worker that sent it was killed")
    is_((last["status"], last["attempts"], len(starttls.taken)), ("succeeded", 2, 2), "another one sends it again, once")
    is_(starttls.taken[0].content, starttls.taken[1].content, "the same to the byte, Message-ID and all")
    ok(("<%s@" % job).encode() in starttls.taken[0].content, "which is the job's")


@test
def a_relay_that_is_away():
    starttls.stop()
    alarms = metric(stack, "bezel_mail_alarms_total")
    job = enqueue(order(to="back@example.net"))
    first = tried(job, 1)
    ok("connect" in first["last_error"], "nobody listens: later", first["last_error"])
    is_((metric(stack, "bezel_mail_failing"), metric(stack, "bezel_mail_alarms_total")), (1, alarms), "shown, no alarm")
    client = stack.client()
    ok("mail" in client.get("/readyz").json()["failing"], "/readyz names it")
    began = time.monotonic()
    is_(client.post("/v1/guest-session", json={}).status, 201, "requests go on")
    ok(time.monotonic() - began < 1 * SLOWER, "without waiting for it")
    tried(job, 2)
    starttls.taken.clear()
    starttls.start()
    last = ended(job, 40)
    is_((last["status"], last["attempts"], len(starttls.taken)), ("succeeded", 3, 1), "it is back: sent once")
    is_(metric(stack, "bezel_mail_failing"), 0, "and all is well")
    is_(client.get("/readyz").json()["failing"], [], "as /readyz says")


@test
def a_slow_relay_holds_the_lease():
    """Longer than the lease: the worker that sends keeps it."""
    starttls.taken.clear()
    starttls.on_taken = lambda: time.sleep(4)
    last = ended(enqueue(order(to="slow@example.net")), 30)
    starttls.on_taken = None
    is_((last["status"], last["attempts"], len(starttls.taken)), ("succeeded", 1, 1), "sent once by one worker")


@test
def a_wrong_password():
    options = starttls.settings(folder, "wrong")
    secret(folder, "wrong.password", "not-the-one")
    reload_with(**options)
    starttls.asked.clear()
    alarms = metric(stack, "bezel_mail_alarms_total")
    job = enqueue(order(to="login@example.net"))
    first = tried(job, 1)
    ok("login" in first["last_error"] and "535" in first["last_error"], "the row says why", first["last_error"])
    ok("not-the-one" not in stack.log("bezel") + first["last_error"], "without the password")
    ok(metric(stack, "bezel_mail_alarms_total") > alarms and stack.events("mail.alarm"), "an alarm: an operator must mend it")
    is_(starttls.asked, [], "no mail was offered")
    done = stack.bezel("mail", "test", ADDRESS)
    ok(done.returncode == 1 and "reason: login" in done.stdout and "code: 535" in done.stdout, "mail test says so", done.stdout)
    reload_with(**starttls.settings(folder))
    last = ended(job, 60)
    is_(last["status"], "succeeded", "mended: nothing was lost")


@test
def implicit_tls():
    relay = Relay(folder, tls="implicit").start()
    done = stack.bezel(*words_of(relay), "mail", "test", ADDRESS)
    is_((done.returncode, len(relay.taken)), (0, 1), "implicit TLS: sent")
    is_(relay.logins[:1] and relay.logins[0][1], USER, "with the login")
    relay.stop()


@test
def a_message_over_the_relays_limit():
    relay = Relay(folder, size=500).start()
    done = stack.bezel(*words_of(relay), "mail", "test", ADDRESS)
    ok("refused, and will be" in done.stdout and "code: 552" in done.stdout, "never", done.stdout)
    is_(relay.taken, [], "nothing was taken")
    relay.stop()


@test
def told_to_stop_while_it_sends():
    """It waits for the relay's word for twenty seconds, then leaves the mail to the next one."""
    if not os.environ.get("BEZEL_TEST_LONG"):
        skip("told to stop while it sends", "takes half a minute")
        return
    odd = OddRelay({".": "..."})
    reload_with(mail="smtp", smtp_host="127.0.0.1", smtp_port=odd.port, smtp_tls="none")
    job = enqueue(order(to="stop@example.net"))
    wait_for(lambda: "DATA" in odd.commands, 15, "the message")
    began = time.monotonic()
    stack.stop()
    took = time.monotonic() - began
    ok(15 < took < 29 * SLOWER, "it ends, and not at once", "%.1f s" % took)
    odd.close()
    stack.settings.update(starttls.settings(folder))
    stack.start()
    last = ended(job, 30)
    is_((last["status"], last["attempts"]), ("succeeded", 2), "sent at the next start")


@test
def ended_mail_is_tidied():
    old = datetime.datetime.utcnow() - datetime.timedelta(days=8)
    job = enqueue(order(), status="succeeded", ended_at=old)
    waiting = enqueue(order(), run_at=datetime.datetime.utcnow() + datetime.timedelta(hours=1))
    is_(stack.bezel("retention").returncode, 0, "retention")
    is_((row(job), row(waiting)["status"]), (None, "queued"), "a week after its end it goes, waiting mail stays")


folder = tempfile.mkdtemp(prefix="bezel-t-mail-", dir=TMP)
os.chmod(folder, 0o755)
at_end(lambda: shutil.rmtree(folder, ignore_errors=True))
starttls = Relay(folder).start()
stack = Stack(settings={"provider": "mem", "job_lease_s": 2, "mail_retry_s": 1, "web_workers": 2, "job_workers": 2}).start()
diag("relay on port %d" % starttls.port)
main(400)
