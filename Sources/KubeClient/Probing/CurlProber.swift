public import KubeCore

/// Makes probes through libcurl, on a thread of its own.
///
/// How many are under way at once is for the caller to bound: each has one socket.
public final class CurlProber: ProbeTransport {
    private let loop: EasyLoop
    private let userAgent: String

    /// Starts the thread, which ends with the last reference to this object.
    ///
    /// - Parameter userAgent: value of the User-Agent field, such as `p2pmirror/0.1.0`.
    /// - Throws: `KubeError` with code `connection` where the machine has no thread left, `configuration` where libcurl
    ///   cannot be used.
    public init(userAgent: String) throws(KubeError) {
        loop = try EasyLoop("probes")
        self.userAgent = userAgent
    }

    deinit { loop.stop() }

    /// Makes one probe.
    public func probe(_ request: ProbeRequest) async -> ProbeOutcome {
        let cancellation = EasyCancellation()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                do throws(KubeError) {
                    let transfer = try ProbeTransfer(request, userAgent: userAgent, continuation)
                    loop.add(transfer)
                    if cancellation.arm(transfer) { loop.cancel(transfer) }
                } catch {
                    continuation.resume(
                        returning: ProbeOutcome(
                            fault: .configuration,
                            address: request.address,
                            message: "it cannot be probed: \(error.message)"
                        )
                    )
                }
            }
        } onCancel: {
            if let transfer = cancellation.cancel() { loop.cancel(transfer) }
        }
    }
}
