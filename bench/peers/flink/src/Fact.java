/** One event as the fold sees it; times in seconds since 1970. */
record Fact(long time, long order, long localDay, boolean untrusted, Codes.Meaning meaning) {
  /** What carries no milestone sorts behind what does. */
  boolean after(Fact other) {
    if (order != other.order) return other.order < order;
    int rank = meaning.rank() == 0 ? 255 : meaning.rank(), its = other.meaning.rank() == 0 ? 255 : other.meaning.rank();
    return its <= rank;
  }
}
