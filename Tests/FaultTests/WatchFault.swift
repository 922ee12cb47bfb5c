import KubeClient
import KubeCore
import KubeRuntime
import KubeTestSupport

/// A fault of the watch protocol: what a server does, what a reflector is expected to do, and what it did.
struct WatchFault: Sendable {
    /// How long silence is borne: rows that are not about silence bear it for longer than they take.
    enum Patience: Sendable {
        case long, short
    }

    var name: String
    /// A sentence for the table.
    var expected: String
    var streamingLists = false
    var patience = Patience.long
    var acceptsCompression = false
    /// HTTP/2 is spoken over TLS alone.
    var version = TLSFront.Version.http1
    var steps: [Step]
    /// What is asked and answered, and the store at the end: name and version of each object.
    var log: [String]
    var store: [String: String]
    var relists: [WatcherNote.Relist: Int] = [:]

    /// What happened.
    struct Outcome: Hashable, Sendable {
        var log: [String]
        var store: [String: String]
        var relists: [WatcherNote.Relist: Int]
        var freshness: Freshness

        /// One cell of the table.
        var text: String {
            let objects = store.sorted { $0.key < $1.key }.map { "\($0.key) at \($0.value)" }
            return log.joined(separator: "; ") + ". Store: "
                + (objects.isEmpty ? "empty" : objects.joined(separator: ", "))
        }
    }

    /// The seconds of production become tenths: what matters is which comes first.
    private var configuration: WatcherConfiguration {
        var configuration = WatcherConfiguration()
        configuration.streamingLists = streamingLists
        configuration.idleTimeout = patience == .long ? .seconds(30) : .milliseconds(700)
        configuration.bookmarkTimeout = .milliseconds(1200)
        configuration.catchUpTimeout = patience == .long ? .seconds(30) : .milliseconds(1500)
        configuration.shortestWatch = .milliseconds(patience == .long ? 1000 : 1)
        configuration.backoff = Backoff(initial: .milliseconds(10), maximum: .milliseconds(50), jitter: 1)
        return configuration
    }

    func run(isSecure: Bool) async throws -> Outcome {
        let box = Box()
        let server = try FaultServer(steps, isSecure: isSecure || version == .http2, version: version) {
            box.reflector.flatMap {
                [.proven, .quiet, .unproven].contains($0.health.freshness) ? $0.health.freshness.rawValue : nil
            }
        }
        var options = ClientOptions(userAgent: "p2pmirror/faults", timeout: .seconds(10))
        options.acceptsCompression = acceptsCompression
        let transport = try CurlTransport(server.configuration, options: options)
        let reflector = Reflector<Thing>(KubeAPI(transport), configuration: configuration, logger: quiet)
        box.reflector = reflector
        let task = Task { await reflector.run() }
        let deadline = ContinuousClock.now + .seconds(30)
        while !(server.isDone && Self.versions(reflector) == store), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(2))
        }
        let outcome = Outcome(
            log: server.log,
            store: Self.versions(reflector),
            relists: reflector.health.relists,
            freshness: reflector.health.freshness
        )
        task.cancel()
        await task.value
        server.stop()
        return outcome
    }

    private static func versions(_ reflector: Reflector<Thing>) -> [String: String] {
        Dictionary(
            reflector.store.all.map { ($0.metadata.name, $0.metadata.resourceVersion ?? "") },
            uniquingKeysWith: { $1 }
        )
    }

    private final class Box: Sendable {
        private let state = Shared<Reflector<Thing>?>(nil)

        var reflector: Reflector<Thing>? {
            get { state.value }
            set { state.withLock { $0 = newValue } }
        }
    }
}
