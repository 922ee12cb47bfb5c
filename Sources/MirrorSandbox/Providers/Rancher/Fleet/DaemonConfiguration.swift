package import KubeCore
package import MirrorAPI
import MirrorPlanner

/// What a simulated daemon found in its files when it started; it reads them at no other time, as RKE2 and K3s do.
package struct DaemonConfiguration: Hashable, Sendable {
    package var arguments: [String]
    /// The `server:` in force; nil where it is absent or empty.
    package var server: String?
    package var embeddedRegistry: Bool
    /// Whether `registries.yaml` names a registry: without one the embedded registry does not start.
    package var hasRegistries: Bool

    /// Reads the files of a host.
    ///
    /// - Throws: `KubeError` with code `decoding` where a file is no YAML: the real daemon does not start either.
    package init(
        role: NodeRole,
        configuration: [(name: String, content: [UInt8])],
        registries: [UInt8]?
    ) throws(KubeError) {
        let merged = try ConfigDirectory.merge(configuration)
        arguments = [role == .server ? "server" : "agent"] + merged.arguments
        server = merged.effectiveServer
        embeddedRegistry = merged.arguments.contains("--embedded-registry=true")
        let documents = try registries.map { bytes throws(KubeError) in try YAMLCoding.documents(bytes) } ?? []
        hasRegistries = !(documents.first?["mirrors"]?.objectValue ?? [:]).isEmpty
    }

    /// The running process's arguments as the daemon publishes them: `--key=value` in two parts, secrets masked.
    ///
    /// Source: k3s `pkg/nodeconfig/nodeconfig.go`, `getNodeArgs` and `isSecret`.
    package var published: [String] {
        let secrets: Set = [
            "--token", "-t", "--agent-token", "--datastore-endpoint", "--cluster-secret", "--etcd-s3-access-key",
            "--etcd-s3-secret-key",
        ]
        var parts: [String] = []
        for argument in arguments {
            guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else {
                parts.append(argument)
                continue
            }
            let key = String(argument[..<equals])
            parts += [key, secrets.contains(key) ? "********" : String(argument[argument.index(after: equals)...])]
        }
        return parts
    }
}
