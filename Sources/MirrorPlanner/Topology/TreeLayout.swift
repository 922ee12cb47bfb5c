/// Where each server hangs in the wanted shape: below the root, no server with more than `fanout` children, no deeper
/// than that allows, children of one zone below a parent of that zone, and as many servers as possible where they are.
///
/// A star is the layout of depth 1 whose root may have any number of children. Servers that must not be changed keep
/// their place and take up room. It is a function of what lasts (wishes, edges, roles, zones): who is away for a while
/// makes no difference, so that the layout stands still while a rollout goes through it.
struct TreeLayout {
    /// One server, as far as its place matters.
    struct Vertex {
        /// Whether it may be changed.
        var isMember: Bool
        /// Where it hangs or is wished to hang; nil where that is no server.
        var parent: Int?
        /// Whether `parent` is what it runs with.
        var isInForce: Bool
        /// Whether others may be hung below it.
        var mayBeParent: Bool
        /// Whether what hangs below it may stay there.
        var keepsChildren: Bool
        /// Whether a change of it must wait: of a cycle, another one is cut out then.
        var isWaiting: Bool
        /// Number of its zone; 0 where it has none.
        var zone: Int
    }

    /// For each member but the root, and for what else leads to the root: the server above it.
    private(set) var parents: [Int?]
    /// Hops to the root; nil where a server does not lead there.
    private(set) var depths: [Int?]

    private let vertices: [Vertex]
    private let fanout: Int
    private var limit: Int
    private var children: [[Int]]
    private var heights: [Int]
    private var sizes: [Int]
    private var room: [Int]
    private var slots: SlotTable
    /// Zones that have a server in the tree.
    private var zones: Set<Int> = []

    /// - Parameter fanout: children of one server; nil for a star.
    init(root: Int, _ vertices: [Vertex], fanout: Int?) {
        self.vertices = vertices
        self.fanout = fanout ?? Int.max
        limit = 1
        parents = Array(repeating: nil, count: vertices.count)
        depths = parents
        children = Array(repeating: [], count: vertices.count)
        heights = Array(repeating: 0, count: vertices.count)
        sizes = Array(repeating: 1, count: vertices.count)
        room = Array(repeating: self.fanout, count: vertices.count)
        slots = SlotTable()
        for vertex in vertices.indices where vertex != root {
            if let parent = vertices[vertex].parent, parent != vertex { children[parent].append(vertex) }
        }
        let below = reach(from: [root] + vertices.indices.filter { vertices[$0].isMember })
        if let fanout { limit = Self.depth(below.filter { $0 != root }.map { vertices[$0].mayBeParent }, fanout) }
        measure(reach(from: [root]))
        var open = tops(cut: attach(root, below: nil))
        measure(reach(from: open))
        while !open.isEmpty {
            var rest: [Int] = []
            for top in inOrder(open) where depths[top] == nil { rest += place(top, root) }
            open = rest
        }
    }

    /// The least depth in which so many servers have room, those that may be parents nearest to the root.
    static func depth(_ mayBeParent: [Bool], _ fanout: Int) -> Int {
        var parents = mayBeParent.count { $0 }
        var left = mayBeParent.count
        var slots = fanout
        var depth = 0
        while left > 0, slots > 0 {
            depth += 1
            let placed = min(left, slots)
            let placedParents = min(parents, placed)
            left -= placed
            parents -= placedParents
            slots = placedParents.multipliedReportingOverflow(by: fanout).overflow ? left : placedParents * fanout
        }
        return max(1, depth)
    }

    // MARK: Attaching

    /// Hangs a server below another one, with all below it that may stay; answers members that may not.
    private mutating func attach(_ top: Int, below parent: Int?) -> [Int] {
        if let parent {
            parents[top] = parent
            room[parent] -= 1
        }
        depths[top] = parent.flatMap { depths[$0] }.map { $0 + 1 } ?? 0
        var queue = [top]
        var next = 0
        var cut: [Int] = []
        while next < queue.count {
            let vertex = queue[next]
            next += 1
            let depth = depths[vertex] ?? 0
            let present = children[vertex].filter { depths[$0] == nil }
            let fixed = present.filter { !vertices[$0].isMember }
            let members = present.filter { vertices[$0].isMember }
            let keeps = depth < limit && (vertices[vertex].keepsChildren || parents[vertex] == nil)
            let kept = keeps ? choose(members, below: vertex, max(0, fanout - fixed.count)) : []
            for child in fixed + kept {
                parents[child] = vertex
                depths[child] = depth + 1
            }
            room[vertex] = fanout - fixed.count - kept.count
            zones.insert(vertices[vertex].zone)
            if vertices[vertex].mayBeParent || parents[vertex] == nil {
                slots.add(vertex, zone: vertices[vertex].zone, depth: depth)
            }
            queue += fixed + kept
            let stays = Set(kept)
            cut += members.filter { !stays.contains($0) }
        }
        return cut
    }

    /// Of more children than there is room for, those that stay: what runs so before what is only wished for, the first
    /// of each zone, then those of the parent's zone; larger subtrees before smaller ones.
    private func choose(_ members: [Int], below parent: Int, _ count: Int) -> [Int] {
        guard members.count > count else { return members }
        let sorted = members.sorted { rank($0) < rank($1) }
        var seen: Set<Int> = []
        let heads = sorted.filter { vertices[$0].zone != 0 && seen.insert(vertices[$0].zone).inserted }
        let isHead = Set(heads)
        let zone = vertices[parent].zone
        let others = sorted.filter { !isHead.contains($0) }
        let near = others.filter { vertices[$0].zone == zone }
        let far = others.filter { vertices[$0].zone != zone }
        return (heads + near + far).prefix(count).sorted()
    }

    private func rank(_ vertex: Int) -> (Int, Int, Int) {
        (vertices[vertex].isInForce ? 0 : 1, -sizes[vertex], vertex)
    }

    // MARK: What must be hung elsewhere

    /// Members from which everything hangs that is not attached: those that were cut off, those whose parent is none,
    /// and one of each cycle.
    private func tops(cut: [Int]) -> [Int] {
        var tops = cut
        var isKnown = depths.map { $0 != nil }
        for top in cut { isKnown[top] = true }
        for vertex in vertices.indices where !isKnown[vertex] {
            guard vertices[vertex].isMember else { continue }
            let parent = vertices[vertex].parent
            if parent.map({ !vertices[$0].keepsChildren || depths[$0] != nil }) ?? true {
                tops.append(vertex)
                isKnown[vertex] = true
            }
        }
        mark(reach(from: tops), &isKnown)
        for vertex in vertices.indices where !isKnown[vertex] && vertices[vertex].isMember {
            let top = breaker(above: vertex, isKnown)
            guard !isKnown[top] else { continue }
            tops.append(top)
            mark(reach(from: [top]), &isKnown)
        }
        return tops
    }

    private func mark(_ found: [Int], _ isKnown: inout [Bool]) {
        for vertex in found { isKnown[vertex] = true }
    }

    /// The member to cut out of what lies above one: of a cycle the first that needs not wait, else the last member
    /// before the way ends.
    private func breaker(above start: Int, _ isKnown: [Bool]) -> Int {
        var path: [Int] = []
        var seen: Set<Int> = []
        var current: Int? = start
        while let vertex = current, !isKnown[vertex], seen.insert(vertex).inserted {
            path.append(vertex)
            current = vertices[vertex].parent
        }
        var cycle: ArraySlice<Int> = []
        if let vertex = current, let first = path.firstIndex(of: vertex) { cycle = path[first...] }
        let members = cycle.filter { vertices[$0].isMember }.sorted()
        if let best = members.first(where: { !vertices[$0].isWaiting }) ?? members.first { return best }
        return path.last { vertices[$0].isMember } ?? start
    }

    private func reach(from starts: [Int]) -> [Int] {
        var isSeen = Array(repeating: false, count: vertices.count)
        var found = starts.filter { start in
            defer { isSeen[start] = true }
            return !isSeen[start]
        }
        var next = 0
        while next < found.count {
            for child in children[found[next]] where !isSeen[child] && depths[child] == nil {
                isSeen[child] = true
                found.append(child)
            }
            next += 1
        }
        return found
    }

    /// Sizes and heights of what hangs below each of these, which stand before what is below them.
    private mutating func measure(_ found: [Int]) {
        for vertex in found {
            heights[vertex] = 0
            sizes[vertex] = 1
        }
        var isLater = Array(repeating: false, count: vertices.count)
        for vertex in found.reversed() {
            isLater[vertex] = true
            for child in children[vertex] where isLater[child] && depths[child] == nil {
                heights[vertex] = max(heights[vertex], heights[child] + 1)
                sizes[vertex] += sizes[child]
            }
        }
    }

    // MARK: Placing

    /// The hardest to place first; then the first of each zone that has no place yet, so that others find it.
    private func inOrder(_ tops: [Int]) -> [Int] {
        guard tops.count > 1 else { return tops }
        var seen = zones
        let sorted = tops.sorted()
        var isHead: Set<Int> = []
        for top in sorted where vertices[top].zone != 0 && seen.insert(vertices[top].zone).inserted {
            isHead.insert(top)
        }
        return sorted.sorted { left, right in
            let (first, second) = (isHead.contains(left) ? 0 : 1, isHead.contains(right) ? 0 : 1)
            return (-heights[left], first, left) < (-heights[right], second, right)
        }
    }

    /// Hangs a server where it fits best; answers what of its subtree does not fit there.
    private mutating func place(_ top: Int, _ root: Int) -> [Int] {
        while true {
            if let slot = slot(for: top) { return attach(top, below: slot) }
            guard slots.deepest >= limit else { break }
            limit += 1
        }
        // Nobody else may be a parent: rather too many children than a server that leads nowhere.
        return attach(top, below: root)
    }

    private mutating func slot(for top: Int) -> Int? {
        if let parent = vertices[top].parent, let depth = depths[parent], room[parent] > 0,
            vertices[parent].keepsChildren, depth + 1 + heights[top] <= limit
        {
            return parent
        }
        let fitting = limit - 1 - heights[top]
        let zone = vertices[top].zone
        if zone != 0, let slot = slots.first(zone: zone, upTo: fitting, room) { return slot }
        if let slot = slots.first(upTo: fitting, room) { return slot }
        // A part of what hangs below it must go elsewhere then; as little as possible.
        guard let best = slots.first(upTo: limit - 1, room) else { return nil }
        let near = zone == 0 ? nil : slots.first(zone: zone, upTo: depths[best] ?? 0, room)
        return near ?? best
    }
}

/// Servers that may take children, by depth, in the order in which they came.
private struct SlotTable {
    private struct Queue {
        var vertices: [Int] = []
        var next = 0
    }

    private var all: [Queue] = []
    private var zones: [Int: [Queue]] = [:]

    /// The greatest depth of one that was added.
    var deepest: Int { all.count - 1 }

    mutating func add(_ vertex: Int, zone: Int, depth: Int) {
        Self.add(vertex, depth, to: &all)
        if zone != 0 { Self.add(vertex, depth, to: &zones[zone, default: []]) }
    }

    /// The nearest to the root that has room.
    mutating func first(upTo depth: Int, _ room: [Int]) -> Int? { Self.first(in: &all, depth, room) }

    mutating func first(zone: Int, upTo depth: Int, _ room: [Int]) -> Int? {
        Self.first(in: &zones[zone, default: []], depth, room)
    }

    private static func add(_ vertex: Int, _ depth: Int, to queues: inout [Queue]) {
        while queues.count <= depth { queues.append(Queue()) }
        queues[depth].vertices.append(vertex)
    }

    private static func first(in queues: inout [Queue], _ depth: Int, _ room: [Int]) -> Int? {
        guard depth >= 0 else { return nil }
        for level in 0..<min(depth + 1, queues.count) {
            while queues[level].next < queues[level].vertices.count {
                let vertex = queues[level].vertices[queues[level].next]
                if room[vertex] > 0 { return vertex }
                queues[level].next += 1
            }
        }
        return nil
    }
}
