import KubeCore

/// What a node's containerd must be told for a mirror to be asked: the operator's wish, which the agent compares with
/// the files on its host.
package struct ContainerdWish: Codable, Hashable, Sendable {
    /// The most ports, and the most addresses, that a wish names.
    package static let targetsLimit = 8
    /// The most registries that a wish names.
    package static let registriesLimit = 64

    /// The directory in which the mirror's `hosts.toml` files stand, from the root of the host, such as
    /// `/etc/containerd/certs.d`.
    package var registryConfigPath: String
    /// Hosts of the registries that the mirror serves, such as `docker.io`, in ascending order; empty where it serves
    /// all, by `_default`.
    package var registries: [String]
    /// Ports of the node at which its mirror listens, in ascending order.
    package var mirrorPorts: [Int]
    /// Addresses beside the node's own at which its mirror listens, in ascending order: those that the release is told
    /// to write into `hosts.toml`.
    package var mirrorAddresses: [String]
    /// False: the mirror is not to be here any more, and what it left behind is looked for; where `release` is absent,
    /// that is not known.
    package var installed: Bool
    /// The adopted release, as NAMESPACE/NAME, that this mirror has seen: nothing of a release is ever cleaned up that
    /// was not. Nil for an installation of our own, and in what an older operator wrote.
    package var release: String?
    /// Whether the agent may write a file of its own, and take away what a removed mirror left.
    package var repair: Bool

    package init(
        registryConfigPath: String,
        registries: [String] = [],
        mirrorPorts: [Int],
        mirrorAddresses: [String] = [],
        installed: Bool,
        release: String? = nil,
        repair: Bool
    ) {
        self.registryConfigPath = registryConfigPath
        self.registries = registries.sorted()
        self.mirrorPorts = mirrorPorts.sorted()
        self.mirrorAddresses = mirrorAddresses.sorted()
        self.installed = installed
        self.release = release
        self.repair = repair
    }

    /// Whether a release was here and is here no more, so that what it left may go.
    package var isGone: Bool { !installed && release != nil }
}

extension ContainerdWish {
    enum CodingKeys: String, CodingKey {
        case registryConfigPath, registries, mirrorPorts, mirrorAddresses, installed, release, repair
    }

    /// An empty list is absent in what an API server stores: under server-side apply a list of type `set` goes with its
    /// last item (structured-merge-diff `typed/remove.go`). Servers of 1.20 keep the order of an earlier list.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            registryConfigPath: try container.decode(String.self, forKey: .registryConfigPath),
            registries: try container.value(.registries, or: []),
            mirrorPorts: try container.value(.mirrorPorts, or: []),
            mirrorAddresses: try container.value(.mirrorAddresses, or: []),
            installed: try container.decode(Bool.self, forKey: .installed),
            release: try container.decodeIfPresent(String.self, forKey: .release),
            repair: try container.decode(Bool.self, forKey: .repair)
        )
    }

    /// What is empty and newer than the first release is left out, so that definitions of that release take the rest.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(registryConfigPath, forKey: .registryConfigPath)
        try container.encode(registries, forKey: .registries)
        try container.encode(mirrorPorts, forKey: .mirrorPorts)
        if !mirrorAddresses.isEmpty { try container.encode(mirrorAddresses, forKey: .mirrorAddresses) }
        try container.encode(installed, forKey: .installed)
        try container.encodeIfPresent(release, forKey: .release)
        try container.encode(repair, forKey: .repair)
    }
}

/// What an agent found in its node's containerd configuration. Nothing of it is a secret: no header and no password of
/// a `hosts.toml` stands in it.
package struct ContainerdReport: Codable, Hashable, Sendable {
    /// The most findings that a report has; what is more is counted in the last one.
    package static let findingsLimit = 16
    /// Bytes of the longest message.
    package static let messageLimit = 1024

    /// One thing that keeps the mirror from being asked, or that it left behind.
    package struct Finding: Codable, Hashable, Sendable {
        /// A `Reason`; text, because another release may know more of them.
        package var reason: String
        /// Which file, which value, and what would be right.
        package var message: String {
            didSet { message = message.printable(atMost: ContainerdReport.messageLimit) }
        }

        package init(reason: String, message: String) {
            self.reason = reason
            self.message = message.printable(atMost: ContainerdReport.messageLimit)
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
