/// A directed graph in two arrays: the successors of `v` are `edges[offsets[v]..<offsets[v + 1]]`.
struct Adjacency: Hashable, Sendable {
    var offsets: [Int]
    var edges: [Int]

    /// `successors[v]` in order.
    init(_ successors: [[Int]]) {
        offsets = [0]
        offsets.reserveCapacity(successors.count + 1)
        edges = []
        for list in successors {
            edges.append(contentsOf: list)
            offsets.append(edges.count)
        }
    }

    var count: Int { offsets.count - 1 }

    func successors(of vertex: Int) -> ArraySlice<Int> { edges[offsets[vertex]..<offsets[vertex + 1]] }
}

/// Strongly connected components by Tarjan's algorithm, with a stack of its own: a chain of 100,000 servers must not
/// end the process.
struct StronglyConnected {
    private let graph: Adjacency
    private var index: [Int]
    private var low: [Int]
    private var isOnStack: [Bool]
    private var next: [Int]
    private var stack: [Int] = []
    private var counter = 0
    private var found: [[Int]] = []

    private init(_ graph: Adjacency) {
        self.graph = graph
        index = Array(repeating: -1, count: graph.count)
        low = index
        isOnStack = Array(repeating: false, count: graph.count)
        next = Array(graph.offsets.dropLast())
    }

    /// The components that hold a cycle: those of two vertices or more, and single ones with an edge to themselves.
    static func cyclicComponents(of graph: Adjacency) -> [[Int]] {
        var search = StronglyConnected(graph)
        for vertex in 0..<graph.count where search.index[vertex] < 0 { search.visit(vertex) }
        return search.found
    }

    private mutating func visit(_ start: Int) {
        var path = [start]
        open(start)
        while let vertex = path.last {
            if next[vertex] < graph.offsets[vertex + 1] {
                let successor = graph.edges[next[vertex]]
                next[vertex] += 1
                if index[successor] < 0 {
                    open(successor)
                    path.append(successor)
                } else if isOnStack[successor] {
                    low[vertex] = min(low[vertex], index[successor])
                }
            } else {
                path.removeLast()
                if let parent = path.last { low[parent] = min(low[parent], low[vertex]) }
                if low[vertex] == index[vertex] { close(vertex) }
            }
        }
    }

    private mutating func open(_ vertex: Int) {
        index[vertex] = counter
        low[vertex] = counter
        counter += 1
        stack.append(vertex)
        isOnStack[vertex] = true
    }

    private mutating func close(_ root: Int) {
        var component: [Int] = []
        while let vertex = stack.popLast() {
            isOnStack[vertex] = false
            component.append(vertex)
            if vertex == root { break }
        }
        if component.count > 1 || graph.successors(of: root).contains(root) { found.append(component) }
    }
}

/// Sets that grow together: weakly connected components.
struct DisjointSets {
    private var parent: [Int]

    init(count: Int) { parent = Array(0..<count) }

    mutating func find(_ element: Int) -> Int {
        var root = element
        while parent[root] != root { root = parent[root] }
        var current = element
        while parent[current] != root { (current, parent[current]) = (parent[current], root) }
        return root
    }

    mutating func join(_ first: Int, _ second: Int) {
        let (left, right) = (find(first), find(second))
        // The smaller number stays, so that equal graphs give equal sets.
        if left < right { parent[right] = left } else { parent[left] = right }
    }
}
