"""One shipment: its events in order of time, and what they fold to (docs/decisions/0003-fold.md)."""

from documents import CLASSES

HOUR, DAY = 3600, 86_400
OUT_FOR_DELIVERY, ATTEMPTED, FOR_PICKUP, DELIVERED, CANCELLED = 40, 42, 44, 50, 90
TERMINAL = frozenset((DELIVERED, 64, 82, 83, CANCELLED))
FORWARD, TO_SENDER, RETURN = range(3)
CONFLICT = CLASSES["TRACKING_CONFLICT"]
ENDED = ~(CLASSES["REFUSED"] | CLASSES["UNCLAIMED"])


class Fact:
    __slots__ = ("order", "day", "untrusted", "meaning")

    def __init__(self, order, day, untrusted, meaning):
        self.order, self.day, self.untrusted, self.meaning = order, day, untrusted, meaning


class State:
    """What is true of a shipment."""

    __slots__ = (
        "epoch", "milestone", "open", "corrections", "steps", "steps_into", "openings", "lane", "border", "since",
        "since_day", "attempt_began", "had_carrier",
    )

    def __init__(self, epoch=0):
        self.epoch = epoch
        self.milestone = self.open = self.corrections = self.steps = self.border = self.since = self.since_day = 0
        self.steps_into, self.openings = {}, {}
        self.lane, self.attempt_began, self.had_carrier = FORWARD, None, False

    def facts(self):
        """What a change is told from."""
        return self.epoch, self.milestone, self.open, self.corrections, self.steps

    def step(self, fact):
        meaning = fact.meaning
        rank = meaning.rank
        borders = rank != 0 and not meaning.estimate and not meaning.unmapped and not fact.untrusted
        if self.begins_epoch(fact, borders):
            self.__init__(self.epoch + 1)
        if meaning.unmapped or fact.untrusted:
            return
        if borders:
            self.border = fact.order
        if rank == CANCELLED and self.had_carrier:
            self.open_class(CONFLICT)
            return
        if meaning.exception:
            self.open_class(meaning.exception)
        elif meaning.resolves:
            self.open = 0
        else:
            self.open &= ~meaning.clears
        if not meaning.estimate:
            self.move_to(fact, self.on_lane(meaning))
        if self.milestone in TERMINAL:
            self.open &= ENDED

    def begins_epoch(self, fact, borders):
        if self.epoch == 0:
            return True
        if not borders or self.border == 0:
            return False
        silence = fact.order - self.border
        begins = 10 <= fact.meaning.rank <= 20 and self.milestone in TERMINAL
        return silence >= 120 * DAY or (begins and silence >= 30 * DAY)

    def open_class(self, bit):
        if not self.open & bit:
            self.open |= bit
            self.openings[bit] = self.openings.get(bit, 0) + 1

    def on_lane(self, meaning):
        rank = meaning.rank
        if 60 <= rank <= 69:
            self.lane = TO_SENDER
        elif 70 <= rank <= 89:
            self.lane = RETURN
        if self.lane == FORWARD:
            return rank
        scan = meaning.physical and 20 <= rank <= 50
        if self.lane == TO_SENDER:
            return 64 if rank == DELIVERED else 60 if scan else rank
        if rank == 18:
            return 71
        return 76 if rank == DELIVERED else 74 if scan else rank

    def move_to(self, fact, target):
        meaning, milestone, order = fact.meaning, self.milestone, fact.order
        if target == 0 or (20 <= meaning.rank <= 50 and not meaning.physical):
            return
        began = self.attempt_began
        new_attempt = began is None or order - began > 2 * HOUR
        takes_back = False
        if milestone >= target:
            takes_back = (
                milestone == DELIVERED and meaning.physical and 20 <= target <= 44
                and self.since_day < fact.day and order - self.since > 2 * HOUR
            )
            if milestone == ATTEMPTED or milestone == FOR_PICKUP or milestone == OUT_FOR_DELIVERY:
                again = (target == OUT_FOR_DELIVERY and self.since_day < fact.day) or (
                    target == ATTEMPTED and milestone != OUT_FOR_DELIVERY and new_attempt
                )
            else:
                again = False
            if not (takes_back or again):
                return
        self.corrections += takes_back
        self.milestone, self.since, self.since_day = target, order, fact.day
        self.steps += 1
        self.steps_into[target] = self.steps_into.get(target, 0) + 1
        if 20 <= target <= ATTEMPTED:
            self.had_carrier = True
        if target == ATTEMPTED and new_attempt:
            self.attempt_began = order


class Shipment:
    __slots__ = ("known", "history", "state", "version")

    def __init__(self):
        self.known, self.history, self.state, self.version = [], [], State(), 0

    def arrive(self, time, fact):
        """`None` for a repeat, else what was true before and whether the event is the newest."""
        same = time << 10 | fact.meaning.id
        if same in self.known:
            return None
        self.known.append(same)
        history, before = self.history, self.state.facts()
        at, order, key = len(history), fact.order, fact.meaning.key
        while at and (order < history[at - 1].order or (order == history[at - 1].order and key < history[at - 1].meaning.key)):
            at -= 1
        history.insert(at, fact)
        last = at + 1 == len(history)
        if last:
            self.state.step(fact)
        else:
            self.state = State()
            for each in history:
                self.state.step(each)
        return before, last
