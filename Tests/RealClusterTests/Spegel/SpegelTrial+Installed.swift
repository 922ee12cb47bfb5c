import KubeCore
import MirrorSandbox

// What is installed.
extension SpegelTrial {
    static let daemonSet = "trial-spegel"

    /// Why the installation is not yet of that version and those registries; nil when all pods run what they should.
    func complaint(version: String, registries: [String], pods count: Int? = nil) async throws -> String? {
        guard let set = try await api.bare(BareKind.daemonSets, key(Self.daemonSet)) else { return "no DaemonSet" }
        let template = set[path: "spec", "template"] ?? [:]
        if let complaint = Self.complaint(template, version, registries) { return "the template: \(complaint)" }
        let pods = try await pods(component: "spegel")
        guard pods.count == count ?? nodes.count else { return "\(pods.count) pods" }
        for pod in pods {
            guard !pod.isDeleting, pod.isReadyPod else { return "\(pod.name) is not ready" }
            if let complaint = Self.complaint(pod, version, registries) { return "\(pod.name): \(complaint)" }
            guard pod.labels["p2pmirror.io/revision"] == template.labels["p2pmirror.io/revision"] else {
                return "\(pod.name) is of another revision"
            }
        }
        return nil
    }

    /// What a pod, or a template, has otherwise.
    private static func complaint(_ pod: JSONValue, _ version: String, _ registries: [String]) -> String? {
        for (part, name) in [("initContainers", "configuration"), ("containers", "registry")] {
            let all = pod[path: "spec", part]?.arrayValue ?? []
            guard let container = all.first(where: { $0["name"] == .string(name) }) else { return "no \(name)" }
            let image = container["image"]?.stringValue ?? ""
            guard image == "ghcr.io/spegel-org/spegel:\(version)" else { return "image \(image)" }
            let given = mirroredRegistries(container)
            guard given == registries else { return "\(name) mirrors \(given)" }
        }
        return nil
    }

    /// What follows `--mirrored-registries`.
    private static func mirroredRegistries(_ container: JSONValue) -> [String] {
        let arguments = (container["args"]?.arrayValue ?? []).compactMap(\.stringValue)
        guard let flag = arguments.firstIndex(of: "--mirrored-registries") else { return [] }
        return Array(arguments[(flag + 1)...].prefix { !$0.hasPrefix("--") })
    }

    /// Waits until all is installed and runs.
    func untilInstalled(version: String, registries: [String] = [], within limit: Duration = .seconds(60)) async throws
    {
        try await until("\(version) with \(registries) runs on all nodes", within: limit) {
            try await complaint(version: version, registries: registries)
        }
    }

    /// Waits until the operator has nothing more to do: no object of ours changes for two seconds.
    func untilQuiet() async throws {
        var before = 0
        try await until("the operator writes no more") {
            let now = recorder.writes.count
            defer { before = now }
            guard now == before else { return recorder.writes.suffix(5).map(\.description).joined(separator: ", ") }
            try await Task.sleep(for: .seconds(2))
            return recorder.writes.count == now ? nil : "\(recorder.writes.suffix(5))"
        }
    }
}

extension JSONValue {
    /// Whether a pod says that it is ready.
    var isReadyPod: Bool {
        (self[path: "status", "conditions"]?.arrayValue ?? []).contains {
            $0["type"] == "Ready" && $0["status"] == "True"
        }
    }
}
