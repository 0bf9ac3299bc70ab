#include "config.h"

#include "app/audit.h"

#include "base/clock.h"
#include "base/ip.h"
#include "base/uuid.h"
#include "schema/documents.h"
#include "store/audit.h"

static struct str
network_of(struct arena *arena, struct str address)
{
	struct ip ip;

	if (!ip_read(address, &ip))
		return STR("");
	ip_cut(&ip);
	return ip_text(arena, &ip);
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
	event.network = network_of(arena, actor->address);
	event.detail = str_of(detail);
	event.request_id = actor->request_id;
	event.created_at = clock_now_ms();
	return audit_insert(app->store, arena, &event, err);
}
