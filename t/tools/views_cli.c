/*
 * views_cli - what a view's User-Agent and address tell: reads lines
 *
 *	agent TEXT
 *	country ADDRESS
 *
 * and answers each with a line: the class of device, or the country by the MMDB file
 * that is its argument ("-": not known).
 */
#include "config.h"

#include <stdio.h>

#include "app/agents.h"
#include "geo/geo.h"

int
main(int argc, char **argv)
{
	static char text[64 * 1024];
	struct arena *process = arena_new(), *arena = arena_new();
	struct geo *geo = NULL;
	struct err err;

	err_init(&err);
	if (argc > 1 && geo_open(process, argv[1], &geo, &err) != RC_OK) {
		(void)fprintf(stderr, "views_cli: %s\n", err.message);
		return 1;
	}
	while (fgets(text, sizeof text, stdin) != NULL) {
		struct str line = str_of(text), word;

		line.n -= line.n > 0 && line.p[line.n - 1] == '\n';
		word = str_cut(&line, ' ');
		if (str_eqz(word, "country")) {
			struct str code = geo_country(geo, arena, line);

			(void)printf("%.*s\n", STR_FMT(code.p != NULL ? code
			    : STR("-")));
		} else
			(void)puts(agent_class_word(agent_class_of(arena, line)));
		arena_reset(arena);
	}
	arena_free(arena);
	arena_free(process);
	return 0;
}
