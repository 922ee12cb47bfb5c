package import MirrorPlanner

extension FleetBlueprint {
    /// A fleet as it should be: one server that the others joined, and agents.
    ///
    /// - Parameters:
    ///   - network: the first three parts of the hosts' loopback addresses, such as `127.80.1`.
    ///   - version: kubeletVersion; the default does not recurse.
    package static func star(
        _ distribution: RancherDistribution = .rke2,
        servers: Int = 3,
        agents: Int = 2,
        network: String,
        version: String? = nil
    ) -> FleetBlueprint {
        var blueprint = ring(
            distribution,
            servers: servers,
            agents: agents,
            network: network,
            version: version ?? "v1.32.5+\(distribution.firstBuild)"
        )
        let root = blueprint.hosts[0]
        let url = "https://\(root.address):\(blueprint.distribution.supervisorPort)"
        for index in blueprint.hosts.indices { blueprint.hosts[index].server = index == 0 ? nil : url }
        return blueprint
    }
}
