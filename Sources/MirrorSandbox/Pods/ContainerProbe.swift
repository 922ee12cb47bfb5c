package import KubeCore

/// The probes of one container and what they have come to.
///
/// Source: `pkg/kubelet/prober/worker.go` of kubernetes: until the startup probe has passed no other one runs; a
/// probe's result changes after `failureThreshold` failures or `successThreshold` successes in a row.
package struct ContainerProbe: Hashable, Sendable {
    /// One probe as the container has it.
    package struct Rule: Hashable, Sendable {
        /// Path over HTTP; nil for a health check of gRPC.
        package var path: String?
        package var port: Int
        package var periodSeconds: Int
        package var timeoutSeconds: Int
        package var failureThreshold: Int
        package var successThreshold: Int

        /// Reads a probe; nil where it is none over HTTP or gRPC.
        ///
        /// - Parameter container: whose ports may be named.
        package init?(_ value: JSONValue?, of container: JSONValue) {
            guard let value else { return nil }
            if let get = value["httpGet"] {
                let ports = container["ports"]?.arrayValue ?? []
                let named = ports.first { $0["name"] == get["port"] }?["containerPort"]?.intValue
                guard let number = get["port"]?.intValue ?? named else { return nil }
                path = get["path"]?.stringValue ?? "/"
                port = Int(number)
            } else if let target = Self.target(of: value.at(["exec", "command"])?.strings ?? []) {
                (path, port) = target
            } else {
                return nil
            }
            func number(_ name: String, or standard: Int) -> Int { value[name]?.intValue.map { Int($0) } ?? standard }
            periodSeconds = max(1, number("periodSeconds", or: 10))
            timeoutSeconds = max(1, number("timeoutSeconds", or: 1))
            failureThreshold = max(1, number("failureThreshold", or: 3))
            successThreshold = max(1, number("successThreshold", or: 1))
        }

        /// Where `grpc_health_probe -addr=ADDRESS` asks. A Unix socket is not made here: the daemon's health over HTTP,
        /// which says as little, stands for it.
        private static func target(of command: [String]) -> (String?, Int)? {
            guard command.first?.hasSuffix("grpc_health_probe") == true,
                let address = command.first(where: { $0.hasPrefix("-addr=") })?.dropFirst(6)
            else { return nil }
            if address.hasPrefix("unix:") { return ("/healthy", 4_003) }
            return address.split(separator: ":").last.flatMap { Int($0) }.map { (nil, $0) }
        }
    }

    /// Which probe is to run.
    package enum Kind: Hashable, Sendable {
        case startup, readiness, liveness
    }

    package let startup: Rule?
    package let readiness: Rule?
    package let liveness: Rule?
    /// Whether the container counts as started.
    package private(set) var isStarted: Bool
    /// Whether it counts as ready.
    package private(set) var isReady: Bool
    private var rows: [Kind: Row] = [:]

    private struct Row: Hashable, Sendable {
        var succeeded: Bool
        var count: Int
    }

    package init(_ container: JSONValue) {
        startup = Rule(container["startupProbe"], of: container)
        readiness = Rule(container["readinessProbe"], of: container)
        liveness = Rule(container["livenessProbe"], of: container)
        isStarted = startup == nil
        isReady = startup == nil && readiness == nil
    }

    /// The same container after a restart.
    package func restarted() -> ContainerProbe {
        var fresh = self
        fresh.isStarted = startup == nil
        fresh.isReady = startup == nil && readiness == nil
        fresh.rows = [:]
        return fresh
    }

    /// The probes that run now.
    package var due: [(kind: Kind, rule: Rule)] {
        if let startup, !isStarted { return [(.startup, startup)] }
        return [(Kind.readiness, readiness), (.liveness, liveness)].compactMap { kind, rule in
            rule.map { (kind, $0) }
        }
    }

    /// Takes a result; true where the container is to be killed for it.
    package mutating func take(_ kind: Kind, succeeded: Bool) -> Bool {
        guard let rule = [.startup: startup, .readiness: readiness, .liveness: liveness][kind] ?? nil else {
            return false
        }
        var row = rows[kind] ?? Row(succeeded: succeeded, count: 0)
        row = row.succeeded == succeeded ? row : Row(succeeded: succeeded, count: 0)
        row.count += 1
        rows[kind] = row
        guard row.count >= (succeeded ? rule.successThreshold : rule.failureThreshold) else { return false }
        switch kind {
        case .startup where succeeded:
            isStarted = true
            isReady = readiness == nil
            return false
        case .readiness:
            isReady = succeeded
            return false
        case .startup, .liveness: return !succeeded
        }
    }
}
