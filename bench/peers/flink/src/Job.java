import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Job CODES.CSV CAPTURE OUTPUT PARALLELISM RUNS: one warm-up, then RUNS timed runs, the last with its output kept. */
public final class Job {
  private static final int KEY_GROUPS = 128;
  static final LongAdder DEAD = new LongAdder();
  private static final AtomicLong BEGUN = new AtomicLong(), ENDED = new AtomicLong();

  private static double cpuSeconds() {
    var bean = (com.sun.management.OperatingSystemMXBean) java.lang.management.ManagementFactory.getOperatingSystemMXBean();
    return bean.getProcessCpuTime() / 1e9;
  }

  static void begin() {
    BEGUN.compareAndSet(0, System.nanoTime());
  }

  static void end() {
    ENDED.accumulateAndGet(System.nanoTime(), Math::max);
  }

  public static void main(String[] arguments) throws Exception {
    String table = arguments[0], output = arguments[2];
    int parallelism = Integer.parseInt(arguments[3]), runs = Integer.parseInt(arguments[4]);
    long documents = load(Path.of(arguments[1]), parallelism);
    StringBuilder seconds = new StringBuilder(), cpu = new StringBuilder();
    for (int run = 0; run <= runs; run++) {
      double cpuBefore = cpuSeconds();
      BEGUN.set(0);
      ENDED.set(0);
      DEAD.reset();
      execute(table, run == runs ? output : "/dev/null", parallelism);
      double took = (ENDED.get() - BEGUN.get()) / 1e9;
      System.err.printf(Locale.ROOT, "run %d: %.3f s, %d dead%n", run, took, DEAD.sum());
      if (run == 0) continue;
      // Of the whole process: threads of the JIT and the collector count, they are part of the price.
      cpu.append(cpu.isEmpty() ? "" : ",").append(String.format(Locale.ROOT, "%.4f", cpuSeconds() - cpuBefore));
      seconds.append(seconds.isEmpty() ? "" : ",").append(String.format(Locale.ROOT, "%.4f", took));
    }
    System.out.printf("{\"documents\":%d,\"seconds\":[%s],\"cpu_seconds\":[%s]}%n", documents, seconds, cpu);
    System.exit(0);
  }

  private static void execute(String table, String output, int parallelism) throws Exception {
    Configuration config = new Configuration();
    config.set(PipelineOptions.OBJECT_REUSE, true);
    config.set(PipelineOptions.MAX_PARALLELISM, KEY_GROUPS);
    config.set(StateBackendOptions.STATE_BACKEND, "hashmap");
    config.set(RestOptions.PORT, 0);
    StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(parallelism, config);
    environment.addSource(new Documents(), "documents", new Plain())
        .keyBy(Event::key, Types.STRING)
        .process(new Fold(table), Types.STRING)
        .sinkTo(new Lines(output));
    environment.execute("shipments");
  }

  /** Takes the capture apart and deals it out by key group, so that each key's order is kept and no event has to leave its subtask. */
  private static long load(Path path, int parallelism) throws Exception {
    ObjectMapper mapper = new ObjectMapper();
    List<List<Doc>> input = new ArrayList<>();
    for (int i = 0; i < parallelism; i++) input.add(new ArrayList<>());
    Reader reader = new Reader();
    Event event = new Event();
    long count = 0;
    try (BufferedReader lines = Files.newBufferedReader(path)) {
      for (String line; (line = lines.readLine()) != null; count++) {
        JsonNode node = mapper.readTree(line);
        JsonNode document = node.get("document");
        String received = node.get("received").asText();
        String text = document.isTextual() ? document.asText() : line.substring(line.indexOf("\"document\":") + 11, line.length() - 1);
        Doc doc = new Doc(node.get("tenant").asText(), Reader.instant(received) - Reader.offset(received), text.getBytes(StandardCharsets.UTF_8));
        int subtask = reader.read(doc, event)
            ? KeyGroupRangeAssignment.assignKeyToParallelOperator(event.key(), KEY_GROUPS, parallelism) : 0;
        input.get(subtask).add(doc);
      }
    }
    Documents.input = input;
    return count;
  }
}
