#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/utf8.h"
#include "conf/rows.h"

enum { FILE_BYTES = 64 * 1024 };

/* The first rc that is not RC_OK, so that reading goes on behind a fault. */
static enum rc
worst(enum rc a, enum rc b)
{
	return a != RC_OK ? a : b;
}

/* The option's name in "--name" or "--name=value". */
static const char *
name_of_arg(struct arena *arena, struct str origin)
{
	char *p = arena_strz(arena, str_slice(origin, 2, origin.n));

	for (size_t i = 0; p[i] != '\0'; i++)
		p[i] = p[i] == '-' ? '_' : p[i];
	return p;
}

bool
conf_is_arg(struct arena *arena, struct str arg)
{
	struct str origin = str_cut(&arg, '=');

	return str_starts(origin, STR("--")) && conf_find(str_of(
	    name_of_arg(arena, origin))) < CONF_OPTION_COUNT;
}

enum rc
conf_set_arg(struct conf *conf, struct arena *arena, struct str arg,
    struct err *err)
{
	struct str value = arg, origin, name;
	enum conf_option option;
	const char *p;

	origin = str_cut(&value, '=');
	if (!str_starts(origin, STR("--")))
		return conf_fault(err, arena, utf8_repair(arena, origin),
		    "unknown_option", "an option begins with --");
	p = name_of_arg(arena, origin);
	name = str_of(p);
	option = conf_find(name);
	if (value.p == NULL && option < CONF_OPTION_COUNT) {
		if (conf_rows[option].type != CONF_KIND_bool)
			return conf_fault(err, arena, origin, "bad_value",
			    "%s needs a value: %.*s=...", p, STR_FMT(origin));
		value = STR("yes");
	}
	return conf_set(conf, arena, name, value, utf8_repair(arena, origin), err);
}

/* "BEZEL_NAME" of a row. */
static struct str
variable_of(struct arena *arena, const struct conf_row *row)
{
	struct str name = arena_printf(arena, "BEZEL_%s", row->name);
	char *p = arena_strz(arena, name);

	for (size_t i = 0; i < name.n; i++)
		if (p[i] >= 'a' && p[i] <= 'z')
			p[i] = (char)(p[i] - 'a' + 'A');
	return (struct str){ p, name.n };
}

/* The value of a variable, or null. */
static struct str
look_up(const char *const *environment, struct str variable)
{
	for (; *environment != NULL; environment++) {
		struct str value = str_of(*environment);

		if (str_eq(str_cut(&value, '='), variable) && value.p != NULL)
			return value;
	}
	return STR_NULL;
}

enum rc
conf_read_environ(struct conf *conf, struct arena *arena,
    const char *const *environment, struct err *err)
{
	enum rc rc = RC_OK;

	for (int i = 0; i < CONF_OPTION_COUNT; i++) {
		struct str variable = variable_of(arena, &conf_rows[i]);
		struct str value = look_up(environment, variable);

		if (value.p != NULL)
			rc = worst(rc, conf_set(conf, arena,
			    str_of(conf_rows[i].name), value, variable, err));
	}
	return rc;
}

/* lines[] holds the line of each option that was seen, or 0. */
static enum rc
read_line(struct conf *conf, struct arena *arena, struct str line,
    struct str origin, int number, int *lines, struct err *err)
{
	struct str value, name;
	enum conf_option option;

	line = str_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return RC_OK;
	value = line;
	name = str_trim(str_cut(&value, '='));
	if (value.p == NULL || name.n == 0)
		return conf_fault(err, arena, origin, "bad_line",
		    "a line is `name = value`, or begins with #");
	option = conf_find(name);
	if (option < CONF_OPTION_COUNT) {
		if (lines[option] > 0)
			return conf_fault(err, arena, origin, "duplicate",
			    "%.*s is set in line %d already", STR_FMT(name),
			    lines[option]);
		lines[option] = number;
	}
	return conf_set(conf, arena, utf8_repair(arena, name), str_trim(value),
	    origin, err);
}

enum rc
conf_read_text(struct conf *conf, struct arena *arena, struct str file,
    struct str text, struct err *err)
{
	int lines[CONF_OPTION_COUNT] = { 0 };
	enum rc rc = RC_OK;

	for (int number = 1; text.n > 0; number++) {
		struct str line = str_cut(&text, '\n');

		rc = worst(rc, read_line(conf, arena, line, arena_printf(arena,
		    "%.*s:%d", STR_FMT(file), number), number, lines, err));
	}
	return rc;
}

static enum rc
unreadable(struct err *err, struct arena *arena, const char *path,
    const char *why)
{
	return conf_fault(err, arena, str_of(path), "unreadable", "%s", why);
}

enum rc
conf_read_file(struct conf *conf, struct arena *arena, const char *path,
    struct err *err)
{
	char *text = arena_alloc(arena, FILE_BYTES + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 1;
	size_t n = 0;
	int why;

	if (fd < 0)
		return unreadable(err, arena, path, strerror(errno));
	while (got > 0 && n <= FILE_BYTES) {
		got = read(fd, text + n, FILE_BYTES + 1 - n);
		n += got > 0 ? (size_t)got : 0;
	}
	why = errno;
	(void)close(fd);	/* only read from */
	if (got < 0)
		return unreadable(err, arena, path, strerror(why));
	if (n > FILE_BYTES)
		return unreadable(err, arena, path, "is longer than 64 KiB");
	return conf_read_text(conf, arena, str_of(path), (struct str){ text, n },
	    err);
}
