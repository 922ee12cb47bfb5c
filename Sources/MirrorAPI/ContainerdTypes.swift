/// What a node's containerd must be told for a mirror to be asked: the operator's wish, which the agent compares with
/// the files on its host.
package struct ContainerdWish: Codable, Hashable, Sendable {
    /// The directory in which the mirror's `hosts.toml` files stand, from the root of the host, such as
    /// `/etc/containerd/certs.d`.
    package var registryConfigPath: String
    /// Hosts of the registries that the mirror serves, such as `docker.io`; empty where it serves all, by `_default`.
    package var registries: [String]
    /// Ports of the node at which its mirror listens.
    package var mirrorPorts: [Int]
    /// False: the mirror is not to be here any more, and what it left behind is looked for.
    package var installed: Bool
    /// Whether the agent may write a file of its own, and take away what a removed mirror left.
    package var repair: Bool

    package init(
        registryConfigPath: String,
        registries: [String] = [],
        mirrorPorts: [Int],
        installed: Bool,
        repair: Bool
    ) {
        self.registryConfigPath = registryConfigPath
        self.registries = registries
        self.mirrorPorts = mirrorPorts
        self.installed = installed
        self.repair = repair
    }
}

/// What an agent found in its node's containerd configuration. Nothing of it is a secret: no header and no password of
/// a `hosts.toml` stands in it.
package struct ContainerdReport: Codable, Hashable, Sendable {
    /// The most findings that a report has; what is more is counted in the last one.
    package static let findingsLimit = 16
    /// Characters of the longest message.
    package static let messageLimit = 1024

    /// One thing that keeps the mirror from being asked, or that it left behind.
    package struct Finding: Codable, Hashable, Sendable {
        /// A `Reason`; text, because another release may know more of them.
        package var reason: String
        /// Which file, which value, and what would be right.
        package var message: String

        package init(reason: String, message: String) {
            self.reason = reason
            self.message = message
        }
    }

    /// The configuration that containerd starts from; nil where none was found.
    package var configFile: String?
    /// `config_path` as containerd has it; nil where it is not set or not known.
    package var registryConfigPath: String?
    /// `discard_unpacked_layers` as containerd has it, false where it is not set; nil where it is not known.
    package var discardsUnpackedLayers: Bool?
    /// The gravest first; empty where all is well.
    package var findings: [Finding]

    package init(
        configFile: String? = nil,
        registryConfigPath: String? = nil,
        discardsUnpackedLayers: Bool? = nil,
        findings: [Finding] = []
    ) {
        self.configFile = configFile
        self.registryConfigPath = registryConfigPath
        self.discardsUnpackedLayers = discardsUnpackedLayers
        self.findings = findings
    }
}
