package import MirrorAPI

/// What differs between RKE2 and K3s: names, ports and places. Sources: k3s `pkg/nodeconfig/nodeconfig.go`,
/// `pkg/spegel/bootstrap.go`, `pkg/configfilearg/parser.go`; rke2 `pkg/cli/defaults/defaults.go`.
package struct RancherDistribution: Hashable, Sendable {
    package let provider: Provider
    /// `rke2` or `k3s`: the word in annotations, labels, paths and routes.
    package var program: String
    /// Port of the registration and bootstrap endpoint.
    package var supervisorPort: Int
    /// systemd unit of a server, and of an agent.
    package var serverUnit: String
    package var agentUnit: String
    /// Where a node's files are, as far as that is elsewhere than usual.
    package var places = HostPlaces()
    /// Node label: the node takes part in the embedded registry. Every Node is looked at for it, so it is not composed
    /// each time.
    package let peerLabel: String

    package static let rke2 = RancherDistribution(
        provider: .rke2,
        program: "rke2",
        supervisorPort: 9345,
        serverUnit: "rke2-server.service",
        agentUnit: "rke2-agent.service"
    )
    package static let k3s = RancherDistribution(
        provider: .k3s,
        program: "k3s",
        supervisorPort: 6443,
        serverUnit: "k3s.service",
        agentUnit: "k3s-agent.service"
    )

    private init(provider: Provider, program: String, supervisorPort: Int, serverUnit: String, agentUnit: String) {
        self.provider = provider
        self.program = program
        self.supervisorPort = supervisorPort
        self.serverUnit = serverUnit
        self.agentUnit = agentUnit
        peerLabel = "p2p.\(program).cattle.io/enabled"
    }

    /// Node annotation: JSON array of the running process's arguments.
    package var argumentsAnnotation: String { "\(program).io/node-args" }
    /// Node annotation: JSON object of the running process's environment.
    package var environmentAnnotation: String { "\(program).io/node-env" }
    /// Node annotation: changes when arguments or environment do.
    package var configHashAnnotation: String { "\(program).io/node-config-hash" }
    /// Node annotation: the name that the node registered with.
    package var hostnameAnnotation: String { "\(program).io/hostname" }
    /// Node annotation: multiaddress of the node's peer (one, older), and address info as JSON (newer).
    package var peerAddressAnnotation: String { "p2p.\(program).cattle.io/node-address" }
    package var peerAddressesAnnotation: String { "p2p.\(program).cattle.io/node-addresses" }
    /// Route of the bootstrap endpoint at the supervisor port.
    package var bootstrapPath: String { "/v1-\(program)/p2p" }
    /// The same on a host that has its files elsewhere.
    package func at(_ places: HostPlaces) -> RancherDistribution {
        var distribution = self
        distribution.places = places
        return distribution
    }

    /// Files, from the root of the host.
    package var configFile: String { places.configFile ?? "\(directory)/config.yaml" }
    package var configDirectory: String { "\(configFile).d" }
    package var registriesFile: String { places.registriesFile ?? "\(directory)/registries.yaml" }
    /// Where both usually are.
    package var directory: String { "/etc/rancher/\(program)" }
    /// What the service keeps on the disk.
    package var dataDirectory: String {
        places.dataDirectory.map(HostPlaces.trimmed) ?? "/var/lib/rancher/\(program)"
    }
    /// Our drop-in; its name sorts after what administrators and Rancher (`50-rancher.yaml`) write.
    package var dropInFile: String { "\(configDirectory)/zz-p2pmirror.yaml" }
    /// Exists where an etcd member's data is on this disk.
    package var etcdMemberDirectory: String { "\(dataDirectory)/server/db/etcd/member" }
    /// Environment variable that stands in for `--server` where that is absent.
    package var serverVariable: String { program == "rke2" ? "RKE2_URL" : "K3S_URL" }
    /// Environment variable that stands in for `--datastore-endpoint`.
    package var datastoreVariable: String { program == "rke2" ? "RKE2_DATASTORE_ENDPOINT" : "K3S_DATASTORE_ENDPOINT" }
    /// Suffix of kubeletVersion after `+`.
    package var versionSuffix: String { program }

    package func unit(of role: NodeRole) -> String {
        switch role {
        case .server: serverUnit
        case .agent: agentUnit
        }
    }
}

/// It is written as its provider, and read in the usual places.
extension RancherDistribution: Codable {
    /// - Throws: `DecodingError` for a provider that is no distribution.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let provider = try container.decode(Provider.self)
        guard let distribution = RancherDistribution(provider) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\(provider.rawValue) is no distribution with a service to restart"
            )
        }
        self = distribution
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(provider)
    }
}
