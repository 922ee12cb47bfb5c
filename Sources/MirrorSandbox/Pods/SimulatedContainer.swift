/// What runs in a process of its own for one container of a simulated Pod.
package protocol SimulatedContainer: Sendable {
    /// Runs until it is cancelled.
    func run() async throws
}

/// What a kubelet gives to a container.
package struct ContainerOptions: Sendable {
    package var podIP: String
    /// The DNS server, as `resolv.conf` would name it.
    package var resolver: String
    /// Root directory of the simulated host, for what is mounted from it.
    package var hostRoot: String
    package var image: String
    /// The container's `args`.
    package var arguments: [String]
    /// The container's variables.
    package var environment: [String: String]
    /// Directories by the path at which the container has them.
    package var mounts: [String: String]
    /// File of what the network and a scenario want of it; nil where nobody wants anything.
    package var orders: String?

    package init(
        podIP: String,
        resolver: String,
        hostRoot: String,
        image: String,
        arguments: [String],
        environment: [String: String] = [:],
        mounts: [String: String] = [:],
        orders: String? = nil
    ) {
        self.podIP = podIP
        self.resolver = resolver
        self.hostRoot = hostRoot
        self.image = image
        self.arguments = arguments
        self.environment = environment
        self.mounts = mounts
        self.orders = orders
    }
}
