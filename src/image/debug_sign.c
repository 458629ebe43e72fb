/* SPDX-License-Identifier: MIT */
/*
 * Coffer's debug key, made for this purpose and published on purpose: it
 * signs unsigned debug images while they are loaded, so that a developer
 * needs no key.  Whoever signs with it proves nothing.  Its MRSIGNER differs
 * from that of other SDKs' debug keys.
 */
#include "signer.h"

#include <stdio.h>
#include <string.h>

static const char debug_key[] =
	"-----BEGIN RSA PRIVATE KEY-----\n"
	"MIIG4wIBAAKCAYEAzB42ctDxOwwqD+tia+9lPEp1r+rPm43IjizM+3FU7fCNYhyk\n"
	"F0mVLVNWmWflJ//HiRaSbloOcscrwbWardkCtEIxHaHtZmeMKM4CAXpKH8ffkFyz\n"
	"CQhsok4U4Z8npmISRZJEPSVysJeIp70d9cLW8yTeDxNO5HQ8M+GfPG5MTuNutO8F\n"
	"TaXo8uNAxm3O7iG1LHRvzvhc6y1Hwog49wEmIxCjYuZcd+SzbcbVEsnWm/IZvyBh\n"
	"e65atgscMQPlgWcD2R8r7t/U4OQqg7t4DJDVV1vGBPIvlesNKdYyyd6OFYJrTPO9\n"
	"rP+rAdwFdfGLYtNFpEl6pQjDKIv1xhCFQwvesHxCeebPilfkkfZ1l34AbcYRSrAb\n"
	"tera7AabZOy+euZQKUsqxg3K1fYXnNsyLjreE8xVFbHKEdXmF2Y+UwGWfgz5qbzE\n"
	"S+rsyQ/y4LSPX8ME/YPDpg3E8R9dPSHSaRulQKAfVuS+wsethQhP/Md/oqr77JN5\n"
	"ELYxM9yBVVW0HzGbAgEDAoIBgQCIFCRMi0t8ssa1R5byn5jS3E51RzUSXoW0Hd38\n"
	"9jieoF5BaG1k27jI4jm7mpjFVS+wubb0PAmh2h0rzmcekKx4LCC+a/OZml1wiVar\n"
	"ptwVL+pgPcywsEhsNA3rv2/EQWGDttgow6HLD7Bv02lOgeSiGJQKDN9C+Cgilmoo\n"
	"SYg0l58jSgOJGUX3Qisu899Ja84dovU0pZNHc4UsWtCkq27CCxeXRD2lQyJJLzi3\n"
	"MTm9TBEqFZZSdDx5XL12ApkA71a1LitsafHpLievdBUGwkmIgF6TSeM91M45crZO\n"
	"H1XSGOYgNc5V78eI+UO8QVE/E15LyCKjLgkL/1qElV1UoaUKk44VIKOxo+FC6P9s\n"
	"DPpsocvsTcrTPRNGyd4ZR9ygt2BN7JbP9RXC2J9r1VMrRnMxkYkRVqoG1JO69+HM\n"
	"MoUzwwgLHrs9Pb0bM+n3h8uhXaQVgpXg3nJZwF90pQtZ5o9Q6Je98RSWuLpzRSc4\n"
	"VqtqjiHOhiY1JJWQjLl6zwbtCCsCgcEA6t3PBNynnrSH9CUTmteSjhUrpBrGenTq\n"
	"/1jk3WffKASp0yH83mi69dQiynMMavd9nhggKt0a9Z+8WawWcyW0vNzTCTUvFh9J\n"
	"lb1sV/zwWnhGDOTejNLgyNDMGvE11stAE9PBt9k6YNfVq8zH7hbuKpmF+OlqC8fo\n"
	"rdjpWziPZK5hTgCUeQUU1yu45RIC8hHYDa4DZUiJZZTc1lvvraEwkqN0hDqNedzm\n"
	"Z6v54dyzkoaTIlwx0NOWfCPIMRfFgyi7AoHBAN58G8dkQmRqZwhoROeV1HyGDIPo\n"
	"lD627NRRPHdHrjJYaEmBC02vRL6R/REchRk+upSFJoVmmqDtMaWEYtDzsmPCGlEA\n"
	"qunCyRfbih1tmHBbGVtWjOw8XTkHAiQPvbMH/6CUhtZE79DZUs9ObX86Qx7YgYLG\n"
	"YPvPH9EZgkV9P0u6DEsOFvcJPEkWWwhW2vukts+R3293kATp8TfOUbSgnbSfxzXA\n"
	"kmbVr3B0m0ZoyvBPNhRuDfArul7louwHZDh8oQKBwQCck99Ykxppza/4GLe8j7cJ\n"
	"Y3JtZy78TfH/kJiTmpTFWHE3a/3pmydOjWyG912cpP5pZWrHPhH5FSg7yA73bnh9\n"
	"6Iywzh9kFNu5KPLlU0rm+tld7emzN0CF4IgR9iPkh4ANN9Z6kNGV5TkdMy/0D0lx\n"
	"u66l8PFdL/Bz5fDnewpDHuuJVbhQrg3kx9CYtqyhYTqzyVeY2wZDuJM5kp/JFiBh\n"
	"wk2tfF5RPe7vx/vr6He3BGIW6CE14mRSwoV2D9kCGycCgcEAlFK9L5gsQvGaBZrY\n"
	"mmPi/a6zApsNfySd4uDS+i/JduWa26tc3nTYfwv+C2hYu38nDa4ZrkRnFfN2blhB\n"
	"4KJ27SwRi1XHRoHbZT0GvkkQSudmPORd8tLo0K9WwrUpIgVVFbhZ5C31NeY3NN7z\n"
	"qibXaeWrrIRAp99qi2ZW2P4qMnwIMglkpLDS22Q8sDnnUm3PNQvqSk+1WJv2JTQ2\n"
	"eGsTzb/aI9W27zkfoE282Zsx9YokDZ6z9XJ8P0PB8q+YJahrAoHASMPGMhqmcnIn\n"
	"Vnq1ilMftYrQ11OToF58g5xyD5oUbYGA8Amviq9BXFkvn3WxVXFcnOKXY+6u7I+j\n"
	"V/pvyJ7c1sqMHXwnhWon0OQeUGhGWl0lxziKA0l2PBVba1b4k0PrCB5UiVVWeIOi\n"
	"44SEbWCvB+mcHrCHzE9vg1r5a2wi/XGKtQgd92lOC/wYcUSCbgKYbqa4yHvj/O1r\n"
	"L5FggyaYAfUHjFXEORw2Tu0ZtIttz/ZcXIcWp6Km+F7aYRKXRHLt\n"
	"-----END RSA PRIVATE KEY-----\n";

enum image_result image_debug_sign(const struct image *image,
	struct sgx_sigstruct *out, struct image_error *error)
{
	const oe_sgx_enclave_properties_t *p = image_properties(image);
	uint8_t mrenclave[32];
	enum image_result r;

	if (!(p->config.attributes & OE_SGX_FLAGS_DEBUG)) {
		if (error)
			snprintf(error->text, sizeof(error->text),
				"only a debug image may go unsigned");
		return IMAGE_FAILURE;
	}
	r = image_measure(image, mrenclave, error);
	if (r)
		return r;
	sigstruct_prepare(p, mrenclave, sigstruct_today(), out);
	return sigstruct_sign_pem(out, debug_key, sizeof(debug_key) - 1, error);
}

enum image_result image_sigstruct(const struct image *image, bool debug,
	struct sgx_sigstruct *out, struct image_error *error)
{
	const oe_sgx_enclave_properties_t *p = image_properties(image);

	if (image_is_signed(p)) {
		memcpy(out, p->sigstruct, sizeof(*out));
		return IMAGE_OK;
	}
	if (debug)
		return image_debug_sign(image, out, error);
	if (error)
		snprintf(error->text, sizeof(error->text),
			"the image is not signed; only a debug enclave can be "
			"made of it");
	return IMAGE_FAILURE;
}
