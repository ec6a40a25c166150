/* SPDX-License-Identifier: BSD-2-Clause */
/* libslirp, QEMU's user network: UDP of one flow from a guest to a socket of this host. Prints
 * ns of processor time per packet, in all and without the kernel's part. */
#include <arpa/inet.h>
#include <libslirp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#define PACKETS 100000
#define ROUNDS 5
#define FRAME 60

static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
	(void)buf, (void)opaque;
	return (ssize_t)len;
}

static void guest_error(const char *msg, void *opaque)
{
	(void)opaque;
	fprintf(stderr, "slirp: %s\n", msg);
}

static int64_t clock_ns(void *opaque)
{
	struct timespec t;

	(void)opaque;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void *timer_new(SlirpTimerCb cb, void *cb_opaque, void *opaque)
{
	(void)cb, (void)cb_opaque;
	return opaque;
}

static void timer_free(void *timer, void *opaque)
{
	(void)timer, (void)opaque;
}

static void timer_mod(void *timer, int64_t expire, void *opaque)
{
	(void)timer, (void)expire, (void)opaque;
}

static void poll_fd(int fd, void *opaque)
{
	(void)fd, (void)opaque;
}

static void notify(void *opaque)
{
	(void)opaque;
}

static const SlirpCb callbacks = {.send_packet = send_packet,
				  .guest_error = guest_error,
				  .clock_get_ns = clock_ns,
				  .timer_new = timer_new,
				  .timer_free = timer_free,
				  .timer_mod = timer_mod,
				  .register_poll_fd = poll_fd,
				  .unregister_poll_fd = poll_fd,
				  .notify = notify};

static uint16_t checksum(const uint8_t *at, int len)
{
	uint32_t sum = 0;

	for (int i = 0; i < len; i += 2)
		sum += (uint32_t)(at[i] << 8 | at[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t) ~(sum + (sum >> 16)));
}

/* From 10.0.2.15 to the host, which is 10.0.2.2 there. */
static void make_frame(uint8_t *frame, uint16_t port)
{
	static const uint8_t ip[] = {0x45, 0, 0,  FRAME - 14, 0, 0,  0,  0, 64, 17,
				     0,    0, 10, 0,          2, 15, 10, 0, 2,  2};
	uint16_t sum;

	memset(frame, 0, FRAME);
	memcpy(frame, "\x52\x55\x0a\x00\x02\x02\x52\x54\x00\x12\x34\x56\x08\x00", 14);
	memcpy(frame + 14, ip, sizeof(ip));
	sum = checksum(frame + 14, 20);
	memcpy(frame + 24, &sum, 2);
	frame[34] = 0x30;
	memcpy(frame + 36, &port, 2);
	frame[39] = FRAME - 34;
}

/* A socket that nobody reads. */
static uint16_t sink(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    getsockname(fd, (struct sockaddr *)&at, &len)) {
		perror("socket");
		exit(1);
	}
	return at.sin_port;
}

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

int main(void)
{
	SlirpConfig config = {.version = 1, .in_enabled = true};
	double total = 1e9, own = 1e9;
	uint8_t frame[FRAME];
	Slirp *slirp;

	inet_aton("10.0.2.0", &config.vnetwork);
	inet_aton("255.255.255.0", &config.vnetmask);
	inet_aton("10.0.2.2", &config.vhost);
	inet_aton("10.0.2.15", &config.vdhcp_start);
	inet_aton("10.0.2.3", &config.vnameserver);
	slirp = slirp_new(&config, &callbacks, NULL);
	make_frame(frame, sink());
	for (int round = 0; slirp && round < ROUNDS; round++) {
		struct rusage a, b;
		double user;

		getrusage(RUSAGE_SELF, &a);
		for (int i = 0; i < PACKETS; i++)
			slirp_input(slirp, frame, FRAME);
		getrusage(RUSAGE_SELF, &b);
		user = (seconds(&b.ru_utime) - seconds(&a.ru_utime)) / PACKETS * 1e9;
		own = user < own ? user : own;
		user += (seconds(&b.ru_stime) - seconds(&a.ru_stime)) / PACKETS * 1e9;
		total = user < total ? user : total;
	}
	printf("%.0f %.0f\n", total, own);
	return !slirp;
}
