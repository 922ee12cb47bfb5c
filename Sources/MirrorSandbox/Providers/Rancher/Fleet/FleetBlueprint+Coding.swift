import MirrorAPI
import MirrorPlanner

/// In the file that a fleet's processes read, the distribution is the provider's name.
extension FleetBlueprint: Codable {
    private enum Key: String, CodingKey {
        case provider, version, hosts
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        let provider = try values.decode(Provider.self, forKey: .provider)
        guard let distribution = RancherDistribution(provider) else {
            let text = "\(provider.rawValue) is no distribution; RKE2 and K3s are"
            throw DecodingError.dataCorruptedError(forKey: .provider, in: values, debugDescription: text)
        }
        self.init(
            distribution,
            version: try values.decode(String.self, forKey: .version),
            hosts: try values.decode([Host].self, forKey: .hosts)
        )
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(distribution.provider, forKey: .provider)
        try values.encode(version, forKey: .version)
        try values.encode(hosts, forKey: .hosts)
    }
}

extension RancherDistribution {
    /// What follows the `+` in the version of its first build, such as `rke2r1` and `k3s1`.
    var firstBuild: String { "\(versionSuffix)\(self == .rke2 ? "r1" : "1")" }
}
