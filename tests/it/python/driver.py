"""Answers requests with one instance of the Python original, one JSON text a line, in pure ASCII both ways.

Keys and values in answers are JSON texts inside JSON strings, so that the asking side sees them as the original does
(NaN, lone surrogates) without having to parse them.
"""

import argparse
import builtins
import contextlib
import json
import locale
import random
import select
import sys
import time
import zlib

import jk_keyvaluestore

REAL_TIME = time.time


class FixedTime:
    """A time that becomes exactly `micros` when the original multiplies it by a million."""

    def __init__(self, micros):
        self.micros = micros

    def __mul__(self, factor):
        assert factor == 1000000
        return self.micros


class Session:
    """One instance of the original, and the requests that it answers."""

    def __init__(self, path, identifier):
        self.path = path
        self.identifier = identifier
        self.open()

    def open(self):
        """Makes a new instance, which knows only what is on disk now."""
        self.store = jk_keyvaluestore.DirBasedKeyValueStore(self.path, self.identifier)

    def synchronize(self):
        self.store.synchronize()

    def put(self, key, value):
        self.store.put(key, value)

    def put_nested(self, key, depth):
        """Puts lists within lists, `depth` of them."""
        value = []
        for _ in range(depth - 1):
            value = [value]
        self.store.put(key, value)

    def remove(self, key):
        self.store.remove(key)

    def clear(self):
        self.store.clear()

    def get(self, key):
        """The value's text, or nothing when the key is not live (which `get` of the original cannot tell)."""
        value = self.store.get(key)
        if value is None and key not in self.store.keys():
            return None
        return json.dumps(value)

    def records(self):
        """All that the instance knows, which it tells nobody."""
        return self.store._DirBasedKeyValueStore__dataRecordMap

    def put_numbered(self, key, value):
        """Puts, and says the number of the record: it is there, `KeyError` or not."""
        with contextlib.suppress(KeyError):
            self.store.put(key, value)
        return self.records()[key].tNanoSecondsSinceEpoch

    def remove_numbered(self, key):
        """The same for a removal of a key that the instance knows."""
        with contextlib.suppress(KeyError):
            self.store.remove(key)
        return self.records()[key].tNanoSecondsSinceEpoch

    def look(self):
        """Synchronises, and gives the number and the value of each key that the instance knows, removed ones too."""
        self.store.synchronize()
        shown = lambda record: [record.tNanoSecondsSinceEpoch, None if record.bDeleted else record.value]
        return {key: shown(record) for key, record in self.records().items()}

    def contains(self, key):
        return self.store.contains(key)

    def keys(self):
        return [json.dumps(key) for key in self.store.keys()]

    def everything(self):
        return [[json.dumps(key), json.dumps(self.store.get(key))] for key in self.store.keys()]

    def normalise(self, texts):
        return [json.dumps(json.loads(text)) for text in texts]

    def encoding(self):
        return locale.getpreferredencoding(False)

    def clock(self, micros):
        """Stops the clock at a number of microseconds, or lets it run again."""
        time.time = REAL_TIME if micros is None else lambda: FixedTime(micros)

    def clock_offset(self, seconds):
        """Lets the clock run ahead or behind."""
        time.time = lambda: REAL_TIME() + seconds

    def overwrite(self, keys, writer):
        """Overwrites the keys without pause until the next request comes; says how often."""
        counter = 0
        while not select.select([sys.stdin], [], [], 0)[0]:
            counter += 1
            for key in keys:
                self.store.put(key, signed(key, writer, counter))
        return counter

    def overwrite_times(self, keys, writer, times):
        """Overwrites the keys without pause, a number of times."""
        for counter in range(1, times + 1):
            for key in keys:
                self.store.put(key, signed(key, writer, counter))

    def watch(self):
        """Looks at all keys until the next request comes: the texts that each had, in order, `None` where it was gone."""
        seen, rounds = {}, 0
        while not select.select([sys.stdin], [], [], 0.001)[0]:
            self.store.synchronize()
            rounds += 1
            live = set(self.store.keys())
            for key in live | seen.keys():
                text = json.dumps(self.store.get(key)) if key in live else None
                texts = seen.setdefault(key, [])
                if texts[-1:] != [text]:
                    texts.append(text)
        return {"rounds": rounds, "seen": seen}

    def generate(self, count, seed):
        """Puts values of mixed shapes under new keys of mixed shapes."""
        source = random.Random(seed)
        for number in range(count):
            self.store.put(some_string(source) + str(number), some_value(source, 4))


def signed(key, writer, counter):
    """A value that shows whether it is whole."""
    filler = "x" * (counter * 37 % 300)
    text = "%s %s %d %s" % (key, writer, counter, filler)
    checksum = zlib.adler32(text.encode())
    return {"key": key, "writer": writer, "counter": counter, "filler": filler, "checksum": checksum}


CHARACTERS = ["a", "Z", "0", " ", "/", ".", "-", "~", "#", "%", '"', "\\", "\n", "\0", "\x7f", "\u00e9", "e\u0301",
              "\u6f22", "\u2028", "\U0001f389", "\ud800", "\udfff"]


def some_string(source):
    return "".join(source.choice(CHARACTERS) for _ in range(source.randrange(12)))


def some_number(source):
    return source.choice([
        0, -1, source.getrandbits(16), -source.getrandbits(64), 10 ** source.randrange(4300),
        source.random(), -0.0, 1e16, 1e-7, 1.7976931348623157e308, 5e-324,
        float("nan"), float("inf"), float("-inf"),
    ])


def some_value(source, depth):
    """A value that the original stores: no float stands at the top."""
    top = depth == 4
    kind = source.randrange(5 if depth == 0 else 8)
    if kind == 0:
        return source.choice([None, True, False])
    if kind in (1, 2):
        return some_string(source)
    if kind in (3, 4):
        number = some_number(source)
        return [number] if top and isinstance(number, float) else number
    if kind == 5:
        return [some_value(source, depth - 1) for _ in range(source.randrange(5))]
    if kind == 6:
        return source.choice([[], {}, "", [[]], {"": {}}])
    return {some_string(source): some_value(source, depth - 1) for _ in range(source.randrange(5))}


def read_as(encoding):
    """Opens text files as under a locale of this encoding, whether or not the machine has such a locale."""
    plain = builtins.open

    def open_encoded(path, mode="r"):
        return plain(path, mode, encoding=encoding)

    builtins.open = open_encoded


def answer(line, session):
    request = json.loads(line)
    operation = getattr(session, request.pop("do"))
    try:
        return {"answer": operation(**request)}
    except Exception as error:
        return {"raised": type(error).__name__, "why": str(error)}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--identifier")
    arguments.add_argument("--encoding")
    arguments.add_argument("path")
    given = arguments.parse_args()
    if given.encoding:
        read_as(given.encoding)
    session = Session(given.path, given.identifier)
    print(json.dumps({"answer": jk_keyvaluestore.__version__}), flush=True)
    for line in iter(sys.stdin.readline, ""):
        print(json.dumps(answer(line, session)), flush=True)


main()
