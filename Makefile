# SPDX-License-Identifier: BSD-2-Clause
# Hanok. `make help` lists the targets. One non-recursive file; every folder adds to these lists
# in its sources.mk:
#   core-src   += folder/file.c       C or assembly (.S) of the core
#   loader-src += boot/efi/file.c     of the UEFI application
#   generated  += build/gen/x.h       made before anything is compiled (-Ibuild/gen); *.asl has a rule
#   host-test  += test_x              a cmocka program; test_x-src := tests/host/... real/file.c
#   weave-test += test_x              the same under all kinds of interleavings: tests/host/weave
#   host-tool  += tool                a program for the host; tool-src := ...
#   fuzz       += fuzz_x              a libFuzzer program; fuzz_x-src := ..., seeds in tests/fuzz/seeds/x
#   guest      += name                a bare guest, build/guest/name.elf; name-src, name-lds, name-flags
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.SECONDEXPANSION:

B := build
CC := gcc
CLANG := clang
VERSION := $(shell git describe --always --dirty --tags 2>/dev/null || echo unknown)

core-src :=
loader-src :=
generated :=
host-test :=
weave-test :=
host-tool :=
fuzz :=
guest :=

.PHONY: all
all: $(B)/hanok.efi tools

include $(sort $(wildcard */sources.mk */*/sources.mk */*/*/sources.mk */*/*/*/sources.mk))

# Objects of the sources $(2), below build/$(1).
objects = $(patsubst %,$(B)/$(1)/%.o,$(2))
# Evaluated when first used, that is, after the compiler has been installed.
gcc-include = $(eval gcc-include := $(shell $(CC) -print-file-name=include))$(gcc-include)
libgcc = $(eval libgcc := $(shell $(CC) -print-libgcc-file-name))$(libgcc)
libdir := /usr/lib/x86_64-linux-gnu

warnings := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wundef
depend = -MMD -MP -MF $(@:.o=.d)
say = @mkdir -p $(@D); echo "  $(1)	$(patsubst $(B)/%,%,$@)"

# --- what must be installed -------------------------------------------------------------------
ready := $(B)/deps.stamp
.PHONY: deps
#: deps        install what is needed from the distribution's packages
deps:
	tests/deps/install
	@mkdir -p $(B) && touch $(ready)
$(ready): tests/deps/install tests/deps/packages
	@tests/deps/install
	@mkdir -p $(@D) && touch $@

newlib := $(B)/newlib
$(newlib)/libc.a: $(ready) tests/deps/newlib
	@CC=$(CC) tests/deps/newlib $(newlib)
	@touch -c $(newlib)/libc.a
$(B)/fdt/libfdt.h: $(ready)
	@mkdir -p $(@D) && cp /usr/include/fdt.h /usr/include/libfdt.h /usr/include/libfdt_env.h $(@D)

$(B)/gen/%.h: %.asl | $(ready)
	$(call say,IASL)
	@iasl -p $(@:.h=) -tc $< >$(@:.h=.log) 2>&1 || { cat $(@:.h=.log); exit 1; }
	@mv $(@:.h=.hex) $@
$(B)/gen/version.h: FORCE
	@mkdir -p $(@D); echo '#define HANOK_VERSION "$(VERSION)"' >$@.new
	@cmp -s $@ $@.new && rm $@.new || mv $@.new $@
.PHONY: FORCE
generated += $(B)/gen/version.h

# --- the core ---------------------------------------------------------------------------------
# Optimized as one program: what an exit goes through is spread over many small files.
core-code = -std=gnu11 $(core-opt) -g -flto=auto -ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fstack-protector-strong -mstack-protector-guard=tls \
	-mstack-protector-guard-reg=fs -mstack-protector-guard-offset=0x28 -fno-strict-aliasing \
	-fno-omit-frame-pointer -mpreferred-stack-boundary=3 -fno-asynchronous-unwind-tables -fcf-protection=none
core-flags = $(core-code) $(warnings)
# What runs at boot, when a guest starts, or when an operator asks, is compiled for size. Under
# -Os gcc warns of variables that are not set on paths which cannot be; -O2 in the tests does not.
core-opt := -O2
core-cold := $(addsuffix %,boot/core/ drivers/acpi/ drivers/iommu/ drivers/pci/ kernel/console/ \
	kernel/log/ kernel/shell/ vmm/cmds/ vmm/e1000/ vmm/net/ vmm/vm/ arch/x86/console/ arch/x86/irq/ioapic kernel/time/calibrate \
	arch/x86/smp/start arch/x86/cpu/features arch/x86/cpu/mitigations arch/x86/vmx/caps \
	arch/x86/vmx/fail arch/x86/svm/caps arch/x86/svm/fail drivers/nic/e1000.c drivers/nic/igb.c \
	drivers/nic/igb_filter drivers/nic/igb_mailbox drivers/nic/igb_vf drivers/nic/virtio.c drivers/uart/ kernel/mm/ \
	kernel/time/time arch/x86/mm/ net/nat/forward net/nat/mapping net/nat/session net/nat/slow \
	net/service/ net/vswitch/port net/vswitch/vswitch \
	vmm/exit/cpuid_policy vmm/vcpu/vcpu.c vmm/vdev/acpi_tables vmm/vdev/calendar vmm/vdev/vpm \
	vmm/vdev/vpic vmm/vdev/vpit vmm/vdev/vrtc vmm/virtio/net_ctrl vmm/virtio/pci vmm/vpci/bridge vmm/vpci/config vmm/vpci/device vmm/vpci/host \
	vmm/vpci/pass)
$(addprefix $(B)/core/,$(core-cold)): core-opt := -Os -Wno-maybe-uninitialized
core-include = -nostdinc -I. -I$(B)/gen -isystem $(newlib)/include -isystem $(B)/fdt \
	-isystem $(gcc-include)
core-link := -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	-Wl,-z,noexecstack -Wl,--fatal-warnings -Wl,--no-warn-rwx-segments
core-objects := $(call objects,core,$(core-src))
core-ready := $(newlib)/libc.a $(B)/fdt/libfdt.h $(generated)

$(B)/core/%.c.o: %.c Makefile | $(core-ready)
	$(call say,CC)
	@$(CC) $(core-flags) $(core-include) $(depend) -c -o $@ $<
$(B)/core/%.S.o: %.S Makefile | $(core-ready)
	$(call say,AS)
	@$(CC) $(core-flags) $(core-include) $(depend) -D__ASSEMBLY__ -c -o $@ $<

$(B)/core.elf: $(core-objects) $(wildcard linker/core.lds linker/*.awk linker/*.py) linker/link-core tests/lint/core | $(core-ready)
	$(call say,LINK)
	@linker/link-core $@ linker/core.lds $(CC) $(core-code) $(core-link) -- $(core-objects) \
		$(newlib)/libc.a $(libdir)/libfdt.a $(newlib)/libc.a $(libgcc)
	@tests/lint/core $@

.PHONY: core
#: core        the core alone, build/core.elf
core: $(B)/core.elf

# --- the loader -------------------------------------------------------------------------------
# Looked for when first used, that is, after gnu-efi has been installed.
efi-lds = $(firstword $(wildcard /usr/lib/elf_x86_64_efi.lds $(libdir)/gnuefi/elf_x86_64_efi.lds))
efi-crt = $(firstword $(wildcard /usr/lib/crt0-efi-x86_64.o $(libdir)/gnuefi/crt0-efi-x86_64.o))
loader-flags := -std=gnu11 -O2 -g -ffreestanding -fPIC -fshort-wchar -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fno-strict-aliasing -fcf-protection=none \
	-maccumulate-outgoing-args -DGNU_EFI_USE_MS_ABI $(warnings)
loader-include := -I. -I$(B)/gen -isystem /usr/include/efi -isystem /usr/include/efi/x86_64
loader-objects := $(call objects,loader,$(loader-src))
# Sections of the application, each listed: what is not listed is dropped.
efi-sections := .text .sdata .data .rodata .dynamic .dynsym .rel .rela .rel.* .rela.* .reloc .sbat

$(B)/loader/%.c.o: %.c Makefile | $(ready) $(generated)
	$(call say,CC)
	@$(CC) $(loader-flags) $(loader-include) $(depend) -c -o $@ $<
$(B)/loader/%.S.o: %.S Makefile | $(ready) $(generated)
	$(call say,AS)
	@$(CC) $(loader-flags) $(loader-include) $(depend) -D__ASSEMBLY__ -c -o $@ $<
# The core is embedded by .incbin; the assembler does not report that as a dependency.
$(filter %.S.o,$(loader-objects)): $(B)/core.elf.stripped
$(B)/core.elf.stripped: $(B)/core.elf
	@objcopy --strip-all $< $@

$(B)/hanok.so: $(loader-objects) | $(ready)
	$(call say,LINK)
	@$(LD) -nostdlib -znocombreloc -shared -Bsymbolic -z noexecstack --no-warn-rwx-segments \
		-T $(efi-lds) -o $@ $(efi-crt) $(loader-objects) -L/usr/lib -L$(libdir) \
		-lgnuefi $(libdir)/libfdt.a
	@nm -u $@ | sed 's/^ */undefined in the loader: /' | { ! grep .; }
$(B)/hanok.efi: $(B)/hanok.so
	$(call say,EFI)
	@objcopy -S $(addprefix -j ,$(efi-sections)) --target efi-app-x86_64 --subsystem=10 $< $@

# --- host programs ----------------------------------------------------------------------------
host-flags := -std=gnu11 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer -DHANOK_HOST -D_GNU_SOURCE -I. -I$(B)/gen $(warnings)
# Instrumented for tests/host/weave, whose hooks take the place of the run time.
weave-flags := -std=gnu11 -g -O1 -fsanitize=thread -DHANOK_HOST -DHANOK_HOST_CPUS=3 -D_GNU_SOURCE \
	-I. -I$(B)/gen $(warnings) -Wno-tsan
fuzz-flags := -std=gnu11 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-DHANOK_HOST -DHANOK_FUZZ -D_GNU_SOURCE -I. -I$(B)/gen -Wall -Wextra -Wno-unknown-warning-option
host-libs := -lcmocka -lfdt

$(B)/host/%.c.o: %.c Makefile | $(ready) $(generated)
	$(call say,HOSTCC)
	@$(CC) $(host-flags) $(depend) -c -o $@ $<
$(B)/weave/%.c.o: %.c Makefile | $(ready) $(generated)
	$(call say,WEAVECC)
	@$(CC) $(weave-flags) $(depend) -c -o $@ $<
$(B)/host/%.S.o: %.S Makefile | $(ready)
	$(call say,HOSTAS)
	@$(CC) -g -D__ASSEMBLY__ -I. $(depend) -c -o $@ $<
$(B)/fuzz/%.c.o: %.c Makefile | $(ready) $(generated)
	$(call say,FUZZCC)
	@$(CLANG) $(fuzz-flags) -fsanitize=fuzzer-no-link $(depend) -c -o $@ $<

host-programs := $(host-test) $(host-tool)
$(patsubst %,$(B)/host/%,$(host-test)): $(B)/host/%: $$(call objects,host,$$($$*-src))
	$(call say,HOSTLD)
	@$(CC) $(host-flags) -o $@ $^ $(host-libs)
$(patsubst %,$(B)/host/%,$(weave-test)): $(B)/host/%: $$(call objects,weave,$$($$*-src))
	$(call say,WEAVELD)
	@$(CC) -o $@ $^ -lcmocka
$(patsubst %,$(B)/%,$(host-tool)): $(B)/%: $$(call objects,host,$$($$*-src))
	$(call say,HOSTLD)
	@$(CC) $(host-flags) -o $@ $^ -lfdt
$(patsubst %,$(B)/fuzz/%,$(fuzz)): $(B)/fuzz/%: $$(call objects,fuzz,$$($$*-src))
	$(call say,FUZZLD)
	@$(CLANG) $(fuzz-flags) -fsanitize=fuzzer -o $@ $^ -lfdt -lcmocka

# The switch's packet code, natively: as the core is compiled, but for where it is linked.
dataplane-flags = $(filter-out -mcmodel=kernel -mpreferred-stack-boundary=3,$(core-flags)) -I.
$(B)/bench/%.c.o: %.c Makefile | $(ready)
	$(call say,BENCHCC)
	@$(CC) $(if $(filter $<,$(dataplane-core-src)),$(dataplane-flags),-std=gnu11 -O2 -g -fno-pie \
		-D_GNU_SOURCE -I. $(warnings)) $(depend) -c -o $@ $<
$(B)/dataplane: $(call objects,bench,$(dataplane-core-src) $(dataplane-host-src))
	$(call say,HOSTLD)
	@$(CC) -no-pie -pthread -o $@ $^

# --- bare guests ------------------------------------------------------------------------------
guest-flags := -std=gnu11 -O2 -g -ffreestanding -fno-pic -fno-pie -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector -fcf-protection=none -I. -I$(B)/gen \
	-fno-asynchronous-unwind-tables $(warnings)
guest-elfs := $(patsubst %,$(B)/guest/%.elf,$(guest))
define guest-rules
$(B)/guest/$(1)/%.o: % Makefile | $(ready)
	$$(call say,GUESTCC)
	@$(CC) $(guest-flags) $($(1)-flags) $$(depend) -c -o $$@ $$<
$(B)/guest/$(1).elf: $(call objects,guest/$(1),$($(1)-src)) $($(1)-lds)
	$$(call say,GUESTLD)
	@$(CC) $(guest-flags) $($(1)-flags) -nostdlib -static -no-pie -Wl,--build-id=none \
		-Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments \
		$(addprefix -T ,$($(1)-lds)) -o $$@ $$(filter %.o,$$^)
endef
$(foreach g,$(guest),$(eval $(call guest-rules,$(g))))

# --- targets ----------------------------------------------------------------------------------
test-programs := $(patsubst %,$(B)/host/%,$(host-test) $(weave-test))
fuzz-programs := $(patsubst %,$(B)/fuzz/%,$(fuzz))
FUZZ_SECONDS := 15
demo := --config boot/config/demo.dts --file vmlinuz=$(B)/assets/vmlinuz-cloud \
	--file initrd.img=$(B)/assets/initrd.img

.PHONY: tools host-test fuzz guests assets image run check test bench bench-net judges clean help
#: tools       programs for the host, as hanok-check
tools: $(patsubst %,$(B)/%,$(host-tool))
#: host-test   unit tests under ASan and UBSan; T=test_x runs one of them
host-test: $(if $(T),$(patsubst %,$(B)/host/%,$(T)),$(test-programs))
	@tests/run --host $^
#: fuzz        all fuzzers, FUZZ_SECONDS (15) each; T=fuzz_x runs one of them
fuzz: $(if $(T),$(patsubst %,$(B)/fuzz/%,$(T)),$(fuzz-programs))
	@tests/run --fuzz $^ --fuzz-seconds $(FUZZ_SECONDS)
#: guests      the bare guests of tests/guest
guests: $(guest-elfs)
#: assets      kernels, memtest86+ and an initial RAM disk to run as guests, cached
assets: $(ready)
	@tests/deps/assets $(B)/assets
#: image       build/hanok.img, to be written to a USB stick or a disk
image: $(B)/hanok.img
$(B)/hanok.img: $(B)/hanok.efi $(B)/demo.dtb boot/image/make-image | assets
	$(call say,IMAGE)
	@boot/image/make-image $@ EFI/BOOT/BOOTX64.EFI=$(B)/hanok.efi hanok.dtb=$(B)/demo.dtb \
		vmlinuz=$(B)/assets/vmlinuz-cloud initrd.img=$(B)/assets/initrd.img
$(B)/demo.dtb: boot/config/demo.dts | $(ready)
	$(call say,DTC)
	@dtc -q -I dts -O dtb -o $@ $<
#: run         boot the demo in an emulator, at its shell; ENGINE=bochs|qemu|kvm (the best)
ENGINE := auto
run: $(B)/hanok.efi assets
	@tests/system/hanok-vm --engine $(ENGINE) $(demo)
#: check       the rules of the source, and the unit tests: a minute
check: $(B)/hanok.efi tools $(test-programs)
	@tests/run --lint --host $(test-programs)
#: test        everything: check, fuzzers, whole systems in emulators (T=shell T=@qemu: those)
test: $(B)/hanok.efi tools guests assets image $(test-programs) $(fuzz-programs)
	@tests/run --lint --host $(test-programs) --fuzz $(fuzz-programs) \
		--fuzz-seconds $(FUZZ_SECONDS) --system $(T)
#: bench       the cost of exits, frames, booting, memory, locks and passed devices, and how processors are shared; KVM=1: KVM's exits, too (minutes)
bench: $(B)/hanok.efi guests assets
	$(if $(KVM),@tests/bench/kvm-peer)
	@failed=0; for part in run frames locks storm shares many passthrough; do tests/bench/$$part || failed=1; done; exit $$failed
#: bench-net   the switch's packet code, natively, against a floor of the same run, and others'; PEERS=0: alone
bench-net: $(B)/dataplane
	@[ "$(PEERS)" = 0 ] || tests/deps/install peers || :
	@tests/bench/peers/run $(if $(filter 0,$(PEERS)),--alone) $<
#: judges      others' DHCP clients and tshark try the networks of guests (ENGINE=bochs: there; two minutes)
judges: $(B)/hanok.efi assets
	@tests/deps/judges $(B)/judges $(B)/assets/initrd.img
	@HANOK_ENGINE=$(or $(ENGINE),qemu) tests/judges/networks.py
#: clean       remove build/ (the cache outside of the tree stays)
clean:
	rm -rf $(B)
#: help        this list
help:
	@sed -n 's/^#: /  make /p' Makefile

-include $(patsubst %.o,%.d,$(core-objects) $(loader-objects) \
	$(call objects,bench,$(dataplane-core-src) $(dataplane-host-src)) \
	$(foreach t,$(host-test) $(host-tool),$(call objects,host,$($(t)-src))) \
	$(foreach t,$(weave-test),$(call objects,weave,$($(t)-src))) \
	$(foreach t,$(fuzz),$(call objects,fuzz,$($(t)-src))) \
	$(foreach g,$(guest),$(call objects,guest/$(g),$($(g)-src))))
