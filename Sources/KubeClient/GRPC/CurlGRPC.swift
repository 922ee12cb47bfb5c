public import KubeCore

/// Makes unary calls of gRPC through libcurl, on a thread of its own.
///
/// Each call has a connection of its own, which is closed at its end. A server of grpc-go sends GOAWAY to a connection
/// that is idle for ten minutes or twelve hours old, and to one that is kept awake more often than each five minutes
/// (`keepalive` of grpc-go, as daemons set it), and a name may lead elsewhere meanwhile: a kept connection would break
/// calls for reasons that say nothing about the server, to save a handshake every half minute. How many calls are under
/// way at once is for the caller to bound.
public final class CurlGRPC: GRPCTransport {
    private let loop: EasyLoop
    private let userAgent: String

    /// Starts the thread, which ends with the last reference to this object.
    ///
    /// - Parameter userAgent: value of the User-Agent field, such as `p2pmirror/0.1.0`.
    /// - Throws: `KubeError` with code `connection` where the machine has no thread left, `configuration` where libcurl
    ///   cannot be used.
    public init(userAgent: String) throws(KubeError) {
        loop = try EasyLoop("grpc")
        self.userAgent = userAgent
    }

    deinit { loop.stop() }

    /// Makes one call.
    public func call(_ request: GRPCRequest) async -> GRPCOutcome {
        let cancellation = EasyCancellation()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                do throws(KubeError) {
                    let transfer = try GRPCTransfer(request, userAgent: userAgent, continuation)
                    loop.add(transfer)
                    if cancellation.arm(transfer) { loop.cancel(transfer) }
                } catch {
                    let fault = GRPCFault(.configuration, address: request.address, message: error.message)
                    continuation.resume(returning: .failed(fault))
                }
            }
        } onCancel: {
            if let transfer = cancellation.cancel() { loop.cancel(transfer) }
        }
    }
}
