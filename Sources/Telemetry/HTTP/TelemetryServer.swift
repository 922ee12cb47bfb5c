package import KubeCore

/// Serves `TelemetryEndpoints` over HTTP/1.1 on a thread of its own, until its task is cancelled.
///
/// # Guarantees
/// - It listens from its making on, so that a taken address is known before any work begins.
/// - Whatever clients do costs one thread, and memory that `ServerLimits` bound.
/// - It closes all connections as soon as it is to end.
package final class TelemetryServer: Sendable {
    private let listener: ListeningSocket
    private let bell: Bell
    private let endpoints: TelemetryEndpoints
    private let limits: ServerLimits

    /// - Throws: `KubeError` with code `configuration` where `address` is no IP address, is taken or not of this
    ///   machine.
    package init(
        _ address: BindAddress,
        _ endpoints: TelemetryEndpoints,
        limits: ServerLimits = ServerLimits()
    ) throws(KubeError) {
        self.endpoints = endpoints
        self.limits = limits.fitting(descriptors: ServerLimits.descriptors)
        bell = try Bell()
        listener = try ListeningSocket(address)
    }

    /// The port that is listened at.
    package var port: UInt16 { listener.port }

    /// Answers until the task is cancelled; then the port is closed, and it can't be run again.
    ///
    /// - Throws: `KubeError` with code `connection` where it can't go on: no connection could be taken for long.
    package func run() async throws(KubeError) {
        let (listener, bell, endpoints, limits) = (listener, bell, endpoints, limits)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Void, KubeError>, Never>) in
                do throws(KubeError) {
                    try ServerThread.start("endpoints") {
                        var loop = EndpointLoop(listener, bell, limits, endpoints)
                        let result = Result { () throws(KubeError) in try loop.run() }
                        listener.close()
                        _ = consume loop
                        continuation.resume(returning: result)
                    }
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        } onCancel: {
            bell.ring()
        }
        try result.get()
    }
}
