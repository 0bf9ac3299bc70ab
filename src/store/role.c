#include "config.h"

#include "store/role.h"

#include "schema/documents.h"

/* What serving needs, and besides what "bezel db apply" does. */
#define SCHEMA_ACTIONS "\"createCollection\",\"collMod\",\"listIndexes\"," \
	"\"createIndex\",\"dropIndex\""
static const char all[] = "\"find\",\"insert\",\"update\",\"remove\","
    SCHEMA_ACTIONS;

static const struct {
	const char *collection, *actions;
} others[] = {
	/* What has been written there stays as it is. */
	{ "audit_log", "\"find\",\"insert\"," SCHEMA_ACTIONS },
};

static const char *
actions_of(const char *collection)
{
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (strcmp(others[i].collection, collection) == 0)
			return others[i].actions;
	return all;
}

static void
print_privilege(struct buf *buf, const char *collection, const char *actions)
{
	buf_printf(buf, "{\"resource\":{\"db\":\"bezel\",\"collection\":\"%s\"},"
	    "\"actions\":[%s]}", collection, actions);
}

void
store_print_role(struct buf *buf)
{
	buf_addz(buf, "{\"createRole\":\"bezelApp\",\"roles\":[],"
	    "\"privileges\":[\n");
	/* Here "" is the database itself: what collections there are. */
	print_privilege(buf, "", "\"listCollections\"");
	for (size_t i = 0; schema_docs[i] != NULL; i++) {
		const char *collection = schema_docs[i]->collection;

		if (collection == NULL)
			continue;
		buf_addz(buf, ",\n");
		print_privilege(buf, collection, actions_of(collection));
	}
	buf_addz(buf, "\n]}\n");
}
