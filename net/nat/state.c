/* SPDX-License-Identifier: BSD-2-Clause */
/* What TCP's flags do to a session (after RFC 6146, 3.5.2.2), and how long each state lasts. */
#include "net/nat/session.h"

enum event { EV_DATA, EV_SYN, EV_FIN, EV_RST, EVENTS };

static const struct {
	const char *name;
	u16 seconds;
	bool refreshes;
} states[NAT_STATES] = {
    [NAT_FREE] = {"free", 1, false},
    [NAT_UDP_NEW] = {"unanswered", 120, true},
    [NAT_UDP] = {"open", 300, true},
    [NAT_ICMP] = {"echo", 60, true},
    [NAT_TCP_SYN] = {"opening", 240, true},
    [NAT_TCP] = {"established", 7440, true},
    [NAT_TCP_FIN0] = {"half closed", 7440, true},
    [NAT_TCP_FIN1] = {"half closed", 7440, true},
    [NAT_TCP_CLOSED] = {"closed", 240, false},
    [NAT_TCP_RESET] = {"reset", 240, false},
};

/* By state, direction and event. Data after a reset shows that the reset was not accepted. */
static const u8 tcp_next[NAT_STATES][2][EVENTS] = {
    [NAT_TCP_SYN] = {{NAT_TCP_SYN, NAT_TCP_SYN, NAT_TCP_SYN, NAT_TCP_CLOSED},
		     {NAT_TCP_SYN, NAT_TCP, NAT_TCP_SYN, NAT_TCP_CLOSED}},
    [NAT_TCP] = {{NAT_TCP, NAT_TCP, NAT_TCP_FIN0, NAT_TCP_RESET},
		 {NAT_TCP, NAT_TCP, NAT_TCP_FIN1, NAT_TCP_RESET}},
    [NAT_TCP_FIN0] = {{NAT_TCP_FIN0, NAT_TCP_FIN0, NAT_TCP_FIN0, NAT_TCP_RESET},
		      {NAT_TCP_FIN0, NAT_TCP_FIN0, NAT_TCP_CLOSED, NAT_TCP_RESET}},
    [NAT_TCP_FIN1] = {{NAT_TCP_FIN1, NAT_TCP_FIN1, NAT_TCP_CLOSED, NAT_TCP_RESET},
		      {NAT_TCP_FIN1, NAT_TCP_FIN1, NAT_TCP_FIN1, NAT_TCP_RESET}},
    [NAT_TCP_CLOSED] = {{NAT_TCP_CLOSED, NAT_TCP_SYN, NAT_TCP_CLOSED, NAT_TCP_CLOSED},
			{NAT_TCP_CLOSED, NAT_TCP_CLOSED, NAT_TCP_CLOSED, NAT_TCP_CLOSED}},
    [NAT_TCP_RESET] = {{NAT_TCP, NAT_TCP_SYN, NAT_TCP_RESET, NAT_TCP_RESET},
		       {NAT_TCP, NAT_TCP_RESET, NAT_TCP_RESET, NAT_TCP_RESET}},
};

u8 nat_tcp_next(u8 state, u32 dir, u8 flags)
{
	enum event event = flags & TCP_RST   ? EV_RST
			   : flags & TCP_SYN ? EV_SYN
			   : flags & TCP_FIN ? EV_FIN
					     : EV_DATA;

	return tcp_next[state][dir][event];
}

u32 nat_timeout(u8 state)
{
	return states[state].seconds;
}

bool nat_refreshes(u8 state)
{
	return states[state].refreshes;
}

const char *nat_state_name(u8 state)
{
	return state < NAT_STATES ? states[state].name : "unknown";
}
