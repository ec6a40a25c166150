nat-src := $(addprefix net/nat/,flow.c forward.c frag.c icmp.c mapping.c nat.c plain.c random.c session.c \
	slow.c state.c table.c translate.c wheel.c)
core-src += $(nat-src)
