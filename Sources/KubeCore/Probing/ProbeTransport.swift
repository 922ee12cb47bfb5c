/// Makes probes, many at once.
///
/// Guarantees: one probe has at most one connection, which is closed when the probe ends; no probe waits for another;
/// its deadline is its own timeout, counted from the call. It never throws: what goes wrong is the outcome. When the
/// calling task is cancelled the outcome is `cancelled`, at once.
public protocol ProbeTransport: Sendable {
    /// Makes one probe.
    func probe(_ request: ProbeRequest) async -> ProbeOutcome
}
