"""The table, the page and the figure of a run."""

import csv
import platform
import subprocess
from collections import Counter
from math import exp, log

import chart
import engines
from models import CHAIN_LENGTH
from measuring import LAYER_ROUNDS, SETTLING_SECONDS, TOLERANCE

TANDEM, BLAS_ALONE, DIRECT = "Tandem", "Tandem, BLAS alone", "Tandem, direct"
REFERENCE = engines.ONNXRuntime.name
OVERHEAD, CHAIN = "overhead", "chain"
DENSE = ("1×1", "3×3 stride 1", "3×3 stride 2")


class Comparison:
    """The rows of a run by model and engine, and the ratios between them."""

    def __init__(self, results):
        self.results = results
        self.threads = results.options.threads
        self.cells = {(row.model, row.threads, row.engine): row for row in results.rows}
        self.peers = [peer.name for peer in results.peers]
        self.engines = [*self.peers, TANDEM, BLAS_ALONE]
        measured = [row for row in results.rows if row.group not in (OVERHEAD, CHAIN)]
        self.groups = list(dict.fromkeys(row.group for row in measured))
        self.models = {
            group: list(dict.fromkeys(row.model for row in measured if row.group == group)) for group in self.groups}
        self.overheads = {
            (row.threads, row.engine): row for row in results.rows if row.group == OVERHEAD}
        self.chains = {(row.threads, row.engine): row for row in results.rows if row.group == CHAIN}

    def operator_overhead(self, threads, engine):
        """Milliseconds of one more operator with nothing to compute; None where that was not measured."""
        empty, chain = self.overheads.get((threads, engine)), self.chains.get((threads, engine))
        return max(chain.minimum - empty.minimum, 0) / (CHAIN_LENGTH - 1) if empty and chain else None

    def time(self, model, threads, engine, statistic="minimum"):
        """Milliseconds without the cost of the call; None where there is none, or where the output was wrong."""
        row = self.cells.get((model, threads, engine))
        if row is None or not row.agrees:
            return None
        overhead = self.overheads.get((threads, engine))
        return max(getattr(row, statistic) - (getattr(overhead, statistic) if overhead else 0), 1e-6)

    def best_peer(self, model, threads, statistic="minimum"):
        """The time and name of the fastest peer."""
        times = [(self.time(model, threads, peer, statistic), peer) for peer in self.peers]
        return min((pair for pair in times if pair[0] is not None), default=(None, None))

    def ratio(self, model, threads, peer=None, engine=TANDEM, statistic="minimum"):
        """How many times faster Tandem is than a peer, or than the best one."""
        ours = self.time(model, threads, engine, statistic)
        theirs = (
            self.time(model, threads, peer, statistic) if peer else self.best_peer(model, threads, statistic)[0])
        return theirs / ours if ours and theirs else None

    def ratios(self, groups, threads, **options):
        values = [self.ratio(model, threads, **options) for group in groups for model in self.models.get(group, [])]
        return [value for value in values if value is not None]

    @property
    def layer_groups(self):
        return [group for group in self.groups if group != "networks"]

    def flops_per_second(self, model, threads, engine=TANDEM):
        """Effective, of Tandem."""
        time = self.time(model, threads, engine)
        return self.cells[model, threads, engine].flops / time * 1e3 if time else None

    def share_of_peak(self, model, threads, engine=TANDEM):
        row, rate = self.cells.get((model, threads, engine)), self.flops_per_second(model, threads, engine)
        return rate / row.peak if rate and row.peak else None

    def direct_shares(self, threads):
        """The shares of the peak of the dense layers under direct kernels."""
        shares = [
            (self.share_of_peak(model, threads, DIRECT), model)
            for group in DENSE for model in self.models.get(group, [])]
        return [pair for pair in shares if pair[0] is not None]


def write(results, folder):
    """Writes `latency.csv`, `latency.svg` and `README.md`."""
    comparison = Comparison(results)
    write_table(comparison, folder / "latency.csv")
    (folder / "latency.svg").write_text(chart.svg(comparison), encoding="utf-8")
    (folder / "README.md").write_text(page(comparison), encoding="utf-8")


def write_table(comparison, path):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([
            "model", "group", "threads", "engine", "policy", "minimum_ms", "median_ms", "call_overhead_ms",
            "relative_error", "mflop", "arena_bytes", "weight_bytes", "kernels"])
        for row in comparison.results.rows:
            overhead = comparison.overheads.get((row.threads, row.engine))
            writer.writerow([
                row.model, row.group, row.threads, row.engine, row.policy, f"{row.minimum:.6f}", f"{row.median:.6f}",
                f"{overhead.minimum:.6f}" if overhead else "",
                f"{row.error:.3g}", f"{row.flops / 1e6:.6g}",
                row.plan.get("arenaBytes", ""), row.plan.get("weightBytes", ""), kernels(row)])


def kernels(row):
    """The kernels of a plan with how many operators have each; a layer's as it is, views left out."""
    names = [item["kernel"] for item in row.plan.get("operators", []) if item["kernel"] != "view"]
    if row.group != "networks":
        return ", ".join(names)
    counts = Counter(name.split("/")[0] for name in names)
    return ", ".join(f"{name} ×{count}" for name, count in counts.most_common())


# Text

def geometric_mean(values):
    return exp(sum(map(log, values)) / len(values)) if values else None


def ratio_text(value):
    return "–" if value is None else f"{value:.2f}×"


def time_text(milliseconds):
    if milliseconds is None:
        return "–"
    return f"{milliseconds * 1e3:.1f} µs" if milliseconds < 1 else f"{milliseconds:.2f} ms"


def percent_text(value):
    return "–" if value is None else f"{value * 100:.0f} %"


def bytes_text(count):
    return "–" if count is None else f"{count / 1024:,.1f} KiB" if count < 1 << 20 else f"{count / (1 << 20):,.2f} MiB"


def table(header, rows):
    """A table of Markdown; every column but the first is of numbers."""
    lines = ["| " + " | ".join(header) + " |", "| --- |" + " ---: |" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def threads_text(count):
    return "1 thread" if count == 1 else f"{count} threads"


# Sections

def page(comparison):
    sections = [
        introduction(comparison), targets(comparison), means(comparison), layers(comparison), networks(comparison),
        rooflines(comparison), numerics(comparison), method(comparison), absent(comparison)]
    return "\n\n".join(section for section in sections if section) + "\n"


def introduction(comparison):
    names = ", ".join(comparison.peers) or "no peer: none could be imported"
    quick = "\n\n**A quick run: few rounds and few networks. For orientation only.**" if comparison.results.options.quick else ""
    return f"""# Latency: Tandem beside the runtimes people use

    make latency-results

measures Tandem and {names} in one run, side by side, and writes this page, `latency.csv` (a row for each model, engine
and number of threads) and the figure. **Only ratios within one run mean anything**: times are of this machine on that day.
A ratio says how many times faster Tandem is; below 1 it is slower.{quick}

![Times of all engines relative to Tandem's](latency.svg)"""


def verdict(values, mean_target, least_target):
    """Mean and least of ratios against their targets."""
    mean, least = geometric_mean(values), min(values)
    met = mean >= mean_target and least >= least_target
    return f"{mean:.2f}×, slowest {least:.2f}×", "met" if met else "missed"


def targets(comparison):
    rows = []
    for threads in comparison.threads:
        wanted = [
            ("layers against the best peer: mean ≥ 1.5×, none below 0.95×", comparison.layer_groups, None, 1.5, 0.95),
            ("networks against ONNX Runtime: mean ≥ 1.5×, none below 1×", ["networks"], REFERENCE, 1.5, 1),
            ("3×3 stride 1 against the best peer: each ≥ 2×", ["3×3 stride 1"], None, 2, 2),
        ]
        for text, groups, peer, mean, least in wanted:
            values = comparison.ratios(groups, threads, peer=peer)
            if values:
                rows.append([text, threads_text(threads), str(len(values)), *verdict(values, mean, least)])
        shares = [share for share, _ in comparison.direct_shares(threads)]
        if shares:
            rows.append([
                "direct convolution of dense layers: ≥ 90 % of the peak", threads_text(threads), str(len(shares)),
                f"least {percent_text(min(shares))}", "met" if min(shares) >= 0.9 else "missed"])
        ours = comparison.operator_overhead(threads, TANDEM)
        if ours is not None:
            rows.append([
                "an operator with nothing to compute: ≤ 1 µs", threads_text(threads), "1", f"{ours * 1e6:.0f} ns",
                "met" if ours <= 1e-3 else "missed"])
    if not rows:
        return ""
    return "## Targets\n\n" + table(["target", "threads", "models", "measured", ""], rows) + (
        "\n\nGeometric means of the minima's ratios, over the models that Tandem and the peer both ran.")


def means(comparison):
    groups = [(group, [group]) for group in comparison.groups]
    if len(comparison.layer_groups) > 1:
        groups.append(("all layers", comparison.layer_groups))
    rows = []
    for name, members in groups:
        for threads in comparison.threads:
            rows.append([name, str(threads)] + [
                ratio_text(geometric_mean(comparison.ratios(members, threads, **options))) for options in (
                    {}, {"statistic": "median"}, {"peer": REFERENCE}, {"engine": BLAS_ALONE})
            ])
    return "## Geometric means\n\n" + table(
        ["group", "threads", "best peer / Tandem", "by medians", f"{REFERENCE} / Tandem", "best peer / BLAS alone"],
        rows) + """

**Tandem** plans with the row tile `fit`: for every operator the kernel that was measured to be the fastest. **BLAS alone**
plans with `whole`: matrix products over whole images by OpenBLAS, and plain loops for the rest."""


def engine_times(comparison, model, threads):
    best = comparison.best_peer(model, threads)[1]
    for engine in [TANDEM, BLAS_ALONE, *comparison.peers]:
        text = time_text(comparison.time(model, threads, engine))
        yield f"**{text}**" if engine == best else text


def layers(comparison):
    if not comparison.layer_groups:
        return ""
    parts = ["## Layers"]
    for threads in comparison.threads:
        rows = []
        for group in comparison.layer_groups:
            for model in comparison.models[group]:
                row = comparison.cells.get((model, threads, TANDEM))
                rate = comparison.flops_per_second(model, threads) if row else None
                rows.append([
                    model, *engine_times(comparison, model, threads), ratio_text(comparison.ratio(model, threads)),
                    f"{rate / 1e9:.0f}" if rate else "–",
                    percent_text(comparison.share_of_peak(model, threads)) if row else "–",
                    f"`{kernels(row)}`" if row else "–"])
        parts.append(f"### {threads_text(threads).capitalize()}\n\n" + table(
            ["layer", TANDEM, BLAS_ALONE, *comparison.peers, "best peer / Tandem", "GFLOP/s", "of the peak", "kernel"],
            rows))
    parts.append("""Minima, without the cost of an empty call (below); the best peer in bold. No engine copies its input or output: each has
them where it wants them. **GFLOP/s** are effective: the operations of the plain definition over the time, so that Winograd's,
which does fewer, can be above the peak.""")
    return "\n\n".join(parts)


def networks(comparison):
    if "networks" not in comparison.groups:
        return ""
    parts = ["## Networks, batch 1"]
    for threads in comparison.threads:
        rows = []
        for model in comparison.models["networks"]:
            row = comparison.cells.get((model, threads, TANDEM))
            rate = comparison.flops_per_second(model, threads) if row else None
            rows.append([
                model, *engine_times(comparison, model, threads), ratio_text(comparison.ratio(model, threads)),
                ratio_text(comparison.ratio(model, threads, peer=REFERENCE)), f"{rate / 1e9:.0f}" if rate else "–",
                bytes_text(row.plan.get("arenaBytes")) if row else "–",
                bytes_text(row.plan.get("weightBytes")) if row else "–"])
        parts.append(f"### {threads_text(threads).capitalize()}\n\n" + table(
            ["network", TANDEM, BLAS_ALONE, *comparison.peers, "best peer / Tandem", f"{REFERENCE} / Tandem", "GFLOP/s",
             "arena", "weights"], rows))
    parts.append("Arena and weights are of Tandem's plan, whose arena no limit bounds here; `latency.csv` has its kernels.")
    return "\n\n".join(parts)


def rooflines(comparison):
    rows, directs = [], []
    for threads in comparison.threads:
        roofline = comparison.results.rooflines[threads]
        rows.append([
            str(threads), f"{roofline['flops'] / 1e9:.0f} GFLOP/s" if roofline["flops"] else "not measured",
            f"{roofline['bandwidth'] / 1e9:.1f} GB/s"])
        for share, model in comparison.direct_shares(threads):
            row = comparison.cells[model, threads, DIRECT]
            directs.append([
                model, str(threads), time_text(comparison.time(model, threads, DIRECT)),
                f"{comparison.flops_per_second(model, threads, DIRECT) / 1e9:.0f}", f"{row.peak / 1e9:.0f}",
                percent_text(share), f"`{kernels(row)}`"])
    extension = comparison.results.rooflines[comparison.threads[0]]["vectorExtension"]
    return "## The machine's limits\n\n" + table(["threads", "peak", "memory bandwidth"], rows) + f"""

**Peak**: float32 multiply-adds on independent sums in vector registers ({extension}; a loop in C), two operations each; the
best of 2,000 trials of some 40 µs, which all threads begin together, each on a processor of its own. **Bandwidth**: reading
256 MiB for each thread, the best of six passes. Layers of this size stay in caches; the bandwidth bounds networks, whose
weights do not.""" + ("" if not directs else "\n\n" + table(
        ["dense layer, direct kernels alone", "threads", "time", "GFLOP/s", "peak then", "of the peak", "kernel"], directs) + """

Shares are of the peak in turns with the layer, the best of 100 trials in each round: the clock is not the same all the time.
Products with padding, which count as well, are left out by some kernels: then a share can be above 100 %.""")


def numerics(comparison):
    rows = []
    for engine in comparison.engines:
        found = [row for row in comparison.results.rows if row.engine == engine and row.group not in (OVERHEAD, CHAIN)]
        if not found:
            continue
        worst = max(found, key=lambda row: row.error)
        wrong = [f"{row.model} ({threads_text(row.threads)})" for row in found if not row.agrees]
        rows.append([
            engine, str(len(found)), f"{worst.error:.1e} ({worst.model})" if worst.error > 0 else "0",
            ", ".join(wrong) or "none"])
    first = comparison.peers[0] if comparison.peers else TANDEM
    return "## Numerics\n\n" + table(["engine", "outputs", "largest error", "disagrees"], rows) + f"""

The largest difference from the output of {first}, which counts as right, relative to that output's largest value.
Above {TOLERANCE:g} an output disagrees: the run ends with exit code 1, and the time is left out of the tables."""


def method(comparison):
    results, environment = comparison.results, comparison.results.environment
    options, blas = results.options, environment["blas"]
    overheads = [
        [engine] + [time_text(row.minimum if (row := comparison.overheads.get((threads, engine))) else None)
                    for threads in comparison.threads]
        + ["–" if (value := comparison.operator_overhead(threads, engine)) is None else f"{value * 1e6:.0f} ns"
           for threads in comparison.threads]
        for engine in comparison.engines]
    versions = "\n".join(f"- **{peer.name}** {engines.version(peer)}: {peer.settings}." for peer in results.peers)
    core = (
        f"`OPENBLAS_CORETYPE`, which was set to `{results.requested_core}`, was removed for the run, so that OpenBLAS chose "
        "its core by itself" if results.requested_core else "`OPENBLAS_CORETYPE` was not set: OpenBLAS chose its core by itself")
    return f"""## How it was measured

- {results.day}, in {results.duration:.0f} s, revision {revision()}; {environment["cpu"]}; {environment["processors"]} processors; \
{environment["memoryBytes"] / 2**30:.1f} GiB of memory; {environment["operatingSystem"]}; Python {platform.python_version()}; \
load average {results.load:.1f} at the start (an idle machine's is near 0; load harms several threads most).
- **Tandem**: {environment["toolchain"].split(" (")[0]}; vector extension {environment["vectorExtension"]}; {blas["version"]}, core \
{blas["core"]}. {core}. The input lies in
  the arena and the output is left there; an input that the plan overwrites is written anew between runs, while the clock
  stands. It runs in a process of its own that times itself.
{versions}
- All float32, batch 1, the same seeded random weights (scaled by fan-in) and input. Each engine has its input in the layout
  that it takes, and may keep weights in any form.
- {options.rounds} rounds, of layers {LAYER_ROUNDS} times as many: they are over so soon that a moment at a higher clock decides about a minimum. In
  each, every engine of a model makes one run that does not count, then runs for {options.milliseconds:g} ms (at least once); who is first changes from round to round. With several threads, {1e3 * SETTLING_SECONDS:g} ms of sleep come before each turn, because the
  threads of the engine before go on spinning for a while. The minimum is over all runs, the median over the rounds' medians.
- An empty call (one ReLU of 16 values) costs what the table below says, mostly of the Python bindings. It is taken off every
  time, Tandem's too; `latency.csv` has the times with it. One more operator with nothing to compute costs what a chain of
  {CHAIN_LENGTH} additions of 16 values takes beyond that, by the addition.

{table(["engine", *(f"a call, {threads_text(threads)}" for threads in comparison.threads),
        *(f"an operator, {threads_text(threads)}" for threads in comparison.threads)], overheads)}"""


def revision():
    answer = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True, check=False,
        cwd=chart.FOLDER)
    return answer.stdout.strip() or "unknown"


def absent(comparison):
    results = comparison.results
    lines = [f"- {name}: could not be imported ({reason})." for name, reason in results.absent_peers.items()]
    lines += [
        f"- {name}: its ONNX file is not in the folder that `--graphs` names." for name in results.absent_networks]
    failures = {}
    for model, threads, engine, reason in results.failures:
        failures.setdefault((engine, model, reason), []).append(threads_text(threads))
    lines += [
        f"- {engine} without {model} ({', '.join(threads)}): {reason}"
        for (engine, model, reason), threads in failures.items()]
    if any(peer.name == engines.LiteRT.name for peer in results.peers):
        lines.append(
            "- XNNPACK's models are written from the ONNX ones by this package; what TensorFlow Lite has no equal of is left "
            "out. Padding that is not its SAME is an operator of its own there.")
    return "## What is absent\n\n" + ("\n".join(lines) or "Nothing.")
