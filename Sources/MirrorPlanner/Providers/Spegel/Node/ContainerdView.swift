import MirrorAPI

/// All that is known of a node's containerd at one instant.
package struct ContainerdView: Hashable, Sendable {
    /// Nil where no configuration was found.
    package var tree: ContainerdTree?
    /// Paths at which a configuration was looked for.
    package var looked: [String]
    /// Whether the configuration may be that of another containerd than the kubelet's.
    package var isDoubtful: Bool
    /// What can't be read, and why: each a part of a sentence.
    package var faults: [String]
    package var version: ContainerdVersion?
    /// Addresses of the node; empty where they are not known: then any address is taken for the node's.
    package var nodeAddresses: Set<String>
    /// Ports of the node at which its mirror was asked and did not answer for a while.
    package var silentPorts: Set<Int>
    /// The directories that were looked into, by path.
    package var roots: [String: HostsRoot]
    /// When our own file was changed last, and whether containerd was started since; nil where there is none, and where
    /// it is not known.
    package var isOurFileInForce: Bool?

    package init(
        tree: ContainerdTree? = nil,
        looked: [String] = [],
        isDoubtful: Bool = false,
        faults: [String] = [],
        version: ContainerdVersion? = nil,
        nodeAddresses: Set<String> = [],
        silentPorts: Set<Int> = [],
        roots: [String: HostsRoot] = [:],
        isOurFileInForce: Bool? = nil
    ) {
        self.tree = tree
        self.looked = looked
        self.isDoubtful = isDoubtful
        self.faults = faults
        self.version = version
        self.nodeAddresses = nodeAddresses
        self.silentPorts = silentPorts
        self.roots = roots
        self.isOurFileInForce = isOurFileInForce
    }

    /// What the files give together.
    package var settings: ContainerdSettings? { tree.map { ContainerdSettings($0.ordered, version: version) } }

    /// Whether all ports of a mirror are silent; one without ports is not known to be.
    func isSilent(_ wish: ContainerdWish) -> Bool {
        !wish.mirrorPorts.isEmpty && Set(wish.mirrorPorts).isSubset(of: silentPorts)
    }

    /// Whether a host is the node's own mirror.
    func isOurs(_ host: HostsFile.Host, _ wish: ContainerdWish) -> Bool {
        guard host.isPlain, wish.mirrorPorts.contains(host.port) else { return false }
        return nodeAddresses.isEmpty || nodeAddresses.contains(host.address)
            || ["localhost", "127.0.0.1", "::1"].contains(host.address) || wish.mirrorAddresses.contains(host.address)
    }
}
