#!/usr/bin/env python3
"""Prints "<passed> <failed>" over a folder of results: GoogleTest's JSON files where there are any, ctest's own for the rest."""
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


def main():
    passed = failed = 0
    for folder in pathlib.Path(sys.argv[1]).iterdir():
        report = folder / "ctest.xml"
        if not report.exists():
            failed += 1
            continue
        for case in xml.parse(report).getroot().iter("testcase"):
            ok = case.get("status") == "run"
            file = folder / f"{case.get('name')}.json"
            good, bad = google_test(file) if file.exists() else (1 if ok else 0, 0)
            passed += good
            failed += bad if bad or ok else 1  # a crash leaves no failing case behind
    print(passed, failed)


main()
