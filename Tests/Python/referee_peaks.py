"""Peaks by another program's reckoning: arguments are the path of peak_oracle.py and of a JSON list of {model, orders,
inPlace}; orders index the nodes that are not Constant. Prints a JSON list with a list of peaks for every entry."""
import importlib.util
import json
import sys

specification = importlib.util.spec_from_file_location("referee", sys.argv[1])
referee = importlib.util.module_from_spec(specification)
specification.loader.exec_module(referee)

answers = []
with open(sys.argv[2]) as file:
    for entry in json.load(file):
        graph = referee.Graph(entry["model"])
        answers.append([
            graph.peak(order, views=True, inplace=entry["inPlace"]) for order in entry["orders"]])
json.dump(answers, sys.stdout)
