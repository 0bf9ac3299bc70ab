#include "config.h"

#include "cmd/admin.h"

#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"

static const struct {
	const char *name;
	size_t offset;
	bool flag;
} options[] = {
#define VALUE(name, member) { name, offsetof(struct admin_args, member), false }
#define FLAG(name, member) { name, offsetof(struct admin_args, member), true }
	VALUE("--email", email), VALUE("--tier", tier), VALUE("--limit", limit),
	VALUE("-n", limit), VALUE("--reason", reason), VALUE("--until", until),
	VALUE("--user", user), VALUE("--kind", kind), VALUE("--since", since),
	VALUE("--list", list), VALUE("--subject", subject),
	VALUE("--text-file", text_file), VALUE("--resume", resume),
	VALUE("--days", days), FLAG("--json", json),
	FLAG("--disabled", disabled), FLAG("--follow", follow),
	FLAG("--dry-run", dry_run),
#undef VALUE
#undef FLAG
};

static int
complain(const char *what, struct str name)
{
	(void)fprintf(stderr, "bezel: admin: %s: %.*s; see bezel admin --help\n",
	    what, STR_FMT(name));
	return 2;
}

/* Whether the arguments of a row name it: as a whole word. */
static bool
is_known(const char *known, struct str name)
{
	while (*known != '\0') {
		size_t n = strcspn(known, " []");

		if (str_eq((struct str){ known, n }, name))
			return true;
		known += n + (known[n] != '\0');
	}
	return false;
}

static int
read_option(char *const **words, const char *known, struct admin_args *args)
{
	struct str value = str_of(**words), name = str_cut(&value, '=');

	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
		char *at = (char *)args + options[i].offset;

		if (!str_eqz(name, options[i].name) || !is_known(known, name))
			continue;
		if (options[i].flag) {
			if (value.p != NULL)
				return complain("this takes no value", name);
			*(bool *)at = true;
			return 0;
		}
		if (value.p == NULL) {
			if ((*words)[1] == NULL)
				return complain("this needs a value", name);
			value = str_of(*++*words);
		}
		if (*(const char **)at != NULL)
			return complain("this is given twice", name);
		*(const char **)at = value.p;
		return 0;
	}
	return complain("there is no such option here", name);
}

int
admin_args_read(char *const *words, int operands, const char *known,
    struct admin_args *ret_args)
{
	int n = 0;

	*ret_args = (struct admin_args){ 0 };
	for (; *words != NULL; words++) {
		if ((*words)[0] == '-') {
			if (read_option(&words, known, ret_args) != 0)
				return 2;
		} else if (n == operands)
			return complain("this is too much", str_of(*words));
		else
			ret_args->operands[n++] = *words;
	}
	return n == operands ? 0 : complain("this is needed", str_of(known));
}

bool
admin_args_number(const char *name, const char *text, int preset, int max,
    int *ret_number)
{
	int64_t number = preset;

	if (text != NULL && (!str_to_i64(str_of(text), &number) || number < 1
	    || number > max)) {
		(void)fprintf(stderr, "bezel: admin: %s is a number from 1 to %d\n",
		    name, max);
		return false;
	}
	*ret_number = (int)number;
	return true;
}

bool
admin_args_day(const char *text, int64_t *ret_ms)
{
	char whole[32];

	if (strlen(text) != 10)
		return false;
	(void)snprintf(whole, sizeof whole, "%sT00:00:00Z", text);
	return clock_parse(str_of(whole), ret_ms);
}

/* --- who ----------------------------------------------------------------- */

/* The user who logged in, whatever sudo or su has made of him since. */
static bool
login_uid(uid_t *ret_uid)
{
	FILE *file = fopen("/proc/self/loginuid", "re");
	unsigned uid = (unsigned)-1;

	if (file == NULL)
		return false;
	if (fscanf(file, "%u", &uid) != 1)
		uid = (unsigned)-1;
	(void)fclose(file);	/* only read from */
	*ret_uid = (uid_t)uid;
	return uid != (unsigned)-1;
}

struct actor
admin_operator(struct arena *arena)
{
	enum { NAME_MAX_BYTES = 60 };
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *entry;
	bool known;
	char *name;
	uid_t uid;

	known = login_uid(&uid);
	if (!known)
		uid = getuid();
	entry = getpwuid(uid);
	if (!known && sudo != NULL && sudo[0] != '\0')
		name = arena_strz(arena, str_of(sudo));
	else if (entry != NULL)
		name = arena_strz(arena, str_of(entry->pw_name));
	else
		name = arena_strz(arena, arena_printf(arena, "uid-%u",
		    (unsigned)uid));
	if (strlen(name) > NAME_MAX_BYTES)
		name[NAME_MAX_BYTES] = '\0';
	/* A directory may name people by their address. */
	name[strcspn(name, "@")] = '\0';
	for (char *p = name; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			*p = '_';
	return (struct actor){ .kind = ACTOR_NONE,
		.principal = arena_printf(arena, "admin:%s", name) };
}
