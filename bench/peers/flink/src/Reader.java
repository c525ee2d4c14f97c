import java.time.DateTimeException;
import java.time.LocalDate;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;

/** Documents of the `generic` feed, with Jackson's streaming parser: no tree, no binding. */
final class Reader {
  private final JsonFactory factory = new JsonFactory();

  /** Fills the event; false where the document can't be read. */
  boolean read(Doc doc, Event event) {
    String number = null, code = null, exception = "", time = null, carrier = null, city = "", country = "";
    try (JsonParser parser = factory.createParser(doc.bytes())) {
      if (parser.nextToken() != JsonToken.START_OBJECT) return false;
      for (String name; (name = parser.nextFieldName()) != null; ) {
        switch (name) {
          case "carrier" -> carrier = parser.nextTextValue();
          case "tracking_number" -> number = parser.nextTextValue();
          case "event" -> code = parser.nextTextValue();
          case "exception" -> exception = parser.nextTextValue();
          case "time" -> time = parser.nextTextValue();
          case "city" -> city = parser.nextTextValue();
          case "country" -> country = parser.nextTextValue();
          default -> { parser.nextToken(); parser.skipChildren(); }
        }
      }
      if (parser.currentToken() != JsonToken.END_OBJECT) return false;
      if (carrier == null || number == null || number.isEmpty() || code == null || time == null) return false;
      event.offset = offset(time);
      event.time = instant(time) - event.offset;
    } catch (java.io.IOException | DateTimeException | IndexOutOfBoundsException | NumberFormatException broken) {
      return false;
    }
    event.tenant = doc.tenant();
    event.received = doc.received();
    event.carrier = carrier;
    event.number = number;
    event.code = code + '|' + exception;
    event.city = city;
    event.country = country;
    return true;
  }

  /** Seconds of the wall clock of `2026-05-21T08:14:00-05:00`, as if it were UTC. */
  static long instant(String text) {
    long day = LocalDate.of(number(text, 0, 4), number(text, 5, 7), number(text, 8, 10)).toEpochDay();
    return day * 86_400 + number(text, 11, 13) * 3600L + number(text, 14, 16) * 60L + number(text, 17, 19);
  }

  /** Seconds that the wall clock is ahead of UTC. */
  static int offset(String text) {
    int at = 19;
    if (text.charAt(at) == '.') do at++; while (Character.isDigit(text.charAt(at)));
    if (text.charAt(at) == 'Z') return 0;
    int size = number(text, at + 1, at + 3) * 3600 + number(text, at + 4, at + 6) * 60;
    return text.charAt(at) == '-' ? -size : size;
  }

  private static int number(String text, int from, int to) {
    return Integer.parseInt(text, from, to, 10);
  }
}
