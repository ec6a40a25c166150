/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For Linux guests: many who compete inside of their kernel.
 *
 *	storm lock WORKERS SECONDS   processes that all use one pipe and one futex, for which others
 *			wait: the kernel's spinlocks, the futex's held for long
 *	storm flush WORKERS SECONDS  threads that take rights from a page: flushes of all TLBs
 *
 * Output: "STORM go", and at the end "STORM ops N worst NANOSECONDS", rounds in all and the longest
 * one. As a kernel's first process (rdinit=/bin/storm -- lock 16 4) it then stays.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX 64
#define STACK 16384
#define PAGE 4096
#define FUTEXES_PER_PIPE 16
#define WAITERS 100
/* Bits by which a futex tells them apart. */
#define WAITER 1u
#define SOMEBODY_ELSE 2u

static struct shared {
	uint32_t word; /* the futex, 0 for ever */
	volatile int go;
	struct {
		uint64_t ops, worst_ns;
	} __attribute__((aligned(64))) worker[WORKERS_MAX];
} * shared;

static int ends[2];
static unsigned seconds;
static int threads;
static void (*work_once)(unsigned index);
static char *pages;

static void *map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static long futex(int op, uint32_t who)
{
	return syscall(SYS_futex, &shared->word, op, 0, NULL, NULL, who);
}

/* It looks at all who wait, with the spinlock of the futex held, and finds that none is meant.
 * Whoever reads has written before, so there is always something for everybody. */
static void lock_once(unsigned index)
{
	char byte = (char)index;

	for (int i = 0; i < FUTEXES_PER_PIPE; i++)
		if (futex(FUTEX_WAKE_BITSET, SOMEBODY_ELSE))
			_exit(1);
	if (write(ends[1], &byte, 1) != 1 || read(ends[0], &byte, 1) != 1)
		_exit(1);
}

static int wait_for_ever(void *arg)
{
	(void)arg;
	while (futex(FUTEX_WAIT_BITSET, WAITER) <= 0)
		;
	return 0;
}

/* The others run in the same address space: all have to forget the page. */
static void flush_once(unsigned index)
{
	char *page = pages + (size_t)index * PAGE;

	*(volatile char *)page = 1;
	if (mprotect(page, PAGE, PROT_READ) || mprotect(page, PAGE, PROT_READ | PROT_WRITE))
		_exit(1);
}

static int work(void *arg)
{
	unsigned index = (unsigned)(uintptr_t)arg;
	uint64_t start, before, end;

	while (!shared->go)
		usleep(1000);
	start = before = now_ns();
	do {
		work_once(index);
		shared->worker[index].ops++;
		end = now_ns();
		if (end - before > shared->worker[index].worst_ns)
			shared->worker[index].worst_ns = end - before;
		before = end;
	} while (end - start < seconds * 1000000000ull);
	_exit(0);
}

static pid_t start(int (*function)(void *), unsigned index, int flags)
{
	char *stack = map(STACK);
	pid_t pid = clone(function, stack + STACK, flags, (void *)(uintptr_t)index);

	if (pid < 0) {
		perror("clone");
		exit(1);
	}
	return pid;
}

static void report(unsigned workers)
{
	uint64_t ops = 0, worst = 0;

	for (unsigned i = 0; i < workers; i++) {
		ops += shared->worker[i].ops;
		if (shared->worker[i].worst_ns > worst)
			worst = shared->worker[i].worst_ns;
	}
	printf("STORM ops %llu worst %llu\n", (unsigned long long)ops, (unsigned long long)worst);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static pid_t waiter[WAITERS];
	unsigned workers = argc == 4 ? (unsigned)atoi(argv[2]) : 0;

	if (!workers || workers > WORKERS_MAX || pipe(ends))
		return 1;
	seconds = (unsigned)atoi(argv[3]);
	threads = !strcmp(argv[1], "flush");
	work_once = threads ? flush_once : lock_once;
	shared = map(sizeof(*shared));
	pages = map(WORKERS_MAX * PAGE);
	for (unsigned i = 0; i < WAITERS && !threads; i++)
		waiter[i] = start(wait_for_ever, i, CLONE_VM);
	for (unsigned i = 0; i < workers; i++)
		start(work, i, SIGCHLD | (threads ? CLONE_VM : 0));
	printf("STORM go\n");
	fflush(stdout);
	sleep(1); /* others are started meanwhile */
	shared->go = 1;
	while (wait(NULL) > 0)
		;
	report(workers);
	while (getpid() == 1)
		pause();
	for (unsigned i = 0; i < WAITERS && waiter[i]; i++)
		kill(waiter[i], SIGKILL);
	return 0;
}
