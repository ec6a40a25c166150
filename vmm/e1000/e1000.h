/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An emulated Intel 82540EM ("PRO/1000 MT Desktop"), which nearly every system has a driver for:
 * for guests without virtio. 8254x Family of Gigabit Ethernet Controllers Software Developer's
 * Manual; section numbers are of that.
 */
#ifndef VMM_E1000_E1000_H
#define VMM_E1000_E1000_H

struct net_model;

extern const struct net_model e1000_model;

#endif
