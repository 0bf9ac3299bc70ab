/*
 * conf.h - the options of options.def as one struct.
 *
 * Values come from, each over the one before: defaults, a file, the environment
 * (BEZEL_<NAME>), the command line. Readers go on after a fault, so that err
 * holds all of them; the pointer of a fault is where the value stands
 * ("/etc/bezel/bezel.conf:12", "BEZEL_LISTEN", "--listen"). A struct conf is
 * read-only once conf_check() has passed it; a reload fills another.
 */
#ifndef BEZEL_CONF_CONF_H
#define BEZEL_CONF_CONF_H

#include "base/buf.h"
#include "base/err.h"

enum conf_provider { CONF_PROVIDER_RENDER, CONF_PROVIDER_GEMINI, CONF_PROVIDER_MEM };
enum conf_render_profile { CONF_RENDER_DRAFT, CONF_RENDER_FINAL };
enum conf_mail { CONF_MAIL_OUTBOX, CONF_MAIL_SMTP };
enum conf_smtp_tls { CONF_SMTP_STARTTLS, CONF_SMTP_IMPLICIT, CONF_SMTP_NONE };

enum conf_cdn { CONF_CDN_NONE, CONF_CDN_FASTLY, CONF_CDN_CLOUDFLARE, CONF_CDN_VARNISH };

/* How long nginx waits for the answer to a request for a link: fastcgi_read_timeout of
 * those locations (t/check-nginx.sh compares). */
enum { CONF_NGINX_WAITS_S = 15 };

struct conf_list {
	const struct str *items;
	size_t n;
};

#define CONF_TYPE_str struct str
#define CONF_TYPE_path const char *
#define CONF_TYPE_int int64_t
#define CONF_TYPE_bool bool
#define CONF_TYPE_enum int
#define CONF_TYPE_list struct conf_list

/* The numbers of the rows. */
enum conf_option {
#define OPTION(type, member, name, preset, limits, text) CONF_OPTION_##member,
#include "conf/options.def"
#undef OPTION
	CONF_OPTION_COUNT
};

/* base_url taken apart by conf_check(). */
struct conf_base {
	bool https;
	bool loopback;
	struct str host;	/* lower case, "[::1]" with its brackets */
	int port;		/* also the usual one */
};

struct conf {
#define OPTION(type, member, name, preset, limits, text) CONF_TYPE_##type member;
#include "conf/options.def"
#undef OPTION
	struct conf_base base;
	struct str origins[CONF_OPTION_COUNT];	/* "default", or see above */
};

/* Fills in the defaults. What conf points at belongs to arena. */
void conf_init(struct conf *conf, struct arena *arena);

/* Sets one option from text. origin goes into conf->origins and into faults. */
must_use enum rc conf_set(struct conf *conf, struct arena *arena, struct str name,
    struct str value, struct str origin, struct err *err);

/* "--name=value" or "--name" for a bool; '-' may stand for '_' in the name. */
must_use enum rc conf_set_arg(struct conf *conf, struct arena *arena,
    struct str arg, struct err *err);

/* Whether conf_set_arg() knows its option. */
bool conf_is_arg(struct arena *arena, struct str arg);

/* Each BEZEL_<NAME> of an option; other variables are none of our business. */
must_use enum rc conf_read_environ(struct conf *conf, struct arena *arena,
    const char *const *environment, struct err *err);

/* Lines "name = value", '#' at the begin of a line is a comment. Values have no
 * quotes; one without characters unsets. An option stands there once. */
must_use enum rc conf_read_file(struct conf *conf, struct arena *arena,
    const char *path, struct err *err);
must_use enum rc conf_read_text(struct conf *conf, struct arena *arena,
    struct str file, struct str text, struct err *err);

/* The rules between options, and conf->base. */
must_use enum rc conf_check(struct conf *conf, struct arena *arena,
    struct err *err);

/* etc/bezel.conf.example: each option with its sentence and default. */
void conf_print_example(struct buf *buf);

/* docs/bezel.conf.5, in mdoc(7). */
void conf_print_man(struct buf *buf);

#endif
