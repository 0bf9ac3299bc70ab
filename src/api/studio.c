#include "config.h"

#include "api/call.h"
#include "app/catalog.h"
#include "app/designs.h"

/* What the composer and the studio ask for besides documents. */

enum rc
api_catalog(struct call *call, struct err *err)
{
	(void)err;
	app_catalog_print(call->app, &call->response->body);
	reply_json(call, &call->response->body);
	call->response->cache_control = "public, max-age=300";
	return RC_OK;
}

static enum rc
read_design(struct call *call, struct app_design *design, struct err *err)
{
	if (call_id(call, err) != RC_OK)
		return err->rc;
	return app_design_get(call->app, call->arena, &call->actor, call->id,
	    design, err);
}

enum rc
api_design_versions(struct call *call, struct err *err)
{
	struct app_design design;

	if (read_design(call, &design, err) != RC_OK)
		return err->rc;
	app_versions_print(call->arena, design.doc, app_media_url, &call->media,
	    &call->response->body);
	reply_json(call, &call->response->body);
	return RC_OK;
}

enum rc
api_design_checks(struct call *call, struct err *err)
{
	struct app_design design;

	if (read_design(call, &design, err) != RC_OK)
		return err->rc;
	app_checks_print(call->arena, design.doc, &call->response->body);
	reply_json(call, &call->response->body);
	return RC_OK;
}
