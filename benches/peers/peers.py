"""Does batches of operations with a store of Python on request, and reports how long they took.

The one argument names the store. One JSON object a line on standard input, one number a line on standard output: seconds,
or bytes for the memory.
"""

import json
import os
import sys
import time


class Original:
    """The original; it leaves nothing to a background, and knows no other durability."""

    def __init__(self, path):
        from jk_keyvaluestore import DirBasedKeyValueStore

        self.store = DirBasedKeyValueStore(path, "original")
        self.put, self.get, self.remove = self.store.put, self.store.get, self.store.remove
        self.synchronize = self.store.synchronize


class Diskcache:
    """diskcache as it comes, except that it never drops a value."""

    def __init__(self, path):
        from diskcache import Cache

        self.cache = Cache(path, eviction_policy="none", cull_limit=0, size_limit=1 << 40)
        self.put, self.get, self.remove = self.cache.set, self.cache.get, self.cache.delete

    def fill(self, items):
        with self.cache.transact():
            for key, value in items:
                self.cache.set(key, value)

    def set_sync(self, is_on):
        self.cache.reset("sqlite_synchronous", 2 if is_on else 1)

    def close(self):
        self.cache.close()


class Sqlite3:
    """A table of keys and JSON texts, with the write-ahead log and a commit for each put."""

    def __init__(self, path):
        import sqlite3

        self.connection = sqlite3.connect(os.path.join(path, "store.db"), isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.set_sync(False)
        self.connection.execute("CREATE TABLE IF NOT EXISTS store (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID")

    def fill(self, items):
        self.connection.execute("BEGIN")
        rows = ((key, json.dumps(value)) for key, value in items)
        self.connection.executemany("INSERT INTO store VALUES (?, ?)", rows)
        self.connection.execute("COMMIT")

    def put(self, key, value):
        self.connection.execute("INSERT OR REPLACE INTO store VALUES (?, ?)", (key, json.dumps(value)))

    def get(self, key):
        row = self.connection.execute("SELECT value FROM store WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0])

    def remove(self, key):
        self.connection.execute("DELETE FROM store WHERE key = ?", (key,))

    def set_sync(self, is_on):
        self.connection.execute(f"PRAGMA synchronous = {'FULL' if is_on else 'NORMAL'}")

    def close(self):
        self.connection.close()


STORES = {"original": Original, "diskcache": Diskcache, "sqlite3": Sqlite3}


def put_all(store, keys, value):
    for count, key in enumerate(keys):
        value["count"] = count
        store.put(key, value)


def get_all(store, keys):
    for key in keys:
        if store.get(key) is None:
            sys.exit(f"{key!r} is missing")


def remove_all(store, keys):
    for key in keys:
        store.remove(key)


def resident():
    with open("/proc/self/smaps_rollup") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Rss:"))


def timed(action):
    began = time.perf_counter()
    result = action()
    return time.perf_counter() - began, result


def answer(store, request):
    """The number to report, and the store that is open from then on."""
    operation, keys = request["operation"], request.get("keys", ())
    if operation == "open":
        return timed(lambda: STORES[sys.argv[1]](request["path"]))
    if operation == "close":
        if hasattr(store, "close"):
            store.close()
        return 0.0, None
    if operation == "resident":
        return resident(), store
    if operation == "set_sync":
        action = lambda: store.set_sync(request["on"])
    elif operation == "fill":
        action = lambda: store.fill((key, request["value"]) for key in keys)
    elif operation == "put":
        action = lambda: put_all(store, keys, request["value"])
    elif operation == "get":
        action = lambda: get_all(store, keys)
    elif operation == "remove":
        action = lambda: remove_all(store, keys)
    elif operation == "synchronize":
        action = store.synchronize
    else:
        sys.exit(f"unknown operation {operation!r}")
    return timed(action)[0], store


def main():
    store = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["operation"] == "open":
            # Only the newest instance lives, so that no garbage collection walks another one.
            store = None
        number, store = answer(store, request)
        print(number, flush=True)


main()
