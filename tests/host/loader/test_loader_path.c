/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/efi/dhcp.h"
#include "boot/efi/path.h"
#include "boot/efi/tftp.h"

static void splits_own_paths(void **state)
{
	static const struct {
		const char *own, *directory, *root;
	} cases[] = {
	    {"\\EFI\\BOOT\\BOOTX64.EFI", "/EFI/BOOT/", "/"},
	    {"\\hanok.efi", "/", "/"},
	    {"pxe/hanok.efi", "pxe/", ""},
	    {"hanok.efi", "", ""},
	    {"/srv/tftp/hanok.efi", "/srv/tftp/", "/"},
	    {"http://10.0.2.2:8000/a/b/hanok.efi", "http://10.0.2.2:8000/a/b/",
	     "http://10.0.2.2:8000/"},
	    {"http://h/hanok.efi?x=/y/z", "http://h/", "http://h/"},
	    {"http://h", "http://h/", "http://h/"},
	    {"http://h?q", "http://h/", "http://h/"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct path_base base;

		assert_int_equal(path_base_set(&base, cases[i].own), ERR_OK);
		assert_string_equal(base.directory, cases[i].directory);
		assert_string_equal(base.root, cases[i].root);
	}
}

static void joins(void **state)
{
	struct path_base base;
	char to[PATH_SIZE];
	char *name = malloc(PATH_SIZE);

	(void)state;
	assert_int_equal(path_base_set(&base, "\\EFI\\BOOT\\X.EFI"), ERR_OK);
	assert_int_equal(path_join(&base, base.directory, "vmlinuz", to), ERR_OK);
	assert_string_equal(to, "/EFI/BOOT/vmlinuz");
	assert_int_equal(path_join(&base, base.directory, "/guests/a", to), ERR_OK);
	assert_string_equal(to, "/guests/a");
	memset(name, 'x', PATH_SIZE - 1);
	name[PATH_SIZE - 1] = 0;
	assert_int_equal(path_join(&base, base.directory, name, to), ERR_RANGE);
	assert_int_equal(path_base_set(&base, name), ERR_RANGE);
	name[PATH_SIZE - 2] = 0;
	assert_int_equal(path_join(&base, base.root, name, to), ERR_OK);
	free(name);
}

static void converts_ucs2(void **state)
{
	static const char text[] = "k\xc3\xbc"
				   "che-\xe5\xb2\xa9/\x7f";
	static const char *const bad[] = {"\xc3",         "\xe5\xb2",     "\xc0\x80",
					  "\xed\xa0\x80", "\xe0\x80\x80", "\xf0\x9f\x98\x80",
					  "\x80"};
	uint16_t wide[PATH_SIZE], surrogate[] = {'a', 0xd800, 0};
	char back[PATH_SIZE];

	(void)state;
	assert_int_equal(path_to_ucs2(text, wide), ERR_OK);
	assert_int_equal(wide[1], 0xfc);
	assert_int_equal(wide[6], 0x5ca9);
	assert_int_equal(path_from_ucs2(wide, PATH_SIZE, back), ERR_OK);
	assert_string_equal(back, text);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(path_to_ucs2(bad[i], wide), ERR_INVAL);
	assert_int_equal(path_from_ucs2(surrogate, 3, back), ERR_INVAL);
}

static void escapes_urls(void **state)
{
	char to[PATH_SIZE];

	(void)state;
	assert_int_equal(path_escape_url("http://h/a b/\xc3\xbc%20{", to), ERR_OK);
	assert_string_equal(to, "http://h/a%20b/%C3%BC%20%7B");
}

#define OPTIONS 240

static void reads_dhcp(void **state)
{
	u8 reply[OPTIONS + 32] = {[20] = 10, 0, 2, 2, [108] = 'a', '/', 'b'};
	struct dhcp_boot boot;

	(void)state;
	assert_int_equal(dhcp_read_boot(reply, sizeof(reply), &boot), ERR_OK);
	assert_string_equal(boot.file, "a/b");
	assert_memory_equal(boot.server, "\x0a\0\2\2", 4);
}

static void reads_dhcp_options(void **state)
{
	static const u8 options[] = {0, 53, 1, 5, 54, 4, 192, 168, 1, 1, 67, 3, 'x', '/', 'y', 255};
	u8 reply[OPTIONS + sizeof(options)] = {0};
	struct dhcp_boot boot;

	(void)state;
	memcpy(reply + OPTIONS, options, sizeof(options));
	assert_int_equal(dhcp_read_boot(reply, sizeof(reply), &boot), ERR_OK);
	assert_string_equal(boot.file, "x/y");
	assert_memory_equal(boot.server, "\xc0\xa8\1\1", 4);
	for (size_t n = 0; n < sizeof(reply) - 1; n++) {
		u8 *part = malloc(n ? n : 1);

		memcpy(part, reply, n);
		assert_int_equal(dhcp_read_boot(part, n, &boot), ERR_NOENT);
		free(part);
	}
}

static int parse(const char *bytes, size_t size, struct tftp_packet *packet)
{
	u8 *copy = malloc(size ? size : 1);
	int err;

	memcpy(copy, bytes, size);
	err = tftp_parse(copy, size, packet);
	free(copy);
	return err;
}

static void parses_tftp(void **state)
{
	static const char oack[] = "\0\6TSize\000123456789\0blksize\0001428";
	struct tftp_packet p;

	(void)state;
	assert_int_equal(parse("\0\3\1\2abc", 7, &p), ERR_OK);
	assert_int_equal(p.opcode, TFTP_DATA);
	assert_int_equal(p.number, 0x102);
	assert_int_equal(p.length, 3);
	assert_int_equal(parse("\0\5\0\1", 4, &p), ERR_OK);
	assert_int_equal(p.number, TFTP_ERROR_NO_FILE);
	assert_int_equal(parse(oack, sizeof(oack), &p), ERR_OK);
	assert_int_equal(p.file_size, 123456789);
	assert_int_equal(p.block_size, 1428);
	assert_int_equal(parse("\0\6", 2, &p), ERR_OK);
	assert_int_equal(p.block_size, 512);
	assert_int_equal(parse("\0\6blksize\0000", 12, &p), ERR_INVAL);
	assert_int_equal(parse("\0\6tsize", 8, &p), ERR_INVAL);
	assert_int_equal(parse("\0\1", 2, &p), ERR_INVAL);
	for (size_t n = 0; n < 4; n++)
		assert_int_equal(parse("\0\3\0\1", n, &p), ERR_INVAL);
}

static void makes_tftp(void **state)
{
	static const char want[] = "\0\1a/b\0octet\0blksize\0001428\0tsize\0000";
	u8 to[TFTP_PACKET_SIZE];

	(void)state;
	assert_int_equal(tftp_make_request(to, "a/b"), sizeof(want));
	assert_memory_equal(to, want, sizeof(want));
	assert_int_equal(tftp_make_answer(to, TFTP_ACK, 0x102), 4);
	assert_memory_equal(to, "\0\4\1\2", 4);
	assert_int_equal(tftp_make_answer(to, TFTP_ERROR, 0), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(splits_own_paths), cmocka_unit_test(joins),
	    cmocka_unit_test(converts_ucs2),    cmocka_unit_test(escapes_urls),
	    cmocka_unit_test(reads_dhcp),       cmocka_unit_test(reads_dhcp_options),
	    cmocka_unit_test(parses_tftp),      cmocka_unit_test(makes_tftp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
