#include "config.h"

#include <arpa/inet.h>

#include "conf/rows.h"

/* A fault of one option, told where its value stands. */
#define fault_of(conf, member, ...) \
	conf_fault(err, arena, (conf)->origins[CONF_OPTION_##member], \
	    "rule", __VA_ARGS__)

static bool
is_host(struct str host)
{
	unsigned char address[16];
	char text[INET6_ADDRSTRLEN];

	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') {
		if (host.n - 2 >= sizeof text)
			return false;
		memcpy(text, host.p + 1, host.n - 2);
		text[host.n - 2] = '\0';
		return inet_pton(AF_INET6, text, address) == 1;
	}
	for (size_t i = 0; i < host.n; i++)
		if (!((host.p[i] >= 'a' && host.p[i] <= 'z')
		    || (host.p[i] >= '0' && host.p[i] <= '9')
		    || (i > 0 && (host.p[i] == '-' || host.p[i] == '.'))))
			return false;
	return host.n > 0 && host.n <= 253;
}

static bool
is_loopback(struct str host)
{
	unsigned char address[4];
	char text[16] = "";

	if (host.n < sizeof text)
		memcpy(text, host.p, host.n);
	return str_eqz(host, "localhost") || str_eqz(host, "[::1]")
	    || (inet_pton(AF_INET, text, address) == 1 && address[0] == 127);
}

/* scheme://host[:port], in the one form in which browsers send it as Origin. */
static bool
parse_base(struct str url, struct conf_base *ret_base)
{
	struct conf_base base = { .https = str_starts(url, STR("https://")) };
	size_t scheme = base.https ? 8 : 7, bracket, colon;
	int64_t port = base.https ? 443 : 80, usual = port;

	if (!base.https && !str_starts(url, STR("http://")))
		return false;
	url = str_slice(url, scheme, url.n);
	bracket = str_find(url, ']');
	bracket = bracket == url.n ? 0 : bracket;
	colon = bracket + str_find(str_slice(url, bracket, url.n), ':');
	if (colon < url.n && (!str_to_i64(str_slice(url, colon + 1, url.n), &port)
	    || port < 1 || port > 65535 || port == usual))
		return false;
	base.host = str_slice(url, 0, colon);
	base.port = (int)port;
	base.loopback = is_loopback(base.host);
	if (!is_host(base.host))
		return false;
	*ret_base = base;
	return true;
}

/* Another's service: https, or a stand-in on this host. */
static bool
is_service(struct str url)
{
	struct conf_base base;

	return parse_base(url, &base) && (base.https || base.loopback);
}

static void
check_urls(struct conf *conf, struct arena *arena, struct err *err)
{
	if (!parse_base(conf->base_url, &conf->base))
		(void)fault_of(conf, base_url, "base_url must be like"
		    " https://studio.example or http://127.0.0.1:8080: lower case, no"
		    " usual port, no path");
	else if (!conf->base.https && !conf->base.loopback && !conf->insecure_http)
		(void)fault_of(conf, base_url, "base_url must be https, or http on a"
		    " loopback address, unless insecure_http is set");
	if (!is_service(conf->gemini_base_url))
		(void)fault_of(conf, gemini_base_url, "gemini_base_url must be like"
		    " https://api.example, or http on a loopback address");
}

/* Words of OpenID Connect Core 1.0, 3.1.2.1, a space between; none stands alone. */
static bool
is_prompt(struct str text)
{
	static const char *const words[] = { "none", "login", "consent",
		"select_account" };
	bool alone = false;
	size_t n = 0;

	for (; text.p != NULL; n++) {
		struct str word = str_cut(&text, ' ');
		size_t i = 0;

		while (i < 4 && !str_eqz(word, words[i]))
			i++;
		if (i == 4)
			return false;
		alone = alone || i == 0;
	}
	return n == 1 || !alone;
}

static bool
is_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

/* v<number>.<number> */
static bool
is_version(struct str s)
{
	struct str minor = s, major = str_cut(&minor, '.');

	return minor.p != NULL && major.n > 1 && major.p[0] == 'v' && is_digits(minor)
	    && is_digits(str_slice(major, 1, major.n));
}

static void
check_google(struct conf *conf, struct arena *arena, struct err *err)
{
	if ((conf->google_client_id.p == NULL)
	    != (conf->google_client_secret_file == NULL))
		(void)fault_of(conf, google_client_id, "google_client_id and"
		    " google_client_secret_file must be set together");
	if (!is_service(conf->google_issuer))
		(void)fault_of(conf, google_issuer, "google_issuer must be like"
		    " https://accounts.example, or http on a loopback address");
	if (conf->google_prompt.p != NULL && !is_prompt(conf->google_prompt))
		(void)fault_of(conf, google_prompt, "google_prompt must be none, or some"
		    " of login, consent and select_account");
}

static void
check_facebook(struct conf *conf, struct arena *arena, struct err *err)
{
	if ((conf->facebook_app_id.p == NULL)
	    != (conf->facebook_app_secret_file == NULL))
		(void)fault_of(conf, facebook_app_id, "facebook_app_id and"
		    " facebook_app_secret_file must be set together");
	if (conf->facebook_app_id.p != NULL && !is_digits(conf->facebook_app_id))
		(void)fault_of(conf, facebook_app_id, "facebook_app_id must be digits");
	if (!is_service(conf->facebook_graph_url))
		(void)fault_of(conf, facebook_graph_url, "facebook_graph_url must be like"
		    " https://graph.example, or http on a loopback address");
	if (!is_service(conf->facebook_dialog_url))
		(void)fault_of(conf, facebook_dialog_url, "facebook_dialog_url must be"
		    " like https://www.example, or http on a loopback address");
	if (!is_version(conf->facebook_version))
		(void)fault_of(conf, facebook_version, "facebook_version must be like"
		    " v25.0");
}

/* Is there a password between "://" and the '@' before the first '/'? */
static bool
has_password(struct str uri)
{
	struct str rest = uri, user;

	(void)str_cut(&rest, '/');
	(void)str_cut(&rest, '/');
	rest = str_cut(&rest, '/');
	user = str_cut(&rest, '@');
	return rest.p != NULL && str_find(user, ':') < user.n;
}

static void
check_mongodb(struct conf *conf, struct arena *arena, struct err *err)
{
	struct str name = conf->mongodb_database;
	bool good = name.n > 0;

	for (size_t i = 0; i < name.n; i++)
		good = good && (strchr("_-", name.p[i]) != NULL
		    || (name.p[i] >= '0' && name.p[i] <= '9')
		    || (name.p[i] >= 'a' && name.p[i] <= 'z')
		    || (name.p[i] >= 'A' && name.p[i] <= 'Z'));
	if (!good)
		(void)fault_of(conf, mongodb_database, "mongodb_database must be"
		    " letters, digits, _ and -");
	if ((conf->mongodb_uri.p == NULL) == (conf->mongodb_uri_file == NULL))
		(void)fault_of(conf, mongodb_uri, "one of mongodb_uri and"
		    " mongodb_uri_file must be set");
	if (conf->mongodb_uri.p == NULL)
		return;
	if (!str_starts(conf->mongodb_uri, STR("mongodb://"))
	    && !str_starts(conf->mongodb_uri, STR("mongodb+srv://")))
		(void)fault_of(conf, mongodb_uri, "mongodb_uri must begin with"
		    " mongodb:// or mongodb+srv://");
	else if (has_password(conf->mongodb_uri))
		(void)fault_of(conf, mongodb_uri, "mongodb_uri must not hold a"
		    " password: put the URI into a file and name it in"
		    " mongodb_uri_file");
}

/* "address/bits", and not the whole internet. */
static bool
is_network(struct arena *arena, struct str item)
{
	unsigned char address[16];
	struct str bits = item, text = str_cut(&bits, '/');
	bool six = str_find(text, ':') < text.n;
	int64_t n;

	return inet_pton(six ? AF_INET6 : AF_INET, arena_strz(arena, text),
	    address) == 1 && str_to_i64(bits, &n) && n >= 1 && n <= (six ? 128 : 32);
}

static void
check_sockets(struct conf *conf, struct arena *arena, struct err *err)
{
	enum { SOCKET_PATH_BYTES = 107 };	/* sun_path of unix(7) */

	if (conf->listen == NULL || strlen(conf->listen) > SOCKET_PATH_BYTES)
		(void)fault_of(conf, listen, "listen must be a path of at most %d"
		    " bytes", SOCKET_PATH_BYTES);
	if (conf->listen_slow == NULL
	    || strlen(conf->listen_slow) > SOCKET_PATH_BYTES
	    || str_eq(str_of(conf->listen), str_of(conf->listen_slow)))
		(void)fault_of(conf, listen_slow, "listen_slow must be another path of"
		    " at most %d bytes", SOCKET_PATH_BYTES);
	for (size_t i = 0; i < conf->trusted_proxies.n; i++)
		if (!is_network(arena, conf->trusted_proxies.items[i]))
			(void)fault_of(conf, trusted_proxies, "%.*s is not a network"
			    " like 192.0.2.0/24",
			    STR_FMT(conf->trusted_proxies.items[i]));
}

static void
check_needs(struct conf *conf, struct arena *arena, struct err *err)
{
	if (conf->master_key_file == NULL)
		(void)fault_of(conf, master_key_file, "master_key_file must be set");
	if (conf->objects == NULL)
		(void)fault_of(conf, objects, "objects must be set");
	if (conf->state_dir == NULL)
		(void)fault_of(conf, state_dir, "state_dir must be set");
	if (conf->provider == CONF_PROVIDER_GEMINI
	    && conf->gemini_api_key_file == NULL)
		(void)fault_of(conf, gemini_api_key_file,
		    "provider = gemini needs gemini_api_key_file");
	if (conf->provider == CONF_PROVIDER_RENDER && conf->povray == NULL)
		(void)fault_of(conf, povray, "provider = render needs povray");
	if (conf->guest_session_s > conf->guest_session_max_s)
		(void)fault_of(conf, guest_session_s, "guest_session_s must not be"
		    " over guest_session_max_s");
}

static void
check_mail(struct conf *conf, struct arena *arena, struct err *err)
{
	if ((conf->smtp_user.p == NULL) != (conf->smtp_password_file == NULL))
		(void)fault_of(conf, smtp_user, "smtp_user and smtp_password_file"
		    " need each other");
	if (conf->mail != CONF_MAIL_SMTP)
		return;
	if (conf->smtp_host.p == NULL)
		(void)fault_of(conf, smtp_host, "mail = smtp needs smtp_host");
	else if (!is_host(conf->smtp_host))
		(void)fault_of(conf, smtp_host, "smtp_host must be a name in lower"
		    " case, or an address: mail.example, 192.0.2.1, [2001:db8::1]");
	else if (conf->smtp_tls == CONF_SMTP_NONE && !is_loopback(conf->smtp_host))
		(void)fault_of(conf, smtp_tls, "smtp_tls = none is for a relay on a"
		    " loopback address alone");
}

/* What stands in the path of a URL. */
static bool
is_plain(struct str id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!((id.p[i] >= 'a' && id.p[i] <= 'z')
		    || (id.p[i] >= 'A' && id.p[i] <= 'Z')
		    || (id.p[i] >= '0' && id.p[i] <= '9')))
			return false;
	return id.n > 0;
}

static void
check_cdn(struct conf *conf, struct arena *arena, struct err *err)
{
	const struct conf_list *urls = &conf->varnish_urls;

	if (conf->cdn == CONF_CDN_FASTLY && (!is_plain(conf->fastly_service_id)
	    || conf->fastly_token_file == NULL))
		(void)fault_of(conf, cdn, "cdn = fastly needs fastly_service_id,"
		    " letters and digits, and fastly_token_file");
	if (conf->cdn == CONF_CDN_CLOUDFLARE && (!is_plain(conf->cloudflare_zone_id)
	    || conf->cloudflare_token_file == NULL))
		(void)fault_of(conf, cdn, "cdn = cloudflare needs"
		    " cloudflare_zone_id, letters and digits, and"
		    " cloudflare_token_file");
	if (conf->cdn == CONF_CDN_VARNISH && urls->n == 0)
		(void)fault_of(conf, cdn, "cdn = varnish needs varnish_urls");
	if (!is_service(conf->fastly_url))
		(void)fault_of(conf, fastly_url, "fastly_url must be like"
		    " https://api.example, or http on a loopback address");
	if (!is_service(conf->cloudflare_url))
		(void)fault_of(conf, cloudflare_url, "cloudflare_url must be like"
		    " https://api.example, or http on a loopback address");
	for (size_t i = 0; i < urls->n; i++)
		if (!is_service(urls->items[i]))
			(void)fault_of(conf, varnish_urls, "%.*s is not like"
			    " https://cache.example, or http on a loopback address",
			    STR_FMT(urls->items[i]));
}

/* An answer from before a change must not outlive its gate (app/share-gate.h). */
static void
check_shares(struct conf *conf, struct arena *arena, struct err *err)
{
	int64_t least_ms = conf->request_deadline_ms + CONF_NGINX_WAITS_S * 1000;

	if (!conf->share_gate_short && conf->share_gate_s * 1000 < least_ms)
		(void)fault_of(conf, share_gate_s, "share_gate_s must be at least"
		    " %lld: request_deadline_ms, which is %lld, and the %d s for which"
		    " nginx waits", (long long)(least_ms + 999) / 1000,
		    (long long)conf->request_deadline_ms, CONF_NGINX_WAITS_S);
}

enum rc
conf_check(struct conf *conf, struct arena *arena, struct err *err)
{
	int before = err->fault_count;

	check_urls(conf, arena, err);
	check_google(conf, arena, err);
	check_facebook(conf, arena, err);
	check_mongodb(conf, arena, err);
	check_sockets(conf, arena, err);
	check_needs(conf, arena, err);
	check_mail(conf, arena, err);
	check_cdn(conf, arena, err);
	check_shares(conf, arena, err);
	return err->fault_count > before ? RC_INVALID : RC_OK;
}
