/// Which server asks which: the edge `a -> b` says that `a` is configured to join or ask `b`.
package struct TopologyGraph: Hashable, Sendable {
    /// Where a server's `server:` leads.
    package enum Target: Hashable, Sendable {
        /// None is set.
        case nowhere
        /// To that server, by its number; more than one where they share an address.
        case servers([Int])
        /// To an address that belongs to no server: a load balancer, or a server that is gone. A number in `externals`.
        case external(Int)
        /// Not known, or no URL.
        case unknown

        package func leadsOnly(to server: Int) -> Bool { self == .servers([server]) }
    }

    /// Names in ascending order: a smaller number is a smaller name.
    package var names: [String]
    package var targets: [Target]
    /// Whether the server's version asks on at every request.
    package var recurses: [Bool]
    /// External addresses, as messages name them.
    package var externals: [String]

    /// The graph of these servers, which must be in ascending order of names.
    package init(servers: [RancherNode]) {
        self.init(servers: servers, index: AddressIndex(servers))
    }

    package init(servers: [RancherNode], index: AddressIndex) {
        names = servers.map(\.name)
        recurses = servers.map { $0.version?.recursion == .recurses }
        targets = []
        externals = []
        var known: [String: Int] = [:]
        for (number, node) in servers.enumerated() {
            guard let url = node.server else {
                targets.append(node.arguments == nil || node.arguments?.server != nil ? .unknown : .nowhere)
                continue
            }
            // A server that is told to join its own loopback address asks itself.
            let found = url.isLoopback ? [number] : index.servers(at: url.host)
            guard found.isEmpty else {
                targets.append(.servers(found))
                continue
            }
            let external = known[url.host] ?? externals.count
            if external == externals.count {
                known[url.host] = external
                externals.append(url.description)
            }
            targets.append(.external(external))
        }
    }

    package var count: Int { names.count }

    /// The graph with some edges laid elsewhere.
    package func replacing(_ changes: some Sequence<(server: Int, target: Target)>) -> TopologyGraph {
        var graph = self
        for change in changes { graph.targets[change.server] = change.target }
        return graph
    }

    /// Servers first, then external addresses, then one vertex for "any server that asks on": what a load balancer
    /// leads to. That vertex keeps the number of edges linear. A server that answers by itself ends a loop through a
    /// load balancer.
    func adjacency() -> Adjacency {
        var successors: [[Int]] = targets.map { target in
            switch target {
            case .nowhere, .unknown: []
            case .servers(let numbers): numbers
            case .external(let number): [count + number]
            }
        }
        guard !externals.isEmpty else { return Adjacency(successors) }
        let anyServer = count + externals.count
        successors += Array(repeating: [anyServer], count: externals.count)
        successors.append((0..<count).filter { recurses[$0] })
        return Adjacency(successors)
    }

    /// The servers of each component that holds a cycle, in ascending order, components by their smallest name.
    package func cyclicComponents() -> [[Int]] {
        StronglyConnected.cyclicComponents(of: adjacency())
            .map { component in component.filter { $0 < count }.sorted() }
            .filter { !$0.isEmpty }
            .sorted { $0[0] < $1[0] }
    }

    /// For each server the number of its weakly connected component: the smallest server in it.
    package func components() -> [Int] {
        let graph = adjacency()
        var sets = DisjointSets(count: graph.count)
        for vertex in 0..<graph.count {
            for successor in graph.successors(of: vertex) { sets.join(vertex, successor) }
        }
        return (0..<count).map { sets.find($0) }
    }
}

/// Finds servers by the hosts that lead to them.
package struct AddressIndex: Hashable, Sendable {
    private var numbers: [String: [Int]] = [:]

    package init(_ servers: [RancherNode]) {
        for (number, server) in servers.enumerated() {
            for host in server.hosts where numbers[host]?.last != number { numbers[host, default: []].append(number) }
        }
    }

    /// In ascending order; empty where the host belongs to no server.
    package func servers(at host: String) -> [Int] { numbers[host] ?? [] }
}
