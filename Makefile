# The two commands that matter: `make check` proves the homelab, `make test` tests bootproof itself.
# Each does all the set-up that it needs; a second call starts at once.

SHELL := /bin/sh
BOOTPROOF := node packages/bootproof/dist/cli/bin.js
SOURCES := $(shell find packages/bootproof/src -name '*.ts' -o -name '*.tsx') packages/bootproof/tsconfig.build.json

.DEFAULT_GOAL := help
.PHONY: check test test-all setup setup-test build lint types rooms reference emitted workflows examples bench clean help

check: setup build ## Boot every host of config/ from its declaration and prove it
	@$(BOOTPROOF) check $(ARGS)

test: setup-test build ## Run the tests, those that boot a VM included
	@npx vitest run --project unit --project vm $(ARGS)

test-all: setup-test build ## Run the tests, put every fault into every host, and repeat hl02's check twenty times
	@npx vitest run --reporter=verbose $(ARGS)

setup: node_modules/.package-lock.json ## Install the system packages and npm packages that `check` needs
	@sh scripts/setup.sh check

setup-test: node_modules/.package-lock.json
	@sh scripts/setup.sh check test

build: packages/bootproof/dist/.built ## Compile bootproof

lint: node_modules/.package-lock.json ## Formatting and lint
	@npx biome check .

types: build ## Type-check the sources, the tests and the homelab
	@npx tsc -p packages/bootproof --noEmit && npx tsc -p config --noEmit && npx tsc -p examples --noEmit

rooms: node_modules/.package-lock.json ## Check that each room imports only what rooms.json lets it
	@node scripts/rooms.js

reference: build ## Check that docs/services and docs/reference are what the code gives (write them: node scripts/reference.js)
	@node scripts/reference.js --check

emitted: build ## Check that config/nix is what the declaration gives (write it: bootproof emit)
	@$(BOOTPROOF) emit --check

workflows: node_modules/.package-lock.json ## Lint the GitHub workflows
	@node scripts/workflows.js

examples: setup build ## Boot and prove every host of examples/, which takes minutes
	@$(BOOTPROOF) check --config examples --on stand-in $(ARGS)

bench: setup-test build ## Time each phase, and compare with a bare QEMU boot and with debvm
	@sh scripts/setup.sh bench
	@node scripts/bench.js $(ARGS)

clean: ## Remove everything that was built or installed here; the image cache stays (see `bootproof cache`)
	rm -rf node_modules packages/*/node_modules config/node_modules packages/*/dist .bootproof

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

node_modules/.package-lock.json: package-lock.json package.json packages/bootproof/package.json config/package.json
	@echo "Installing npm packages (npm ci) ..."
	@npm ci --loglevel=error
	@touch $@

packages/bootproof/dist/.built: $(SOURCES) node_modules/.package-lock.json
	@npm run --silent build
	@touch $@
