/// Where a containerd's configuration is looked for.
package struct ContainerdPlaces: Hashable, Sendable {
    package static let plain = "/etc/containerd/config.toml"

    /// The places to look at for a node, the likeliest first.
    package var paths: [String]
    /// How many of them are surely those of the kubelet's containerd, from the first on. Nothing is written for a file
    /// that another containerd may have.
    package var certain: Int

    package init(_ paths: [String], certain: Int) {
        self.paths = paths
        self.certain = certain
    }
}
