package import MirrorAPI

/// What a graph of servers looks like: shape, cycles, depth.
package struct Topology: Hashable, Sendable {
    /// How bad a cycle is.
    package enum Severity: Int, Hashable, Sendable, Comparable {
        /// The embedded registry is off: nothing asks along the edges.
        case information
        /// The version answers by itself while it knows other peers.
        case warning
        /// Each request goes round without end.
        case critical

        package static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
    }

    /// A strongly connected component with a cycle.
    package struct Cycle: Hashable, Sendable {
        /// All members, in ascending order.
        package var members: [Int]
        /// Members from the smallest on, each followed by the one that it asks where that is a member not named yet.
        package var path: [Int]
        package var severity: Severity
        /// The external address that it leads through; nil where it needs none.
        package var external: String?
    }

    package var graph: TopologyGraph
    package var shape: TopologyShape
    package var cycles: [Cycle]
    /// Hops from the farthest server to its root; 0 where there is a cycle.
    package var depth: Int
    /// For each server the smallest number in its weakly connected component.
    package var components: [Int]
    /// The one server that all others lead to; nil where there is none.
    package var root: Int?

    /// - Parameters:
    ///   - counted: which servers are the mirror's; components without one are left out of the picture.
    ///   - isRegistryOn: whether the embedded registry is on; it is a setting of the whole cluster.
    package init(graph: TopologyGraph, servers: [RancherNode], counted: [Bool], isRegistryOn: Bool) {
        self.graph = graph
        components = graph.components()
        let present = Set((0..<graph.count).filter { counted[$0] }.map { [components] in components[$0] })
        cycles = graph.cyclicComponents()
            .filter { [components] in present.contains(components[$0[0]]) }
            .map { Cycle($0, graph: graph, servers: servers, isRegistryOn: isRegistryOn) }
        shape = .ring
        depth = 0
        guard cycles.isEmpty else { return }
        var members: [Int: [Int]] = [:]
        for server in 0..<graph.count where present.contains(components[server]) {
            members[components[server], default: []].append(server)
        }
        let parts = members.keys.sorted().compactMap { members[$0] }.map { Component($0, graph) }
        shape = Self.shape(of: parts)
        depth = parts.map(\.depth).max() ?? 0
        root = parts.count == 1 ? parts[0].root : nil
    }

    private static func shape(of parts: [Component]) -> TopologyShape {
        let shapes = Set(parts.map(\.shape))
        if shapes.count <= 1 { return shapes.first ?? .single }
        // Behind a fixed registration address, the first server has no `server:` of its own.
        return shapes == [.single, .external] ? .external : .mixed
    }
}

extension Topology.Cycle {
    init(_ members: [Int], graph: TopologyGraph, servers: [RancherNode], isRegistryOn: Bool) {
        self.members = members
        let set = Set(members)
        var left = members[...]
        var seen: Set<Int> = []
        var path: [Int] = []
        while let start = left.popFirst() {
            var current: Int? = start
            while let server = current, seen.insert(server).inserted {
                path.append(server)
                current = nil
                if case .servers(let numbers) = graph.targets[server] {
                    current = numbers.first { set.contains($0) && !seen.contains($0) }
                }
            }
        }
        self.path = path
        for member in members {
            guard external == nil, case .external(let number) = graph.targets[member] else { continue }
            external = graph.externals[number]
        }
        if !isRegistryOn {
            severity = .information
        } else {
            let recurses = members.contains { servers[$0].version?.recursion == .recurses }
            severity = recurses ? .critical : .warning
        }
    }
}

/// One weakly connected component without a cycle.
private struct Component {
    var shape: TopologyShape
    var depth: Int
    var root: Int?

    init(_ members: [Int], _ graph: TopologyGraph) {
        var roots: [Int] = []
        var isExternal = false
        var isPlain = true
        var parents: [Int: Int] = [:]
        var children: [Int: Int] = [:]
        for member in members {
            switch graph.targets[member] {
            case .nowhere: roots.append(member)
            case .unknown:
                roots.append(member)
                isPlain = false
            case .external:
                roots.append(member)
                isExternal = true
            case .servers(let numbers):
                if numbers.count > 1 { isPlain = false }
                parents[member] = numbers[0]
                for number in numbers { children[number, default: 0] += 1 }
            }
        }
        root = roots.count == 1 && !isExternal && isPlain ? roots[0] : nil
        depth = Self.depth(members, parents)
        if isExternal {
            shape = depth == 0 ? .external : .mixed
        } else if members.count == 1 {
            shape = isPlain ? .single : .mixed
        } else if root == nil {
            shape = .mixed
        } else if depth == 1 {
            shape = .star
        } else {
            shape = children.values.allSatisfy { $0 == 1 } ? .chain : .tree
        }
    }

    private static func depth(_ members: [Int], _ parents: [Int: Int]) -> Int {
        var depths: [Int: Int] = [:]
        for member in members {
            var path: [Int] = []
            var current = member
            while depths[current] == nil, let parent = parents[current], path.count <= members.count {
                path.append(current)
                current = parent
            }
            var depth = depths[current] ?? 0
            for step in path.reversed() {
                depth += 1
                depths[step] = depth
            }
        }
        return depths.values.max() ?? 0
    }
}
