/// What a scenario does to the process of one Pod beside what policies of the network do.
package struct PodFaults: Codable, Hashable, Sendable {
    /// One port that fails.
    package struct Port: Codable, Hashable, Sendable {
        package var number: UInt16
        package var kind: Kind
    }

    /// How a port fails.
    package enum Kind: String, Codable, Hashable, Sendable {
        /// New connections get no answer, as where a firewall drops packets.
        case silent
        /// New connections are refused: nobody listens.
        case refused
        /// It speaks TLS, which answers plain text with an alert.
        case tls
        /// The proxy of a service mesh answers in its place that it does not reach it.
        case mesh
        /// A proxy answers in its place that knows HTTP/1 alone.
        case http1
        /// Every call ends with code 8, because there are too many.
        case busy
        /// Every call ends with code 8, because memory is short.
        case shedding
        /// Short answers arrive, and those that one small packet does not hold never do.
        case cutShort
    }

    package var ports: [Port] = []
    /// Addresses that it does not reach.
    package var unreachable: [String] = []
    /// So many percent of its file descriptors are open.
    package var openFilesPercent: Int?

    package init() {}

    package init(_ kind: Kind, on ports: [UInt16]) {
        self.ports = ports.map { Port(number: $0, kind: kind) }
    }

    package func kind(of port: UInt16) -> Kind? { ports.first { $0.number == port }?.kind }
}
