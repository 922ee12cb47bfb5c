public import KubeCore

/// A program that prints a credential when it is run, as `exec` of a kubeconfig names one
/// (kubernetes.io/docs/reference/access-authn-authz/authentication, client-go credential plugins).
public struct ExecPlugin: Hashable, Sendable {
    /// The version of the format that plugin and client speak.
    public enum Version: String, Hashable, Sendable, CaseIterable {
        /// The present one.
        case v1 = "client.authentication.k8s.io/v1"
        /// The one before it, of the same form.
        case v1beta1 = "client.authentication.k8s.io/v1beta1"
    }

    /// Program: a name that is looked for on PATH, or a path.
    public var command: String
    /// Arguments; they may hold secrets and are shown nowhere.
    public var arguments: [Secret]
    /// Variables beside those of this process.
    public var environment: [String: Secret]
    /// Version of the format.
    public var version: Version
    /// What to tell whoever lacks the program.
    public var installHint: String
    /// Whether the plugin is told which cluster the credential is for.
    public var providesClusterInfo: Bool
    /// What the kubeconfig holds for the plugin under the cluster; nil for nothing.
    public var clusterConfiguration: JSONValue?
    /// Where it was configured, for messages, such as `kubeconfig /k: user "u"`.
    public var place: String

    /// Names a plugin.
    public init(
        command: String,
        arguments: [Secret] = [],
        environment: [String: Secret] = [:],
        version: Version = .v1,
        installHint: String = "",
        providesClusterInfo: Bool = false,
        clusterConfiguration: JSONValue? = nil,
        place: String
    ) {
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.version = version
        self.installHint = installHint
        self.providesClusterInfo = providesClusterInfo
        self.clusterConfiguration = clusterConfiguration
        self.place = place
    }
}

extension ExecPlugin: CustomStringConvertible, CustomReflectable {
    /// Its program; what the kubeconfig holds for it may be a secret, and client-go shows none of it either.
    public var description: String { "credential plugin \"\(command)\"" }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
