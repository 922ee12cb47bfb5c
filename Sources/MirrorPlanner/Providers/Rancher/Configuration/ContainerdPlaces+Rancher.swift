/// The places of containerds that a distribution brings along.
extension ContainerdPlaces {
    /// K3s and RKE2 write the file of their own containerd below their data directory (k3s
    /// `pkg/agent/containerd/config_linux.go`).
    package static let k3s = "/var/lib/rancher/k3s\(suffix)"
    package static let rke2 = "/var/lib/rancher/rke2\(suffix)"
    private static let suffix = "/agent/etc/containerd/config.toml"

    /// - Parameters:
    ///   - kubeletVersion: names the distribution; nil where it is not known.
    ///   - annotations: those of the Node: K3s and RKE2 tell there what they were started with.
    package init(kubeletVersion: String?, annotations: [String: String] = [:]) {
        guard let kubeletVersion else {
            self.init([Self.rke2, Self.k3s, Self.plain], certain: 3)
            return
        }
        let distribution: RancherDistribution
        if kubeletVersion.contains("+rke2") {
            distribution = .rke2
        } else if kubeletVersion.contains("+k3s") {
            distribution = .k3s
        } else {
            self.init([Self.plain], certain: 1)
            return
        }
        let arguments = annotations[distribution.argumentsAnnotation].flatMap { ServiceArguments(json: $0) }
        let value = { (name: String, short: String) in
            arguments?.value(name, short).flatMap { $0.isEmpty ? nil : $0 }
        }
        let own = distribution == .rke2 ? Self.rke2 : Self.k3s
        if value("container-runtime-endpoint", "container-runtime-endpoint") != nil {
            self.init([Self.plain], certain: 1)
        } else if let directory = value("data-dir", "d") {
            self.init([ContainerdPath.clean(directory + Self.suffix), Self.plain], certain: 1)
        } else {
            // Its own containerd may have been left out, or put elsewhere, by what the Node does not tell.
            self.init([own, Self.plain], certain: 1)
        }
    }

    /// What writes that file anew at each of its starts; nil where nobody does.
    static func program(of path: String) -> String? {
        switch path {
        case k3s: "K3s"
        case rke2: "RKE2"
        default: path.hasSuffix(suffix) ? "K3s or RKE2" : nil
        }
    }
}
