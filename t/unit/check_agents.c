#include "config.h"

#include "unit.h"

#include <stdio.h>

#include "app/agents.h"

/* All of two lists that others keep are shown to these rows by t/func/67-views.py. */
static const struct {
	enum agent_class class;
	const char *agent;
} agents[] = {
	{ AGENT_phone, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) "
	    "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.6 Mobile/15E148 "
	    "Safari/604.1" },
	{ AGENT_phone, "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 "
	    "(KHTML, like Gecko) Chrome/154.0.0.0 Mobile Safari/537.36" },
	{ AGENT_phone, "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 "
	    "Firefox/140.0" },
	{ AGENT_phone, "Mozilla/5.0 (Linux; Android 10; CUBOT X30) "
	    "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile "
	    "Safari/537.36" },
	{ AGENT_phone, "Opera/9.80 (Android; Opera Mini/36.2/191.249; U; en) "
	    "Presto/2.12.423 Version/12.16" },
	{ AGENT_tablet, "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) "
	    "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.5 Mobile/15E148 "
	    "Safari/604.1" },
	{ AGENT_tablet, "Mozilla/5.0 (Linux; Android 11; KFTUWI) "
	    "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/152.0.0.0 "
	    "Safari/537.36" },
	{ AGENT_tablet, "Mozilla/5.0 (Android 13; Tablet; rv:140.0) Gecko/140.0 "
	    "Firefox/140.0" },
	{ AGENT_desktop, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
	    "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/154.0.0.0 Safari/537.36 "
	    "Edg/154.0.0.0" },
	{ AGENT_desktop, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) "
	    "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
	    "Safari/605.1.15" },
	{ AGENT_desktop, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) "
	    "Gecko/20100101 Firefox/140.0" },
	{ AGENT_desktop, "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) "
	    "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/152.0.0.0 "
	    "Safari/537.36" },
	{ AGENT_desktop, "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; "
	    "Trident/6.0)" },
	{ AGENT_other, "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) "
	    "AppleWebKit/537.36 (KHTML, like Gecko) Version/6.0 TV "
	    "Safari/537.36" },
	{ AGENT_other, "Mozilla/5.0 (PlayStation; PlayStation 5/2.26) "
	    "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 "
	    "Safari/605.1.15" },
	{ AGENT_other, "Mozilla/5.0 (Haiku)" },
	{ AGENT_robot, "" },
	{ AGENT_robot, "  " },
	{ AGENT_robot, "Mozilla" },
	{ AGENT_robot, "WhatsApp/2.23.20.0" },
	{ AGENT_robot, "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)" },
	{ AGENT_robot, "facebookexternalhit/1.1 "
	    "(+http://www.facebook.com/externalhit_uatext.php)" },
	{ AGENT_robot, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) "
	    "AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 "
	    "facebookexternalhit/1.1 Facebot Twitterbot/1.0" },
	{ AGENT_robot, "Mozilla/5.0 (compatible; Discordbot/2.0; "
	    "+https://discordapp.com)" },
	{ AGENT_robot, "TelegramBot (like TwitterBot)" },
	{ AGENT_robot, "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient "
	    "+http://www.linkedin.com)" },
	{ AGENT_robot, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
	    "(KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36" },
	{ AGENT_robot, "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) "
	    "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/W.X.Y.Z Mobile "
	    "Safari/537.36 (compatible; GOOGLEBOT/2.1)" },
	{ AGENT_robot, "curl/7.88.1" },
	{ AGENT_robot, "python-requests/2.31.0" },
};

START_TEST(agents_have_their_class)
{
	struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof agents / sizeof agents[0]; i++) {
		enum agent_class class = agent_class_of(arena,
		    str_of(agents[i].agent));

		ck_assert_msg(class == agents[i].class, "%s is not %s: %s",
		    agent_class_word(class), agent_class_word(agents[i].class),
		    agents[i].agent);
	}
	arena_free(arena);
}
END_TEST

/* Not text, not ended by NUL, longer than anybody's. */
START_TEST(any_bytes_have_a_class)
{
	struct arena *arena = arena_new();
	char bytes[4 * AGENT_MAX];

	ck_assert_int_eq(agent_class_of(arena, STR_NULL), AGENT_robot);
	for (size_t n = 1; n <= sizeof bytes; n = n * 3 / 2 + 1) {
		char *exact = malloc(n);	/* a sanitizer sees one byte too far */

		for (size_t i = 0; i < n; i++)
			exact[i] = (char)(i * 131 + n);
		ck_assert_int_lt(agent_class_of(arena, (struct str){ exact, n }),
		    AGENT_CLASS_COUNT);
		free(exact);
	}
	/* What stands behind AGENT_MAX is not looked at. */
	memset(bytes, 'x', sizeof bytes);
	memcpy(bytes, "Mozilla/5.0 (X11; ", 18);
	memcpy(bytes + AGENT_MAX, "Googlebot", 9);
	ck_assert_int_eq(agent_class_of(arena, (struct str){ bytes, sizeof bytes }),
	    AGENT_desktop);
	memcpy(bytes + AGENT_MAX - 9, "Googlebot", 9);
	ck_assert_int_eq(agent_class_of(arena, (struct str){ bytes, sizeof bytes }),
	    AGENT_robot);
	arena_free(arena);
}
END_TEST

UNIT_MAIN("agents", agents_have_their_class, any_bytes_have_a_class)
