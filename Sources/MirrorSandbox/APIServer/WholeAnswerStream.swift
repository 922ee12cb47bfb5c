import KubeCore
import Synchronization

extension KubeResponse {
    /// The answer as a stream of one piece.
    var stream: KubeResponseStream {
        let rest = OneShot(body)
        return KubeResponseStream(
            status: status,
            headers: headers,
            next: { () async throws(KubeError) -> [UInt8]? in rest.take() },
            cancel: { _ = rest.take() }
        )
    }
}

/// A value that can be taken once.
private final class OneShot: Sendable {
    private let value: Mutex<[UInt8]?>

    init(_ value: [UInt8]) { self.value = Mutex(value.isEmpty ? nil : value) }

    func take() -> [UInt8]? { value.withLock { $0.take() } }
}
