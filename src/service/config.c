/* SPDX-License-Identifier: MIT */
#include "service/config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum type { NUMBER, YES, TEXT };

/* Numbers: least, most.  Texts: at most so many bytes; 0: CONFIG_VALUE_MAX.
 * A module's keys begin with its name. */
static const struct key {
	const char *name;
	enum type type;
	int64_t least, most;
	const char *value; /* default */
	const char *help;
} keys[] = {
	{ "listen", TEXT, 0, 0, "127.0.0.1",
	  "address to listen at; 0.0.0.0 or :: for all" },
	{ "port", NUMBER, 0, 65535, "8081", "0: any that is free" },
	{ "http", YES, 0, 0, "no",
	  "plain HTTP instead of TLS; only on a loopback address" },
	{ "url", TEXT, 0, 255, "",
	  "what clients call the service, and tokens name as their issuer; "
	  "empty: made of localhost and the port" },
	{ "tls_names", TEXT, 0, 0, "",
	  "further host names and addresses for the certificate, with commas "
	  "between" },
	{ "threads", NUMBER, 0, 256, "0",
	  "that answer requests; 0: one per processor, at least 4" },
	{ "connections", NUMBER, 1, 65536, "1024", "open at once, in all" },
	{ "connections_per_client", NUMBER, 1, 65536, "512",
	  "open at once from one address" },
	{ "requests_per_second", NUMBER, 0, 1000000, "500",
	  "of one client, an IPv4 address or an IPv6 /64; more is answered "
	  "429; 0: no limit" },
	{ "limit_loopback", YES, 0, 0, "no",
	  "does requests_per_second hold for this machine too?" },
	{ "request_seconds", NUMBER, 1, 3600, "30",
	  "until a connection must have sent a request and read its answer" },
	{ "body_bytes_at_once", NUMBER, 1 << 20, INT64_C(1) << 40,
	  "67108864", "of all requests together; more is answered 503" },
	{ "log_requests", YES, 0, 0, "yes",
	  "a line per request: method, route, status, time; never a value" },
	{ "master_key", TEXT, 0, 0, "",
	  "file of the key that secrets are encrypted under, better on "
	  "another disk than the database; empty: master.key beside it" },
	{ "master_passphrase_file", TEXT, 0, 0, "",
	  "file whose first line is the master key's passphrase; empty: the "
	  "master key has none" },
	{ "akv.issuers", TEXT, 0, 0, "",
	  "further attestation services whose tokens release keys, with "
	  "commas between: https addresses that have OpenID metadata" },
	{ "akv.issuer_ca", TEXT, 0, 0, "",
	  "file of CA certificates (PEM) for those; empty: the system's" },
	{ "akv.audit_records", NUMBER, 100, 1000000000, "1000000",
	  "that the audit log keeps; older ones go" },
	{ "maa.policy_signers", TEXT, 0, 0, "",
	  "file of certificates (PEM): from the first start with it on, "
	  "policies need the signature of a policy signer, and these are the "
	  "first; empty: an administrator's token is enough" },
	{ "maa.accept_out_of_date", YES, 0, 0, "no",
	  "tokens also for machines that are out of date" },
	{ "pccs.cache_seconds", NUMBER, 0, 604800, "3600",
	  "how long clients may keep collateral" },
	{ "pccs.requests_stored", NUMBER, 0, 1000000, "10000",
	  "platforms pushed by tools that are remembered at most" },
};
#define KEYS (sizeof(keys) / sizeof(*keys))

struct config {
	char *values[KEYS];
	int64_t numbers[KEYS]; /* of NUMBER and YES */
};

static const struct key *find(const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

static int parse(const struct key *key, const char *text, int64_t *number,
	struct why *why)
{
	char *end;

	*number = 0;
	if (strlen(text) > (key->type == TEXT && key->most ?
			(size_t)key->most : CONFIG_VALUE_MAX))
		return why_set(why, -EINVAL, "the value of %s is too long",
			key->name);
	if (key->type == TEXT)
		return 0;
	if (key->type == YES) {
		*number = !strcmp(text, "yes");
		return *number || !strcmp(text, "no") ? 0 : why_set(why,
			-EINVAL, "%s is yes or no, not \"%.60s\"", key->name,
			text);
	}
	errno = 0;
	*number = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || errno || *end ||
	    *number < key->least || *number > key->most)
		return why_set(why, -EINVAL, "%s is a number from %" PRId64
			" to %" PRId64 ", not \"%.60s\"", key->name,
			key->least, key->most, text);
	return 0;
}

int config_set(struct config *config, const char *name, const char *text,
	struct why *why)
{
	const struct key *key = find(name);
	int64_t number;
	char *copy;
	int r;

	if (!key)
		return why_set(why, -EINVAL, "there is no key \"%.60s\"; "
			"coffer-serve --print-config lists them", name);
	r = parse(key, text, &number, why);
	if (r)
		return r;
	copy = strdup(text);
	if (!copy)
		return why_set(why, -ENOMEM, "out of memory");
	free(config->values[key - keys]);
	config->values[key - keys] = copy;
	config->numbers[key - keys] = number;
	return 0;
}

int config_assign(struct config *config, const char *assignment,
	struct why *why)
{
	const char *equals = strchr(assignment, '=');
	char name[64];

	if (!equals || (size_t)(equals - assignment) >= sizeof(name))
		return why_set(why, -EINVAL, "\"%.60s\" is not key=value",
			assignment);
	memcpy(name, assignment, (size_t)(equals - assignment));
	name[equals - assignment] = '\0';
	return config_set(config, name, equals + 1, why);
}

struct config *config_new(void)
{
	struct config *config = calloc(1, sizeof(*config));

	for (size_t i = 0; config && i < KEYS; i++) {
		if (config_set(config, keys[i].name, keys[i].value, NULL)) {
			config_free(config);
			return NULL;
		}
	}
	return config;
}

void config_free(struct config *config)
{
	for (size_t i = 0; config && i < KEYS; i++)
		free(config->values[i]);
	free(config);
}

/* --- files -------------------------------------------------------------- */

static char *trim(char *text)
{
	size_t size;

	text += strspn(text, " \t\r");
	size = strlen(text);
	while (size && strchr(" \t\r", text[size - 1]))
		text[--size] = '\0';
	return text;
}

static int read_line(struct config *config, char *line, struct why *why)
{
	char *equals;

	line = trim(line);
	if (!*line || *line == '#')
		return 0;
	equals = strchr(line, '=');
	if (!equals)
		return why_set(why, -EINVAL, "a line is \"key = value\"");
	*equals = '\0';
	return config_set(config, trim(line), trim(equals + 1), why);
}

static int read_all(const char *path, char *text, struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t used = 0;
	ssize_t n = 1;

	if (fd < 0)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	while (n > 0 && used < CONFIG_FILE_MAX) {
		n = read(fd, text + used, CONFIG_FILE_MAX - used);
		used += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	text[used] = '\0';
	if (n < 0)
		return why_set(why, -EIO, "%s cannot be read", path);
	if (used == CONFIG_FILE_MAX || strlen(text) != used)
		return why_set(why, -EINVAL, "%s is too large, or no text",
			path);
	return 0;
}

int config_read(struct config *config, const char *path, struct why *why)
{
	char *text = malloc(CONFIG_FILE_MAX + 1), *line, *next;
	struct why inner = { "" };
	unsigned number = 1;
	int r;

	if (!text)
		return why_set(why, -ENOMEM, "out of memory");
	r = read_all(path, text, why);
	for (line = text; !r && line; line = next, number++) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		r = read_line(config, line, &inner);
		if (r)
			why_set(why, r, "%.100s:%u: %s", path, number,
				inner.text);
	}
	free(text);
	return r;
}

void config_print(const struct config *config, FILE *out)
{
	fprintf(out, "# Configuration of coffer-serve: all keys.\n");
	for (size_t i = 0; i < KEYS; i++)
		fprintf(out, "\n# %s\n%s = %s\n", keys[i].help, keys[i].name,
			config->values[i]);
}

/* --- looking up --------------------------------------------------------- */

static size_t index_of(const char *name, enum type type)
{
	const struct key *key = find(name);

	if (!key || key->type != type) {
		fprintf(stderr, "no such key: %s\n", name);
		abort();
	}
	return (size_t)(key - keys);
}

int64_t config_number(const struct config *config, const char *key)
{
	return config->numbers[index_of(key, NUMBER)];
}

bool config_yes(const struct config *config, const char *key)
{
	return config->numbers[index_of(key, YES)];
}

const char *config_text(const struct config *config, const char *key)
{
	return config->values[index_of(key, TEXT)];
}
