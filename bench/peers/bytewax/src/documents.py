"""Documents of four feeds, and what their codes mean (`../../codes.csv`).

A reader takes a document's bytes and gives `(carrier, number, code, time, offset, city, country)`: seconds since 1970, and seconds
that the wall clock is ahead of UTC. What can't be read raises one of `UNREADABLE`: a dead letter.
"""

import csv
from datetime import datetime

import orjson

UNREADABLE = (ValueError, KeyError, TypeError, IndexError, AttributeError)

CLASSES = {
    name: 1 << bit
    for bit, name in enumerate((
        "DELAYED", "ADDRESS_ISSUE", "DAMAGED", "REFUSED", "HELD", "CUSTOMS_HOLD", "MISROUTED", "DELIVERY_FAILED",
        "TRACKING_CONFLICT", "PAYMENT_DUE", "UNCLAIMED", "CAPACITY",
    ))
}
UNMAPPED_ID = 1023

loads = orjson.loads
iso = datetime.fromisoformat


class Meaning:
    """What a code means; `key` sorts what carries no milestone behind what does."""

    __slots__ = ("id", "rank", "key", "exception", "clears", "physical", "estimate", "resolves", "unmapped")

    def __init__(self, id, rank=0, exception=0, clears=0, physical=False, estimate=False, resolves=False, unmapped=True):
        self.id, self.rank, self.key, self.exception, self.clears = id, rank, (rank - 1) & 255, exception, clears
        self.physical, self.estimate, self.resolves, self.unmapped = physical, estimate, resolves, unmapped


UNMAPPED = Meaning(UNMAPPED_ID)


def clears(rank, physical, released):
    """The classes that a scan of this rank ends."""
    if not physical or rank < 20:
        return 0
    names = ["DELAYED", "ADDRESS_ISSUE", "HELD", "MISROUTED", "CAPACITY", "DELIVERY_FAILED"]
    if released or rank >= 38:
        names += ["CUSTOMS_HOLD", "PAYMENT_DUE"]
    return sum(CLASSES[name] for name in names)


def load(path):
    """Feed, then code, to its meaning; and the names of milestones by rank."""
    table, names = {}, {0: "UNKNOWN", 60: "RETURNING_TO_SENDER", 64: "RETURNED_TO_SENDER", 71: "RETURN_LABEL_ISSUED"}
    names |= {74: "RETURN_IN_TRANSIT", 76: "RETURN_RECEIVED"}
    with open(path, newline="") as rows:
        for id, row in enumerate(csv.DictReader(rows)):
            assert id < UNMAPPED_ID
            rank, physical = int(row["rank"]), row["physical"] == "1"
            names[rank] = row["milestone"]
            exception = CLASSES[row["exception"]] if row["exception"] else 0
            # A comma would end the field of a plain reader of CSV; the table has `;` for it.
            table.setdefault(row["feed"], {})[row["code"].replace(";", ",")] = Meaning(
                id, rank, exception, clears(rank, physical, row["detail"] == "CUSTOMS_RELEASED"), physical,
                row["estimate"] == "1", row["resolves"] == "1", row["unmapped"] == "1",
            )
    return table, names


def zoned(text):
    time = iso(text)
    return int(time.timestamp()), int(time.utcoffset().total_seconds())


def generic(text):
    it = loads(text)
    time, offset = zoned(it["time"])
    code = it["event"] + "|" + it.get("exception", "")
    return it["carrier"], it["tracking_number"], code, time, offset, it["city"], it["country"]


def easypost(text):
    tracker = loads(text)["result"]
    detail = tracker["tracking_details"][0]
    time, offset = zoned(detail["datetime_local"])
    code = "|".join((detail["status"], detail["status_detail"], detail["message"]))
    place = detail["tracking_location"]
    return tracker["carrier"].lower(), tracker["tracking_code"], code, time, offset, place["city"], place["country"]


def aftership(text):
    msg = loads(text)["msg"]
    checkpoint = msg["checkpoints"][0]
    time, offset = zoned(checkpoint["checkpoint_time"])
    place = checkpoint["city"], checkpoint["country_iso3"]
    return msg["slug"], msg["tracking_number"], checkpoint["subtag"], time, offset, *place


def ups_alert(text):
    alert = loads(text)
    time = int(iso(f"{alert['gmtActivityDate']}T{alert['gmtActivityTime']}+00:00").timestamp())
    hours, minutes = alert["gmtOffset"].split(".")
    size = abs(int(hours)) * 3600 + int(minutes) * 60
    status, place = alert["activityStatus"], alert["activityLocation"]
    code = "|".join((status["type"], status.get("code", ""), status["descriptionCode"]))
    offset = -size if hours[0] == "-" else size
    return "ups", alert["trackingNumber"], code, time, offset, place["city"], place["country"]


READERS = {"generic": generic, "easypost": easypost, "aftership": aftership, "ups-track-alert": ups_alert}
