/* SPDX-License-Identifier: BSD-2-Clause */
/* Integer names, address-space types and the few macros that every file needs. */
#ifndef KERNEL_LIB_TYPES_H
#define KERNEL_LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

/* Guest-physical and host-physical addresses, in bytes. One-member structs, so
 * that mixing the two address spaces does not compile. */
typedef struct {
	u64 v;
} gpa_t;
typedef struct {
	u64 v;
} hpa_t;
#define GPA(x) ((gpa_t){(x)})
#define HPA(x) ((hpa_t){(x)})

#define KIB(n) ((u64)(n) << 10)
#define MIB(n) ((u64)(n) << 20)
#define GIB(n) ((u64)(n) << 30)

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ull

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n) (1ull << (n))
#define ALIGN_DOWN(x, a) ((x) & ~((u64)(a)-1))
#define ALIGN_UP(x, a) (((x) + ((u64)(a)-1)) & ~((u64)(a)-1))
#define IS_ALIGNED(x, a) (((x) & ((u64)(a)-1)) == 0)
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* newlib's sys/cdefs.h defines some of these with the same meaning, before or after us. */
#ifndef __packed
#define __packed __attribute__((packed))
#define __used __attribute__((used))
#define __aligned(n) __attribute__((aligned(n)))
#define __section(s) __attribute__((section(s)))
#endif
#define __must_check __attribute__((warn_unused_result))
#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define __noreturn __attribute__((noreturn))
#define __cold __attribute__((cold))

#ifndef static_assert
#define static_assert _Static_assert
#endif

#endif
