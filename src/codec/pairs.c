#include "config.h"

#include "codec/pairs.h"

struct str
pairs_get(const struct pairs *pairs, struct str name)
{
	for (size_t i = 0; i < pairs->n; i++)
		if (str_eq(pairs->rows[i].name, name))
			return pairs->rows[i].value;
	return STR_NULL;
}

size_t
pairs_count(const struct pairs *pairs, struct str name)
{
	size_t count = 0;

	for (size_t i = 0; i < pairs->n; i++)
		count += str_eq(pairs->rows[i].name, name);
	return count;
}
