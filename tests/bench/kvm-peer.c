/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The peer of tests/bench: /init of a Linux that has nothing else, which runs the bare guest
 * that times exits (tests/guest/exits.c) under KVM. What the guest prints goes to the console.
 * Twice: with the local APICs alone in the kernel, so that the guest's I/O APIC is a device in
 * user space, as its UART is; then with all interrupt controllers in the kernel.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define GUEST_RAM (64ul << 20)
#define CPUS_MAX 2
#define MULTIBOOT_MAGIC 0x2badb002
#define BOOT_INFO 0x9000
#define IOAPIC_PINS 24
#define COM1 0x3f8
#define COM1_LSR (COM1 + 5)
#define LSR_EMPTY 0x60
#define CPUID_ENTRIES 256
#define FEATURE_X2APIC (1u << 21)
#define FEATURE_TSC_DEADLINE (1u << 24)

static int kvm, vm, cpus;
static char *ram;
static size_t run_size;

static void die(const char *what)
{
	perror(what);
	printf("PEER failed\n");
	exit(1);
}

static int check(int result, const char *what)
{
	if (result < 0)
		die(what);
	return result;
}

static void load_module(const char *path)
{
	int fd = check(open(path, O_RDONLY), path);

	check(syscall(SYS_finit_module, fd, "", 0), path);
	close(fd);
}

static uint64_t load_guest(const char *path)
{
	int fd = check(open(path, O_RDONLY), path);
	struct stat st;
	char *file;
	Elf64_Ehdr *elf;

	check(fstat(fd, &st), path);
	file = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		die(path);
	elf = (Elf64_Ehdr *)file;
	for (int i = 0; i < elf->e_phnum; i++) {
		Elf64_Phdr *p = (Elf64_Phdr *)(file + elf->e_phoff + i * elf->e_phentsize);

		if (p->p_type == PT_LOAD)
			memcpy(ram + p->p_paddr, file + p->p_offset, p->p_filesz);
	}
	close(fd);
	return elf->e_entry;
}

static void create_vm(bool split)
{
	struct kvm_enable_cap cap = {.cap = KVM_CAP_SPLIT_IRQCHIP, .args = {IOAPIC_PINS}};
	struct kvm_userspace_memory_region slot = {.memory_size = GUEST_RAM};

	kvm = check(open("/dev/kvm", O_RDWR), "/dev/kvm");
	vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	run_size = check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	if (split)
		check(ioctl(vm, KVM_ENABLE_CAP, &cap), "KVM_CAP_SPLIT_IRQCHIP");
	else
		check(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
	/* All of it present, so that no round pays for a page. */
	ram = mmap(NULL, GUEST_RAM, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (ram == MAP_FAILED)
		die("guest RAM");
	slot.userspace_addr = (uintptr_t)ram;
	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");
}

/* All that KVM supports, and which processor of how many this is. */
static void set_cpuid(int vcpu, uint32_t id)
{
	struct kvm_cpuid2 *list;

	list = calloc(1, sizeof(*list) + CPUID_ENTRIES * sizeof(list->entries[0]));
	list->nent = CPUID_ENTRIES;
	check(ioctl(kvm, KVM_GET_SUPPORTED_CPUID, list), "KVM_GET_SUPPORTED_CPUID");
	for (uint32_t i = 0; i < list->nent; i++) {
		struct kvm_cpuid_entry2 *e = &list->entries[i];

		if (e->function == 1) {
			e->ebx = (e->ebx & 0xffff) | (uint32_t)cpus << 16 | id << 24;
			e->ecx |= FEATURE_X2APIC | FEATURE_TSC_DEADLINE;
		}
		if (e->function == 0xb)
			e->edx = id;
	}
	check(ioctl(vcpu, KVM_SET_CPUID2, list), "KVM_SET_CPUID2");
	free(list);
}

/* The state in which Multiboot starts a kernel: flat 32-bit protected mode. */
static void set_boot_state(int vcpu, uint64_t entry)
{
	struct kvm_regs regs = {
	    .rax = MULTIBOOT_MAGIC, .rbx = BOOT_INFO, .rip = entry, .rflags = 2};
	struct kvm_segment flat = {
	    .limit = 0xffffffff, .type = 3, .selector = 16, .present = 1, .db = 1, .s = 1, .g = 1};
	struct kvm_sregs sregs;

	check(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = flat;
	sregs.cs = flat;
	sregs.cs.type = 11;
	sregs.cs.selector = 8;
	sregs.cr0 = 0x11;
	check(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	check(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

/* The guest's console, line by line; ends with the guest's last line. */
static void uart_output(char c)
{
	static char line[120];
	static size_t length;

	if (c != '\n' && length < sizeof(line) - 1) {
		line[length] = c;
		length += c != '\r';
		return;
	}
	line[length] = 0;
	length = 0;
	printf("%s\n", line);
	if (strstr(line, "done"))
		exit(0);
}

static void handle_io(struct kvm_run *run)
{
	uint8_t *data = (uint8_t *)run + run->io.data_offset;

	if (run->io.direction == KVM_EXIT_IO_OUT && run->io.port == COM1)
		uart_output(*data);
	if (run->io.direction == KVM_EXIT_IO_IN)
		*data = run->io.port == COM1_LSR ? LSR_EMPTY : 0;
}

static void run_vcpu(int vcpu, struct kvm_run *run)
{
	for (;;) {
		/* A processor that INIT and SIPI have reached says EAGAIN once. */
		if (ioctl(vcpu, KVM_RUN, 0) < 0) {
			if (errno != EAGAIN)
				die("KVM_RUN");
			continue;
		}
		switch (run->exit_reason) {
		case KVM_EXIT_IO:
			handle_io(run);
			break;
		case KVM_EXIT_MMIO: /* the I/O APIC, when it is none of the kernel's */
			break;
		default:
			printf("exit reason %u\n", run->exit_reason);
			die("the guest");
		}
	}
}

/* Each on a processor of its own. */
static void *vcpu_thread(void *arg)
{
	uintptr_t id = (uintptr_t)arg;
	cpu_set_t mine;
	int vcpu = check(ioctl(vm, KVM_CREATE_VCPU, id), "KVM_CREATE_VCPU");
	struct kvm_run *run;

	CPU_ZERO(&mine);
	CPU_SET(id, &mine);
	check(sched_setaffinity(0, sizeof(mine), &mine), "sched_setaffinity");
	run = mmap(NULL, run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		die("kvm_run");
	set_cpuid(vcpu, id);
	if (!id)
		set_boot_state(vcpu, load_guest("/exits.elf"));
	run_vcpu(vcpu, run);
	return NULL;
}

static void run_guest(bool split)
{
	pthread_t other;

	printf("PEER %s\n", split ? "user" : "kernel");
	create_vm(split);
	for (uintptr_t id = 1; id < (uintptr_t)cpus; id++)
		if (pthread_create(&other, NULL, vcpu_thread, (void *)id))
			die("pthread_create");
	vcpu_thread(NULL);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	check(mount("dev", "/dev", "devtmpfs", 0, NULL), "devtmpfs");
	load_module("/irqbypass.ko");
	load_module("/kvm.ko");
	load_module("/kvm-intel.ko");
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpus = cpus < CPUS_MAX ? cpus : CPUS_MAX;
	printf("PEER processors %d\n", cpus);
	for (int split = 1; split >= 0; split--) {
		if (!fork())
			run_guest(split);
		wait(NULL);
	}
	printf("PEER done\n");
	for (;;)
		pause();
}
