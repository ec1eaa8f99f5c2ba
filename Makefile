# What developers and CI run. `make` alone lists the targets.

export CGO_ENABLED = 0

GOLANGCI_LINT_VERSION = v2.15.0
GOLANGCI_LINT = bin/golangci-lint-$(GOLANGCI_LINT_VERSION)

REDOCLY_VERSION = 2.77.0

# The packages whose goroutines share data. All tests under the race detector
# would take an hour: SQLite is Go code here, and is slowed down with the rest.
RACE = ./client/... ./internal/config/... ./internal/control/... ./internal/cli/bulk/... ./internal/httpapi/... ./internal/httpx/... ./internal/identity/... ./internal/httplog/... ./internal/job/... ./internal/metrics/... ./internal/operator/... ./internal/operatorapi/... \
       ./internal/cli/profile/... ./internal/server/... ./internal/store/... ./internal/test/kit/...

# Thousands of requests or checks one after the other: they race with nothing, and take minutes
# under the race detector. What they call is also called by tests that remain.
RACE_SKIP = ^(FuzzMigration|FuzzOperations|TestContract_ListCursor|TestCursorCounts|TestHiddenCharactersAreRefused|TestAttackBodies|TestUnrevokedWritesSucceed|TestLateBodies|TestRefusedMigrationChangesNothing|TestFiltersFindDeletedSIMs|TestFiltersMatchWhatIsShown|TestListsAreNotCompiled|TestFiltersDoTheSameWork|TestPagesOfJobs|TestProbes|TestAuthorization|TestRightsAreCheckedInTheTransaction|TestLostCommitOfEveryWrite|TestForeignAndAbsentTakeTheSamePath|TestEveryFieldOfEveryList|TestMalformedQueries|TestLedgerHidesOtherSources|TestOffersHideUsersOfTheOtherSide|TestFsckFindsDamagedPages|TestRestoreFindsDamagedPages|TestFsckColumns.*|TestFsck(SQLite|Postgres)|TestAuditTampering.*|TestListsDoNotScanTables|TestLargeListOfAnIssuer|TestLongLists|TestOldDatabasesComeForward)$$|^Test(SQLite|Postgres)$$/^Tally$$

# A version of PostgreSQL, and the packages whose tests are run on it. Tests on SQLite only are
# skipped: make test has run them. What .ci/postgres gets has no pg_basebackup, so no standby can be
# made of it.
POSTGRES = 17
NOT_ON_POSTGRES = StandbysFailOver|TestStandbyIsCheckedButNotServed|SQLite$$|/^(sqlite|SQLite)$$
ON_POSTGRES = ./internal/test/kit/... ./internal/store/... ./internal/httpapi/... ./internal/operatorapi/... ./internal/test/model/...

# make ci runs all of go vet before the tests, and make lint does, so the tests do not run it again.
NO_VET = -vet=off

# How long one package's tests may take before they count as hung. They take a minute on an
# idle machine; a machine busy with other work needs many times that.
TEST_TIMEOUT = 60m

# Where the benchmarks of migrations are, and how long each fuzz target runs. BenchmarkScale
# makes ten million SIMs: it has a target of its own.
BENCH = ./internal/test/bench
BENCHTIME = 1s
CLI = github.com/simferry/simferry/internal/cli
STAMP = -X $(CLI).release=$(shell git describe --tags --dirty 2>/dev/null || echo devel) -X $(CLI).commit=$(shell git rev-parse HEAD 2>/dev/null)
FUZZTIME = 10s

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/simferry, static, without cgo
	go build -trimpath -ldflags '-s -w $(STAMP)' -o bin/simferry ./cmd/simferry

.PHONY: demo
demo: ## Move 500 SIMs on a throw-away database, and stay up to be tried
	go run ./cmd/simferry demo

.PHONY: demo-two-sides
demo-two-sides: ## Hand 300 SIMs from one company to another, and stay up to be tried
	go run ./cmd/simferry demo --two-sides

.PHONY: setup
setup: ## Find or install the programs that the tests need
	.ci/setup

.PHONY: test
test: setup ## Run every test; installs PostgreSQL if it may, or says what to install
	TMPDIR="$$(.ci/tmpdir)" go test $(NO_VET) -timeout $(TEST_TIMEOUT) ./...

.PHONY: test-short
test-short: ## Run the tests that need nothing but Go: SQLite, half a minute
	go test -short ./...

.PHONY: test-postgres
test-postgres: ## Run what asks the database on POSTGRES=14, 15, 16 or 17; needs Node.js
	PATH="$$(.ci/postgres $(POSTGRES)):$$PATH" TMPDIR="$$(.ci/tmpdir)" go test $(NO_VET) -timeout $(TEST_TIMEOUT) -count 1 -skip '$(NOT_ON_POSTGRES)' $(ON_POSTGRES)

.PHONY: coverage
coverage: ## Print which answers of the OpenAPI document the HTTP tests have seen
	go test -count 1 -v ./internal/httpapi | sed -n '/^contract coverage/,/^ok/p'

.PHONY: race
race: ## Run the tests of what is concurrent under the race detector; needs a C compiler
	CGO_ENABLED=1 TMPDIR="$$(.ci/tmpdir)" go test $(NO_VET) -race -timeout $(TEST_TIMEOUT) -skip '$(RACE_SKIP)' $(RACE)

.PHONY: bench
bench: ## Measure migrations beside the bare SQL that they cannot beat
	go test -run '^$$' -bench 'HTTP|Control|Job|TwoServers|Lists|OlderWay' -benchtime $(BENCHTIME) -timeout 60m $(BENCH)

.PHONY: bench-scale
bench-scale: ## Measure a fleet of ten million SIMs beside one of a hundred thousand
	go test -run '^$$' -bench Scale -benchtime 100x -timeout 60m -v $(BENCH)

.PHONY: timing
timing: ## Measure whether response times show which foreign ids exist; takes an hour
	SIMFERRY_TIMING=1000 go test -count 1 -v -run TestTimingOfForeign -timeout 3h ./internal/httpapi

.PHONY: kill
kill: ## Move 50,000 SIMs by a command that is killed 20 times on the way
	SIMFERRY_TEST_KILL_SIMS=50000 SIMFERRY_TEST_KILL_CHUNK=500 SIMFERRY_TEST_KILLS=20 go test -count 1 -v -run TestResumeAfterKill -timeout 30m ./e2e

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME
	.ci/fuzz $(FUZZTIME)

.PHONY: trust
trust: ## Try to break every promise, with real crashes; FULL=1 takes hours
	go run ./internal/test/faults/cmd/trust $(if $(FULL),-full) $(if $(ONLY),-only $(ONLY)) $(if $(SEED),-seed $(SEED))

.PHONY: trust-smoke
trust-smoke: ## Try whether the harnesses of make trust still work, each at its smallest size
	go run ./internal/test/faults/cmd/trust -smoke

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Check style and look for faults
	$(GOLANGCI_LINT) run

# Built from source, with the compiler that checks the code, at one version: the file's
# name carries it, so that another version is another file.
$(GOLANGCI_LINT):
	mkdir -p bin
	GOBIN=$(CURDIR)/bin/install go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv bin/install/golangci-lint $@

.PHONY: lint-api
lint-api: ## Check the OpenAPI documents; needs Node.js
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true npx --yes @redocly/cli@$(REDOCLY_VERSION) lint --config api/redocly.yaml api/openapi.yaml api/operator.yaml

.PHONY: clients
clients: ## Generate clients from the OpenAPI document and move a SIM with each; needs Node.js
	.ci/clients

.PHONY: generate
generate: ## Write again what is generated
	go generate ./...

.PHONY: ci
ci: ## Everything that CI runs
	.ci/run

.PHONY: pictures
pictures: ## Take the pictures of the documents again; needs Chromium
	go test -count 1 ./e2e -run TestPicturesOfTheTerminal -update
	go test -count 1 ./internal/console -run TestPictures -update

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin dist
