#include "config.h"

#include "app/audit.h"

#include <arpa/inet.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "schema/documents.h"
#include "store/audit.h"

struct str
audit_network(struct arena *arena, struct str address)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr v6;
	struct in_addr v4;
	const char *z;

	if (address.p == NULL)
		return STR("");
	z = arena_strz(arena, address);
	if (inet_pton(AF_INET6, z, &v6) == 1 && IN6_IS_ADDR_V4MAPPED(&v6))
		z = inet_ntop(AF_INET, v6.s6_addr + 12, text, sizeof text);
	if (inet_pton(AF_INET, z, &v4) == 1) {
		v4.s_addr &= htonl(0xffffff00u);
		return arena_str(arena, str_of(inet_ntop(AF_INET, &v4, text,
		    sizeof text)));
	}
	if (inet_pton(AF_INET6, z, &v6) != 1)
		return STR("");
	memset(v6.s6_addr + 6, 0, 10);
	return arena_str(arena, str_of(inet_ntop(AF_INET6, &v6, text,
	    sizeof text)));
}

enum rc
audit_write(struct app *app, struct arena *arena, const struct actor *actor,
    const char *kind, struct str user_id, const char *detail, struct err *err)
{
	struct audit_event event;

	doc_init(&doc_audit_event, &event);
	event.id = uuid_new(arena);
	event.kind = str_of(kind);
	event.user_id = user_id;
	event.by = actor->principal.p != NULL ? actor->principal
	    : STR("anonymous");
	event.network = audit_network(arena, actor->address);
	event.detail = str_of(detail);
	event.request_id = actor->request_id;
	event.created_at = clock_now_ms();
	return audit_insert(app->store, arena, &event, err);
}
