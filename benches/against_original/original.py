"""Does batches of operations with the Python original on request, and reports how long they took.

One JSON object a line on standard input, one number of seconds a line on standard output.
"""

import json
import sys
import time

from jk_keyvaluestore import DirBasedKeyValueStore


def timed(action):
    began = time.perf_counter()
    result = action()
    return time.perf_counter() - began, result


def put_all(store, keys, value):
    for count, key in enumerate(keys):
        value["count"] = count
        store.put(key, value)


def for_each(action, keys):
    for key in keys:
        action(key)


def main():
    store = None
    for line in sys.stdin:
        request = json.loads(line)
        operation, keys = request["operation"], request.get("keys", ())
        if operation == "open":
            # Only the newest instance lives, so that no garbage collection walks another one.
            store = None
            seconds, store = timed(lambda: DirBasedKeyValueStore(request["path"], "original"))
        elif operation == "close":
            seconds, store = 0.0, None
        elif operation == "put":
            seconds, _ = timed(lambda: put_all(store, keys, request["value"]))
        elif operation == "get":
            seconds, _ = timed(lambda: for_each(store.get, keys))
        elif operation == "remove":
            seconds, _ = timed(lambda: for_each(store.remove, keys))
        elif operation == "synchronize":
            seconds, _ = timed(store.synchronize)
        else:
            sys.exit(f"unknown operation {operation!r}")
        print(seconds, flush=True)


main()
