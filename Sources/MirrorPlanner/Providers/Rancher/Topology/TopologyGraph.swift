import MirrorAPI

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

        /// The one server that it leads to; nil where it leads to none or to several.
        package var only: Int? {
            guard case .servers(let numbers) = self, numbers.count == 1 else { return nil }
            return numbers[0]
        }
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
            // A server that is told to join a loopback address asks itself, unless that is the address of a Node.
            let byAddress = index.servers(at: url.host)
            let found = byAddress.isEmpty && url.isLoopback ? [number] : byAddress
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

    /// The graph in which those servers run with those settings.
    func applying(_ settings: some Sequence<(server: Int, setting: ServerSetting)>, on fleet: Fleet) -> TopologyGraph {
        var graph = self
        for (server, setting) in settings { graph.targets[server] = graph.target(of: setting, on: fleet) }
        return graph
    }

    /// What the edge of a server becomes by a setting; an address that is new here is taken in.
    mutating func target(of setting: ServerSetting, on fleet: Fleet) -> Target {
        guard setting.action == .point else { return .nowhere }
        guard let url = setting.url.flatMap({ ServerURL($0, distribution: fleet.distribution) }) else {
            return .unknown
        }
        return target(of: url, on: fleet)
    }

    /// Where a URL leads.
    mutating func target(of url: ServerURL, on fleet: Fleet) -> Target {
        let found = fleet.addresses.servers(at: url.host)
        guard found.isEmpty else { return .servers(found) }
        if let known = externals.firstIndex(of: url.description) { return .external(known) }
        externals.append(url.description)
        return .external(externals.count - 1)
    }

    /// For each server whether the way from it, along edges that lead to one server each, comes to `root` without
    /// passing one of `blocked`.
    func leads(to root: Int, past blocked: [Bool]) -> [Bool] {
        var answers: [Bool?] = Array(repeating: nil, count: count)
        answers[root] = true
        for start in 0..<count where answers[start] == nil {
            var path: [Int] = []
            var current: Int? = start
            // What is on the way counts as no until the end is known: a cycle leads nowhere.
            while let server = current, answers[server] == nil {
                answers[server] = false
                path.append(server)
                current = blocked[server] ? nil : targets[server].only
            }
            let answer = current.flatMap { answers[$0] } ?? false
            for server in path where !blocked[server] { answers[server] = answer }
        }
        return answers.map { $0 ?? false }
    }

    /// For each server the first one of `marked` on its way; nil where there is none.
    func firstOnTheWay(_ marked: [Bool]) -> [Int?] {
        var answers: [Int?] = Array(repeating: nil, count: count)
        var isKnown = Array(repeating: false, count: count)
        for start in 0..<count where !isKnown[start] {
            var path: [Int] = []
            var current: Int? = start
            while let server = current, !isKnown[server] {
                isKnown[server] = true
                path.append(server)
                current = targets[server].only
            }
            var answer = current.flatMap { marked[$0] ? $0 : answers[$0] }
            for server in path.reversed() {
                answers[server] = answer
                if marked[server] { answer = server }
            }
        }
        return answers
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
