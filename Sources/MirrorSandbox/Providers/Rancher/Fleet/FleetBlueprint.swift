package import MirrorAPI
package import MirrorPlanner

/// A simulated fleet before it is built: which nodes there are and what their configuration files say.
package struct FleetBlueprint: Hashable, Sendable {
    package struct Host: Codable, Hashable, Sendable {
        package var name: String
        /// A loopback address of its own: every node listens on the distribution's real ports.
        package var address: String
        package var role: NodeRole
        /// The `server:` of `config.yaml`; nil where there is none.
        package var server: String?
        /// Further lines of `config.yaml`.
        package var extraConfiguration: [String]
        /// Whether an etcd member's data is on the disk.
        package var hasEtcdMember: Bool

        package init(
            name: String,
            address: String,
            role: NodeRole = .server,
            server: String? = nil,
            extraConfiguration: [String] = [],
            hasEtcdMember: Bool = true
        ) {
            self.name = name
            self.address = address
            self.role = role
            self.server = server
            self.extraConfiguration = extraConfiguration
            self.hasEtcdMember = hasEtcdMember
        }
    }

    package var distribution: RancherDistribution
    /// kubeletVersion of every node.
    package var version: String
    package var hosts: [Host]

    package init(_ distribution: RancherDistribution, version: String, hosts: [Host]) {
        self.distribution = distribution
        self.version = version
        self.hosts = hosts
    }

    package func host(_ name: String) -> Host? {
        hosts.first { $0.name == name }
    }

    /// The ring of https://github.com/k3s-io/k3s/issues/12127: server 2 joined server 1, server 3 joined server 2, and
    /// then server 1, whose `cluster-init` was dropped, was pointed at server 3.
    ///
    /// - Parameters:
    ///   - network: the first three parts of the hosts' loopback addresses, such as `127.80.1`.
    ///   - version: kubeletVersion; the default recurses (fixed from v1.32.4 on).
    package static func ring(
        _ distribution: RancherDistribution = .rke2,
        servers: Int = 3,
        agents: Int = 1,
        network: String,
        version: String? = nil
    ) -> FleetBlueprint {
        func address(_ index: Int) -> String { "\(network).\(index + 10)" }
        func url(_ index: Int) -> String { "https://\(address(index)):\(distribution.supervisorPort)" }
        let ring = (0..<servers).map { index in
            Host(
                name: "server-\(index + 1)",
                address: address(index),
                server: url((index + servers - 1) % servers),
                extraConfiguration: ["embedded-registry: true"]
            )
        }
        let workers = (0..<agents).map { index in
            Host(
                name: "agent-\(index + 1)",
                address: address(servers + index),
                role: .agent,
                server: url(0),
                hasEtcdMember: false
            )
        }
        return FleetBlueprint(
            distribution,
            version: version ?? "v1.32.3+\(distribution.firstBuild)",
            hosts: ring + workers
        )
    }
}
