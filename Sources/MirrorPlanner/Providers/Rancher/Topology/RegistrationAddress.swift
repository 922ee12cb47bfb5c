import MirrorAPI

/// Whether servers may be pointed at the mirror's fixed registration address.
///
/// It is what RKE2 and K3s recommend (k3s-io/k3s#2907, #7325): whoever of the servers is away, the others find one that
/// is not. But a load balancer may lead back to the one that asks. On versions that ask on at every request that is a
/// cycle, and where the address is not among the names of the servers' certificates (`tls-san`), nobody gets through.
struct RegistrationAddress {
    /// What is given; nil where nothing is, or it is no URL.
    let url: ServerURL?
    /// Why it is not used; nil where it is, or none is given.
    let obstacle: Verdict?
    /// Whether a server that points there already may stay as it is.
    let isHarmless: Bool

    init(_ fleet: Fleet) {
        url = fleet.mirror.spec.topology.registrationAddress
            .flatMap { ServerURL($0, distribution: fleet.distribution) }
        guard let url else {
            obstacle = nil
            isHarmless = false
            return
        }
        let recursing = fleet.servers.filter { $0.version?.recursion == .recurses }
        let owner = fleet.addresses.servers(at: url.host).first.map { fleet.servers[$0].name }
        isHarmless = recursing.isEmpty && owner == nil && !url.isLoopback
        let why = Self.obstacle(url, fleet, recursing, owner)
        obstacle = why.map {
            Verdict(.registrationAddressUnused, "spec.topology.registrationAddress \(url) is not used: \($0)")
        }
    }

    /// The address, where it is used.
    var used: ServerURL? { obstacle == nil ? url : nil }

    /// Whether that is where a server points, and may go on pointing.
    func keeps(_ server: RancherNode) -> Bool { isHarmless && url != nil && server.server == url }

    private static func obstacle(
        _ url: ServerURL,
        _ fleet: Fleet,
        _ recursing: [RancherNode],
        _ owner: String?
    ) -> String? {
        if let owner { return "it is the address of \(owner) itself; name that one in spec.topology.preferredRoots" }
        if url.isLoopback { return "it leads each server to itself" }
        if let first = recursing.first {
            let run = Sentences.form(recursing.count, "runs", "run")
            return "\(Sentences.list(recursing.map(\.name))) \(run) \(first.version?.text ?? ""), in which a request "
                + "that it leads back never ends; servers are pointed at a concrete one"
        }
        let unknown = fleet.servers.filter { ($0.version?.recursion ?? .unknown) == .unknown }
        if let first = unknown.first {
            return "whether a request that it leads back comes to an end on \(first.version?.text ?? "the version") of "
                + "\(Sentences.list(unknown.map(\.name))) is not known"
        }
        let without = fleet.servers.filter { server in
            server.arguments.map { !$0.certificateHosts.contains(url.host) } ?? true
        }
        guard !without.isEmpty else { return nil }
        return "it is not known to stand in the certificates of \(Sentences.list(without.map(\.name))); add it to "
            + "tls-san there"
    }
}
