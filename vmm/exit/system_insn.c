/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/exit/system_insn.h"

#include "vmm/exit/guest_access.h"

static bool fetch_and_decode(struct vcpu *v, struct insn_cache *c, struct insn_system *out)
{
	struct guest_access a;
	u8 bytes[INSN_MAX_LENGTH] = {0};
	size_t len;

	guest_access_init(&a, v);
	len = guest_access_fetch(&a, bytes, sizeof(bytes), c);
	if (a.injected)
		return false;
	if (!insn_decode_system(bytes, len, a.mode, out))
		return true;
	c->code = NULL;
	vm_crash(v->vm, v, "an instruction at %#llx exited that is not known (%02x %02x %02x %02x)",
		 (unsigned long long)a.rip, bytes[0], bytes[1], bytes[2], bytes[3]);
	return false;
}

bool system_insn_decode(struct vcpu *v, struct insn_system *out)
{
	struct insn_cache unused;

	return fetch_and_decode(v, &unused, out);
}

static __attribute__((noinline)) unsigned length_find(struct vcpu *v, struct insn_cache *c)
{
	struct insn_system in;

	if (!fetch_and_decode(v, c, &in))
		return 0;
	c->insn.length = in.insn.length;
	c->where = c->now;
	return in.insn.length;
}

unsigned system_insn_length(struct virt_vcpu *vv)
{
	struct vcpu *v = container_of(vv, struct vcpu, virt);
	u64 rip = virt->get_reg(vv, VIRT_RIP);
	struct insn_cache *c = &v->length_cache[(rip ^ rip >> 3) % ARRAY_SIZE(v->length_cache)];

	virt->get_code(vv, &c->now);
	return likely(insn_cache_hit(c)) ? c->insn.length : length_find(v, c);
}
