import MirrorPlanner

/// The files of a simulated host, as its administrator wrote them: paths from the host's root and their content.
package enum HostFiles {
    /// A token stands in `config.yaml` as on a real host, so that a leak of it anywhere can be seen.
    package static let joinToken = "sandbox-join-token-never-to-be-seen"

    /// What the disk of a host holds before its daemon starts for the first time.
    package static func initial(
        of host: FleetBlueprint.Host,
        in blueprint: FleetBlueprint
    ) -> [(path: String, content: String)] {
        let distribution = blueprint.distribution
        var lines = ["token: \(joinToken)", "node-name: \(host.name)", "node-ip: \(host.address)"]
        if let server = host.server { lines.append("server: \(server)") }
        lines += host.extraConfiguration
        var files = [
            (distribution.configFile, lines.joined(separator: "\n") + "\n"),
            (distribution.registriesFile, "mirrors:\n  docker.io:\n  registry.k8s.io:\n"),
            // Administrators keep drop-ins of their own beside ours.
            ("\(distribution.configDirectory)/10-labels.yaml", "node-label:\n  - sandbox=true\n"),
        ]
        if host.hasEtcdMember {
            files.append(("\(distribution.etcdMemberDirectory)/wal/0.wal", "a member's data\n"))
        }
        return files
    }
}
