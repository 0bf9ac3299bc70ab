#include "config.h"

#include "api/call.h"

#include "app/bulk.h"
#include "codec/json.h"
#include "schema/documents.h"

/* What the single route of an action answers when it is done. */
static int
done_status(struct str action)
{
	static const char *const without_body[] = { "delete", "purge" };

	for (size_t i = 0; i < sizeof without_body / sizeof without_body[0]; i++)
		if (str_eqz(action, without_body[i]))
			return 204;
	return 200;
}

enum rc
api_design_bulk(struct call *call, struct err *err)
{
	const struct body_bulk *body = call->body;
	struct buf *buf = &call->response->body;
	enum rc fates[BULK_MAX];

	if (app_bulk(call->app, call->arena, &call->actor, body, &call->idem,
	    fates, err) != RC_OK)
		return err->rc;
	buf_addz(buf, "{\"items\":[");
	for (size_t i = 0; i < body->ids.n; i++) {
		buf_printf(buf, "%s{\"id\":\"%.*s\",\"status\":%d",
		    i == 0 ? "" : ",", STR_FMT(body->ids.items[i]),
		    fates[i] == RC_OK ? done_status(body->action)
		    : error_rows[fates[i]].status);
		if (fates[i] != RC_OK)
			buf_printf(buf, ",\"code\":\"%s\"",
			    error_rows[fates[i]].code);
		buf_add_char(buf, '}');
	}
	buf_addz(buf, "]}");
	reply_json(call, buf);
	return RC_OK;
}
