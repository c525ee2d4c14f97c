import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;

/** What codes mean (../codes.csv), and the names of milestones and exceptions. */
final class Codes {
  record Meaning(int id, int rank, int exception, boolean physical, boolean estimate, boolean resolves, boolean unmapped, boolean releasesCustoms) {}

  static final Meaning UNMAPPED = new Meaning(-1, 0, -1, false, false, false, true, false);
  static final List<String> CLASSES = List.of("DELAYED", "ADDRESS_ISSUE", "DAMAGED", "REFUSED", "HELD", "CUSTOMS_HOLD",
      "MISROUTED", "DELIVERY_FAILED", "TRACKING_CONFLICT", "PAYMENT_DUE", "UNCLAIMED", "CAPACITY");
  static final String[] MILESTONES = new String[96];

  static {
    String[] names = {"0 UNKNOWN", "10 ORDER_CREATED", "12 ORDER_RELEASED", "14 PICKED", "16 PACKED", "18 MANIFESTED",
      "19 CARRIER_PICKUP_SCHEDULED", "20 CARRIER_POSSESSION", "30 IN_TRANSIT", "34 CUSTOMS", "38 AT_DESTINATION_FACILITY",
      "40 OUT_FOR_DELIVERY", "42 DELIVERY_ATTEMPTED", "44 AVAILABLE_FOR_PICKUP", "48 PARTIALLY_DELIVERED", "50 DELIVERED",
      "60 RETURNING_TO_SENDER", "64 RETURNED_TO_SENDER", "70 RETURN_REQUESTED", "71 RETURN_LABEL_ISSUED", "74 RETURN_IN_TRANSIT",
      "76 RETURN_RECEIVED", "78 INSPECTION_PENDING", "80 DISPOSITION_DECIDED", "82 REFUND_RELEASED", "83 REPLACEMENT_RELEASED",
      "90 CANCELLED"};
    for (String name : names) MILESTONES[Integer.parseInt(name.split(" ")[0])] = name.split(" ")[1];
  }

  static int bit(String name) {
    return 1 << CLASSES.indexOf(name);
  }

  private final HashMap<String, Meaning> meanings = new HashMap<>();

  Codes(String path, String feed) throws IOException {
    List<String> lines = Files.readAllLines(Path.of(path));
    for (int id = 1; id < lines.size(); id++) {
      String[] row = lines.get(id).split(",", -1);
      if (!row[0].equals(feed)) continue;
      meanings.put(row[1], new Meaning(id, Integer.parseInt(row[4]), CLASSES.indexOf(row[5]), row[6].equals("1"),
          row[7].equals("1"), row[8].equals("1"), row[9].equals("1"), row[2].equals("CUSTOMS_RELEASED")));
    }
  }

  Meaning of(String code) {
    return meanings.getOrDefault(code, UNMAPPED);
  }
}
