#!/usr/bin/env python3
"""Reads what Swift Testing wrote about test runs (its event stream, version 0: one JSON object a line).

test-runs.py ran FILE              fails when no test ran
test-runs.py compare A B...        fails unless all runs executed the same tests, at least one, and skipped none
test-runs.py compare --may-skip A B   what was skipped in A is named and left out of the comparison; B may skip none

Runs are named as their files are.

A parameterised test counts once for each of its arguments: two runs with different arguments are not equal.
"""

import json
import os
import sys


def name_of(test_id):
    """The test's name without its place in the file, which says nothing about what ran."""
    head, _, tail = test_id.rpartition("/")
    return head if ".swift:" in tail else test_id


class Run:
    def __init__(self, path):
        self.executed, self.skipped, self.ended = set(), set(), False
        functions = set()
        parameterised = set()
        with open(path, encoding="utf-8") as lines:
            for line in filter(str.strip, lines):
                record = json.loads(line)
                payload = record["payload"]
                if record["kind"] == "test":
                    if payload["kind"] == "function":
                        functions.add(payload["id"])
                        if payload.get("isParameterized"):
                            parameterised.add(payload["id"])
                    continue
                kind, test = payload["kind"], payload.get("testID")
                if kind == "runEnded":
                    self.ended = True
                elif kind == "testSkipped":
                    self.skipped.add(name_of(test))
                elif kind == "testStarted" and test in functions - parameterised:
                    self.executed.add(name_of(test))
                elif kind == "testCaseStarted" and test in parameterised:
                    argument = payload.get("_testCase", {}).get("displayName", "")
                    self.executed.add(f"{name_of(test)} [{argument}]")


def listed(title, names):
    return [f"{title}:"] + [f"  {name}" for name in sorted(names)] if names else []


def ran(path):
    run = Run(path)
    if not run.ended:
        return ["the run did not end"]
    return [] if run.executed else ["no test ran: a filter that matches nothing is no success"]


def named(path):
    return os.path.splitext(os.path.basename(path))[0]


def compare(paths, may_skip):
    runs = {named(path): Run(path) for path in paths}
    first, *_ = runs.values()
    left_out = first.skipped if may_skip else set()
    complaints = []
    for name, run in runs.items():
        if not run.ended:
            complaints.append(f"the run on {name} did not end")
        if not run.executed:
            complaints.append(f"the run on {name} executed no test")
        complaints += listed(f"skipped on {name}", run.skipped - (left_out if run is first else set()))
    every = {
        test
        for test in set().union(*(run.executed for run in runs.values()))
        if test.partition(" [")[0] not in left_out
    }
    for name, run in runs.items():
        complaints += listed(f"executed elsewhere, and not on {name}", every - run.executed)
    if not complaints:
        for line in listed(f"skipped on {named(paths[0])}, and not compared", left_out):
            print(line)
        print(f"{', '.join(runs)}: the same {len(every)} tests were executed (each argument counted)")
    return complaints


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "ran":
        complaints = ran(arguments[1])
    elif arguments[:1] == ["compare"] and len(arguments) == 4 and arguments[1] == "--may-skip":
        complaints = compare(arguments[2:], True)
    elif arguments[:1] == ["compare"] and len(arguments) >= 3 and "--may-skip" not in arguments:
        complaints = compare(arguments[1:], False)
    else:
        print(__doc__, file=sys.stderr)
        return 2
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


sys.exit(main(sys.argv[1:]))
