import KubeCore
import KubeRuntime
import Logging
import MirrorAPI
import Synchronization

/// Whether the API server knows our kinds; without them there is nothing to follow, and the reason must be plain to
/// see.
final class DefinitionCheck: Sendable {
    /// Seconds between two questions: the definitions are often applied right after the operator.
    static let period = Duration.seconds(5)

    private let api: KubeAPI
    private let time: MonotonicTime
    private let logger: Logger
    private let fault = Mutex<String?>("The API server has not been asked yet.")

    init(_ api: KubeAPI, clock: any Clock<Duration>, logger: Logger) {
        self.api = api
        time = MonotonicTime(clock)
        self.logger = logger
    }

    /// What is missing; nil once all is there.
    var missing: String? { fault.withLock { $0 } }

    private static func missing(_ kind: String) -> String {
        "The API server does not know \(kind): apply the files of crds/."
    }

    /// What the watches say is not served any more; nil where all is.
    static func vanished(_ health: [(resource: String, health: ReflectorHealth)]) -> String? {
        let ours = [P2PMirror.resource, MirrorNode.resource]
        let gone = ours.filter { resource in
            health.contains { $0.resource == resource.plural && $0.health.isMissing }
        }
        return gone.first.map { missing("\($0.plural) of \($0.apiVersion)") }
    }

    /// Returns once the API server knows our kinds; asks again and again until then.
    ///
    /// - Throws: `CancellationError`.
    func waitUntilPresent() async throws {
        while true {
            let (found, isReported) = await look()
            let isNews = fault.withLock { fault in
                defer { fault = found }
                return fault != found
            }
            guard let found else { return }
            if isNews, !isReported {
                logger.error(
                    "Cannot begin, and tries again",
                    metadata: ["error": "\(found)", "every": "\(Self.period)"]
                )
            }
            try await time.sleep(for: Self.period)
        }
    }

    /// What is missing, and whether it is an outage that has been logged.
    private func look() async -> (String?, isReported: Bool) {
        for resource in [P2PMirror.resource, MirrorNode.resource] {
            do throws(KubeError) {
                _ = try await api.answer(to: .list(resource, ListOptions(limit: 1)))
            } catch  where error.isNotFound {
                let kind = "\(resource.plural) of \(resource.apiVersion)"
                return (Self.missing(kind), false)
            } catch {
                return ("\(resource.plural) of \(resource.apiVersion) can not be listed: \(error)", error.wasReported)
            }
        }
        return (nil, false)
    }
}
