# Two commands do everything: `make search` and `make test`. The others are conveniences.
EXPERIMENT ?= Experiments/fashion-mnist.yaml
SEARCH_OPTIONS ?=
SWIFT_CODE = Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources
BENCHMARKS = swift run -c release --package-path Benchmarks

.PHONY: search test build lint format doctor memory-results latency-results tuning-results training-results accuracy-results clean

search: build
	.build/release/tandem search $(EXPERIMENT) $(SEARCH_OPTIONS)

test:
	Scripts/setup.sh --tests
	Scripts/test.sh

build:
	Scripts/setup.sh
	swift build -c release --product tandem

lint:
	swift format lint --strict --recursive --parallel $(SWIFT_CODE)

format:
	swift format --in-place --recursive --parallel $(SWIFT_CODE)

doctor: build
	.build/release/tandem doctor

# Some 15 minutes; '../shared/data/graphs' is measured as well where it is there. Needs what 'make test' installs.
memory-results:
	Scripts/setup.sh --tests
	$(BENCHMARKS) memory-scheduling soak --graphs 50000 --output Results/memory-scheduling
	$(BENCHMARKS) memory-scheduling --output Results/memory-scheduling

# Some 7 minutes on an idle machine, and on first use the download of the peers' wheels (some hundred megabytes). PyTorch is measured
# where pip finds a CPU build; '../shared/data/graphs' has two further networks.
latency-results:
	Scripts/setup.sh
	Benchmarks/Peers/environment.sh
	swift build -c release --package-path Benchmarks --product kernel-server
	.venv-peers/bin/python3 Benchmarks/Peers/compare.py

# Some 10 minutes on an idle machine: the tuner, networks as sums of their operators, and what schedules change.
tuning-results:
	Scripts/setup.sh
	$(BENCHMARKS) schedule-tuning tuning-quality
	$(BENCHMARKS) schedule-tuning additivity
	$(BENCHMARKS) schedule-tuning co-design

# Some 3 minutes on an idle machine: the training engine in turns with PyTorch, then two epochs of Fashion-MNIST.
training-results:
	Scripts/setup.sh
	Benchmarks/Peers/environment.sh
	$(BENCHMARKS) training-throughput measure
	$(BENCHMARKS) training-throughput accuracy

# Some 40 minutes on two cores: every estimator of accuracy against networks trained alone.
accuracy-results:
	Scripts/setup.sh
	$(BENCHMARKS) accuracy-estimation subnets
	$(BENCHMARKS) accuracy-estimation

clean:
	rm -rf .build Benchmarks/.build
