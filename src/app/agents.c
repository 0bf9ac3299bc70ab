#include "config.h"

#include "app/agents.h"

#include <ctype.h>

enum how { BEGINS, HAS, LACKS };

static const struct row {
	enum agent_class class;
	enum how how;
	struct str text;
} rows[] = {
#define AGENT(class, how, text) { AGENT_##class, how, STR_INIT(text) },
#include "app/agents.def"
#undef AGENT
};

static const char *const words[AGENT_CLASS_COUNT] = {
	[AGENT_phone] = "phone", [AGENT_tablet] = "tablet",
	[AGENT_desktop] = "desktop", [AGENT_robot] = "robot",
	[AGENT_other] = "other"
};

const char *
agent_class_word(enum agent_class class)
{
	return words[class];
}

static struct str
lower(struct arena *arena, struct str s)
{
	char *text = arena_alloc(arena, s.n);

	for (size_t i = 0; i < s.n; i++)
		text[i] = (char)tolower((unsigned char)s.p[i]);
	return (struct str){ text, s.n };
}

static bool
fits(const struct row *row, struct str agent)
{
	if (row->how == HAS)
		return memmem(agent.p, agent.n, row->text.p, row->text.n) != NULL;
	return str_starts(agent, row->text) == (row->how == BEGINS);
}

enum agent_class
agent_class_of(struct arena *arena, struct str agent)
{
	agent = str_trim(agent);
	if (agent.p == NULL || agent.n == 0)
		return AGENT_robot;
	agent = lower(arena, str_slice(agent, 0, agent.n < AGENT_MAX ? agent.n
	    : AGENT_MAX));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (fits(&rows[i], agent))
			return rows[i].class;
	return AGENT_other;
}
