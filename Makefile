# A chat server and client for your own network. `make` lists what can be made.

SWIFT ?= swift
SERVER = .build/release/chat-server
CLIENT = .build/release/chat-client

# The thread sanitizer has a build of its own, and so has the documentation: neither disturbs the other.
TSAN_BUILD = .build/tsan
DOCS_BUILD = .build/docs

.DEFAULT_GOAL := help
.PHONY: help run client build test tsan bench lint format docs clean needs-swift needs-sqlite \
  needs-openssl needs-test needs-peers

help:
	@echo "make run      build and start the server (ARGS='--host 0.0.0.0 --port 7000' to change how)"
	@echo "make client   build and start a client (ARGS='--nick alice example.org')"
	@echo "make test     run every test"
	@echo "make bench    measure, beside nats-server, inspircd, ngircd, ncat, nc and scp where installed"
	@echo "              (PEERS=install installs them; ARGS='--only fan100 --runs 3' does less)"
	@echo "make tsan     run the tests under the thread sanitizer"
	@echo "make lint     check format, warnings, imports and documentation"
	@echo "make format   format the sources"
	@echo "make docs     build the documentation, into $(DOCS_BUILD)/ChatCore.doccarchive"
	@echo "make clean    remove everything built"

run: build
	@exec $(SERVER) $(ARGS)

client: build
	@exec $(CLIENT) $(ARGS)

build: needs-swift needs-sqlite needs-openssl
	@$(SWIFT) build -c release --product chat-server --quiet
	@$(SWIFT) build -c release --product chat-client --quiet

test: needs-swift needs-sqlite needs-openssl needs-test
	$(SWIFT) test -c release --no-parallel

# The first data race ends the program it is in, and so fails the test.
tsan: needs-swift needs-sqlite needs-openssl needs-test
	CHAT_SANITIZED=1 TSAN_OPTIONS=halt_on_error=1 \
	  $(SWIFT) test --sanitize=thread --scratch-path $(TSAN_BUILD) --no-parallel

bench: needs-swift needs-sqlite needs-openssl $(if $(filter install,$(PEERS)),needs-peers)
	@$(SWIFT) build -c release --quiet
	@exec .build/release/chat-bench $(ARGS)

lint: needs-swift needs-sqlite needs-openssl docs
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests
	$(SWIFT) build -c release --explicit-target-dependency-import-check error

format: needs-swift
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

docs: needs-swift needs-sqlite needs-openssl
	$(SWIFT) build --target ChatCore --scratch-path $(DOCS_BUILD) -Xswiftc -emit-symbol-graph \
	  -Xswiftc -emit-symbol-graph-dir -Xswiftc $(DOCS_BUILD)/symbols --quiet
	$(DOCC) convert Sources/ChatCore/ChatCore.docc --warnings-as-errors \
	  --fallback-display-name ChatCore --fallback-bundle-identifier chat.ChatCore \
	  --additional-symbol-graph-dir $(DOCS_BUILD)/symbols \
	  --output-dir $(DOCS_BUILD)/ChatCore.doccarchive

# docc lies beside swift, which may be a link.
DOCC = $(dir $(shell readlink -f "$$(command -v $(SWIFT))"))docc

clean:
	rm -rf .build

# What the system lacks is installed by its package manager, or named if we may not.
needs-swift:
	@command -v $(SWIFT) >/dev/null || { \
	  echo "Swift 6.3 or later is missing: see https://www.swift.org/install/linux/" >&2; exit 1; }

needs-sqlite:
	@$(call need-file,/usr/include/sqlite3.h,libsqlite3-dev)

needs-openssl:
	@$(call need-file,/usr/include/openssl/evp.h,libssl-dev)
	@$(call need-file,/usr/bin/pkg-config,pkg-config)

needs-test:
	@$(call need,nc.openbsd,netcat-openbsd)
	@$(call need,python3,python3)
	@$(call need,sqlite3,sqlite3)
	@$(call need,prlimit,util-linux)

needs-peers: needs-test
	@$(call need,/usr/sbin/nats-server,nats-server)
	@$(call need,/usr/sbin/inspircd,inspircd)
	@$(call need,/usr/sbin/ngircd,ngircd)
	@$(call need,ncat,ncat)

# $(call need,COMMAND,PACKAGE): the package of Debian and Ubuntu that has the command.
need = command -v $(1) >/dev/null || $(call install,$(1),$(2),which the tests need)

# $(call need-file,FILE,PACKAGE): the package that has the file.
need-file = test -e $(1) || $(call install,$(1),$(2),which the programs are built with)

# $(call install,WHAT,PACKAGE,REASON)
install = { \
  if [ "$$(id -u)" = 0 ]; then as=; elif sudo -n true 2>/dev/null; then as=sudo; else \
    echo "$(1) is missing: sudo apt-get install $(2)" >&2; exit 1; fi; \
  echo "Installing $(2), $(3)"; \
  { $$as apt-get -qq update && $$as apt-get -qq install -y --no-install-recommends $(2); } \
    || { echo "$(1) is missing: sudo apt-get install $(2)" >&2; exit 1; }; }
