import KubeTestSupport
import MirrorPlanner
import Testing

extension NamespaceTests {
    /// What becomes of an agent in the middle of its step.
    enum Trouble: String, CaseIterable, Sendable {
        case flood = "endless lines and 2,000 idle connections"
        case pipe = "a pipe among the files"
        case deafErrors = "a full standard error"
        case silentCommand = "a systemctl that does not end"
    }

    private static let deadline = 10

    @Test(arguments: Trouble.allCases)
    func `a rollback comes at its deadline, and the agent ends when it is told to, whatever hangs`(
        trouble: Trouble
    ) async throws {
        let node = try await NamespaceNode(deadline: Self.deadline)
        try node.hang(with: NamespaceFiles.newURL)
        let isOver = Shared(false)
        defer { isOver.withLock { $0 = true } }
        try await node.run(isDeaf: trouble == .deafErrors) {
            let both: Set = [NamespaceFiles.oldRegistries, NamespaceFiles.newRegistries]
            try await node.wait(for: "a restart", registries: both) { node.restarts == 1 }
            let begin = ContinuousClock.now
            let idle = try await Self.begin(trouble, node, until: isOver)
            if trouble == .silentCommand {
                // As long as it is silent there is no evidence.
                try await Task.sleep(for: .seconds(Self.deadline))
                try node.silence(false)
            }
            try await node.wait(for: "a second restart", registries: both) { node.restarts == 2 }
            let wait = ContinuousClock.now - begin
            #expect(wait < .seconds(Self.deadline + 10))
            #expect(node.read(NamespaceFiles.distribution.dropInFile) == NamespaceFiles.oldDropIn)
            if let port = node.endpoint {
                let answer = try await onThread { try RawClient.get("/healthz", port: port) }
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            }
            if trouble == .silentCommand { try node.silence(true) }
            let asked = ContinuousClock.now
            try await node.terminate()
            let end = ContinuousClock.now - asked
            #expect(end < .seconds(10))
            print("\(trouble.rawValue): rolled back after \(wait) of \(Self.deadline) s, ended within \(end)")
            withExtendedLifetime(idle) {}
        }
    }

    private static func begin(
        _ trouble: Trouble,
        _ node: NamespaceNode,
        until isOver: Shared<Bool>
    ) async throws -> [RawClient] {
        switch trouble {
        case .flood:
            let port = try #require(node.endpoint)
            Task { await RawClient.flood(port: port, connections: 8) { isOver.value } }
            try #require(FileLimit.raise(to: 4_096))
            return try await onThread { try (0..<2_000).map { _ in try RawClient(port: port) } }
        case .pipe: node.putPipe("\(NamespaceFiles.distribution.configDirectory)/70-x.yaml")
        case .silentCommand: try node.silence(true)
        case .deafErrors: break
        }
        return []
    }
}
