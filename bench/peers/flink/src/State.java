/** What is true of a shipment: the fold of docs/decisions/0003-fold.md, one event at a time. */
final class State implements Cloneable {
  static final long HOUR = 3600, DAY = 24 * HOUR;
  static final int POSSESSION = 20, OUT = 40, ATTEMPTED = 42, AVAILABLE = 44, DELIVERED = 50, CANCELLED = 90;
  private static final int BY_SCAN = Codes.bit("DELAYED") | Codes.bit("ADDRESS_ISSUE") | Codes.bit("HELD")
      | Codes.bit("MISROUTED") | Codes.bit("CAPACITY") | Codes.bit("DELIVERY_FAILED");
  private static final int BY_CUSTOMS = Codes.bit("CUSTOMS_HOLD") | Codes.bit("PAYMENT_DUE");
  private static final int BY_END = Codes.bit("REFUSED") | Codes.bit("UNCLAIMED");
  private static final int CONFLICT = Codes.bit("TRACKING_CONFLICT");

  int epoch, milestone, open, corrections, steps, lane;
  final byte[] stepsInto, openings;
  long border, since, sinceDay, attemptBegan = Long.MIN_VALUE;

  State() {
    stepsInto = new byte[96];
    openings = new byte[Codes.CLASSES.size()];
  }

  State(State from) {
    epoch = from.epoch;
    milestone = from.milestone;
    open = from.open;
    corrections = from.corrections;
    steps = from.steps;
    lane = from.lane;
    stepsInto = from.stepsInto.clone();
    openings = from.openings.clone();
    border = from.border;
    since = from.since;
    sinceDay = from.sinceDay;
    attemptBegan = from.attemptBegan;
  }

  static boolean terminal(int rank) {
    return rank == DELIVERED || rank == 64 || rank == 82 || rank == 83 || rank == CANCELLED;
  }

  /** The state after one more event: this one changed, or a new one where an epoch begins. */
  State step(Fact fact) {
    Codes.Meaning meaning = fact.meaning();
    boolean borders = meaning.rank() != 0 && !meaning.estimate() && !meaning.unmapped() && !fact.untrusted();
    State state = this;
    if (begins(fact, borders)) {
      state = new State();
      state.epoch = epoch + 1;
    }
    if (!meaning.unmapped() && !fact.untrusted()) state.apply(fact, borders);
    return state;
  }

  private boolean begins(Fact fact, boolean borders) {
    if (epoch == 0) return true;
    long silence = fact.order() - border;
    int rank = fact.meaning().rank();
    boolean anew = 10 <= rank && rank <= 20 && terminal(milestone);
    return borders && border != 0 && (120 * DAY <= silence || (30 * DAY <= silence && anew));
  }

  private void apply(Fact fact, boolean borders) {
    Codes.Meaning meaning = fact.meaning();
    if (borders) border = fact.order();
    boolean hadCarrier = false;
    for (int rank = POSSESSION; rank <= ATTEMPTED; rank++) hadCarrier |= stepsInto[rank] != 0;
    if (meaning.rank() == CANCELLED && hadCarrier) {
      open(CONFLICT);
      return;
    }
    exceptions(meaning);
    if (!meaning.estimate()) move(fact, onLane(meaning));
    if (terminal(milestone)) open &= ~BY_END;
  }

  private void open(int bit) {
    if ((open & bit) == 0) openings[Integer.numberOfTrailingZeros(bit)]++;
    open |= bit;
  }

  private void exceptions(Codes.Meaning meaning) {
    if (0 <= meaning.exception()) open(1 << meaning.exception());
    else if (meaning.resolves()) open = 0;
    else if (meaning.physical() && 20 <= meaning.rank()) {
      open &= ~BY_SCAN;
      if (meaning.releasesCustoms() || 38 <= meaning.rank()) open &= ~BY_CUSTOMS;
    }
  }

  private int onLane(Codes.Meaning meaning) {
    int rank = meaning.rank();
    if (60 <= rank && rank < 90) lane = rank < 70 ? 1 : 2;
    boolean scan = meaning.physical() && 20 <= rank && rank <= 50;
    if (lane == 1) return rank == DELIVERED ? 64 : scan ? 60 : rank;
    if (lane == 2) return rank == 18 ? 71 : rank == DELIVERED ? 76 : scan ? 74 : rank;
    return rank;
  }

  private void move(Fact fact, int target) {
    int rank = fact.meaning().rank();
    boolean needsScan = 20 <= rank && rank <= 50;
    if (target == 0 || (needsScan && !fact.meaning().physical())) return;
    boolean laterDay = sinceDay < fact.localDay();
    boolean newAttempt = attemptBegan == Long.MIN_VALUE || 2 * HOUR < fact.order() - attemptBegan;
    boolean takesBack = milestone == DELIVERED && fact.meaning().physical() && 20 <= target && target <= 44 && laterDay
        && 2 * HOUR < fact.order() - since;
    boolean waits = milestone == ATTEMPTED || milestone == AVAILABLE;
    boolean again = (waits && target == ATTEMPTED && newAttempt) || ((waits || milestone == OUT) && target == OUT && laterDay);
    if (target <= milestone && !takesBack && !again) return;
    if (takesBack) corrections++;
    milestone = target;
    since = fact.order();
    sinceDay = fact.localDay();
    steps++;
    stepsInto[target]++;
    if (target == ATTEMPTED && newAttempt) attemptBegan = fact.order();
  }
}
