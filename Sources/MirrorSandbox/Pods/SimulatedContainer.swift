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

    package init(podIP: String, resolver: String, hostRoot: String, image: String, arguments: [String]) {
        self.podIP = podIP
        self.resolver = resolver
        self.hostRoot = hostRoot
        self.image = image
        self.arguments = arguments
    }
}
