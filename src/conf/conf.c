#include "config.h"

#include "conf/conf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "base/utf8.h"
#include "conf/rows.h"

enum { PATH_BYTES = 1000 };

static const struct conf_word provider_words[] = {
	{ "render", CONF_PROVIDER_RENDER }, { "gemini", CONF_PROVIDER_GEMINI },
	{ "mem", CONF_PROVIDER_MEM }, { NULL, 0 }
};

static const struct conf_word render_profile_words[] = {
	{ "draft", CONF_RENDER_DRAFT }, { "final", CONF_RENDER_FINAL }, { NULL, 0 }
};

static const struct conf_word mail_words[] = {
	{ "outbox", CONF_MAIL_OUTBOX }, { "smtp", CONF_MAIL_SMTP }, { NULL, 0 }
};

static const struct conf_word smtp_tls_words[] = {
	{ "starttls", CONF_SMTP_STARTTLS }, { "implicit", CONF_SMTP_IMPLICIT },
	{ "none", CONF_SMTP_NONE }, { NULL, 0 }
};

static const struct conf_word cdn_words[] = {
	{ "none", CONF_CDN_NONE }, { "fastly", CONF_CDN_FASTLY },
	{ "cloudflare", CONF_CDN_CLOUDFLARE }, { "varnish", CONF_CDN_VARNISH },
	{ NULL, 0 }
};

static const struct conf_word log_level_words[] = {
	{ "debug", LOG_DEBUG }, { "info", LOG_INFO }, { "warn", LOG_WARN },
	{ "error", LOG_ERROR }, { NULL, 0 }
};

static const struct conf_word bool_words[] = {
	{ "yes", true }, { "no", false }, { "true", true }, { "false", false },
	{ NULL, 0 }
};

#define ANY .max = 0
#define LEN(least, most) .min = (least), .max = (most)
#define RANGE(least, most) .min = (least), .max = (most)
#define WORDS(choices) .words = choices##_words

const struct conf_row conf_rows[CONF_OPTION_COUNT] = {
#define OPTION(type_, member_, name_, preset_, limits_, text_) { .name = name_, \
	.type = CONF_KIND_##type_, .offset = offsetof(struct conf, member_), \
	.preset = preset_, .text = text_, limits_ },
#include "conf/options.def"
#undef OPTION
};

enum conf_option
conf_find(struct str name)
{
	int i = 0;

	while (i < CONF_OPTION_COUNT && !str_eqz(name, conf_rows[i].name))
		i++;
	return (enum conf_option)i;
}

enum rc
conf_fault(struct err *err, struct arena *arena, struct str origin,
    const char *code, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (err->rc == RC_OK)
		(void)err_set(err, RC_INVALID, "The configuration has faults");
	err_fault(err, arena, origin, code, "%s", text);
	return RC_INVALID;
}

/* Each reader gives NULL, or what the value must be. They write to the member
 * only when the value is good. */

static const char *
read_str(const struct conf_row *row, struct arena *arena, struct str value,
    void *member)
{
	if (value.n > 0 && ((int64_t)value.n < row->min
	    || (int64_t)value.n > row->max))
		return arena_printf(arena, "must have %lld to %lld bytes",
		    (long long)row->min, (long long)row->max).p;
	*(struct str *)member = value.n == 0 ? STR_NULL : arena_str(arena, value);
	return NULL;
}

static const char *
read_path(const struct conf_row *row, struct arena *arena, struct str value,
    void *member)
{
	(void)row;
	if (value.n > PATH_BYTES || (value.n > 0 && value.p[0] != '/'))
		return "must be an absolute path";
	*(const char **)member = value.n == 0 ? NULL : arena_strz(arena, value);
	return NULL;
}

static const char *
read_int(const struct conf_row *row, struct arena *arena, struct str value,
    void *member)
{
	int64_t number;

	if (!str_to_i64(value, &number) || number < row->min || number > row->max)
		return arena_printf(arena, "must be a whole number from %lld to %lld",
		    (long long)row->min, (long long)row->max).p;
	*(int64_t *)member = number;
	return NULL;
}

static const struct conf_word *
find_word(const struct conf_word *words, struct str value)
{
	while (words->text != NULL && !str_eqz(value, words->text))
		words++;
	return words->text == NULL ? NULL : words;
}

static const char *
read_bool(const struct conf_row *row, struct arena *arena, struct str value,
    void *member)
{
	const struct conf_word *word = find_word(bool_words, value);

	(void)row, (void)arena;
	if (word == NULL)
		return "must be yes or no";
	*(bool *)member = word->value;
	return NULL;
}

void
conf_add_words(struct buf *buf, const struct conf_row *row)
{
	for (const struct conf_word *word = row->words; word->text != NULL; word++)
		buf_printf(buf, "%s%s", word == row->words ? "" : ", ", word->text);
}

static const char *
read_enum(const struct conf_row *row, struct arena *arena, struct str value,
    void *member)
{
	const struct conf_word *word = find_word(row->words, value);
	struct buf buf;

	if (word == NULL) {
		buf_init(&buf, arena, 0, 190);
		buf_addz(&buf, "must be one of: ");
		conf_add_words(&buf, row);
		buf_add_char(&buf, '\0');
		return buf.p;
	}
	*(int *)member = word->value;
	return NULL;
}

static const char *
read_list(const struct conf_row *row, struct arena *arena, struct str value,
    void *member)
{
	struct str copy = arena_str(arena, value), *items;
	size_t n = 0;

	items = arena_many(arena, (size_t)row->max + 1, struct str);
	while (copy.n > 0 && n <= (size_t)row->max) {
		items[n] = str_trim(str_cut(&copy, ','));
		if (items[n++].n == 0 || (copy.p != NULL && copy.n == 0))
			return "must have no empty item";
	}
	if (n < (size_t)row->min || n > (size_t)row->max)
		return arena_printf(arena, "must have %lld to %lld items",
		    (long long)row->min, (long long)row->max).p;
	*(struct conf_list *)member = (struct conf_list){ items, n };
	return NULL;
}

static const char *(*const readers[])(const struct conf_row *row,
    struct arena *arena, struct str value, void *member) = {
	[CONF_KIND_str] = read_str, [CONF_KIND_path] = read_path,
	[CONF_KIND_int] = read_int, [CONF_KIND_bool] = read_bool,
	[CONF_KIND_enum] = read_enum, [CONF_KIND_list] = read_list,
};

enum rc
conf_set(struct conf *conf, struct arena *arena, struct str name,
    struct str value, struct str origin, struct err *err)
{
	enum conf_option option = conf_find(name);
	const struct conf_row *row = &conf_rows[option];
	const char *must;

	if (option == CONF_OPTION_COUNT)
		return conf_fault(err, arena, origin, "unknown_option",
		    "there is no option \"%.*s\"", name.n > 60 ? 60 : (int)name.n,
		    name.p);
	must = utf8_has_controls(value, false) ? "must be printable text"
	    : readers[row->type](row, arena, value, (char *)conf + row->offset);
	if (must != NULL)
		return conf_fault(err, arena, origin, "bad_value", "%s %s",
		    row->name, must);
	conf->origins[option] = arena_str(arena, origin);
	return RC_OK;
}

void
conf_init(struct conf *conf, struct arena *arena)
{
	struct err err;

	*conf = (struct conf){ .base = { .port = 0 } };
	err_init(&err);
	for (int i = 0; i < CONF_OPTION_COUNT; i++) {
		const char *preset = conf_rows[i].preset;
		enum rc rc = conf_set(conf, arena, str_of(conf_rows[i].name),
		    str_of(preset == NULL ? "" : preset), STR("default"), &err);

		assert(rc == RC_OK);	/* a row's default is within its limits */
	}
}
