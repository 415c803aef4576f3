# A chat server and client for your own network. `make` lists what can be made.

SWIFT ?= swift
SERVER = .build/release/chat-server
CLIENT = .build/release/chat-client

# Programs, tests, sanitizer and documentation each have a build of their own: none waits for another, and none
# undoes what another has built.
TEST_BUILD = .build/tests
TSAN_BUILD = .build/tsan
FUZZ_BUILD = .build/fuzz
DOCS_BUILD = .build/docs

# SwiftPM would build everything again where a terminal, which gets colours, is followed by a pipe.
BUILD = $(SWIFT) build -c release --no-color-diagnostics
# Most tests wait for programs most of the time: so many run at once, WIDTH=1 one after another.
WIDTH = 4
TEST = $(SWIFT) test --no-color-diagnostics --disable-xctest \
  --experimental-maximum-parallelization-width $(WIDTH)

# What Debian and Ubuntu may lack: a file, or a command, and the package that has it.
BUILD_NEEDS = /usr/include/sqlite3.h:libsqlite3-dev /usr/include/openssl/evp.h:libssl-dev \
  /usr/bin/pkg-config:pkg-config curl-config:libcurl4-openssl-dev /usr/include/qrencode.h:libqrencode-dev
TEST_NEEDS = nc.openbsd:netcat-openbsd python3:python3 sqlite3:sqlite3 prlimit:util-linux ip:iproute2 \
  openssl:openssl curl:curl wget:wget nmap:nmap zbarimg:zbar-tools \
  /usr/lib/python3/dist-packages/h11/__init__.py:python3-h11 /usr/lib/python3/dist-packages/pip:python3-pip \
  $(BROWSERS)
# The page is tried in both; fonts make its screenshots look as they do elsewhere. Where a system has them under other
# names, BROWSERS= leaves the installation to you.
BROWSERS = chromium:chromium chromedriver:chromium-driver firefox-esr:firefox-esr \
  /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf:fonts-dejavu-core \
  /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf:fonts-noto-color-emoji
# What Debian lacks, from PyPI. Where it can't be had, its test is left out, and says so.
PYTHON_TOOLS = .build/python
PEER_NEEDS = /usr/sbin/nats-server:nats-server /usr/sbin/inspircd:inspircd /usr/sbin/ngircd:ngircd \
  ncat:ncat /usr/sbin/nginx:nginx nc.openbsd:netcat-openbsd curl:curl \
  node:nodejs /usr/share/nodejs/ws/package.json:node-ws

.DEFAULT_GOAL := help
.PHONY: help unicode run client build test tsan fuzz bench bench-page screenshots lint format docs docs-serve clean needs-swift

help:
	@echo "make run      build and start the server (ARGS='--host 0.0.0.0 --port 7000' to change how)"
	@echo "make client   build and start a client (ARGS='--nick alice example.org')"
	@echo "make test     run every test"
	@echo "              (make screenshots takes pictures of the page, into .build/screenshots)"
	@echo "make bench    measure, beside nats-server, inspircd, ngircd, ncat, nginx, nc and node where installed"
	@echo "              (PEERS=install installs them; ARGS='--only fan100 --runs 3' does less;"
	@echo "              make bench-page scrolls the page through 10,000 messages in Chromium)"
	@echo "make tsan     run the tests under the thread sanitizer"
	@echo "make fuzz     feed what reads strangers' bytes with any, a minute for each part"
	@echo "              (SECONDS=600 for longer, TARGETS='client terminal' for some)"
	@echo "make lint     check format, warnings, imports and documentation"
	@echo "make format   format the sources"
	@echo "make docs     build the documentation, into $(DOCS_BUILD)/ChatCore.doccarchive"
	@echo "              (make docs-serve shows it in a browser)"
	@echo "make clean    remove everything built"

run: build
	@exec $(SERVER) $(ARGS)

client: build
	@exec $(CLIENT) $(ARGS)

# Standard output is the program's: what the build has to say goes to standard error.
build: needs-swift
	@$(call need,$(BUILD_NEEDS))
	@if test -x $(SERVER) && test -x $(CLIENT); then echo "Building what has changed" >&2; \
	  else echo "Building the server and the client: one to five minutes, the first time" >&2; fi
	@$(BUILD) --product chat-server >&2
	@$(BUILD) --product chat-client >&2

PIP = /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --retries 1 \
  --timeout 15 --target $(PYTHON_TOOLS)

$(PYTHON_TOOLS)/tusclient:
	@$(PIP) sslyze tuspy || echo "sslyze and tuspy can't be installed from PyPI: their tests are left out" >&2

# What these need in turn and is not named is not needed here: twisted, playwright.
$(PYTHON_TOOLS)/autobahntestsuite:
	@$(PIP) --quiet --no-compile --no-deps websockets==17.4 autobahn==26.10.2 autobahntestsuite==25.10.1 \
	  txaio==26.6.1 hyperlink==21.0.0 idna==3.20 cffi==2.1.1 pycparser==3.12 axe-playwright-python==0.1.8 \
	  || echo "websockets, autobahn, autobahntestsuite and axe-playwright-python can't be installed from PyPI:" \
	  "their tests are left out" >&2

test: needs-swift
	@$(call need,$(BUILD_NEEDS) $(TEST_NEEDS))
	@$(MAKE) --no-print-directory $(PYTHON_TOOLS)/tusclient $(PYTHON_TOOLS)/autobahntestsuite
	@test -d $(TEST_BUILD) || echo "Building the programs and their tests: two to ten minutes, the first time" >&2
	$(TEST) -c release --scratch-path $(TEST_BUILD)

# The first data race ends the program it is in, and so fails the test.
tsan: needs-swift
	@$(call need,$(BUILD_NEEDS) $(TEST_NEEDS))
	CHAT_SANITIZED=1 TSAN_OPTIONS=halt_on_error=1 $(TEST) --sanitize=thread --scratch-path $(TSAN_BUILD)

# Two parts at a time. What is found is kept, and made smaller with -minimize_crash=1; it belongs into the corpus.
SECONDS = 60
TARGETS = server-lines session client-lines client terminal pictures history journal input http-head websocket
FUZZ = $(FUZZ_BUILD)/release/fuzz

fuzz: needs-swift
	@$(call need,$(BUILD_NEEDS))
	@test -x $(FUZZ) || echo "Building for the fuzzer: two to five minutes, the first time" >&2
	CHAT_FUZZ=1 $(BUILD) --sanitize=fuzzer --product fuzz --scratch-path $(FUZZ_BUILD)
	@$(MAKE) --no-print-directory --keep-going --jobs=2 $(addprefix fuzz-,$(TARGETS))

fuzz-%:
	@mkdir -p $(FUZZ_BUILD)/corpus/$* $(FUZZ_BUILD)/found
	@SWIFT_BACKTRACE=enable=no SWIFT_DETERMINISTIC_HASHING=1 $(FUZZ) --target=$* \
	  -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=1024 -max_len=16384 -close_fd_mask=3 \
	  -dict=Tests/FuzzCorpus/words.dict -artifact_prefix=$(FUZZ_BUILD)/found/$*- -print_final_stats=1 \
	  $(FUZZ_BUILD)/corpus/$* Tests/FuzzCorpus/$* > $(FUZZ_BUILD)/$*.log 2>&1 || { \
	  grep -e '^    #' -e '^SUMMARY' $(FUZZ_BUILD)/$*.log | tail -40 >&2; \
	  echo "$*: failed; to see it again: $(FUZZ) --target=$* $$(ls -t $(FUZZ_BUILD)/found/$*-* | head -1)" >&2; \
	  exit 1; }
	@awk '/stat::number_of_executed_units/ { runs = $$2 } / cov: / { line = $$0 } \
	  END { split(line, word, /[ \t]+/); print "$*: " runs " executions in $(SECONDS) s, " \
	    word[4] " edges, " word[6] " features" }' $(FUZZ_BUILD)/$*.log

bench: needs-swift
	@$(call need,$(BUILD_NEEDS) $(if $(filter install,$(PEERS)),$(PEER_NEEDS)))
	@$(BUILD) >&2
	@exec .build/release/chat-bench $(ARGS)

PAGE = PYTHONPATH=$(PYTHON_TOOLS) PYTHONPYCACHEPREFIX=.build/pycache /usr/bin/python3 Tests/Web

bench-page: build
	@$(call need,$(TEST_NEEDS))
	@$(MAKE) --no-print-directory $(PYTHON_TOOLS)/autobahntestsuite
	@$(PAGE)/scroll.py --server $(SERVER) $(ARGS)

screenshots: build
	@$(call need,$(TEST_NEEDS))
	@$(MAKE) --no-print-directory $(PYTHON_TOOLS)/autobahntestsuite
	@$(PAGE)/page.py --server $(SERVER) --client $(CLIENT) --screenshots .build/screenshots screenshots

lint: needs-swift docs
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests
	$(BUILD) --explicit-target-dependency-import-check error

format: needs-swift
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

docs: needs-swift
	@$(call need,$(BUILD_NEEDS))
	$(SWIFT) build --target ChatCore --no-color-diagnostics --scratch-path $(DOCS_BUILD) \
	  -Xswiftc -emit-symbol-graph -Xswiftc -emit-symbol-graph-dir -Xswiftc $(DOCS_BUILD)/symbols
	$(DOCC) convert Sources/ChatCore/ChatCore.docc --warnings-as-errors \
	  --fallback-display-name ChatCore --fallback-bundle-identifier chat.ChatCore \
	  --additional-symbol-graph-dir $(DOCS_BUILD)/symbols \
	  --output-dir $(DOCS_BUILD)/ChatCore.doccarchive

# The archive is a static site. Ctrl-C ends it.
DOCS_PORT = 8080

docs-serve: docs
	@$(call need,python3:python3)
	@echo "Open http://127.0.0.1:$(DOCS_PORT)/documentation/chatcore/ (Ctrl-C ends it, DOCS_PORT=N is another port)"
	@exec python3 -m http.server $(DOCS_PORT) --bind 127.0.0.1 --directory $(DOCS_BUILD)/ChatCore.doccarchive

# docc lies beside swift, which may be a link.
DOCC = $(dir $(shell readlink -f "$$(command -v $(SWIFT))"))docc

# The tables of Sources/ChatCore that come from the Unicode Consortium: see .unicode/tables.py for where UCD comes from.
unicode:
	@mkdir -p .build
	.unicode/tables.py $(UCD) > .build/UnicodeTables.swift
	mv .build/UnicodeTables.swift Sources/ChatCore/Unicode/UnicodeTables.swift

clean:
	rm -rf .build

# Debian has another program called swift, whose version says nothing of the language.
needs-swift:
	@version=$$($(SWIFT) --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1); \
	oldest=$$(printf '%s\n' "$$version" 6.3 | sort -V | head -n 1); \
	if [ "$$oldest" != 6.3 ]; then \
	  echo "Swift 6.3 or later is needed, and here is $${version:-none}:" \
	    "see https://www.swift.org/install/linux/" >&2; exit 1; fi

# $(call need,FILE-OR-COMMAND:PACKAGE ...): installs the packages of all that is missing, or names them.
need = missing=; \
  for need in $(1); do \
    case $$need in \
      /*) test -e "$${need%%:*}" ;; \
      *) command -v "$${need%%:*}" >/dev/null ;; \
    esac || missing="$$missing $${need\#*:}"; \
  done; \
  [ -n "$$missing" ] || exit 0; \
  refuse() { echo "Some packages are missing: sudo apt-get install$$missing" >&2; exit 1; }; \
  if [ "$$(id -u)" = 0 ]; then as=; elif sudo -n true 2>/dev/null; then as=sudo; else refuse; fi; \
  command -v apt-get >/dev/null || refuse; \
  echo "Installing$$missing" >&2; \
  { $$as apt-get -qq update && $$as apt-get -qq install -y --no-install-recommends$$missing; } >&2 || refuse
