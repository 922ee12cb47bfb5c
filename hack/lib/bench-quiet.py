#!/usr/bin/env python3
"""Counts what processes of ours asked an API server for, and what they logged, between two times.

bench-quiet.py AUDIT-LOG DIRECTORY FROM UNTIL    times in milliseconds since 1970; the logs are logs/* under DIRECTORY
"""

import collections
import datetime
import json
import pathlib
import sys


def milliseconds(text):
    # An audit log has six digits of a second, our logs up to nine.
    head, _, fraction = text.rstrip("Z").partition(".")
    whole = datetime.datetime.fromisoformat(head).replace(tzinfo=datetime.timezone.utc)
    return whole.timestamp() * 1000 + float("0." + (fraction or "0")) * 1000


def requests(path, start, end):
    """(who, verb, resource) of each request that began in that time; of a watch its beginning counts."""
    found = collections.Counter()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            who = entry.get("userAgent", "").split("/")[0]
            if entry["stage"] != ("ResponseStarted" if entry["verb"] == "watch" else "ResponseComplete"):
                continue
            if who.startswith("p2pmirror-") and start <= milliseconds(entry["requestReceivedTimestamp"]) < end:
                resource = entry.get("objectRef", {}).get("resource", entry["requestURI"])
                # A live read by one name shows that a quiet watch has missed nothing, and lists nothing.
                is_live_read = "metadata.name%3D" in entry["requestURI"] and entry["verb"] == "list"
                found[who, "read" if is_live_read else entry["verb"], resource] += 1
    return found


def lines_logged(directory, start, end):
    """Lines of operators and agents by process; their time is the field "ts"."""
    found = collections.Counter()
    for path in sorted(pathlib.Path(directory).rglob("logs/*")):
        if not path.is_file() or not ("operator" in path.name or "agent" in path.name):
            continue
        found[path.name] += 0
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                time = milliseconds(json.loads(line)["ts"])
            except (ValueError, KeyError):
                continue
            if start <= time < end:
                found[path.name] += 1
    return found


def main():
    audit, directory, start, end = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
    minutes = (end - start) / 60_000
    found = requests(audit, start, end)
    print(f"{minutes:.1f} minutes")
    for who in ("p2pmirror-operator", "p2pmirror-agent"):
        mine = {key: count for key, count in found.items() if key[0] == who}
        lists = sum(count for key, count in mine.items() if key[1] == "list")
        print(f"{who}: {sum(mine.values())} requests, {sum(mine.values()) / minutes:.1f} a minute; lists: {lists}")
        for (_, verb, resource), count in sorted(mine.items(), key=lambda item: (-item[1], item[0])):
            print(f"  {verb:<8} {resource:<28} {count}")
    for name, count in lines_logged(directory, start, end).items():
        print(f"{name}: {count} lines")


main()
