/** One line of the capture, taken apart before the clock starts. */
record Doc(String tenant, long received, byte[] bytes) {}
