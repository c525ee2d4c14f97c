"""flow.py CODES.CSV CAPTURE OUTPUT RUNS: the job as a Bytewax dataflow; one JSON line at the end.

Documents travel in blocks and shipments in buckets, so that the dataflow's price of an item is paid once for many events: a keyed
state is a bucket of shipments. The interpreter has one lock, hence one worker.
"""

import gc
import json
import sys
import time
from importlib.metadata import version

import bytewax.operators as op
import orjson
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main

from documents import CLASSES, READERS, UNMAPPED, UNREADABLE, iso, load
from shipment import TERMINAL, Fact, Shipment

BLOCK = 4000
BUCKETS = [f"{index:02}" for index in range(64)]
FUTURE_TOLERANCE_SECONDS = 2 * 3600
MARK = b'"document":'

dumps, NEWLINE = orjson.dumps, orjson.OPT_APPEND_NEWLINE


def take_apart(path):
    """The lines of a capture, their documents still text: tenant, feed, received, document."""
    documents = []
    with open(path, "rb") as lines:
        for line in lines:
            head, _, rest = line.partition(MARK)
            envelope = orjson.loads(line)
            document = envelope["document"]
            # A broken document stands as a text.
            text = document.encode() if type(document) is str else rest.rstrip()[:-1]
            documents.append((envelope["tenant"], envelope["feed"], int(iso(envelope["received"]).timestamp()), text))
    return documents


class Blocks(StatefulSourcePartition):
    def __init__(self, documents):
        self.documents, self.at = documents, 0

    def next_batch(self):
        block = self.documents[self.at : self.at + BLOCK]
        if not block:
            raise StopIteration
        self.at += BLOCK
        return [block]

    def snapshot(self):
        return self.at


class Capture(FixedPartitionedSource):
    def __init__(self, documents):
        self.documents = documents

    def list_parts(self):
        return ["capture"]

    def build_part(self, _step_id, _for_part, _resume_state):
        return Blocks(self.documents)


class Lines(StatelessSinkPartition):
    def __init__(self, path):
        self.target = open(path, "wb", buffering=1 << 20)

    def write_batch(self, items):
        for lines in items:
            self.target.write(b"".join(lines))

    def close(self):
        self.target.close()


class Sink(DynamicSink):
    def __init__(self, path):
        self.path = path

    def build(self, _step_id, _worker_index, _worker_count):
        return Lines(self.path)


def reader(table, tally):
    """Blocks of documents to buckets of events."""
    feeds = {feed: (READERS[feed], codes) for feed, codes in table.items()}

    def read(blocks):
        read = []
        for block in blocks:
            buckets = {}
            for tenant, feed, received, text in block:
                try:
                    document, codes = feeds[feed]
                    carrier, number, code, at, offset, city, country = document(text)
                    if not number or type(city) is not str or type(country) is not str:
                        raise ValueError(number)
                    key = "\0".join((tenant, carrier, number))
                except UNREADABLE:
                    tally["dead"] += 1
                    continue
                untrusted = received + FUTURE_TOLERANCE_SECONDS < at
                order = received if untrusted else at
                fact = Fact(order, (at + offset) // 86_400, untrusted, codes.get(code, UNMAPPED))
                event = (key, tenant, carrier, number, code, at, city, country, fact)
                buckets.setdefault(BUCKETS[hash(key) & 63], []).append(event)
            read += buckets.items()
        return read

    return read


class Bucket(StatefulBatchLogic):
    """The shipments of one bucket."""

    def __init__(self, names, tally):
        self.names, self.tally, self.shipments = names, tally, {}

    def on_batch(self, values):
        lines, shipments, known = [], self.shipments, 0
        for events in values:
            for event in events:
                shipment = shipments.get(event[0])
                if shipment is None:
                    shipment = shipments[event[0]] = Shipment()
                arrival = shipment.arrive(event[5], event[8])
                if arrival is None:
                    known += 1
                else:
                    self.say(event, shipment, *arrival, lines)
        self.tally["known"] += known
        self.tally["changes"] += len(lines)
        return ([lines] if lines else [], StatefulBatchLogic.RETAIN)

    def say(self, event, shipment, before, last, lines):
        """Kind, class and episode of everything that a new event changed, as lines."""
        after = shipment.state
        # A new epoch starts from nothing.
        if last and before[0] != after.epoch:
            before = (0, 0, 0, 0, 0)
        _, was, was_open, corrections, steps = before
        moved = was != after.milestone
        said = []
        if corrections < after.corrections or (not last and moved and was in TERMINAL):
            said.append(("correction", None, max(1, after.corrections)))
        if moved or (last and steps < after.steps):
            said.append(("milestone", None, max(1, after.steps_into.get(after.milestone, 0))))
        if was_open != after.open:
            for kind, bits in (("exception_opened", after.open & ~was_open), ("exception_resolved", was_open & ~after.open)):
                for name, bit in CLASSES.items():
                    if bits & bit:
                        said.append((kind, name, max(1, after.openings.get(bit, 0))))
        _, tenant, carrier, number, code, at, city, country, _ = event
        for kind, exception, episode in said:
            shipment.version += 1
            change = {
                "kind": kind, "tenant": tenant, "carrier": carrier, "tracking_number": number, "epoch": after.epoch,
                "version": shipment.version, "milestone": self.names[after.milestone], "previous": self.names[was],
                "episode": episode, "time": at, "code": code, "city": city, "country": country,
            }
            if exception:
                change["exception"] = exception
            lines.append(dumps(change, option=NEWLINE))

    def snapshot(self):
        """Recovery is off: nothing is kept."""
        return None


def dataflow(documents, table, names, output, tally):
    flow = Dataflow("shipments")
    blocks = op.input("capture", flow, Capture(documents))
    events = op.flat_map_batch("read", blocks, reader(table, tally))
    keyed = op.stateful_batch("fold", events, lambda _: Bucket(names, tally))
    op.output("changes", op.map("lines", keyed, lambda pair: pair[1]), Sink(output))
    return flow


def main():
    codes, capture, output, runs = sys.argv[1:]
    table, names = load(codes)
    documents = take_apart(capture)
    # No garbage here has cycles.
    gc.freeze()
    gc.disable()
    seconds, cpu = [], []
    for _ in range(int(runs)):
        tally = {"documents": len(documents), "changes": 0, "known": 0, "dead": 0}
        flow = dataflow(documents, table, names, output, tally)
        start, cpu_start = time.perf_counter(), time.process_time()
        run_main(flow)
        seconds.append(round(time.perf_counter() - start, 4))
        cpu.append(round(time.process_time() - cpu_start, 4))
        print(json.dumps(tally | {"seconds": seconds[-1]}), file=sys.stderr)
    python = ".".join(map(str, sys.version_info[:3]))
    said = f"bytewax {version('bytewax')}, orjson {version('orjson')}, python {python}"
    print(json.dumps({"version": said, "threads": 1, "documents": len(documents), "seconds": seconds, "cpu_seconds": cpu}))


if __name__ == "__main__":
    main()
