import KubeClient
import KubeCore
import KubeRuntime
import KubeTestSupport

/// A fault of the write path: what a server does to a controller that reads an object and writes what is wrong with it.
struct WriteFault: Sendable {
    /// How the controller writes.
    enum Operation: Sendable {
        case create
        case replace
        case replaceStatus
        /// Server-side apply that takes nothing from other managers.
        case apply
        /// A body of some megabytes.
        case replaceLarge
    }

    var name: String
    /// A sentence for the table.
    var expected: String
    var operation = Operation.replace
    /// Time for one request.
    var timeout = Duration.seconds(10)
    var steps: [Step]
    /// What is asked and answered.
    var log: [String]
    /// What the controller's reconciles failed with, in order.
    var failures: [String] = []
    /// A request that must come no sooner after the one before, by its place in the log.
    var pause: (before: Int, atLeast: Duration)?

    /// What happened.
    struct Outcome: Hashable, Sendable {
        var log: [String]
        var failures: [String]
        /// Whether the pause that was asked for was kept; nil where none was.
        var keptPause: Duration?

        /// One cell of the table.
        var text: String {
            var text = log.joined(separator: "; ") + ". "
            text +=
                failures.isEmpty
                ? "No reconcile failed"
                : "Failed with " + failures.joined(separator: ", then ") + ", and was tried again"
            if let keptPause { text += "; waited at least \(keptPause.components.seconds) s" }
            return text
        }
    }

    func run(isSecure: Bool) async throws -> Outcome {
        let server = try FaultServer(steps, isSecure: isSecure)
        let options = ClientOptions(userAgent: "p2pmirror/faults", timeout: timeout)
        let api = KubeAPI(try CurlTransport(server.configuration, options: options))
        let applier = Applier(api, ownWrites: nil, logger: quiet)
        let failures = Shared<[String]>([])
        let queue = WorkQueue<ObjectKey>(
            name: "faults",
            backoff: Backoff(initial: .milliseconds(5), maximum: .seconds(1))
        )
        let operation = operation
        let controller = Controller(
            name: "faults",
            queue: queue,
            concurrency: 1,
            errorPolicy: { error, backoff in
                failures.withLock { $0.append(Self.describe(error)) }
                return .standard(error, backoff: backoff)
            },
            logger: quiet,
            reconcile: { key in
                try await Self.reconcile(key, operation, api, applier)
                queue.shutDown()
                return .awaitChange
            }
        )
        queue.add(Thing.key("w"))
        let limit = Task {
            try await Task.sleep(for: .seconds(30))
            queue.shutDown()
        }
        await controller.run()
        limit.cancel()
        server.stop()
        var outcome = Outcome(log: server.log, failures: failures.value)
        if let pause, server.pause(before: pause.before) >= pause.atLeast { outcome.keptPause = pause.atLeast }
        return outcome
    }

    /// Wants the size to be 2.
    private static func reconcile(
        _ key: ObjectKey,
        _ operation: Operation,
        _ api: KubeAPI,
        _ applier: Applier
    ) async throws {
        let found = try await api.find(Thing.self, key)
        if found?.spec.size == 2 { return }
        switch (operation, found) {
        case (.apply, _):
            let intent: JSONValue = [
                "apiVersion": "example.org/v1", "kind": "Thing", "metadata": ["name": .string(key.name)],
                "spec": ["size": 2],
            ]
            _ = try await applier.apply(
                intent,
                resource: Thing.resource,
                key: key,
                manager: "faults",
                force: false,
                current: found.map { thing throws(KubeError) in try JSONCoding.value(of: thing) }
            )
        case (.replace, var thing?), (.replaceStatus, var thing?), (.replaceLarge, var thing?):
            thing.spec.size = 2
            if case .replaceLarge = operation { thing.spec.note = String(repeating: "0123456789", count: 400_000) }
            let subresource: String? = if case .replaceStatus = operation { "status" } else { nil }
            try await api.replace(thing, subresource: subresource, manager: "faults")
        case (.create, nil):
            var thing = Thing(key.name, 0, size: 2)
            thing.metadata.resourceVersion = nil
            thing.metadata.uid = nil
            try await api.create(thing, manager: "faults")
        case (_, nil), (.create, _?):
            // Gone, or made by somebody else: nothing is left to do.
            return
        }
    }

    /// What a caller can tell the failure by.
    private static func describe(_ error: any Error) -> String {
        guard let error = error as? KubeError else { return "\(error)" }
        guard let status = error.status else { return "`\(error.code.rawValue)`" }
        let causes = (status.details?.causes ?? []).map { " (\($0.reason ?? ""): \($0.message ?? ""))" }.joined()
        let words = ["\(status.code ?? 0)", status.reason ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        return "`\(words)`\(causes)\(error.isTransient ? ", which may pass" : "")"
    }
}
