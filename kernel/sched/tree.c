/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/sched/tree.h"

#ifdef HANOK_HOST
u64 sched_tree_steps;
#endif

static u32 height_of(const struct sched_node *n)
{
	return n ? n->height : 0;
}

/* Compute what a node knows of its subtree; false: it is as it was. */
static bool node_update(struct sched_node *n)
{
	u32 height = 1 + MAX(height_of(n->child[0]), height_of(n->child[1]));
	u64 least = n->value, cpus = n->cpus;
	bool same;

	for (unsigned i = 0; i < 2; i++) {
		const struct sched_node *c = n->child[i];

		if (!c)
			continue;
		cpus |= c->cpus_below;
		if (sched_before(c->least, least))
			least = c->least;
	}
	same = height == n->height && least == n->least && cpus == n->cpus_below;
	n->height = height;
	n->least = least;
	n->cpus_below = cpus;
	return !same;
}

/* Put `to` (may be NULL) where `from` hangs. */
static void replace(struct sched_tree *tree, struct sched_node *from, struct sched_node *to)
{
	struct sched_node *parent = from->parent;

	if (to)
		to->parent = parent;
	if (!parent)
		tree->root = to;
	else
		parent->child[parent->child[1] == from] = to;
}

/* The child on the other side comes up, n goes down to this side. */
static struct sched_node *rotate(struct sched_tree *tree, struct sched_node *n, unsigned side)
{
	struct sched_node *up = n->child[!side];

	replace(tree, n, up);
	n->child[!side] = up->child[side];
	if (n->child[!side])
		n->child[!side]->parent = n;
	up->child[side] = n;
	n->parent = up;
	node_update(n);
	node_update(up);
	return up;
}

static struct sched_node *balance(struct sched_tree *tree, struct sched_node *n)
{
	int lean = (int)height_of(n->child[1]) - (int)height_of(n->child[0]);
	unsigned high = lean > 0;
	struct sched_node *c = n->child[high];

	if (lean >= -1 && lean <= 1)
		return n;
	if (height_of(c->child[!high]) > height_of(c->child[high]))
		rotate(tree, c, high);
	return rotate(tree, n, !high);
}

/* From n upwards, until nothing changes any more. */
static void repair(struct sched_tree *tree, struct sched_node *n)
{
	for (; n; n = n->parent) {
		bool changed = node_update(n);
		struct sched_node *top = balance(tree, n);

		SCHED_TREE_STEP();
		if (top == n && !changed)
			return;
		n = top;
	}
}

void sched_tree_insert(struct sched_tree *tree, struct sched_node *node)
{
	struct sched_node **link = &tree->root, *parent = NULL;

	while (*link) {
		SCHED_TREE_STEP();
		parent = *link;
		link = &parent->child[!sched_before(node->key, parent->key)];
	}
	*link = node;
	node->parent = parent;
	node->child[0] = node->child[1] = NULL;
	node->least = node->value;
	node->cpus_below = node->cpus;
	node->height = 1;
	repair(tree, parent);
}

/* Put the next one in order, which has no child on the left, where node is. Returns the
 * lowest node below which something has changed. */
static struct sched_node *take_place(struct sched_tree *tree, struct sched_node *node)
{
	struct sched_node *next = node->child[1], *from;

	for (; next->child[0]; next = next->child[0])
		SCHED_TREE_STEP();
	from = next->parent == node ? next : next->parent;
	replace(tree, next, next->child[1]);
	for (unsigned i = 0; i < 2; i++) {
		next->child[i] = node->child[i];
		if (next->child[i])
			next->child[i]->parent = next;
	}
	replace(tree, node, next);
	/* What those above have seen; repair() then sees the difference. */
	next->height = node->height;
	next->least = node->least;
	next->cpus_below = node->cpus_below;
	if (from != next)
		repair(tree, from);
	return next;
}

void sched_tree_remove(struct sched_tree *tree, struct sched_node *node)
{
	struct sched_node *from = node->parent;

	if (node->child[0] && node->child[1])
		from = take_place(tree, node);
	else
		replace(tree, node, node->child[!node->child[0]]);
	repair(tree, from);
}

struct sched_node *sched_tree_first(const struct sched_tree *tree)
{
	struct sched_node *n = tree->root;

	while (n && n->child[0])
		n = n->child[0];
	return n;
}

/* The search looks into a subtree only when there is one to be found in it. */
struct sched_node *sched_tree_first_at_most(const struct sched_tree *tree, u64 limit)
{
	struct sched_node *n = tree->root;

	if (!n || sched_before(limit, n->least))
		return NULL;
	for (;;) {
		struct sched_node *left = n->child[0];

		SCHED_TREE_STEP();
		if (left && !sched_before(limit, left->least))
			n = left;
		else if (!sched_before(limit, n->value))
			return n;
		else
			n = n->child[1];
	}
}

struct sched_node *sched_tree_first_allowed(const struct sched_tree *tree, u64 cpus)
{
	struct sched_node *n = tree->root;

	if (!n || !(n->cpus_below & cpus))
		return NULL;
	for (;;) {
		struct sched_node *left = n->child[0];

		SCHED_TREE_STEP();
		if (left && (left->cpus_below & cpus))
			n = left;
		else if (n->cpus & cpus)
			return n;
		else
			n = n->child[1];
	}
}
