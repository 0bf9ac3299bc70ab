#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/conf.h"

static struct arena *arena;
static struct conf conf;
static struct err err;

static void
setup(void)
{
	arena = arena_new();
	conf_init(&conf, arena);
	err_init(&err);
}

static void
teardown(void)
{
	arena_free(arena);
}

static enum rc
read_text(struct str text)
{
	return conf_read_text(&conf, arena, STR("bezel.conf"), text, &err);
}

START_TEST(defaults_are_there)
{
	ck_assert_str(conf.base_url, "http://127.0.0.1:8080");
	ck_assert(!conf.insecure_http);
	ck_assert_str_eq(conf.listen, "/run/bezel/fast.sock");
	ck_assert_ptr_null(conf.mongodb_uri.p);
	ck_assert_ptr_null(conf.image_program);
	ck_assert_int_eq(conf.web_workers, 8);
	ck_assert_int_eq(conf.guest_session_s, 86400);
	ck_assert_int_eq(conf.provider, CONF_PROVIDER_RENDER);
	ck_assert_int_eq(conf.render_profile, CONF_RENDER_FINAL);
	ck_assert_int_eq(conf.log_level, LOG_INFO);
	ck_assert_uint_eq(conf.trusted_proxies.n, 0);
	ck_assert_uint_eq(conf.gemini_models.n, 2);
	ck_assert_str(conf.gemini_models.items[1], "gemini-3.1-flash-image");
	for (int i = 0; i < CONF_OPTION_COUNT; i++)
		ck_assert_str(conf.origins[i], "default");
}
END_TEST

START_TEST(a_file_sets_options)
{
	ck_assert_int_eq(read_text(STR("# a comment = no option\n"
	    "\n  base_url=https://studio.example # not a comment\n"
	    "\tweb_workers \t=  3  \n"
	    "insecure_http = yes\n"
	    "provider = gemini\n"
	    "log_level = error\n"
	    "mongodb_uri =\n"
	    "listen = /tmp/a=b c\n"
	    "trusted_proxies = 192.0.2.0/24 ,2001:db8::/32\n"
	    "job_workers = 0")), RC_OK);
	ck_assert_int_eq(err.rc, RC_OK);
	ck_assert_str(conf.base_url, "https://studio.example # not a comment");
	ck_assert_int_eq(conf.web_workers, 3);
	ck_assert(conf.insecure_http);
	ck_assert_int_eq(conf.provider, CONF_PROVIDER_GEMINI);
	ck_assert_int_eq(conf.log_level, LOG_ERROR);
	ck_assert_ptr_null(conf.mongodb_uri.p);
	ck_assert_str_eq(conf.listen, "/tmp/a=b c");
	ck_assert_uint_eq(conf.trusted_proxies.n, 2);
	ck_assert_str(conf.trusted_proxies.items[0], "192.0.2.0/24");
	ck_assert_str(conf.trusted_proxies.items[1], "2001:db8::/32");
	ck_assert_int_eq(conf.job_workers, 0);
	ck_assert_str(conf.origins[CONF_OPTION_web_workers], "bezel.conf:4");
	ck_assert_str(conf.origins[CONF_OPTION_job_workers], "bezel.conf:11");
	ck_assert_str(conf.origins[CONF_OPTION_slow_workers], "default");
	ck_assert_int_eq(read_text(STR("")), RC_OK);
	ck_assert_int_eq(read_text(STR_NULL), RC_OK);
}
END_TEST

static const struct bad_file {
	struct str text;
	const char *place, *code, *detail;
} bad_files[] = {
	{ STR_INIT("\n\nweb_worker = 3"), "bezel.conf:3", "unknown_option",
	    "\"web_worker\"" },
	{ STR_INIT("Web_workers = 3"), "bezel.conf:1", "unknown_option", "Web" },
	{ STR_INIT("\xff\xff = 3"), "bezel.conf:1", "unknown_option",
	    "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ STR_INIT("web_workers = 3\n#\nweb_workers = 3"), "bezel.conf:3", "duplicate",
	    "in line 1" },
	{ STR_INIT("web_workers"), "bezel.conf:1", "bad_line", "name = value" },
	{ STR_INIT("= 3"), "bezel.conf:1", "bad_line", "name = value" },
	{ STR_INIT("[section]"), "bezel.conf:1", "bad_line", "name = value" },
	{ STR_INIT("web_workers = 0"), "bezel.conf:1", "bad_value", "from 1 to 256" },
	{ STR_INIT("web_workers = 257"), "bezel.conf:1", "bad_value", "from 1 to 256" },
	{ STR_INIT("web_workers ="), "bezel.conf:1", "bad_value", "whole number" },
	{ STR_INIT("web_workers = 8s"), "bezel.conf:1", "bad_value", "whole number" },
	{ STR_INIT("web_workers = 08"), "bezel.conf:1", "bad_value", "whole number" },
	{ STR_INIT("web_workers = 99999999999999999999"), "bezel.conf:1", "bad_value",
	    "whole number" },
	{ STR_INIT("web_workers = 3\r\n"), "bezel.conf:1", "bad_value", "printable" },
	{ STR_INIT("base_url = a\0b"), "bezel.conf:1", "bad_value", "printable" },
	{ STR_INIT("base_url = \xc3"), "bezel.conf:1", "bad_value", "printable" },
	{ STR_INIT("base_url = x"), "bezel.conf:1", "bad_value", "8 to 200 bytes" },
	{ STR_INIT("insecure_http = 1"), "bezel.conf:1", "bad_value", "yes or no" },
	{ STR_INIT("insecure_http ="), "bezel.conf:1", "bad_value", "yes or no" },
	{ STR_INIT("provider = magic"), "bezel.conf:1", "bad_value",
	    "provider must be one of: render, gemini, mem" },
	{ STR_INIT("provider ="), "bezel.conf:1", "bad_value", "one of" },
	{ STR_INIT("listen = run/x"), "bezel.conf:1", "bad_value", "absolute path" },
	{ STR_INIT("gemini_models ="), "bezel.conf:1", "bad_value", "1 to 8 items" },
	{ STR_INIT("gemini_models = a,b,c,d,e,f,g,h,i,j"), "bezel.conf:1", "bad_value",
	    "1 to 8 items" },
	{ STR_INIT("mongodb_database = 0123456789012345678901234567890123456789012345678"
	    "901234567890123"), "bezel.conf:1", "bad_value", "1 to 63 bytes" },
	{ STR_INIT("gemini_models = a,,b"), "bezel.conf:1", "bad_value", "empty item" },
	{ STR_INIT("gemini_models = a,"), "bezel.conf:1", "bad_value", "empty item" },
	{ STR_INIT("gemini_models = ,"), "bezel.conf:1", "bad_value", "empty item" },
};

START_TEST(bad_files_are_refused_with_their_line)
{
	const struct bad_file *bad = &bad_files[_i];

	ck_assert_int_eq(read_text(bad->text), RC_INVALID);
	ck_assert_int_eq(err.rc, RC_INVALID);
	ck_assert_str_eq(err.message, "The configuration has faults");
	ck_assert_int_eq(err.fault_count, 1);
	ck_assert_str(err.faults->pointer, bad->place);
	ck_assert_str_eq(err.faults->code, bad->code);
	ck_assert_msg(strstr(err.faults->detail.p, bad->detail) != NULL, "%s",
	    err.faults->detail.p);
	/* A bad value leaves what was there. */
	ck_assert_str(conf.base_url, "http://127.0.0.1:8080");
	ck_assert_int_eq(conf.provider, CONF_PROVIDER_RENDER);
	ck_assert_uint_eq(conf.gemini_models.n, 2);
}
END_TEST

START_TEST(long_paths_are_refused)
{
	char *path = arena_alloc(arena, 1001);

	memset(path, '/', 1001);
	ck_assert_int_eq(conf_set(&conf, arena, STR("objects"),
	    (struct str){ path, 1000 }, STR("test"), &err), RC_OK);
	ck_assert_uint_eq(strlen(conf.objects), 1000);
	ck_assert_int_eq(conf_set(&conf, arena, STR("objects"),
	    (struct str){ path, 1001 }, STR("test"), &err), RC_INVALID);
	ck_assert_str(err.faults->pointer, "test");
}
END_TEST

START_TEST(all_faults_of_a_file_are_told)
{
	ck_assert_int_eq(read_text(STR("x = 1\nweb_workers = 4\nprovider = no\n"
	    "listen = no\n")), RC_INVALID);
	ck_assert_int_eq(err.fault_count, 3);
	ck_assert_str(err.faults->next->next->pointer, "bezel.conf:4");
	ck_assert_int_eq(conf.web_workers, 4);
}
END_TEST

START_TEST(later_sources_go_over_earlier_ones)
{
	static const char *const environment[] = { "PATH=/bin", "BEZEL_SLOW_WORKERS=5",
		"BEZEL_JOB_WORKERS=6", "BEZEL_UNKNOWN=1", "BEZEL_BASE_URL", NULL };
	static const char *const bad[] = { "BEZEL_SLOW_WORKERS=x", "BEZEL_LISTEN=y",
		NULL };

	ck_assert_int_eq(read_text(STR("web_workers = 2\nslow_workers = 2\n"
	    "job_workers = 2")), RC_OK);
	ck_assert_int_eq(conf_read_environ(&conf, arena, environment, &err), RC_OK);
	ck_assert_int_eq(conf_set_arg(&conf, arena, STR("--job-workers=7"), &err),
	    RC_OK);
	ck_assert_int_eq(conf_set_arg(&conf, arena, STR("--insecure_http"), &err),
	    RC_OK);
	ck_assert_int_eq(conf_set_arg(&conf, arena, STR("--provider-script=a-b=c"),
	    &err), RC_OK);
	ck_assert_int_eq(conf.web_workers, 2);
	ck_assert_int_eq(conf.slow_workers, 5);
	ck_assert_int_eq(conf.job_workers, 7);
	ck_assert(conf.insecure_http);
	ck_assert_str(conf.provider_script, "a-b=c");
	ck_assert_str(conf.origins[CONF_OPTION_slow_workers], "BEZEL_SLOW_WORKERS");
	ck_assert_str(conf.origins[CONF_OPTION_job_workers], "--job-workers");
	ck_assert_int_eq(conf_read_environ(&conf, arena, bad, &err), RC_INVALID);
	ck_assert_int_eq(err.fault_count, 2);
	ck_assert_str(err.faults->pointer, "BEZEL_LISTEN");
	ck_assert_str(err.faults->next->pointer, "BEZEL_SLOW_WORKERS");
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
	static const struct { const char *arg, *place, *detail; } rows[] = {
		{ "web-workers=3", "web-workers", "begins with --" },
		{ "-w", "-w", "begins with --" },
		{ "", "", "begins with --" },
		{ "--web-workers", "--web-workers", "needs a value" },
		{ "--web-workers=x", "--web-workers", "whole number" },
		{ "--nothing", "--nothing", "no option" },
		{ "--", "--", "no option" },
		{ "--insecure-http=maybe", "--insecure-http", "yes or no" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		err_init(&err);
		ck_assert_int_eq(conf_set_arg(&conf, arena, str_of(rows[i].arg), &err),
		    RC_INVALID);
		ck_assert_str(err.faults->pointer, rows[i].place);
		ck_assert_msg(strstr(err.faults->detail.p, rows[i].detail) != NULL, "%s",
		    err.faults->detail.p);
	}
}
END_TEST

START_TEST(arguments_of_ours_are_known)
{
	static const struct { const char *arg; bool ours; } rows[] = {
		{ "--web-workers=3", true }, { "--web_workers", true },
		{ "--insecure-http", true }, { "--email=x", false },
		{ "--email", false }, { "--", false }, { "-n", false },
		{ "-", false }, { "", false }, { "web-workers", false },
		{ "--webworkers", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_msg(conf_is_arg(arena, str_of(rows[i].arg))
		    == rows[i].ours, "%s", rows[i].arg);
}
END_TEST

/* The example with its '#name' lines made to lines gives the defaults. */
START_TEST(the_example_is_what_we_read)
{
	struct conf other;
	struct buf buf, live;
	struct str rest;

	buf_init(&buf, arena, 0, 100000);
	buf_init(&live, arena, 0, 100000);
	conf_print_example(&buf);
	ck_assert(!buf.failed);
	rest = buf_str(&buf);
	ck_assert_int_eq(read_text(rest), RC_OK);
	while (rest.n > 0) {
		struct str line = str_cut(&rest, '\n');

		ck_assert_msg(line.n <= 79 || line.p[1] != ' ', "%.*s", STR_FMT(line));
		if (line.n > 1 && line.p[1] != ' ')
			line = str_slice(line, 1, line.n);
		buf_add_str(&live, line);
		buf_add_char(&live, '\n');
	}
	ck_assert_int_eq(read_text(buf_str(&live)), RC_OK);
	conf_init(&other, arena);
	for (int i = 0; i < CONF_OPTION_COUNT; i++)
		ck_assert(str_starts(conf.origins[i], STR("bezel.conf:")));
	ck_assert(str_eq(conf.base_url, other.base_url));
	ck_assert_str_eq(conf.povray, other.povray);
	ck_assert_ptr_null(conf.image_program);
	ck_assert_int_eq(conf.guest_session_max_s, other.guest_session_max_s);
	ck_assert_int_eq(conf.log_level, other.log_level);
	ck_assert_uint_eq(conf.gemini_models.n, other.gemini_models.n);
}
END_TEST

static const struct rule {
	const char *text, *place, *detail;	/* place NULL: must pass */
} rules[] = {
	{ "", NULL, NULL },
	{ "base_url = https://studio.example\n", NULL, NULL },
	{ "base_url = https://studio.example:8443\n", NULL, NULL },
	{ "base_url = http://localhost:81\n", NULL, NULL },
	{ "base_url = http://127.9.9.9\n", NULL, NULL },
	{ "base_url = http://[::1]:8080\n", NULL, NULL },
	{ "base_url = https://[2001:db8::1]\n", NULL, NULL },
	{ "base_url = http://studio.example\ninsecure_http = yes\n", NULL, NULL },
	{ "base_url = http://studio.example\n", "bezel.conf:1", "must be https" },
	{ "base_url = http://127.0.0.1.example\n", "bezel.conf:1", "must be https" },
	{ "base_url = http://128.0.0.1\n", "bezel.conf:1", "must be https" },
	{ "base_url = http://[2001:db8::1]\n", "bezel.conf:1", "must be https" },
	{ "base_url =\n", "bezel.conf:1", "must be like" },
	{ "base_url = ftp://studio.example\n", "bezel.conf:1", "must be like" },
	{ "base_url = https://\n", "bezel.conf:1", "must be like" },
	{ "base_url = https://studio.example/\n", "bezel.conf:1", "must be like" },
	{ "base_url = https://Studio.example\n", "bezel.conf:1", "must be like" },
	{ "base_url = https://a@studio.example\n", "bezel.conf:1", "must be like" },
	{ "base_url = https://studio.example:443\n", "bezel.conf:1", "must be like" },
	{ "base_url = https://studio.example:0\n", "bezel.conf:1", "must be like" },
	{ "base_url = https://studio.example:65536\n", "bezel.conf:1", "must be like" },
	{ "base_url = https://studio.example:\n", "bezel.conf:1", "must be like" },
	{ "base_url = https://studio.example:80/x\n", "bezel.conf:1", "must be like" },
	{ "base_url = https://.example\n", "bezel.conf:1", "must be like" },
	{ "base_url = https://[::1\n", "bezel.conf:1", "must be like" },
	{ "base_url = https://[x]\n", "bezel.conf:1", "must be like" },
	{ "base_url = https://[1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:7:8]\n",
	    "bezel.conf:1", "must be like" },
	{ "share_gate_s = 25\n", NULL, NULL },
	{ "share_gate_s = 24\n", "bezel.conf:1", "must be at least 25: "
	    "request_deadline_ms, which is 10000, and the 15 s" },
	{ "request_deadline_ms = 15001\n", "default", "share_gate_s must be at least 31:" },
	{ "request_deadline_ms = 15000\n", NULL, NULL },
	{ "request_deadline_ms = 60000\nshare_gate_s = 75\n", NULL, NULL },
	{ "request_deadline_ms = 60000\nshare_gate_s = 74\n", "bezel.conf:2",
	    "must be at least 75" },
	{ "share_gate_s = 2\nshare_gate_short = yes\n", NULL, NULL },
	{ "gemini_base_url = http://127.0.0.1:9\n", NULL, NULL },
	{ "gemini_base_url = http://api.example\n", "bezel.conf:1", "api.example" },
	{ "gemini_base_url = https://api.example/v1\n", "bezel.conf:1", "api.example" },
	{ "google_issuer = http://[::1]:9\n", NULL, NULL },
	{ "google_issuer = http://accounts.example\n", "bezel.conf:1",
	    "accounts.example" },
	{ "google_issuer = https://accounts.example/\n", "bezel.conf:1",
	    "accounts.example" },
	{ "facebook_graph_url = http://graph.example\n", "bezel.conf:1",
	    "graph.example" },
	{ "facebook_dialog_url = ftp://www.example\n", "bezel.conf:1", "www.example" },
	{ "facebook_graph_url = http://127.0.0.1:9\n", NULL, NULL },
	{ "mongodb_uri =\n", "bezel.conf:1", "one of mongodb_uri" },
	{ "mongodb_uri_file = /x\n", "bezel.conf:2", "one of mongodb_uri" },
	{ "mongodb_uri =\nmongodb_uri_file = /x\n", NULL, NULL },
	{ "mongodb_uri = http://127.0.0.1\n", "bezel.conf:1", "must begin" },
	{ "mongodb_uri = mongodb+srv://u@db.example/?tls=true\n", NULL, NULL },
	{ "mongodb_uri = mongodb://a:27017,b:27018/x?y=u:p@z\n", NULL, NULL },
	{ "mongodb_uri = mongodb://u:p@db.example/x\n", "bezel.conf:1", "password" },
	{ "mongodb_uri = mongodb+srv://u:@db.example\n", "bezel.conf:1", "password" },
	{ "mongodb_database = b-Z_9\n", NULL, NULL },
	{ "mongodb_database = a.b\n", "bezel.conf:1", "mongodb_database" },
	{ "mongodb_database =\n", "bezel.conf:1", "mongodb_database" },
	{ "listen =\n", "bezel.conf:1", "listen must be" },
	{ "listen_slow =\n", "bezel.conf:1", "another path" },
	{ "listen_slow = /run/bezel/fast.sock\n", "bezel.conf:1", "another path" },
	{ "listen = /0123456789012345678901234567890123456789012345678901234567890123"
	    "456789012345678901234567890123456789012345\n", NULL, NULL },
	{ "listen = /0123456789012345678901234567890123456789012345678901234567890123"
	    "4567890123456789012345678901234567890123456\n", "bezel.conf:1",
	    "at most 107" },
	{ "listen_slow = /012345678901234567890123456789012345678901234567890123456789"
	    "01234567890123456789012345678901234567890123456\n", "bezel.conf:1",
	    "at most 107" },
	{ "trusted_proxies = 192.0.2.1/32, 2001:db8::/32, 10.0.0.0/8\n", NULL, NULL },
	{ "trusted_proxies = 192.0.2.0\n", "bezel.conf:1", "192.0.2.0 is not" },
	{ "trusted_proxies = 0.0.0.0/0\n", "bezel.conf:1", "is not a network" },
	{ "trusted_proxies = ::/0\n", "bezel.conf:1", "is not a network" },
	{ "trusted_proxies = unix:\n", "bezel.conf:1", "is not a network" },
	{ "trusted_proxies = 192.0.2.0/33\n", "bezel.conf:1", "is not a network" },
	{ "trusted_proxies = 2001:db8::/129\n", "bezel.conf:1", "is not a network" },
	{ "master_key_file =\n", "bezel.conf:1", "must be set" },
	{ "objects =\n", "bezel.conf:1", "must be set" },
	{ "state_dir =\n", "bezel.conf:1", "must be set" },
	{ "mail = smtp\n", "default", "needs smtp_host" },
	{ "mail = smtp\nsmtp_host = mail.example\n", NULL, NULL },
	{ "mail = smtp\nsmtp_host = [2001:db8::1]\n", NULL, NULL },
	{ "mail = smtp\nsmtp_host = mail.example:25\n", "bezel.conf:2",
	    "smtp_host must be" },
	{ "mail = smtp\nsmtp_host = a/b\n", "bezel.conf:2", "smtp_host must be" },
	{ "mail = smtp\nsmtp_host = a@b\n", "bezel.conf:2", "smtp_host must be" },
	{ "mail = smtp\nsmtp_tls = none\nsmtp_host = mail.example\n",
	    "bezel.conf:2", "loopback" },
	{ "mail = smtp\nsmtp_tls = none\nsmtp_host = 127.0.0.9\n", NULL, NULL },
	{ "smtp_user = x\n", "bezel.conf:1", "need each other" },
	{ "smtp_password_file = /x\n", "default", "need each other" },
	{ "smtp_user = x\nsmtp_password_file = /x\n", NULL, NULL },
	{ "provider = gemini\n", "default", "needs gemini_api_key_file" },
	{ "google_client_id = a.apps.example\n", "bezel.conf:1", "set together" },
	{ "google_client_secret_file = /s\n", "default", "set together" },
	{ "google_client_id = a.apps.example\ngoogle_client_secret_file = /s\n", NULL,
	    NULL },
	{ "google_prompt = none\n", NULL, NULL },
	{ "google_prompt =\n", NULL, NULL },
	{ "google_prompt = consent select_account\n", NULL, NULL },
	{ "google_prompt = none login\n", "bezel.conf:1", "google_prompt must" },
	{ "google_prompt = consent  login\n", "bezel.conf:1", "google_prompt must" },
	{ "google_prompt = always\n", "bezel.conf:1", "google_prompt must" },
	{ "facebook_app_id = 123\n", "bezel.conf:1", "set together" },
	{ "facebook_app_secret_file = /s\n", "default", "set together" },
	{ "facebook_app_id = 123\nfacebook_app_secret_file = /s\n", NULL, NULL },
	{ "facebook_app_id = 12a\nfacebook_app_secret_file = /s\n", "bezel.conf:1",
	    "digits" },
	{ "facebook_version = v25\n", "bezel.conf:1", "like v25.0" },
	{ "facebook_version = 25.0\n", "bezel.conf:1", "like v25.0" },
	{ "facebook_version = v2/.0\n", "bezel.conf:1", "like v25.0" },
	{ "facebook_version =\n", "bezel.conf:1", "like v25.0" },
	{ "provider = gemini\ngemini_api_key_file = /k\n", NULL, NULL },
	{ "povray =\n", "bezel.conf:1", "needs povray" },
	{ "povray =\nprovider = mem\n", NULL, NULL },
	{ "guest_session_s = 10\nguest_session_max_s = 9\n", "bezel.conf:1",
	    "guest_session_max_s" },
};

START_TEST(rules_between_options_hold)
{
	const struct rule *rule = &rules[_i];
	struct str text = str_of(rule->text);

	/* A database is always needed. */
	if (strstr(rule->text, "mongodb_uri =") == NULL)
		text = arena_printf(arena, "%smongodb_uri = mongodb://127.0.0.1/\n",
		    rule->text);
	ck_assert_msg(read_text(text) == RC_OK, "%s", rule->text);
	ck_assert_msg(conf_check(&conf, arena, &err)
	    == (rule->place == NULL ? RC_OK : RC_INVALID), "%s", rule->text);
	ck_assert_int_eq(err.fault_count, rule->place == NULL ? 0 : 1);
	if (rule->place == NULL)
		return;
	ck_assert_str(err.faults->pointer, rule->place);
	ck_assert_str_eq(err.faults->code, "rule");
	ck_assert_msg(strstr(err.faults->detail.p, rule->detail) != NULL, "%s: %s",
	    rule->text, err.faults->detail.p);
}
END_TEST

START_TEST(the_base_url_is_taken_apart)
{
	static const struct {
		const char *text, *host;
		int port;
		bool https, loopback;
	} rows[] = {
		{ "http://127.0.0.1:8080", "127.0.0.1", 8080, false, true },
		{ "https://studio.example", "studio.example", 443, true, false },
		{ "http://localhost", "localhost", 80, false, true },
		{ "http://[::1]:81", "[::1]", 81, false, true },
		{ "https://[2001:db8::1]", "[2001:db8::1]", 443, true, false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ck_assert_int_eq(conf_set(&conf, arena, STR("base_url"),
		    str_of(rows[i].text), STR("test"), &err), RC_OK);
		(void)!conf_check(&conf, arena, &err);
		ck_assert_str(conf.base.host, rows[i].host);
		ck_assert_int_eq(conf.base.port, rows[i].port);
		ck_assert_int_eq(conf.base.https, rows[i].https);
		ck_assert_int_eq(conf.base.loopback, rows[i].loopback);
	}
}
END_TEST

START_TEST(files_are_read)
{
	enum { TOO_LONG = 64 * 1024 + 1 };
	char path[UNIT_PATH], *filler = arena_alloc(arena, TOO_LONG);
	int fd = mkstemp(unit_path(path, "conf-XXXXXX"));

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "web_workers = 2\nx = 1\n", 22), 22);
	ck_assert_int_eq(conf_read_file(&conf, arena, path, &err), RC_INVALID);
	ck_assert_str(err.faults->pointer, arena_printf(arena, "%s:2", path).p);
	ck_assert_int_eq(conf.web_workers, 2);
	memset(filler, '\n', TOO_LONG);
	ck_assert_int_eq(pwrite(fd, filler, TOO_LONG, 0), TOO_LONG);
	err_init(&err);
	ck_assert_int_eq(conf_read_file(&conf, arena, path, &err), RC_INVALID);
	ck_assert_str(err.faults->detail, "is longer than 64 KiB");
	ck_assert_int_eq(ftruncate(fd, TOO_LONG - 1), 0);
	err_init(&err);
	ck_assert_int_eq(conf_read_file(&conf, arena, path, &err), RC_OK);
	(void)close(fd);
	(void)unlink(path);
	ck_assert_int_eq(conf_read_file(&conf, arena, path, &err), RC_INVALID);
	ck_assert_str_eq(err.faults->code, "unreadable");
	ck_assert_str(err.faults->detail, "No such file or directory");
	err_init(&err);
	ck_assert_int_eq(conf_read_file(&conf, arena, ".", &err), RC_INVALID);
	ck_assert_str(err.faults->detail, "Is a directory");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf");
	TCase *tcase = tcase_create("conf");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, defaults_are_there);
	tcase_add_test(tcase, a_file_sets_options);
	tcase_add_loop_test(tcase, bad_files_are_refused_with_their_line, 0,
	    (int)(sizeof bad_files / sizeof bad_files[0]));
	tcase_add_test(tcase, long_paths_are_refused);
	tcase_add_test(tcase, all_faults_of_a_file_are_told);
	tcase_add_test(tcase, later_sources_go_over_earlier_ones);
	tcase_add_test(tcase, bad_arguments_are_refused);
	tcase_add_test(tcase, arguments_of_ours_are_known);
	tcase_add_test(tcase, the_example_is_what_we_read);
	tcase_add_loop_test(tcase, rules_between_options_hold, 0,
	    (int)(sizeof rules / sizeof rules[0]));
	tcase_add_test(tcase, the_base_url_is_taken_apart);
	tcase_add_test(tcase, files_are_read);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
