/*
 * oauth_cli - both halves of sign-ins from the command line, for tests.
 *
 * Reads one JSON object a line and answers each with one:
 *
 *	{"do":"begin","provider":"google","redirect_uri":..,"state":..,"nonce":..,
 *	 "code_verifier":..,"ms":8000}
 *	{"do":"finish", the same, "code":..,"iss":..}
 *	{"do":"signed","provider":"facebook","text":..}
 *	{"do":"skew","ms":-3600000}
 *
 * All in one process, so documents that are kept are kept from line to line.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "codec/json.h"
#include "net/net.h"
#include "oauth/facebook.h"
#include "oauth/google.h"

static _Noreturn void
fail(const char *text)
{
	(void)fprintf(stderr, "oauth_cli: %s\n", text);
	exit(2);
}

static struct str
get(const struct json_value *line, const char *name)
{
	const struct json_value *value = json_get(line, name);

	return value != NULL && value->type == JSON_T_STRING ? value->string
	    : STR_NULL;
}

static int64_t
get_ms(const struct json_value *line)
{
	const struct json_value *value = json_get(line, "ms");

	return value != NULL && value->type == JSON_T_INT ? value->integer : 10000;
}

static void
add(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, ",\"%s\":", name);
	if (value.p == NULL)
		buf_addz(out, "null");
	else
		buf_add_json(out, value);
}

static void
add_identity(struct buf *out, const struct oauth_identity *identity)
{
	add(out, "issuer", identity->issuer);
	add(out, "subject", identity->subject);
	add(out, "email", identity->email);
	add(out, "name", identity->name);
	add(out, "picture_url", identity->picture_url);
	buf_printf(out, ",\"email_verified\":%s,\"email_authoritative\":%s",
	    identity->email_verified ? "true" : "false",
	    identity->email_authoritative ? "true" : "false");
}

static enum rc
run(struct oauth *oauth, struct arena *arena, const struct json_value *line,
    struct buf *out, struct err *err)
{
	struct str what = get(line, "do"), url;
	struct oauth_identity identity;
	struct oauth_signed told;
	enum oauth_provider provider;
	struct oauth_flow flow = { .redirect_uri = get(line, "redirect_uri"),
		.state = get(line, "state"), .nonce = get(line, "nonce"),
		.code_verifier = get(line, "code_verifier"),
		.deadline_ms = clock_mono_ms() + get_ms(line) };

	if (str_eqz(what, "skew")) {
		clock_set_skew_ms(get_ms(line));
		return RC_OK;
	}
	if (!oauth_provider_of(get(line, "provider"), &provider))
		fail("no such provider");
	if (str_eqz(what, "begin")) {
		if (oauth_begin(oauth, arena, provider, &flow, &url, err) == RC_OK)
			add(out, "url", url);
	} else if (str_eqz(what, "finish")) {
		if (oauth_finish(oauth, arena, provider, &flow, get(line, "code"),
		    get(line, "iss"), &identity, err) == RC_OK)
			add_identity(out, &identity);
	} else if (str_eqz(what, "signed")) {
		if (oauth_read_signed(oauth, arena, provider, get(line, "text"), &told,
		    err) == RC_OK)
			add(out, "subject", told.subject);
	} else {
		fail("no such thing to do");
	}
	return err->rc;
}

static void
answer(struct oauth *oauth, struct str text)
{
	struct arena *arena = arena_new();
	const struct json_value *line;
	int64_t from_ms = clock_mono_ms();
	struct buf out;
	struct err err;

	err_init(&err);
	buf_init(&out, arena, 1024, 64 * 1024);
	if (json_parse(arena, text, &line, &err) != RC_OK)
		fail(err.message);
	buf_printf(&out, "{\"version\":1");
	(void)!run(oauth, arena, line, &out, &err);
	add(&out, "code", str_of(error_rows[err.rc].code));
	if (err.rc != RC_OK) {
		add(&out, "message", str_of(err.message));
		add(&out, "detail", str_of(err.detail));
	}
	buf_printf(&out, ",\"took_ms\":%lld}\n", (long long)(clock_mono_ms() - from_ms));
	(void)fwrite(out.p, 1, out.n, stdout);
	(void)fflush(stdout);
	arena_free(arena);
}

enum { ISSUER = 256, CLIENT_ID, CLIENT_SECRET, PROMPT, APP_ID, APP_SECRET, GRAPH,
	DIALOG, GRAPH_VERSION };

static const struct option names[] = {
	{ "issuer", required_argument, NULL, ISSUER },
	{ "client-id", required_argument, NULL, CLIENT_ID },
	{ "client-secret", required_argument, NULL, CLIENT_SECRET },
	{ "prompt", required_argument, NULL, PROMPT },
	{ "app-id", required_argument, NULL, APP_ID },
	{ "app-secret", required_argument, NULL, APP_SECRET },
	{ "graph", required_argument, NULL, GRAPH },
	{ "dialog", required_argument, NULL, DIALOG },
	{ "graph-version", required_argument, NULL, GRAPH_VERSION },
	{ NULL, 0, NULL, 0 }
};

static void
read_options(int argc, char **argv, struct google_options *google,
    struct facebook_options *facebook)
{
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		switch (option) {
		case ISSUER: google->issuer = str_of(optarg); break;
		case CLIENT_ID: google->client_id = str_of(optarg); break;
		case CLIENT_SECRET: google->client_secret = str_of(optarg); break;
		case PROMPT: google->prompt = str_of(optarg); break;
		case APP_ID: facebook->app_id = str_of(optarg); break;
		case APP_SECRET: facebook->app_secret = str_of(optarg); break;
		case GRAPH: facebook->graph_url = str_of(optarg); break;
		case DIALOG: facebook->dialog_url = str_of(optarg); break;
		case GRAPH_VERSION: facebook->version = str_of(optarg); break;
		default: exit(2);
		}
}

int
main(int argc, char **argv)
{
	struct arena *arena = arena_new();
	struct google_options google = { .prompt = STR_NULL };
	struct facebook_options facebook = { .version = STR("v25.0") };
	struct net_options options = { .allow_loopback_http = true };
	struct oauth *oauth = oauth_new(arena);
	struct net *net;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	read_options(argc, argv, &google, &facebook);
	net_global_init();
	net = net_open(&options);
	if (google.client_id.p != NULL)
		google_open(arena, net, &google, oauth);
	if (facebook.app_id.p != NULL)
		facebook_open(arena, net, &facebook, oauth);
	while ((n = getline(&line, &room, stdin)) > 0)
		answer(oauth, (struct str){ line, (size_t)n });
	free(line);
	arena_free(arena);
	net_close(net);
	return 0;
}
