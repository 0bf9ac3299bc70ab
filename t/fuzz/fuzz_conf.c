#include "config.h"

#include "fuzz.h"

#include "base/utf8.h"
#include "conf/conf.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = fuzz_arena();
	struct str text = fuzz_str(data, n);
	struct conf conf;
	struct err err;
	enum rc rc;

	err_init(&err);
	conf_init(&conf, arena);
	rc = conf_read_text(&conf, arena, STR("f"), text, &err);
	assert(rc == err.rc && (rc == RC_OK) == (err.fault_count == 0));
	assert(rc == RC_OK || rc == RC_INVALID);
	for (const struct fault *fault = err.faults; fault; fault = fault->next)
		assert(utf8_valid(fault->pointer));
	if (rc == RC_OK && conf_check(&conf, arena, &err) == RC_OK) {
		assert(conf.base.host.n > 0 && conf.base.port > 0);
		assert(conf.base.https || conf.base.loopback || conf.insecure_http);
	}
	err_init(&err);
	rc = conf_set_arg(&conf, arena, text, &err);
	assert(rc == err.rc);
	return 0;
}
