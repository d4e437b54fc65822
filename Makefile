# Everything with one word each; `make help` lists them. A Rust toolchain, a C compiler, make and Python 3 are enough:
# CMake is fetched from PyPI into target/tools if the system has none.

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
SONAME := libautograd.so.0
CARGO ?= cargo
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
JOBS ?= $(shell nproc 2>/dev/null || echo 1)

# The examples and the benchmarks use the library as anybody would: installed, in this folder.
STAGE := $(abspath target/stage)
CMAKE = "$$(scripts/find_cmake)"
VALGRIND := $(if $(shell command -v valgrind),ON,OFF)

.PHONY: help lib stage examples run test test-rust test-examples test-consumer test-threads test-instrumented bench bench-families bench-programs \
        fuzz fuzz-instrumented coverage attack header check install clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

lib: ## the library, optimised: target/release/libautograd.so and .a
	$(CARGO) build --release
	@ln -sf libautograd.so target/release/$(SONAME)

stage: lib
	@$(MAKE) --no-print-directory --silent install-files PREFIX=$(STAGE) DESTDIR=

examples: stage ## the programs of c-examples/, in target/examples
	$(CMAKE) -S c-examples -B target/examples -DCMAKE_PREFIX_PATH=$(STAGE) -DEXAMPLES_VALGRIND=$(VALGRIND)
	$(CMAKE) --build target/examples --parallel $(JOBS)

run: examples ## build all and train the neural net; ARGS="--epochs 10 --threads 2"
	@mkdir -p target/run
	target/examples/neural_net --out target/run $(ARGS)
	@echo "The pictures are in $(abspath target/run)"

test: test-rust test-examples test-consumer ## every test

test-rust: ## the library's tests; they compile and run the C programs of tests/c too
	$(CARGO) test

test-examples: examples ## the examples by CTest: plain, under valgrind if there is one, and with the sanitizers
	$(CMAKE) -S c-examples -B target/examples-sanitized -DCMAKE_PREFIX_PATH=$(STAGE) -DEXAMPLES_SANITIZE=ON
	$(CMAKE) --build target/examples-sanitized --parallel $(JOBS)
	cd target/examples && "$$(../../scripts/find_cmake ctest)" --output-on-failure --parallel $(JOBS)
	cd target/examples-sanitized && "$$(../../scripts/find_cmake ctest)" --output-on-failure --parallel $(JOBS)

test-consumer: stage ## small projects that find the installed library by CMake and by pkg-config
	tests/consumer/run "$$(scripts/find_cmake)" $(STAGE)

# The loop fused by hand is what the compiler can do at best: with this processor's vectors and the vector functions.
FUSED_FLAGS := -O3 -march=native -ffast-math -fopenmp
FUSED_FLAGS += $(shell $(CC) -mprefer-vector-width=512 -E -x c /dev/null >/dev/null 2>&1 && echo -mprefer-vector-width=512)

bench-programs: stage
	@mkdir -p target/bench
	$(CC) -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -pedantic $(FUSED_FLAGS) -c benches/c/fused.c -o target/bench/fused.o
	$(CC) -std=c11 -Wall -Wextra -pedantic -O2 -fopenmp -I$(STAGE)/include benches/c/bench.c benches/c/workloads.c \
	  target/bench/fused.o -L$(STAGE)/lib -Wl,-rpath,$(STAGE)/lib -lautograd -lm -o target/bench/bench
	$(CC) -std=c11 -Wall -Wextra -pedantic -O2 -I$(STAGE)/include benches/c/families.c \
	  -L$(STAGE)/lib -Wl,-rpath,$(STAGE)/lib -lautograd -lm -o target/bench/families

bench: bench-programs ## kernels, then the workloads beside other libraries; BENCH_ARGS=--ours: without those
	$(CARGO) bench
	scripts/bench_peers $(BENCH_ARGS)

bench-families: bench-programs ## every family of operations beside NumPy; BENCH_ARGS="--only scans"
	scripts/bench_families $(BENCH_ARGS)

# ThreadSanitizer sees the library and the programs; what it says of the standard library, which isn't compiled with it, is
# in tests/tsan/suppressions.txt. The C programs use the C compiler's ThreadSanitizer.
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
TSAN = target/tsan/$(HOST)/debug/deps
TSAN_RUN = TSAN_OPTIONS=suppressions=$(abspath tests/tsan/suppressions.txt) AUTOGRAD_TEST_SLOW_MACHINE=1
test-threads: ## contexts on several threads under ThreadSanitizer; needs nightly Rust
	RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer" CARGO_PROFILE_TEST_OPT_LEVEL=0 \
	  CARGO_TARGET_DIR=target/tsan $(TSAN_RUN) $(CARGO) +nightly test --target $(HOST) --test threads
	ln -sf libautograd.so $(TSAN)/$(SONAME)
	set -e; for program in threads presence; do \
	  $(CC) -std=c99 -O1 -g -fno-builtin -fsanitize=thread -Iinclude tests/c/$$program.c tests/tsan/builtins.c \
	    -o target/tsan/$$program -L$(TSAN) -lautograd -lm -pthread -ldl; \
	  $(TSAN_RUN) LD_LIBRARY_PATH=$(TSAN) target/tsan/$$program; \
	done

fuzz: stage ## random calls of every function under the sanitizers; FUZZ_ARGS="--seconds 600 --seed 1"
	scripts/fuzz_calls $(FUZZ_ARGS)

# Address sanitizing of Rust wants nightly Rust, without its sources.
fuzz-instrumented: ## the same with the library under the address sanitizer, too; needs nightly Rust
	scripts/fuzz_calls --instrumented $(FUZZ_ARGS)

# Programs of other compilers can't be linked with such a library, so tests that compile some are left out.
INSTRUMENTED = $(filter-out attack_% c_programs header,$(patsubst tests/%.rs,%,$(sort $(wildcard tests/*.rs))))
test-instrumented: ## the tests in Rust under the address sanitizer; needs nightly Rust
	RUSTFLAGS="-Zsanitizer=address -Cdebug-assertions=on -Coverflow-checks=on" CARGO_PROFILE_TEST_OPT_LEVEL=1 CARGO_INCREMENTAL=0 \
	  CARGO_PROFILE_DEV_OPT_LEVEL=1 CARGO_PROFILE_DEV_DEBUG=line-tables-only CARGO_TARGET_DIR=target/asan \
	  ASAN_OPTIONS=allocator_may_return_null=1:detect_stack_use_after_return=0 AUTOGRAD_TEST_SLOW_MACHINE=1 \
	  $(CARGO) +nightly test --no-fail-fast --target $(HOST) $(addprefix --test ,$(INSTRUMENTED))

# The first time it compiles the library once more. Nothing but the stable compiler, a C compiler and binutils is needed.
coverage: ## lines and edges that the fuzzer and tests/c reach; COVERAGE_ARGS="--seconds 300 --files --lines src/files/zip.rs"
	scripts/measure_coverage $(COVERAGE_ARGS)

# Whatever attacks the library from outside is a test tests/attack_*.rs, or one of the programs of tests/c, and goes on
# AUTOGRAD_ATTACK times as long as among the ordinary tests.
ATTACK ?= 100
attack: ## the long forms of the tests that attack the library: random calls, files, memory, threads, old processors
	AUTOGRAD_ATTACK=$(ATTACK) $(CARGO) test $(patsubst tests/%.rs,--test %,$(sort $(wildcard tests/attack_*.rs)))
	AUTOGRAD_ATTACK=$(ATTACK) $(CARGO) test --test c_programs as_c99

header: ## render include/autograd.h anew
	AUTOGRAD_UPDATE_HEADER=1 $(CARGO) test --test header the_committed_header

check: ## formatting, lints, documentation
	$(CARGO) fmt --all --check
	$(CARGO) clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps

install: lib install-files ## into PREFIX (/usr/local), below DESTDIR

# From here to each other the installed files refer by relative paths, so that the tree can be moved.
TO := $(DESTDIR)$(LIBDIR)
INCLUDE_FROM_LIB = $$(realpath -m --relative-to=$(LIBDIR) $(INCLUDEDIR))
LIB_FROM_PREFIX = $$(realpath -m --relative-to=$(PREFIX) $(LIBDIR))
INCLUDE_FROM_PREFIX = $$(realpath -m --relative-to=$(PREFIX) $(INCLUDEDIR))
NATIVE_LIBS = $$(scripts/native_static_libs)
FILL_IN = sed -e "s|@VERSION@|$(VERSION)|; s|@SONAME@|$(SONAME)|; s|@PREFIX@|$(PREFIX)|" \
	  -e "s|@NATIVE_LIBS@|$(NATIVE_LIBS)|; s|@INCLUDE_FROM_LIB@|$(INCLUDE_FROM_LIB)|" \
	  -e "s|@LIB_FROM_PREFIX@|$(LIB_FROM_PREFIX)|; s|@INCLUDE_FROM_PREFIX@|$(INCLUDE_FROM_PREFIX)|"

.PHONY: install-files
install-files:
	install -d $(TO)/pkgconfig $(TO)/cmake/autograd $(DESTDIR)$(INCLUDEDIR)
	install -m 644 $(wildcard include/*.h include/*.hpp) $(DESTDIR)$(INCLUDEDIR)
	install -m 755 target/release/libautograd.so $(TO)/libautograd.so.$(VERSION)
	ln -sf libautograd.so.$(VERSION) $(TO)/$(SONAME)
	ln -sf $(SONAME) $(TO)/libautograd.so
	install -m 644 target/release/libautograd.a $(TO)
	$(FILL_IN) cmake/autograd.pc.in > $(TO)/pkgconfig/autograd.pc
	$(FILL_IN) cmake/autogradConfig.cmake.in > $(TO)/cmake/autograd/autogradConfig.cmake
	$(FILL_IN) cmake/autogradConfigVersion.cmake.in > $(TO)/cmake/autograd/autogradConfigVersion.cmake

clean: ## remove target/
	rm -rf target
