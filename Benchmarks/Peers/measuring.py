"""One model in all engines: prepared, compared, and timed in rounds."""

import gc
import time
from dataclasses import dataclass, field
from math import ceil
from statistics import median

import numpy

# Relative to the largest output. Winograd's rounding stays far below, a wrong kernel far above.
TOLERANCE = 1e-3
# How long the threads of an engine go on spinning after its last run, generously.
SETTLING_SECONDS = 0.005
# Layers are over so soon that a moment at a higher clock decides about their minimum: every engine must have had some.
LAYER_ROUNDS = 3


@dataclass
class Row:
    """One model in one engine on a number of threads. Times in milliseconds."""

    model: str
    group: str
    threads: int
    engine: str
    policy: str
    flops: int
    error: float
    plan: dict
    minimum: float = float("inf")
    # The most operations per second that the processor showed in the same rounds; 0 if not measured.
    peak: float = 0
    round_medians: list = field(default_factory=list)

    @property
    def median(self):
        return median(self.round_medians)

    @property
    def agrees(self):
        return self.error <= TOLERANCE


def measure(model, threads, contestants, options, folder, failures, peak=None):
    """The rows of a model: one for each engine that takes it. `peak` tells the processor's operations per second now."""
    image = model.random_input()
    flops = model.flops()
    prepared, rows, reference, highest = [], [], None, 0
    for engine in contestants:
        try:
            network = engine.prepare(model, threads, folder)
            output = network.compute(image)
            network.time(1)
        except Exception as error:  # Whatever a runtime throws, the others are measured.
            reason = (str(error).strip() or repr(error)).splitlines()[0].replace(f"{folder}/", "")
            failures.append((model.name, threads, engine.name, reason))
            continue
        if reference is None:
            reference = output
        estimate = max(min(network.time(2)), 1e-4)
        runs = min(1000, max(1, ceil(options.milliseconds / estimate)))
        prepared.append((network, runs))
        rows.append(Row(
            model.name, model.group, threads, engine.name, getattr(engine, "row_tile", ""), flops,
            relative_error(output, reference), getattr(network, "plan", {})))
    gc.collect()
    gc.disable()
    for round_number in range(options.rounds * (LAYER_ROUNDS if model.is_layer else 1)):
        first = round_number % max(len(rows), 1)
        order = [*range(first, len(rows)), *range(first)]
        # Forwards and backwards, so that no engine always follows the same one.
        for index in order if round_number % 2 == 0 else reversed(order):
            (network, runs), row = prepared[index], rows[index]
            if threads > 1:
                time.sleep(SETTLING_SECONDS)
            # Wakes its threads and fills the caches.
            network.time(1)
            times = network.time(runs)
            row.round_medians.append(median(times))
            row.minimum = min(row.minimum, *times)
        if peak:
            highest = max(highest, peak(threads))
    gc.enable()
    for row in rows:
        row.peak = highest
    return rows


def relative_error(output, reference):
    """The largest difference relative to the reference's largest value; infinite for another shape."""
    if output.shape != reference.shape:
        return float("inf")
    return float(numpy.abs(output - reference).max() / numpy.abs(reference).max())
