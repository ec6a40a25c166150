/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Balanced trees of entities, private to kernel/sched: AVL trees ordered by a key that
 * wraps around, whose nodes know the least value and the union of the CPU masks below
 * them. All operations take O(log n) steps, also at worst (Adelson-Velsky, Landis: "An
 * algorithm for the organization of information", 1962). Nothing is allocated.
 */
#ifndef KERNEL_SCHED_TREE_H
#define KERNEL_SCHED_TREE_H

#include "kernel/lib/types.h"

struct sched_node {
	u64 key;   /* the order, equal ones in the order of insertion */
	u64 value; /* for sched_tree_first_at_most() */
	u64 cpus;  /* for sched_tree_first_allowed() */
	/* Private: of the subtree. */
	struct sched_node *parent, *child[2];
	u64 least, cpus_below;
	u32 height;
};

struct sched_tree {
	struct sched_node *root;
};

/* Is a before b on the circle of 64-bit numbers? */
static inline bool sched_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

/* key, value and cpus are set, and stay as they are until the node is removed. */
void sched_tree_insert(struct sched_tree *tree, struct sched_node *node);
void sched_tree_remove(struct sched_tree *tree, struct sched_node *node);

/* The node with the least key, of all; of those whose value is not after `limit`; of
 * those with one of these bits in cpus. NULL if there is none. */
struct sched_node *sched_tree_first(const struct sched_tree *tree);
struct sched_node *sched_tree_first_at_most(const struct sched_tree *tree, u64 limit);
struct sched_node *sched_tree_first_allowed(const struct sched_tree *tree, u64 cpus);

/* Host tests count the nodes that were visited. */
#ifdef HANOK_HOST
extern u64 sched_tree_steps;
#define SCHED_TREE_STEP() (sched_tree_steps++)
#else
#define SCHED_TREE_STEP() ((void)0)
#endif

#endif
