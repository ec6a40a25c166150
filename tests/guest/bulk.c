/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For Linux guests: many bytes, or many datagrams, from one to another.
 *
 *	bulk serve PORT              take one connection; every byte is compared with what is due
 *	bulk send ADDRESS PORT MIB   the other end
 *	bulk count PORT SECONDS      count datagrams, from the first one on
 *	bulk flood ADDRESS PORT COUNT SIZE
 *	bulk ping ADDRESS SIZE       one ICMP echo of SIZE bytes that must not be fragmented
 *
 * The data is a sequence that both ends compute, so nothing is taken for right because a
 * checksum of it is.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define CHUNK (64 * 1024)

static uint64_t state = 0x243f6a8885a308d3;

static void fill(uint64_t *words, size_t bytes)
{
	for (size_t i = 0; i < bytes / 8; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		words[i] = state;
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
	perror(what);
	printf("BULK failed: %s\n", what);
	exit(1);
}

static struct sockaddr_in address(const char *host, const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};

	if (host && !inet_aton(host, &to.sin_addr))
		die(host);
	return to;
}

static int listen_on(const char *port, int type)
{
	struct sockaddr_in at = address(NULL, port);
	int s = socket(AF_INET, type, 0), on = 1;

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(s, (struct sockaddr *)&at, sizeof(at)))
		die("bind");
	return s;
}

static int serve(const char *port)
{
	static uint64_t due[CHUNK / 8], got[CHUNK / 8];
	int s = listen_on(port, SOCK_STREAM), c;
	uint64_t total = 0, wrong = 0;
	double start;
	ssize_t n;

	if (listen(s, 1))
		die("listen");
	printf("BULK waits\n");
	fflush(stdout);
	c = accept(s, NULL, NULL);
	start = now();
	for (;;) {
		size_t have = 0;

		while (have < CHUNK && (n = read(c, (char *)got + have, CHUNK - have)) > 0)
			have += (size_t)n;
		fill(due, CHUNK);
		wrong += memcmp(got, due, have) != 0;
		total += have;
		if (have < CHUNK)
			break;
	}
	printf("BULK received %llu bytes, %llu chunks differ, %.1f s\n", (unsigned long long)total,
	       (unsigned long long)wrong, now() - start);
	return wrong != 0;
}

static int send_all(const char *host, const char *port, const char *mib)
{
	static uint64_t data[CHUNK / 8];
	struct sockaddr_in to = address(host, port);
	uint64_t left = strtoull(mib, NULL, 10) << 20;
	int s = socket(AF_INET, SOCK_STREAM, 0);
	double start = now();

	if (connect(s, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	for (; left; left -= CHUNK) {
		size_t sent = 0;

		fill(data, CHUNK);
		while (sent < CHUNK) {
			ssize_t n = write(s, (char *)data + sent, CHUNK - sent);

			if (n <= 0)
				die("write");
			sent += (size_t)n;
		}
	}
	close(s);
	printf("BULK sent, %.1f s\n", now() - start);
	return 0;
}

static int count(const char *port, const char *seconds)
{
	struct timeval wait = {.tv_sec = atoi(seconds)};
	int s = listen_on(port, SOCK_DGRAM);
	double first = 0, last = 0;
	uint64_t n = 0;
	char data[2048];

	printf("BULK counts\n");
	fflush(stdout);
	while (recv(s, data, sizeof(data), 0) >= 0) {
		last = now();
		if (!n++) {
			first = last;
			setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
		}
	}
	printf("BULK counted %llu datagrams, %.3f s\n", (unsigned long long)n, last - first);
	return 0;
}

static int flood(const char *host, const char *port, const char *howmany, const char *size)
{
	struct sockaddr_in to = address(host, port);
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	uint64_t n = strtoull(howmany, NULL, 10), failed = 0;
	static char data[2048];
	double start = now();

	if (connect(s, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	for (uint64_t i = 0; i < n; i++)
		failed += send(s, data, (size_t)atoi(size), 0) < 0;
	printf("BULK flooded %llu datagrams, %llu refused, %.3f s\n", (unsigned long long)n,
	       (unsigned long long)failed, now() - start);
	return 0;
}

static uint16_t checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)data[i] << 8 | (i + 1 < len ? data[i + 1] : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* As `ping -M do -c 1 -s SIZE`. */
static int ping(const char *host, const char *size)
{
	struct sockaddr_in to = address(host, "0");
	int s = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), discover = IP_PMTUDISC_DO, mtu = 0;
	struct timeval wait = {.tv_sec = 20};
	static uint8_t out[65536] = {8}, in[65536 + 60];
	size_t len = (size_t)atoi(size) + 8;
	socklen_t mtu_len = sizeof(mtu);
	ssize_t n;

	setsockopt(s, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof(discover));
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (len > sizeof(out) || connect(s, (struct sockaddr *)&to, sizeof(to)))
		die("connect");
	for (size_t i = 8; i < len; i++)
		out[i] = (uint8_t)(i * 7);
	out[4] = (uint8_t)getpid();
	*(uint16_t *)(void *)&out[2] = checksum(out, len);
	if (send(s, out, len, 0) < 0) {
		getsockopt(s, IPPROTO_IP, IP_MTU, &mtu, &mtu_len);
		printf("BULK ping %s: %m, mtu %d\n", size, mtu);
		return 1;
	}
	while ((n = recv(s, in, sizeof(in), 0)) > 0) {
		const uint8_t *reply = in + (in[0] & 15) * 4;

		if (reply[0] || n - (reply - in) != (ssize_t)len ||
		    memcmp(reply + 8, out + 8, len - 8))
			continue;
		printf("BULK ping %s: good\n", size);
		return 0;
	}
	getsockopt(s, IPPROTO_IP, IP_MTU, &mtu, &mtu_len);
	printf("BULK ping %s: no answer (%m), mtu %d\n", size, mtu);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "send"))
		return send_all(argv[2], argv[3], argv[4]);
	if (argc == 4 && !strcmp(argv[1], "count"))
		return count(argv[2], argv[3]);
	if (argc == 6 && !strcmp(argv[1], "flood"))
		return flood(argv[2], argv[3], argv[4], argv[5]);
	if (argc == 4 && !strcmp(argv[1], "ping"))
		return ping(argv[2], argv[3]);
	fprintf(stderr, "usage: bulk serve|send|count|flood|ping ...\n");
	return 2;
}
