#!/usr/bin/env python3
"""Prints "<passed> <failed>" over a folder of results: GoogleTest's JSON and node's JUnit files where there are any, ctest's
own for the rest. What ctest could not run has failed."""
import json
import pathlib
import sys
import xml.etree.ElementTree as xml


def google_test(file):
    try:
        report = json.loads(file.read_text())
    except ValueError:
        return 0, 1  # the program died while it wrote
    failed = report["failures"] + report.get("errors", 0)
    return report["tests"] - report.get("disabled", 0) - failed, failed


def node_tests(file):
    try:
        cases = list(xml.parse(file).getroot().iter("testcase"))
    except xml.ParseError:
        return 0, 1
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    return len(cases) - failed - sum(case.find("skipped") is not None for case in cases), failed


def results_of(folder, case):
    for suffix, read in ((".json", google_test), (".xml", node_tests)):
        file = folder / (case.get("name") + suffix)
        if file.exists():
            return read(file)
    return (1, 0) if case.get("status") == "run" else (0, 0)


def main():
    passed = failed = 0
    for folder in pathlib.Path(sys.argv[1]).iterdir():
        report = folder / "ctest.xml"
        if not report.exists():
            failed += 1
            continue
        for case in xml.parse(report).getroot().iter("testcase"):
            ok = case.get("status") == "run"
            good, bad = results_of(folder, case)
            passed += good
            failed += bad if bad or ok else 1  # a crash leaves no failing case behind
    print(passed, failed)


main()
