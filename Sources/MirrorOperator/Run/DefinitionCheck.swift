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

    /// Returns once the API server knows our kinds; asks again and again until then.
    ///
    /// - Throws: `CancellationError`.
    func waitUntilPresent() async throws {
        while true {
            let found = await look()
            let isNews = fault.withLock { fault in
                defer { fault = found }
                return fault != found
            }
            guard let found else { return }
            if isNews {
                logger.error(
                    "Cannot begin, and tries again",
                    metadata: ["error": "\(found)", "every": "\(Self.period)"]
                )
            }
            try await time.sleep(for: Self.period)
        }
    }

    private func look() async -> String? {
        for resource in [P2PMirror.resource, MirrorNode.resource] {
            do throws(KubeError) {
                _ = try await api.answer(to: .list(resource, ListOptions(limit: 1)))
            } catch  where error.isNotFound {
                let kind = "\(resource.plural) of \(resource.apiVersion)"
                return "The API server does not know \(kind): apply the files of crds/."
            } catch {
                return "\(resource.plural) of \(resource.apiVersion) can not be listed: \(error)"
            }
        }
        return nil
    }
}
