/// One thing that must be well, by name.
package struct HealthCheck: Sendable {
    /// As it stands in answers and in `?exclude=`.
    package var name: String
    /// What is wrong, in words; nil while all is well. It must answer at once: it is asked for each probe.
    package var check: @Sendable () -> String?

    package init(name: String, check: @escaping @Sendable () -> String?) {
        self.name = name
        self.check = check
    }
}

/// What the checks of one endpoint said at one instant.
struct HealthReport: Sendable {
    struct Entry: Hashable, Sendable {
        var name: String
        /// Nil where all is well.
        var failure: String?
    }

    var endpoint: String
    var entries: [Entry]

    init(endpoint: String, checks: [HealthCheck], excluding: Set<String> = []) {
        self.endpoint = endpoint
        entries = checks.filter { !excluding.contains($0.name) }.map { Entry(name: $0.name, failure: $0.check()) }
    }

    var isHealthy: Bool { entries.allSatisfy { $0.failure == nil } }

    /// In the form of kube-apiserver's own endpoints: `ok`, or a line for each check. Failures are always named: a
    /// probe's output is often all that an administrator sees.
    func text(verbose: Bool) -> String {
        guard verbose || !isHealthy else { return "ok\n" }
        let lines = entries.compactMap { entry -> String? in
            if let failure = entry.failure { return "[-]\(entry.name) failed: \(failure)\n" }
            return verbose ? "[+]\(entry.name) ok\n" : nil
        }
        return lines.joined() + "\(endpoint) check \(isHealthy ? "passed" : "failed")\n"
    }
}
