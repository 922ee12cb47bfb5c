import KubeCore

extension KubeconfigResolver {
    /// The key under which a cluster holds what is for credential plugins (client-go, tools/clientcmd/api/types.go).
    private static let extensionName = "client.authentication.k8s.io/exec"

    /// Reads `exec` of a user, by the rules of client-go (tools/clientcmd/validation.go).
    func plugin(
        _ exec: Kubeconfig.Exec,
        _ cluster: Kubeconfig.Cluster,
        in file: String,
        _ place: String
    ) throws(KubeError) -> ExecPlugin {
        func fault(_ message: String) -> KubeError { KubeError(.configuration, "\(place): exec.\(message)") }
        guard let command = exec.command, !command.isEmpty else {
            throw fault("command is missing; it should be the name or the path of a credential plugin")
        }
        let versions = ExecPlugin.Version.allCases.map(\.rawValue).joined(separator: " or ")
        guard let text = exec.apiVersion, !text.isEmpty else {
            throw fault("apiVersion is missing; it should be \(versions)")
        }
        guard let version = ExecPlugin.Version(rawValue: text) else {
            throw fault("apiVersion \"\(text)\" is not known; it should be \(versions), as the plugin supports")
        }
        switch exec.interactiveMode ?? "" {
        case "Never", "IfAvailable": break
        case "" where version == .v1beta1: break
        case "": throw fault("interactiveMode is missing; it should be Never or IfAvailable")
        case "Always":
            throw fault(
                "interactiveMode is Always: the plugin wants a person at a terminal, and this program gives it none; "
                    + "use Never or IfAvailable with a plugin that can do without"
            )
        case let other: throw fault("interactiveMode \"\(other)\" is not known; it should be Never or IfAvailable")
        }
        var environment: [String: Secret] = [:]
        for variable in exec.env ?? [] {
            guard !variable.name.isEmpty, !variable.name.contains("=") else {
                throw fault("env has an entry whose name is empty or holds an equals sign")
            }
            environment[variable.name] = variable.value
        }
        return ExecPlugin(
            // A name without a slash is looked for on PATH.
            command: command.contains("/") ? absolute(command, in: file) : command,
            arguments: exec.args ?? [],
            environment: environment,
            version: version,
            installHint: exec.installHint ?? "",
            providesClusterInfo: exec.provideClusterInfo ?? false,
            clusterConfiguration: cluster.extensions?.first { $0.name == Self.extensionName }?.extension,
            place: place
        )
    }
}
