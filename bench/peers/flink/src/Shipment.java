import java.util.ArrayList;

/** Keyed state of one shipment: its events in order of time, and their fold. */
public final class Shipment {
  final ArrayList<Fact> facts = new ArrayList<>(4);
  State state = new State();
  int version;
}
