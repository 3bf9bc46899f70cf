"""Peaks of orders by live_peak.py: the argument names a JSON list of {model, order}; orders index all nodes of the
file. Prints a JSON list of peaks: null for models that onnx cannot read or that leave types to inference, -1 for
orders that are not valid."""
import json
import sys

import onnx

from live_peak import Timeline


def judge(job):
    try:
        model = onnx.load(job["model"], load_external_data=False)
    except Exception:  # the parser's own errors and those of the text it decodes
        return None
    places = [index for index, node in enumerate(model.graph.node) if node.op_type != "Constant"]
    if sorted(job["order"]) != places:
        return -1
    position = {index: place for place, index in enumerate(places)}
    try:
        return Timeline(model, [position[index] for index in job["order"]]).peak
    except ValueError:
        return -1
    except KeyError:  # a type that the file does not give
        return None


with open(sys.argv[1]) as file:
    json.dump([judge(job) for job in json.load(file)], sys.stdout)
