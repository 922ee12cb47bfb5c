import Foundation
import KubeCore
import MirrorSandbox
import Subprocess
import Testing

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// The example as a reader runs it: its executable, with a kubeconfig, against the embedded API server.
@Suite(.timeLimit(.minutes(2))) struct TeamLabelsTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/examples/TeamLabels")
    private static let teams = "/apis/example.org/v1/teams"

    @Test func `labels the namespaces of each team, also those that come later, and says how many`() async throws {
        let server = APIServer()
        let front = try await server.serve()
        let directory = FileManager.default.temporaryDirectory.appending(path: "teams-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let kubeconfig = directory.appending(path: "kubeconfig")
        try SandboxCluster.kubeconfig(server: front.url).write(to: kubeconfig, atomically: true, encoding: .utf8)
        let api = KubeAPI(server.transport())
        let definition = try Data(contentsOf: Self.folder.appending(path: "teams.yaml"))
        for document in try YAMLCoding.documents([UInt8](definition)) {
            try await Self.create(api, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", document)
        }
        try await Self.namespace(api, "web")
        try await Self.create(
            api,
            Self.teams,
            [
                "apiVersion": "example.org/v1", "kind": "Team", "metadata": ["name": "red"],
                "spec": ["namespaces": ["web", "later"]],
            ]
        )
        try await Self.running(kubeconfig.path()) {
            try await Self.wait(for: "1", api, "\(Self.teams)/red", "status", "labelled")
            try await Self.wait(for: "red", api, "/api/v1/namespaces/web", "metadata", "labels", "team")
            try await Self.namespace(api, "later")
            try await Self.wait(for: "2", api, "\(Self.teams)/red", "status", "labelled")
            try await Self.wait(for: "red", api, "/api/v1/namespaces/later", "metadata", "labels", "team")
            // The label is taken away by hand, and comes back.
            let patch = KubeRequest(
                .patch,
                "/api/v1/namespaces/web",
                contentType: "application/merge-patch+json",
                body: Array(#"{"metadata":{"labels":{"team":null}}}"#.utf8)
            )
            _ = try await api.answer(to: patch)
            try await Self.wait(for: "red", api, "/api/v1/namespaces/web", "metadata", "labels", "team")
        }
        await front.stop()
    }

    private static func create(_ api: KubeAPI, _ path: String, _ object: JSONValue) async throws {
        let body = try JSONCoding.encode(object)
        _ = try await api.answer(to: KubeRequest(.post, path, contentType: "application/json", body: body))
    }

    private static func namespace(_ api: KubeAPI, _ name: String) async throws {
        let object: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
        try await create(api, "/api/v1/namespaces", object)
    }

    private static func running(_ kubeconfig: String, _ body: @escaping @Sendable () async throws -> Void) async throws
    {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let executable = URL(filePath: tests).deletingLastPathComponent().appending(path: "TeamLabels").path()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try await Subprocess.run(
                    .path(FilePath(executable)),
                    environment: .inherit.updating(["KUBECONFIG": kubeconfig]),
                    output: .discarded,
                    error: .discarded
                )
                throw KubeError(.configuration, "the example ended by itself")
            }
            group.addTask { try await body() }
            try await group.next()
            group.cancelAll()
        }
    }

    private static func wait(for text: String, _ api: KubeAPI, _ path: String, _ field: String...) async throws {
        var last: JSONValue?
        for _ in 0..<2000 {
            let object: JSONValue = try await api.send(KubeRequest(.get, path))
            last = field.reduce(object) { value, name in value?[name] }
            if let last, last.stringValue == text || last.intValue.map(String.init) == text { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("\(field.joined(separator: ".")) of \(path) is \(String(describing: last)), not \(text)")
    }
}
