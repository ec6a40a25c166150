/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * \_S5 without an AML interpreter. In every DSDT it is a plain
 *	Name (_S5, Package { SLP_TYPa, SLP_TYPb, ... })
 * of constants, since it must be readable before anything is initialized.
 */
#include <string.h>

#include "drivers/acpi/fadt.h"

/* ACPI 6.5, 20.3: opcodes. */
enum {
	AML_ZERO = 0x00,
	AML_ONE = 0x01,
	AML_NAME = 0x08,
	AML_BYTE = 0x0a,
	AML_WORD = 0x0b,
	AML_DWORD = 0x0c,
	AML_PACKAGE = 0x12,
	AML_ROOT = '\\',
};
#define SLP_TYP_MAX 7

struct aml {
	const u8 *at;
	size_t left;
};

static bool aml_byte(struct aml *a, u8 *out)
{
	if (!a->left)
		return false;
	*out = *a->at++;
	a->left--;
	return true;
}

/* A constant of at most SLP_TYP_MAX. */
static bool aml_slp_typ(struct aml *a, u8 *out)
{
	u8 op, low, high = 0;
	unsigned rest;

	if (!aml_byte(a, &op))
		return false;
	if (op == AML_ZERO || op == AML_ONE) {
		*out = op;
		return true;
	}
	if (op != AML_BYTE && op != AML_WORD && op != AML_DWORD)
		return false;
	if (!aml_byte(a, &low))
		return false;
	rest = op == AML_BYTE ? 0 : op == AML_WORD ? 1 : 3;
	while (rest--) {
		u8 byte;

		if (!aml_byte(a, &byte))
			return false;
		high |= byte;
	}
	*out = low;
	return !high && low <= SLP_TYP_MAX;
}

/* PackageOp PkgLength NumElements (20.2.5.4); bounds a to the package. */
static bool aml_package(struct aml *a)
{
	const u8 *start;
	u8 op, lead, next, elements;
	size_t length;

	if (!aml_byte(a, &op) || op != AML_PACKAGE)
		return false;
	start = a->at;
	if (!aml_byte(a, &lead))
		return false;
	length = lead >> 6 ? lead & 0xf : lead & 0x3f;
	for (unsigned i = 0; i < lead >> 6; i++) {
		if (!aml_byte(a, &next))
			return false;
		length |= (size_t)next << (4 + 8 * i);
	}
	if (length < (size_t)(a->at - start) || length - (size_t)(a->at - start) > a->left)
		return false;
	a->left = length - (size_t)(a->at - start);
	return aml_byte(a, &elements) && elements >= 1;
}

static bool s5_at(const u8 *aml, size_t len, size_t name, u8 *typ_a, u8 *typ_b)
{
	struct aml a = {aml + name + 4, len - name - 4};
	bool named =
	    name >= 1 && (aml[name - 1] == AML_NAME ||
			  (aml[name - 1] == AML_ROOT && name >= 2 && aml[name - 2] == AML_NAME));

	if (!named || !aml_package(&a) || !aml_slp_typ(&a, typ_a))
		return false;
	if (!a.left) /* one element: only PM1a */
		*typ_b = *typ_a;
	else if (!aml_slp_typ(&a, typ_b))
		return false;
	return true;
}

bool acpi_find_s5(const u8 *aml, size_t len, u8 *typ_a, u8 *typ_b)
{
	u8 a, b;

	for (size_t i = 0; i + 4 <= len; i++) {
		if (memcmp(aml + i, "_S5_", 4) || !s5_at(aml, len, i, &a, &b))
			continue;
		*typ_a = a;
		*typ_b = b;
		return true;
	}
	return false;
}
