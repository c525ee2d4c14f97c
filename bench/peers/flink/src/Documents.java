import java.util.List;
import org.apache.flink.streaming.api.functions.source.legacy.RichParallelSourceFunction;

/** The documents of this subtask, from memory; reads them in the source's thread. */
final class Documents extends RichParallelSourceFunction<Event> {
  /** Laid out before the job: one list a subtask. The environment is local, so that they are shared. */
  static List<List<Doc>> input;

  private volatile boolean running = true;

  @Override public void run(SourceContext<Event> context) {
    Job.begin();
    Reader reader = new Reader();
    Event event = new Event();
    Object lock = context.getCheckpointLock();
    List<Doc> documents = input.get(getRuntimeContext().getTaskInfo().getIndexOfThisSubtask());
    long dead = 0;
    for (int at = 0; at < documents.size() && running; ) {
      synchronized (lock) {
        for (int end = Math.min(documents.size(), at + 256); at < end; at++) {
          if (reader.read(documents.get(at), event)) context.collect(event);
          else dead++;
        }
      }
    }
    Job.DEAD.add(dead);
  }

  @Override public void cancel() {
    running = false;
  }
}
