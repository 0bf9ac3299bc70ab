#include "config.h"

#include "cmd/open.h"

#include <unistd.h>

#include "base/log.h"
#include "blob/fs.h"
#include "cdn/cloudflare.h"
#include "cdn/fastly.h"
#include "cdn/varnish.h"
#include "crypt/secret.h"
#include "crypt/share-keys.h"
#include "geo/geo.h"
#include "image/image.h"
#include "mail/outbox.h"
#include "mail/smtp.h"
#include "net/net.h"
#include "oauth/facebook.h"
#include "oauth/google.h"
#include "provider/flaky.h"
#include "provider/gemini.h"
#include "provider/mem.h"
#include "provider/render.h"

enum { SELECT_TIMEOUT_MS = 3000, COMMAND_TIMEOUT_MS = 5000,
	PATIENT_TIMEOUT_MS = 24 * 3600 * 1000 };

static const char config_option[] = "--config";

/* Whether argv[*i] is --config; its file then, and *i past it. */
static bool
is_config(int argc, char **argv, int *i, const char **ret_file)
{
	size_t n = sizeof config_option - 1;

	if (strncmp(argv[*i], config_option, n) != 0)
		return false;
	if (argv[*i][n] == '=') {
		*ret_file = argv[*i] + n + 1;
		return true;
	}
	if (argv[*i][n] != '\0' || *i + 1 >= argc)
		return false;
	*ret_file = argv[++*i];
	return true;
}

/* Of a command with options of its own, what is none of the configuration's stays among
 * its words. */
static bool
is_own(struct arena *arena, char *const *words, const char *arg)
{
	return words[0] != NULL && strcmp(words[0], "admin") == 0
	    && !conf_is_arg(arena, str_of(arg));
}

enum rc
open_conf(struct arena *arena, int argc, char **argv, struct conf *ret_conf,
    char ***ret_words, struct err *err)
{
	char **words = arena_many(arena, (size_t)argc + 1, char *);
	const char *file = NULL;
	size_t n = 0;

	conf_init(ret_conf, arena);
	for (int i = 1; i < argc; i++)
		if (argv[i][0] != '-' || (!is_config(argc, argv, &i, &file)
		    && is_own(arena, words, argv[i])))
			words[n++] = argv[i];
	if (file != NULL)
		(void)!conf_read_file(ret_conf, arena, file, err);
	(void)!conf_read_environ(ret_conf, arena,
	    (const char *const *)environ, err);
	for (int i = 1; i < argc; i++)
		if (argv[i][0] == '-' && !is_config(argc, argv, &i, &file)
		    && !is_own(arena, words, argv[i]))
			(void)!conf_set_arg(ret_conf, arena, str_of(argv[i]), err);
	*ret_words = words;
	return err->rc != RC_OK ? err->rc : conf_check(ret_conf, arena, err);
}

enum rc
open_keys(const struct conf *conf, struct keyring *ret_keyring, struct err *err)
{
	unsigned char master[KEY_BYTES], share_ids[KEYRING_SHARE_KEYS];
	struct arena *arena = arena_new();

	if (secret_read_key(conf->master_key_file, master, err) == RC_OK
	    && share_keys_read(arena, conf->master_key_file, share_ids, err)
	    == RC_OK) {
		keyring_init(ret_keyring, master);
		keyring_share(ret_keyring, master, share_ids);
	}
	explicit_bzero(master, sizeof master);
	arena_free(arena);
	return err->rc;
}

static enum rc
open_store(struct arena *arena, const struct conf *conf, const char *app_name,
    bool patient, struct app *app, struct err *err)
{
	struct arena *wiped = arena_new_wiped();
	struct store_options options = { .uri = conf->mongodb_uri,
		.database = arena_strz(arena, conf->mongodb_database),
		.app_name = app_name, .select_timeout_ms = SELECT_TIMEOUT_MS,
		.command_timeout_ms = patient ? PATIENT_TIMEOUT_MS
		: COMMAND_TIMEOUT_MS,
		.seal_key = keyring_key(&app->keyring, KEY_SEAL),
		.trace = app->trace == NULL ? NULL
		: &app->trace->transaction };

	if (conf->mongodb_uri_file == NULL
	    || secret_read_file(wiped, conf->mongodb_uri_file, &options.uri, err)
	    == RC_OK)
		(void)!store_open(arena, &options, &app->store, err);
	arena_free(wiped);
	return err->rc;
}

static void
close_net(void *net)
{
	net_close(net);
}

static enum rc
open_gemini(struct arena *arena, const struct conf *conf, struct app *app,
    struct err *err)
{
	struct gemini_options *options = arena_one(arena, struct gemini_options);
	/* http is for a stand-in on loopback, which the guard holds it to. */
	struct net_options net_options = { .allow_loopback_http =
		str_starts(conf->gemini_base_url, STR("http://")) };
	struct net *net;

	options->base_url = conf->gemini_base_url;
	options->model_count = conf->gemini_models.n;
	options->timeout_ms = conf->gemini_timeout_s * 1000;
	if (conf->gemini_api_key_file == NULL)
		return err_set(err, RC_INTERNAL,
		    "provider = gemini needs gemini_api_key_file.");
	if (secret_read_file(arena, conf->gemini_api_key_file, &options->api_key,
	    err) != RC_OK || gemini_models_read(arena, conf->gemini_models.items,
	    conf->gemini_models.n, &options->models, err) != RC_OK)
		return err->rc;
	net = net_open(&net_options);
	arena_defer(arena, close_net, net);
	return gemini_open(arena, net, options, &app->provider, err);
}

static enum rc
open_provider(struct arena *arena, const struct conf *conf, struct app *app,
    struct err *err)
{
	/* A price, so that tests see what becomes of costs. */
	struct provider_mem_options mem = { .cost_microusd = 20000 };
	struct provider_mem_options test = { .test_mode = true };
	struct render_options render = { .povray = conf->povray,
		.max_parallel = (int)conf->job_slots };

	app->test_provider = provider_mem_open(arena, &test);
	if (conf->provider == CONF_PROVIDER_GEMINI)
		(void)!open_gemini(arena, conf, app, err);
	else if (conf->provider == CONF_PROVIDER_MEM)
		app->provider = provider_mem_open(arena, &mem);
	else
		app->provider = render_open(arena, &render);
	if (err->rc != RC_OK || conf->provider_script.p == NULL)
		return err->rc;
	return provider_flaky_open(arena, app->provider, conf->provider_script,
	    &app->provider, err);
}

static enum rc
open_image(struct arena *arena, const struct conf *conf, struct app *app,
    struct err *err)
{
	struct image_options options = { .program = conf->image_program != NULL
		? conf->image_program : BEZEL_LIBEXECDIR "/bezel-image" };

	if (access(options.program, X_OK) != 0)
		return err_set(err, RC_INTERNAL, "%s: there is no such program; "
		    "set image_program.", options.program);
	app->image = image_open(arena, &options);
	return RC_OK;
}

static enum rc
open_smtp(struct arena *arena, const struct conf *conf,
    const struct mail_mailbox *from, struct app *app, struct err *err)
{
	static const enum net_smtp_tls tls[] = {
		[CONF_SMTP_STARTTLS] = NET_SMTP_STARTTLS,
		[CONF_SMTP_IMPLICIT] = NET_SMTP_IMPLICIT,
		[CONF_SMTP_NONE] = NET_SMTP_PLAIN };
	struct net_smtp_options options = { .host = conf->smtp_host,
		.port = (int)conf->smtp_port, .tls = tls[conf->smtp_tls],
		.user = conf->smtp_user, .ca_file = conf->smtp_ca_file,
		.hello = mail_address_domain(from->address),
		.timeout_ms = conf->smtp_timeout_s * 1000 };

	if (conf->smtp_password_file != NULL && secret_read_file(arena,
	    conf->smtp_password_file, &options.password, err) != RC_OK)
		return err->rc;
	if (options.ca_file != NULL && access(options.ca_file, R_OK) != 0)
		return err_set(err, RC_INTERNAL, "%s: smtp_ca_file cannot be read.",
		    options.ca_file);
	app->mail = mail_smtp_open(arena, &options, from);
	return RC_OK;
}

static enum rc
open_mail(struct arena *arena, const struct conf *conf, struct app *app,
    struct err *err)
{
	struct mail_mailbox from;
	const char *folder = conf->mail_outbox;

	if (mail_mailbox_parse(conf->mail_from, &from, err) != RC_OK)
		return err_set(err, RC_INTERNAL, "mail_from must be like"
		    " Studio <noreply@studio.example>.");
	if (conf->mail == CONF_MAIL_SMTP)
		return open_smtp(arena, conf, &from, app, err);
	if (folder == NULL)
		folder = arena_printf(arena, "%s/outbox", conf->state_dir).p;
	return mail_outbox_open(arena, folder, &from, &app->mail, err);
}

static enum rc
open_fastly(struct arena *arena, const struct conf *conf, struct net *net,
    struct app *app, struct err *err)
{
	struct fastly_options options = { .url = conf->fastly_url,
		.service_id = conf->fastly_service_id,
		.timeout_ms = conf->cdn_timeout_s * 1000 };

	if (secret_read_file(arena, conf->fastly_token_file, &options.token, err)
	    == RC_OK)
		app->cdn = fastly_open(arena, net, &options);
	return err->rc;
}

static enum rc
open_cloudflare(struct arena *arena, const struct conf *conf, struct net *net,
    struct app *app, struct err *err)
{
	struct cloudflare_options options = { .url = conf->cloudflare_url,
		.zone_id = conf->cloudflare_zone_id,
		.timeout_ms = conf->cdn_timeout_s * 1000 };

	if (secret_read_file(arena, conf->cloudflare_token_file, &options.token,
	    err) == RC_OK)
		app->cdn = cloudflare_open(arena, net, &options);
	return err->rc;
}

static enum rc
open_varnish(struct arena *arena, const struct conf *conf, struct net *net,
    struct app *app, struct err *err)
{
	struct varnish_options options = { .urls = conf->varnish_urls.items,
		.url_count = conf->varnish_urls.n,
		.timeout_ms = conf->cdn_timeout_s * 1000 };

	(void)err;
	app->cdn = varnish_open(arena, net, &options);
	return RC_OK;
}

static enum rc
open_cdn(struct arena *arena, const struct conf *conf, struct app *app,
    struct err *err)
{
	static enum rc (*const drivers[])(struct arena *arena,
	    const struct conf *conf, struct net *net, struct app *app,
	    struct err *err) = { [CONF_CDN_FASTLY] = open_fastly,
		[CONF_CDN_CLOUDFLARE] = open_cloudflare,
		[CONF_CDN_VARNISH] = open_varnish };
	/* http is for what is on loopback, which the guard holds it to. */
	struct net_options options = { .allow_loopback_http = true };
	struct net *net;

	if (conf->cdn == CONF_CDN_NONE)
		return RC_OK;
	net = net_open(&options);
	arena_defer(arena, close_net, net);
	return drivers[conf->cdn](arena, conf, net, app, err);
}

static enum rc
open_google(struct arena *arena, const struct conf *conf, struct net *net,
    struct app *app, struct err *err)
{
	struct google_options options = { .issuer = conf->google_issuer,
		.client_id = conf->google_client_id, .prompt = conf->google_prompt };

	if (secret_read_file(arena, conf->google_client_secret_file,
	    &options.client_secret, err) == RC_OK)
		google_open(arena, net, &options, app->oauth);
	return err->rc;
}

static enum rc
open_facebook(struct arena *arena, const struct conf *conf, struct net *net,
    struct app *app, struct err *err)
{
	struct facebook_options options = { .app_id = conf->facebook_app_id,
		.graph_url = conf->facebook_graph_url,
		.dialog_url = conf->facebook_dialog_url,
		.version = conf->facebook_version };

	if (secret_read_file(arena, conf->facebook_app_secret_file,
	    &options.app_secret, err) == RC_OK)
		facebook_open(arena, net, &options, app->oauth);
	return err->rc;
}

static enum rc
open_oauth(struct arena *arena, const struct conf *conf, struct app *app,
    struct err *err)
{
	/* http is for stand-ins on loopback, which the guard holds it to. */
	struct net_options options = { .allow_loopback_http =
		str_starts(conf->google_issuer, STR("http://"))
		|| str_starts(conf->facebook_graph_url, STR("http://")) };
	bool google = conf->google_client_id.p != NULL;
	bool facebook = conf->facebook_app_id.p != NULL;
	struct net *net;

	if (!google && !facebook)
		return RC_OK;
	net = net_open(&options);
	arena_defer(arena, close_net, net);
	app->oauth = oauth_new(arena);
	if ((google && open_google(arena, conf, net, app, err) != RC_OK)
	    || (facebook && open_facebook(arena, conf, net, app, err) != RC_OK))
		return err->rc;
	return RC_OK;
}

/* Whatever is wrong with the file, the service goes on without it. */
static void
open_geo(struct arena *arena, const struct conf *conf, struct app *app)
{
	struct err err;
	bool failed;

	err_init(&err);
	failed = conf->geo_database != NULL
	    && geo_open(arena, conf->geo_database, &app->geo, &err) != RC_OK;
	if (failed)
		log_event(LOG_ERROR, "geo.unusable", LOG_Z("message", err.message),
		    LOG_END);
	metric_set(app->shared, METRIC_geo_failing, failed);
}

enum rc
open_app(struct arena *process_arena, const struct conf *conf,
    enum open_parts parts, const char *app_name, struct app *ret_app,
    struct err *err)
{
	ret_app->conf = conf;
	if (parts & OPEN_GEO)
		open_geo(process_arena, conf, ret_app);
	if (open_keys(conf, &ret_app->keyring, err) != RC_OK
	    || ((parts & OPEN_STORE)
	    && open_store(process_arena, conf, app_name,
	    (parts & OPEN_PATIENT) != 0, ret_app, err) != RC_OK)
	    || ((parts & OPEN_BLOB)
	    && blob_fs_open(process_arena, conf->objects, &ret_app->blob, err)
	    != RC_OK)
	    || ((parts & OPEN_IMAGE)
	    && open_image(process_arena, conf, ret_app, err) != RC_OK)
	    || ((parts & OPEN_PROVIDER)
	    && open_provider(process_arena, conf, ret_app, err) != RC_OK)
	    || ((parts & OPEN_MAIL)
	    && open_mail(process_arena, conf, ret_app, err) != RC_OK)
	    || ((parts & OPEN_CDN)
	    && open_cdn(process_arena, conf, ret_app, err) != RC_OK)
	    || ((parts & OPEN_OAUTH)
	    && open_oauth(process_arena, conf, ret_app, err) != RC_OK))
		return err->rc;
	return RC_OK;
}
