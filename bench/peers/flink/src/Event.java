import java.io.IOException;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.apache.flink.types.StringValue;

/** A standardized event on its way from the reader to its shipment, with a serializer written by hand. */
public final class Event {
  public String tenant = "", carrier = "", number = "", code = "", city = "", country = "";
  public long time, received;
  public int offset;

  String key() {
    return tenant + '|' + carrier + '|' + number;
  }

  static final class Serializer extends TypeSerializerSingleton<Event> {
    @Override public boolean isImmutableType() { return false; }
    @Override public Event createInstance() { return new Event(); }
    @Override public Event copy(Event from) { return copy(from, new Event()); }
    @Override public int getLength() { return -1; }

    @Override public Event copy(Event from, Event to) {
      to.tenant = from.tenant;
      to.carrier = from.carrier;
      to.number = from.number;
      to.code = from.code;
      to.city = from.city;
      to.country = from.country;
      to.time = from.time;
      to.received = from.received;
      to.offset = from.offset;
      return to;
    }

    @Override public void serialize(Event event, DataOutputView target) throws IOException {
      StringValue.writeString(event.tenant, target);
      StringValue.writeString(event.carrier, target);
      StringValue.writeString(event.number, target);
      StringValue.writeString(event.code, target);
      StringValue.writeString(event.city, target);
      StringValue.writeString(event.country, target);
      target.writeLong(event.time);
      target.writeLong(event.received);
      target.writeInt(event.offset);
    }

    @Override public Event deserialize(DataInputView source) throws IOException {
      return deserialize(new Event(), source);
    }

    @Override public Event deserialize(Event event, DataInputView source) throws IOException {
      event.tenant = StringValue.readString(source);
      event.carrier = StringValue.readString(source);
      event.number = StringValue.readString(source);
      event.code = StringValue.readString(source);
      event.city = StringValue.readString(source);
      event.country = StringValue.readString(source);
      event.time = source.readLong();
      event.received = source.readLong();
      event.offset = source.readInt();
      return event;
    }

    @Override public void copy(DataInputView source, DataOutputView target) throws IOException {
      serialize(deserialize(source), target);
    }

    @Override public TypeSerializerSnapshot<Event> snapshotConfiguration() { return new Snapshot(); }

    public static final class Snapshot extends SimpleTypeSerializerSnapshot<Event> {
      public Snapshot() { super(Serializer::new); }
    }
  }
}
