/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/console/fbcon.h"

#include <string.h>

#include "arch/x86/console/font.h"

/* The text that is on the screen; larger screens use their upper left part. */
#define MAX_COLUMNS 160
#define MAX_ROWS 64
#define TAB_WIDTH 8
#define MAX_SCALE 4

static struct fbcon_mode mode;
static u32 scale, columns, rows, column, row;
static char text_on_screen[MAX_ROWS][MAX_COLUMNS];

void fbcon_geometry(u32 width, u32 height, u32 *s, u32 *c, u32 *r)
{
	*s = MIN(MAX(MIN(width / 512, height / 384), 1u), MAX_SCALE);
	*c = MIN(width / (FONT_WIDTH * *s), MAX_COLUMNS);
	*r = MIN(height / (FONT_HEIGHT * *s), MAX_ROWS);
}

/* One row of a glyph, scaled, into its lines on the screen. */
static void draw_glyph_row(u32 *at, u8 bits)
{
	u32 line[FONT_WIDTH * MAX_SCALE];
	u32 width = FONT_WIDTH * scale;

	for (u32 x = 0; x < width; x++)
		line[x] =
		    bits >> (FONT_WIDTH - 1 - x / scale) & 1 ? mode.foreground : mode.background;
	for (u32 y = 0; y < scale; y++)
		memcpy(at + y * mode.stride, line, width * sizeof(line[0]));
}

static void draw_cell(u32 c, u32 r)
{
	const u8 *glyph = font_glyph(text_on_screen[r][c]);
	u32 *at = mode.pixels + (u64)r * FONT_HEIGHT * scale * mode.stride + c * FONT_WIDTH * scale;

	for (u32 y = 0; y < FONT_HEIGHT; y++)
		draw_glyph_row(at + (u64)y * scale * mode.stride, glyph[y]);
}

static void set_cell(u32 c, u32 r, char value)
{
	if (text_on_screen[r][c] == value)
		return;
	text_on_screen[r][c] = value;
	draw_cell(c, r);
}

static void scroll(void)
{
	u32 lines = MAX(rows / 3, 1u);

	for (u32 r = 0; r < rows; r++)
		for (u32 c = 0; c < columns; c++)
			set_cell(c, r, r + lines < rows ? text_on_screen[r + lines][c] : ' ');
	row = rows - lines;
}

static void new_line(void)
{
	column = 0;
	if (++row == rows)
		scroll();
}

static void put(char c)
{
	if (c == '\n') {
		new_line();
	} else if (c == '\r') {
		column = 0;
	} else if (c == '\b') {
		column -= column > 0;
	} else if (c == '\t') {
		column = MIN((column / TAB_WIDTH + 1) * TAB_WIDTH, columns - 1);
	} else if (c >= ' ' && c <= '~') {
		if (column == columns)
			new_line();
		set_cell(column++, row, c);
	}
}

static void clear(void)
{
	for (u32 y = 0; y < mode.height; y++)
		for (u32 x = 0; x < mode.width; x++)
			mode.pixels[(u64)y * mode.stride + x] = mode.background;
	memset(text_on_screen, ' ', sizeof(text_on_screen));
	column = row = 0;
}

void fbcon_init(const struct fbcon_mode *m)
{
	bool moved = mode.pixels && mode.width == m->width && mode.height == m->height;

	mode = *m;
	fbcon_geometry(mode.width, mode.height, &scale, &columns, &rows);
	if (!columns || !rows)
		mode.pixels = NULL;
	else if (mode.pixels && !moved)
		clear();
}

bool fbcon_present(void)
{
	return mode.pixels != NULL;
}

void fbcon_write(const char *text, size_t len)
{
	if (!mode.pixels)
		return;
	while (len--)
		put(*text++);
}
