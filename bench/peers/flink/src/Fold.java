import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** Drops what a shipment knows, folds the rest, says what changed. */
final class Fold extends KeyedProcessFunction<String, Event, String> {
  private static final long FUTURE_TOLERANCE_SECONDS = 2 * 3600;
  private final String table;
  private transient ValueState<Shipment> shipments;
  private transient Codes codes;

  Fold(String table) {
    this.table = table;
  }

  @Override public void open(OpenContext context) throws Exception {
    shipments = getRuntimeContext().getState(new ValueStateDescriptor<>("shipment", Shipment.class));
    codes = new Codes(table, "generic");
  }

  @Override public void processElement(Event event, Context context, Collector<String> target) throws Exception {
    Shipment shipment = shipments.value();
    if (shipment == null) shipment = new Shipment();
    boolean untrusted = event.received + FUTURE_TOLERANCE_SECONDS < event.time;
    Fact fact = new Fact(event.time, untrusted ? event.received : event.time,
        Math.floorDiv(event.time + event.offset, 86_400L), untrusted, codes.of(event.code));
    for (Fact known : shipment.facts) {
      if (known.time() == fact.time() && known.meaning().id() == fact.meaning().id()) return;
    }
    int at = shipment.facts.size();
    while (0 < at && !fact.after(shipment.facts.get(at - 1))) at--;
    shipment.facts.add(at, fact);
    State before = new State(shipment.state);
    boolean last = at + 1 == shipment.facts.size();
    if (last) {
      shipment.state = shipment.state.step(fact);
    } else {
      State state = new State();
      for (Fact each : shipment.facts) state = state.step(each);
      shipment.state = state;
    }
    say(event, shipment, before, last, target);
    shipments.update(shipment);
  }

  private void say(Event event, Shipment shipment, State before, boolean last, Collector<String> target) {
    State after = shipment.state;
    if (last && before.epoch != after.epoch) before = new State();
    boolean moved = before.milestone != after.milestone;
    boolean wasWrong = !last && moved && State.terminal(before.milestone);
    if (before.corrections < after.corrections || wasWrong) {
      line(event, shipment, before, "correction", null, Math.max(1, after.corrections), target);
    }
    if (moved || (last && before.steps < after.steps)) {
      line(event, shipment, before, "milestone", null, Math.max(1, after.stepsInto[after.milestone]), target);
    }
    for (int round = 0; round < 2; round++) {
      int set = round == 0 ? after.open & ~before.open : before.open & ~after.open;
      String kind = round == 0 ? "exception_opened" : "exception_resolved";
      for (; set != 0; set &= set - 1) {
        int bit = Integer.numberOfTrailingZeros(set);
        line(event, shipment, before, kind, Codes.CLASSES.get(bit), Math.max(1, after.openings[bit]), target);
      }
    }
  }

  private static void line(Event event, Shipment shipment, State before, String kind, String exception, int episode,
      Collector<String> target) {
    State after = shipment.state;
    StringBuilder line = new StringBuilder(360);
    line.append("{\"kind\":\"").append(kind);
    text(line.append("\",\"tenant\":\""), event.tenant);
    text(line.append("\",\"carrier\":\""), event.carrier);
    text(line.append("\",\"tracking_number\":\""), event.number);
    line.append("\",\"epoch\":").append(after.epoch).append(",\"version\":").append(++shipment.version);
    line.append(",\"milestone\":\"").append(Codes.MILESTONES[after.milestone]);
    line.append("\",\"previous\":\"").append(Codes.MILESTONES[before.milestone]);
    if (exception != null) line.append("\",\"exception\":\"").append(exception);
    line.append("\",\"episode\":").append(episode).append(",\"time\":").append(event.time);
    text(line.append(",\"code\":\""), event.code);
    text(line.append("\",\"city\":\""), event.city);
    text(line.append("\",\"country\":\""), event.country);
    target.collect(line.append("\"}\n").toString());
  }

  private static void text(StringBuilder line, String text) {
    for (int i = 0; i < text.length(); i++) {
      char letter = text.charAt(i);
      if (letter == '"' || letter == '\\') line.append('\\').append(letter);
      else if (letter < ' ') line.append(String.format("\\u%04x", (int) letter));
      else line.append(letter);
    }
  }
}
