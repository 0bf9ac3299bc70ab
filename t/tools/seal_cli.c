/*
 * seal_cli - seals and unseals as bezel does, for t/func/51-seal.py.
 *
 *	seal_cli CONF
 *
 * reads lines "seal USE OWNER HEX" and "unseal USE OWNER HEX" and answers each with
 * "ok HEX", or with "CODE MESSAGE (DETAIL)".
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "conf/conf.h"
#include "crypt/secret.h"
#include "store/seal.h"

enum { LINE_MAX_BYTES = 65536 };

static const struct {
	const char *word;
	enum seal_use use;
} uses[] = {
#define SEAL_USE(name, word, text) { word, SEAL_##name },
#include "store/seal-uses.def"
#undef SEAL_USE
};

static void
must(enum rc rc, const struct err *err)
{
	if (rc == RC_OK)
		return;
	(void)fprintf(stderr, "seal_cli: %s (%s)\n", err->message, err->detail);
	exit(1);
}

static struct store *
open_store(struct arena *arena, const char *path)
{
	struct store_options options = { .app_name = "seal-cli",
		.select_timeout_ms = 2000, .command_timeout_ms = 2000 };
	unsigned char master[KEY_BYTES];
	struct keyring keyring;
	struct store *store;
	struct conf conf;
	struct err err;

	err_init(&err);
	conf_init(&conf, arena);
	must(conf_read_file(&conf, arena, path, &err), &err);
	must(secret_read_key(conf.master_key_file, master, &err), &err);
	must(secret_read_file(arena, conf.mongodb_uri_file, &options.uri, &err),
	    &err);
	keyring_init(&keyring, master);
	options.database = arena_strz(arena, conf.mongodb_database);
	options.seal_key = keyring_key(&keyring, KEY_SEAL);
	must(store_open(arena, &options, &store, &err), &err);
	return store;
}

static struct str
of_hex(struct arena *arena, struct str hex)
{
	unsigned char *p = arena_alloc(arena, hex.n / 2 + 1);

	for (size_t i = 0; i + 1 < hex.n; i += 2)
		(void)sscanf(hex.p + i, "%2hhx", &p[i / 2]);
	return (struct str){ (char *)p, hex.n / 2 };
}

static void
answer(struct store *store, struct arena *arena, struct str line)
{
	struct str verb = str_cut(&line, ' '), word = str_cut(&line, ' ');
	struct str owner = str_cut(&line, ' ');
	struct str in = of_hex(arena, line), out = STR_NULL;
	struct buf hex;
	struct err err;
	size_t i = 0;

	while (i + 1 < SEAL_USE_COUNT && !str_eqz(word, uses[i].word))
		i++;
	err_init(&err);
	if ((str_eqz(verb, "seal") ? seal_text(store, arena, uses[i].use, owner,
	    in, &out, &err) : unseal_text(store, arena, uses[i].use, owner, in,
	    &out, &err)) != RC_OK) {
		(void)printf("%s %s (%s)\n", error_rows[err.rc].code, err.message,
		    err.detail);
		return;
	}
	buf_init(&hex, arena, 2 * out.n, 2 * out.n);
	buf_add_hex(&hex, out.p, out.n);
	(void)printf("ok %.*s\n", STR_FMT(buf_str(&hex)));
}

int
main(int argc, char **argv)
{
	static char line[LINE_MAX_BYTES];
	struct arena *process = arena_new(), *arena = arena_new();
	struct store *store;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: seal_cli CONF\n");
		return 2;
	}
	store = open_store(process, argv[1]);
	while (fgets(line, sizeof line, stdin) != NULL) {
		answer(store, arena, str_trim(str_slice(str_of(line), 0,
		    strcspn(line, "\n"))));
		(void)fflush(stdout);
		arena_reset(arena);
	}
	arena_free(arena);
	arena_free(process);
	return 0;
}
