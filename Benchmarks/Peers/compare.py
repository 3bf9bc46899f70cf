#!/usr/bin/env python3
"""Measures Tandem side by side with ONNX Runtime, OpenVINO, PyTorch and XNNPACK (through LiteRT), in one run.

Every engine of a model is prepared, checked against ONNX Runtime, and timed in rounds: in each round each engine runs
for some milliseconds, and who goes first changes from round to round. What else happens on the machine meets all alike.

    Benchmarks/Peers/environment.sh
    swift build -c release --package-path Benchmarks --product kernel-server
    .venv-peers/bin/python3 Benchmarks/Peers/compare.py
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import engines
import models
import page
from measuring import measure
from tandem import Server, Tandem

ROOT = Path(__file__).resolve().parents[2]
QUICK_NETWORKS = ("NAS-Bench-201 best cell", "MobileNet-V2")


@dataclass
class Results:
    """All of a run: what the page is written from."""

    rows: list
    failures: list
    absent_peers: dict
    absent_networks: list
    peers: list
    rooflines: dict
    environment: dict
    requested_core: str
    options: argparse.Namespace
    load: float
    duration: float
    day: date


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "Results/latency", help="the folder to write")
    parser.add_argument("--server", type=Path, default=ROOT / "Benchmarks/.build/release/kernel-server")
    parser.add_argument(
        "--graphs", type=Path, default=ROOT / "../shared/data/graphs", help="ONNX files of further networks")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--milliseconds", type=float, default=5, help="for each engine in each round")
    parser.add_argument("--only", help="measure only models whose name contains this")
    parser.add_argument("--quick", action="store_true", help="few rounds, two networks: under a minute")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.milliseconds = 5, 2
    if options.rounds < 1 or options.milliseconds <= 0 or min(options.threads) < 1:
        parser.error("rounds, milliseconds and threads must be positive")
    if not options.server.is_file():
        parser.error(f"there is no {options.server}: swift build -c release --package-path Benchmarks")
    return options


def main():
    options = parse_arguments()
    start, load = time.monotonic(), os.getloadavg()[0]
    networks, absent_networks = models.networks(options.graphs)
    if options.quick:
        absent_networks = []
        networks = [network for network in networks if network.name in QUICK_NETWORKS]
    chosen = [model for model in models.layers() + networks if (options.only or "") in model.name]
    peers, absent_peers = engines.load_peers()
    for name, reason in absent_peers.items():
        print(f"{name} is absent: {reason}", file=sys.stderr)
    server = Server(options.server)
    layouts = ("nchw", "nhwc", "nchw16")
    contestants = [*peers, Tandem(server, "fit", page.TANDEM, layouts), Tandem(server, "whole", page.BLAS_ALONE)]
    direct = Tandem(server, "fit", page.DIRECT, layouts, only_direct=True)
    rows, failures, rooflines = [], [], {}
    with tempfile.TemporaryDirectory() as folder:
        for threads in options.threads:
            rooflines[threads] = server.ask("roofline", threads=threads)["roofline"]
            for model in [models.empty(), models.chain(), *chosen]:
                print(f"{model.name}, threads: {threads}", file=sys.stderr)
                is_dense = model.group in page.DENSE
                rows += measure(
                    model, threads, contestants + [direct] * (is_dense or model.group == page.OVERHEAD), options,
                    Path(folder), failures, peak=server.peak if is_dense else None)
                server.ask("clear")
    server.close()
    results = Results(
        rows, failures, absent_peers, absent_networks, peers, rooflines, server.environment, server.requested_core,
        options, load, time.monotonic() - start, date.today())
    options.output.mkdir(parents=True, exist_ok=True)
    page.write(results, options.output)
    print(f"{options.output / 'README.md'} is written", file=sys.stderr)
    return 0 if all(row.agrees for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
