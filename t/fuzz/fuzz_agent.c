#include "config.h"

#include "fuzz.h"

#include "app/agents.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct str agent = fuzz_str(data, n), trimmed = str_trim(agent);
	enum agent_class class = agent_class_of(arena, agent);
	char *upper = arena_strz(arena, agent);

	assert(class < AGENT_CLASS_COUNT && agent_class_word(class)[0] != '\0');
	if (trimmed.n == 0)
		assert(class == AGENT_robot);
	/* Neither capitals nor what is beyond the limit change anything. */
	for (size_t i = 0; i < agent.n; i++)
		if (upper[i] >= 'a' && upper[i] <= 'z')
			upper[i] = (char)(upper[i] - 'a' + 'A');
	assert(agent_class_of(arena, (struct str){ upper, agent.n }) == class);
	if (trimmed.n > AGENT_MAX)
		assert(agent_class_of(arena, str_slice(trimmed, 0, AGENT_MAX))
		    == class);
	return 0;
}
