import Foundation
import KubeCore

/// The agent's container as the manifests describe it: nothing of it is written down a second time here.
struct Pod: Sendable {
    private var lines: [String] = []
    private(set) var arguments: [String] = []
    private let kubeconfig: String

    /// Reads the agent's DaemonSet of an overlay.
    ///
    /// - Parameters:
    ///   - overlay: a directory below `manifests`.
    ///   - node: the Node that the pod runs on.
    ///   - address: where it serves its health, since the containers of these tests share one network.
    ///   - kubeconfig: stands for the ServiceAccount that is mounted by itself.
    /// - Throws: `KubeError` where the manifest has something that systemd-pod.sh can't carry out.
    init(overlay: String, node: String, address: String, kubeconfig: String) throws {
        self.kubeconfig = kubeconfig
        let spec = try Self.podSpec(of: overlay)
        let container = spec["containers"]?.arrayValue?.first ?? .null
        lines = try Self.mounts(of: container, volumes: spec["volumes"]?.arrayValue ?? [])
        guard spec["hostPID"]?.boolValue == true || overlay == "base" else {
            throw KubeError(.configuration, "\(overlay): the agent does not see the host's processes")
        }
        let security = container["securityContext"] ?? .null
        if security["privileged"]?.boolValue == true {
            lines.append("privileged")
        } else if security["capabilities"]?["drop"]?.arrayValue?.first != "ALL"
            || security["capabilities"]?["add"] != nil || security["allowPrivilegeEscalation"]?.boolValue != false
        {
            throw KubeError(.configuration, "\(overlay): the agent is neither privileged nor without any capability")
        }
        if security["readOnlyRootFilesystem"]?.boolValue == true { lines.append("read-only-root") }
        lines.append("environment KUBECONFIG=/var/run/secrets/kubeconfig")
        var words = (container["args"]?.arrayValue ?? []).compactMap(\.stringValue)
        if let index = words.firstIndex(of: "--http-bind") { words[index + 1] = "\(address):8080" }
        arguments = words.map { $0.replacing("$(NODE_NAME)", with: node) }
    }

    /// Writes what systemd-pod.sh reads.
    ///
    /// - Parameter path: where `directory` is on the host.
    func write(to directory: String, insideAs path: String) throws {
        try FileManager.default.createDirectory(atPath: "\(directory)/secrets", withIntermediateDirectories: true)
        try Data(kubeconfig.utf8).write(to: URL(filePath: "\(directory)/secrets/kubeconfig"))
        let all = lines + ["secret \(path)/secrets /var/run/secrets"]
        try Data((all.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: "\(directory)/pod"))
    }

    private static func podSpec(of overlay: String) throws -> JSONValue {
        let objects = try Kustomization(URL(filePath: "\(Site.checkout)manifests/\(overlay)")).objects
        let agent = objects.first { $0["kind"] == "DaemonSet" && $0["metadata"]?["name"] == "p2pmirror-agent" }
        guard let spec = agent?["spec"]?["template"]?["spec"] else {
            throw KubeError(.decoding, "manifests/\(overlay) has no DaemonSet p2pmirror-agent")
        }
        return spec
    }

    private static func mounts(of container: JSONValue, volumes: [JSONValue]) throws(KubeError) -> [String] {
        var lines: [String] = []
        for mount in container["volumeMounts"]?.arrayValue ?? [] {
            let volume = volumes.first { $0["name"] == mount["name"] }
            guard let path = volume?["hostPath"]?["path"]?.stringValue, let target = mount["mountPath"]?.stringValue
            else { throw KubeError(.decoding, "\(mount): only volumes of type hostPath are known here") }
            let type = volume?["hostPath"]?["type"]?.stringValue ?? "-"
            lines.append("mount \(type) \(path) \(target) \(mount["readOnly"]?.boolValue == true ? "ro" : "rw")")
        }
        return lines
    }
}
