import MirrorAPI

/// Which servers may get their own files back when the mirror is deleted.
///
/// Without our file a server runs with the `server:` of its own files from its next restart on, whenever that is;
/// nobody can look at the others then. So it is decided while the mirror is there, and kept on the MirrorNodes: in
/// ascending order of names, a server is allowed where its own edge, beside all edges that run, that are wished for and
/// that were allowed before, closes no cycle. A server that is not allowed keeps our file.
struct RestorePlanning {
    private(set) var isAllowed: [Bool]

    /// - Parameters:
    ///   - graph: what runs.
    ///   - wanted: what each server is wished to run with, by number.
    init(_ fleet: Fleet, _ graph: TopologyGraph, wanted: [Int: ServerSetting]) {
        isAllowed = Array(repeating: false, count: fleet.servers.count)
        var graph = graph
        var edges = Edges(graph)
        for (server, setting) in wanted.sorted(by: { $0.key < $1.key }) {
            edges.add(graph.target(of: setting, on: fleet), from: server)
        }
        for server in fleet.selectedServers {
            let node = fleet.servers[server]
            guard let host = fleet.mirrorNode(of: node)?.status?.agent?.host, node.arguments != nil else { continue }
            guard let text = host.ownServer else {
                // Its own files name no server: to go back to that is to empty `server:`.
                isAllowed[server] = node.effectiveServer == nil || node.guardListReason == nil
                continue
            }
            guard let url = ServerURL(text, distribution: fleet.distribution) else { continue }
            let found = fleet.addresses.servers(at: url.host)
            let target = found.isEmpty && url.isLoopback ? .servers([server]) : graph.target(of: url, on: fleet)
            if !edges.leads(from: target, to: server) {
                isAllowed[server] = true
                edges.add(target, from: server)
            }
        }
    }

    /// What any server may come to ask, in one graph: each has all the edges that it may run with.
    private struct Edges {
        private var servers: [Set<Int>]
        private var isExternal: [Bool]
        private let recursing: [Int]

        init(_ graph: TopologyGraph) {
            servers = Array(repeating: [], count: graph.count)
            isExternal = Array(repeating: false, count: graph.count)
            recursing = (0..<graph.count).filter { graph.recurses[$0] }
            for server in 0..<graph.count { add(graph.targets[server], from: server) }
        }

        mutating func add(_ target: TopologyGraph.Target, from server: Int) {
            switch target {
            case .servers(let numbers): servers[server].formUnion(numbers)
            // Where it leads to is not known: it may lead on like a load balancer.
            case .external, .unknown: isExternal[server] = true
            case .nowhere: break
            }
        }

        func leads(from target: TopologyGraph.Target, to goal: Int) -> Bool {
            var open: [Int] =
                switch target {
                case .servers(let numbers): numbers
                case .external, .unknown: recursing
                case .nowhere: []
                }
            var seen: Set<Int> = []
            while let server = open.popLast() {
                if server == goal { return true }
                guard seen.insert(server).inserted else { continue }
                open += servers[server]
                if isExternal[server] { open += recursing }
            }
            return false
        }
    }
}
