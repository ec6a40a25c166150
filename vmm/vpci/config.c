/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration space as bytes. */
#include "vmm/vpci/config.h"

u32 vpci_config_read(const struct vpci_config *config, u32 offset, unsigned size)
{
	u32 value = 0;

	for (unsigned i = 0; i < size; i++) {
		u32 at = offset + i;
		u32 byte = at < VPCI_CONFIG_SIZE ? config->value[at] : 0xffu;

		value |= byte << i * 8;
	}
	return value;
}

void vpci_config_write(struct vpci_config *config, u32 offset, unsigned size, u32 value)
{
	for (unsigned i = 0; i < size && offset + i < VPCI_CONFIG_SIZE; i++) {
		u8 mask = config->writable[offset + i];
		u8 *byte = &config->value[offset + i];

		*byte = (u8)((*byte & ~mask) | (value >> i * 8 & mask));
	}
}

void vpci_config_set(struct vpci_config *config, u32 offset, unsigned size, u32 value)
{
	for (unsigned i = 0; i < size && offset + i < VPCI_CONFIG_SIZE; i++)
		config->value[offset + i] = (u8)(value >> i * 8);
}
