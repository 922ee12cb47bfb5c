import KubeCore
import Synchronization

/// Notes down every write that goes through it, in order of their answers.
final class RecordingTransport: Transport {
    /// A write that was answered with success.
    struct Write: Hashable, CustomStringConvertible {
        var request: KubeRequest

        var description: String { "\(request.method.rawValue) \(request.path)" }
        var body: JSONValue { (try? JSONCoding.decode(JSONValue.self, from: request.body ?? [])) ?? .null }

        /// Whether it was about an object of that kind, or one of its subresources.
        func isOf(_ resource: ResourceType, in namespace: String) -> Bool {
            request.path.hasPrefix(resource.path(namespace: namespace) + "/")
                || request.path == resource.path(namespace: namespace)
        }
    }

    private let wrapped: any Transport
    private let noted = Mutex<[Write]>([])

    init(_ wrapped: any Transport) { self.wrapped = wrapped }

    /// All writes until now.
    var writes: [Write] { noted.withLock { $0 } }

    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        let response = try await wrapped.send(request)
        if !request.method.isRead, (200..<300).contains(response.status) {
            noted.withLock { $0.append(Write(request: request)) }
        }
        return response
    }

    func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream { try await wrapped.open(request) }
}
