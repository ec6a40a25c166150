/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/console/fbcon.h"
#include "arch/x86/console/font.h"

#define WIDTH 70  /* 11 columns and a rest */
#define HEIGHT 50 /* 5 rows and a rest */
#define STRIDE 72
#define GUARD 0xdeadbeefu

static u32 pixels[HEIGHT + 1][STRIDE];

/* The character in a cell, by its pixels; 0: none that is known. */
static char read_cell(u32 column, u32 row)
{
	for (char c = ' '; c <= '~'; c++) {
		const u8 *glyph = font_glyph(c);
		bool same = true;

		for (u32 y = 0; y < FONT_HEIGHT; y++)
			for (u32 x = 0; x < FONT_WIDTH; x++)
				same &= pixels[row * FONT_HEIGHT + y][column * FONT_WIDTH + x] ==
					(u32)(glyph[y] >> (FONT_WIDTH - 1 - x) & 1);
		if (same)
			return c;
	}
	return 0;
}

static void expect_row(u32 row, const char *text)
{
	for (u32 i = 0; i < 11; i++)
		assert_int_equal(read_cell(i, row), i < strlen(text) ? text[i] : ' ');
}

static int start(void **state)
{
	struct fbcon_mode mode = {
	    .pixels = NULL, .width = WIDTH, .height = HEIGHT, .stride = STRIDE, .foreground = 1};

	(void)state;
	for (u32 y = 0; y <= HEIGHT; y++)
		for (u32 x = 0; x < STRIDE; x++)
			pixels[y][x] = GUARD;
	fbcon_init(&mode); /* forget the last test's */
	mode.pixels = pixels[0];
	fbcon_init(&mode);
	return 0;
}

static void put(const char *text)
{
	fbcon_write(text, strlen(text));
}

static void geometry_scales(void **state)
{
	u32 scale, columns, rows;

	(void)state;
	fbcon_geometry(1024, 768, &scale, &columns, &rows);
	assert_int_equal(scale, 2);
	assert_int_equal(columns, 85);
	assert_int_equal(rows, 42);
	fbcon_geometry(320, 200, &scale, &columns, &rows);
	assert_int_equal(scale, 1);
	fbcon_geometry(10000, 10000, &scale, &columns, &rows);
	assert_true(scale <= 4 && columns <= 160 && rows <= 64);
	fbcon_geometry(3, 3, &scale, &columns, &rows);
	assert_int_equal(columns, 0);
}

static void writes_and_wraps(void **state)
{
	(void)state;
	put("Hello\r\nWorld 12345!\b?\t\001");
	expect_row(0, "Hello");
	expect_row(1, "World 12345");
	expect_row(2, "?");
}

static void scrolls_by_a_third(void **state)
{
	(void)state;
	put("one\ntwo\nthree\nfour\nfive\nsix");
	expect_row(0, "two");
	expect_row(3, "five");
	expect_row(4, "six");
}

static void stays_inside_of_the_screen(void **state)
{
	(void)state;
	for (int i = 0; i < 500; i++)
		put("abcdefghijklmnopqrstuvwxyz\n\t~");
	for (u32 x = 0; x < STRIDE; x++)
		assert_int_equal(pixels[HEIGHT][x], GUARD);
	for (u32 y = 0; y < HEIGHT; y++)
		for (u32 x = WIDTH; x < STRIDE; x++)
			assert_int_equal(pixels[y][x], GUARD);
}

static void a_moved_screen_keeps_its_text(void **state)
{
	struct fbcon_mode mode = {.pixels = pixels[0],
				  .width = WIDTH,
				  .height = HEIGHT,
				  .stride = STRIDE,
				  .foreground = 1};

	(void)state;
	put("kept");
	fbcon_init(&mode);
	put("!");
	expect_row(0, "kept!");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(geometry_scales),
	    cmocka_unit_test_setup(writes_and_wraps, start),
	    cmocka_unit_test_setup(scrolls_by_a_third, start),
	    cmocka_unit_test_setup(stays_inside_of_the_screen, start),
	    cmocka_unit_test_setup(a_moved_screen_keeps_its_text, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
