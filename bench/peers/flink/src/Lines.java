import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/** Changes to a file of each subtask, or to nowhere. */
final class Lines implements Sink<String> {
  private final String path;

  Lines(String path) {
    this.path = path;
  }

  @Override public SinkWriter<String> createWriter(WriterInitContext context) throws IOException {
    int subtask = context.getTaskInfo().getIndexOfThisSubtask();
    OutputStream target =
        new BufferedOutputStream(new FileOutputStream(path.equals("/dev/null") ? path : path + "." + subtask), 256 << 10);
    return new SinkWriter<>() {
      @Override public void write(String line, Context ignored) throws IOException {
        target.write(line.getBytes(StandardCharsets.UTF_8));
      }

      @Override public void flush(boolean end) throws IOException {
        target.flush();
      }

      @Override public void close() throws IOException {
        target.close();
        Job.end();
      }
    };
  }
}
