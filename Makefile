# Two commands do everything: `make search` and `make test`. The others are conveniences.
EXPERIMENT ?= Experiments/fashion-mnist.yaml
SEARCH_OPTIONS ?=

.PHONY: search test build lint format doctor clean

search: build
	.build/release/tandem search $(EXPERIMENT) $(SEARCH_OPTIONS)

test:
	Scripts/setup.sh --tests
	Scripts/test.sh

build:
	Scripts/setup.sh
	swift build -c release --product tandem

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests

doctor: build
	.build/release/tandem doctor

clean:
	rm -rf .build
