# SPDX-License-Identifier: MIT
# A small front to Meson and Ninja.  `make help` lists the targets.

BUILD ?= build
PREFIX ?= /usr/local
# CC given by the caller, as in `make CC=clang`; gcc otherwise.
ifeq ($(origin CC),default)
CC := gcc
endif
SANITIZE_BUILD := $(BUILD)-sanitize
COVERAGE_BUILD := $(BUILD)-coverage
FUZZ_SECONDS ?= 600
TESTS ?=

FOLDERS := $(shell find src examples tests docs share install -name meson.build | sort)
MESON_OPTIONS := --prefix $(PREFIX) --libdir lib $(OPTIONS)

.PHONY: all programs help packages test-packages configure demo failover test test-portal docs-images bench stress sanitize coverage \
	fuzz deb test-deb install clean

all: configure
	@ninja -C $(BUILD)
	@tools/link-programs $(BUILD)

# What `make install` installs: no tests, no examples.
programs: configure
	@ninja -C $(BUILD) $$(tools/installed-targets $(BUILD))
	@tools/link-programs $(BUILD)

help:
	@echo 'make              build everything; the programs are in $(BUILD)/bin'
	@echo 'make programs     build programs and libraries, but no tests'
	@echo 'make demo         build, then run examples/sealed-box'
	@echo 'make failover     build, then run examples/failover (needs etcd)'
	@echo 'make test         build, then run the tests (TESTS=names for a few)'
	@echo 'make test-portal  run the tests of the portal alone'
	@echo 'make docs-images  make the pictures in docs/images anew'
	@echo 'make bench        time calls, loading and paging'
	@echo 'make stress       kill processes at random: paging, failover, machines'
	@echo 'make sanitize     unit tests under ASan and UBSan, in $(SANITIZE_BUILD)'
	@echo 'make coverage     lines of src/sgx that its tests execute'
	@echo 'make fuzz         fuzz the parsers, FUZZ_SECONDS=$(FUZZ_SECONDS) each'
	@echo 'make deb          Debian packages, in $(BUILD)-deb'
	@echo 'make test-deb     install, try and purge them in a fresh Debian (root)'
	@echo 'make install      install under PREFIX=$(PREFIX) (DESTDIR is honoured)'
	@echo 'make clean        remove what was built'
	@echo 'Variables: CC=gcc or clang, BUILD=build, OPTIONS=meson options'

packages:
	@tools/check-packages $(if $(findstring clang,$(CC)),clang)

test-packages: packages
	@tools/check-packages --test

# The build directory remembers its compiler and options; others mean a fresh
# start. Folders are found by their meson.build, which Ninja does not watch.
configure: packages
	@mkdir -p $(BUILD)
	@if [ ! -f $(BUILD)/build.ninja ] || \
	    [ "$$(cat $(BUILD)/.options 2>/dev/null)" != "$(CC) $(MESON_OPTIONS)" ]; then \
		rm -rf $(BUILD) && CC='$(CC)' meson setup $(BUILD) $(MESON_OPTIONS) && \
		echo '$(CC) $(MESON_OPTIONS)' >$(BUILD)/.options && \
		echo '$(FOLDERS)' >$(BUILD)/.folders; \
	elif [ "$$(cat $(BUILD)/.folders 2>/dev/null)" != "$(FOLDERS)" ]; then \
		meson setup --reconfigure $(BUILD) && \
		echo '$(FOLDERS)' >$(BUILD)/.folders; \
	fi

demo: configure
	@ninja -C $(BUILD) demo
	@tools/link-programs $(BUILD)
	@BUILD=$(abspath $(BUILD)) examples/sealed-box/demo

test: test-packages all
	@ninja -C $(BUILD) meson-test-prereq >$(BUILD)/prereq.log || \
		{ cat $(BUILD)/prereq.log; exit 1; }
	@tools/run-tests $(BUILD) $(TESTS)

# What needs the portal alone: its interface, its clients, its page.
test-portal: test-packages all
	@ninja -C $(BUILD) meson-test-prereq >$(BUILD)/prereq.log || \
		{ cat $(BUILD)/prereq.log; exit 1; }
	@tools/run-tests $(BUILD) --suite portal

# The pictures of docs/, which the browser test makes.
docs-images: test-packages all
	@tools/check-packages pngquant
	@ninja -C $(BUILD) meson-test-prereq >$(BUILD)/prereq.log || \
		{ cat $(BUILD)/prereq.log; exit 1; }
	@rm -rf $(BUILD)/tests/portal/pictures
	@PICTURES=1 tools/run-tests $(BUILD) portal-page
	@for picture in $(BUILD)/tests/portal/pictures/portal-*.png; do \
		pngquant --force --strip --output docs/images/$${picture##*/} \
			64 $$picture || exit 1; \
	done

bench: all
	@$(BUILD)/bin/coffer bench calls
	@$(BUILD)/bin/coffer bench load
	@$(BUILD)/bin/coffer bench paging
	@$(BUILD)/bin/coffer bench scale

stress: all
	@ninja -C $(BUILD) meson-benchmark-prereq >$(BUILD)/prereq.log || \
		{ cat $(BUILD)/prereq.log; exit 1; }
	@tools/run-tests $(BUILD) --benchmark --suite stress --verbose

# What is not freestanding, static or inside an enclave: the model, the
# host side, the driver and the tools, with their unit tests.
sanitize: packages
	@[ -f $(SANITIZE_BUILD)/build.ninja ] || CC='$(CC)' meson setup \
		$(SANITIZE_BUILD) -Dunits_only=true -Db_lundef=false \
		-Db_sanitize=address,undefined
	@ninja -C $(SANITIZE_BUILD)
	@UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
		tools/run-tests $(SANITIZE_BUILD) --suite unit

coverage: packages
	@[ -f $(COVERAGE_BUILD)/build.ninja ] || CC='$(CC)' meson setup \
		$(COVERAGE_BUILD) -Dunits_only=true -Db_coverage=true \
		--buildtype=debug
	@find $(COVERAGE_BUILD) -name '*.gcda' -delete
	@ninja -C $(COVERAGE_BUILD)
	@tools/run-tests $(COVERAGE_BUILD) --suite sgx
	@tools/coverage $(COVERAGE_BUILD) src/sgx

fuzz: all
	@tools/check-packages clang libclang-rt-dev
	@ninja -C $(BUILD) meson-benchmark-prereq
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tools/run-tests $(BUILD) --benchmark \
		--suite fuzz --timeout-multiplier 0 --verbose

install: programs
	@meson install -C $(BUILD) --no-rebuild

# Debian's own names of what dpkg-buildpackage needs besides.
deb:
	@tools/check-packages debhelper dpkg-dev fakeroot
	@tools/make-deb $(BUILD)-deb

test-deb: deb
	@tools/check-packages debootstrap:debootstrap
	@tests/deb/deb_test $(BUILD)-deb

clean:
	@rm -rf $(BUILD)-deb $(BUILD) $(SANITIZE_BUILD) $(COVERAGE_BUILD)
