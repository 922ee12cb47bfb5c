import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("A tree has room for all, and moves no more than it must")
struct TreeLayoutTests {
    private static func vertices(_ parents: [Int?], zones: [Int] = []) -> [TreeLayout.Vertex] {
        parents.indices.map { index in
            TreeLayout.Vertex(
                isMember: index != 0,
                parent: parents[index],
                isInForce: parents[index] != nil,
                mayBeParent: true,
                keepsChildren: true,
                isWaiting: false,
                zone: zones.isEmpty ? 0 : zones[index]
            )
        }
    }

    @Test(
        "The least depth for so many servers",
        arguments: [
            (1, 2, 1), (2, 2, 1), (3, 2, 2), (6, 2, 2), (7, 2, 3), (14, 2, 3), (8, 8, 1), (9, 8, 2), (72, 8, 2),
        ]
    )
    func depth(count: Int, fanout: Int, depth: Int) {
        #expect(TreeLayout.depth(Array(repeating: true, count: count), fanout) == depth)
    }

    @Test("Who must not be a parent takes the lowest places")
    func depthOfFew() {
        #expect(TreeLayout.depth([true, false, false, false], 2) == 2)
        #expect(TreeLayout.depth([false, false, false], 2) == 1)
    }

    @Test("A chain within its depth stays; one that is too deep is cut as rarely as possible")
    func chain() {
        let layout = TreeLayout(root: 0, Self.vertices([nil, 0, 1, 2, 3, 4, 5]), fanout: 2)
        #expect(layout.depths.compactMap { $0 }.max() == 2)
        let moved = (1..<7).filter { layout.parents[$0] != [nil, 0, 1, 2, 3, 4, 5][$0] }
        #expect(moved == [3, 5, 6])
    }

    @Test("Children of one zone hang below a parent of that zone")
    func zones() {
        let zones = [1, 1, 1, 1, 2, 2, 2]
        let layout = TreeLayout(root: 0, Self.vertices([nil, 0, 0, 0, 0, 0, 0], zones: zones), fanout: 2)
        let across = (1..<7).filter { child in layout.parents[child].map { zones[$0] != zones[child] } ?? true }
        #expect(across.count == 1, "one server of the other zone hangs below the root: \(layout.parents)")
    }

    @Test(
        "Any forest becomes a tree of the least depth, and that one is left as it is",
        arguments: 0..<300 as Range<UInt64>
    )
    func random(seed: UInt64) {
        var dice = Dice(seed: seed)
        let count = 1 + dice.below(60)
        let fanout = 2 + dice.below(4)
        let zones = (0..<count).map { _ in dice.below(4) }
        let parents: [Int?] = (0..<count).map { $0 == 0 || dice.roll(15) ? nil : dice.below(count) }
            .enumerated().map { $1 == $0 ? nil : $1 }
        let layout = TreeLayout(root: 0, Self.vertices(parents, zones: zones), fanout: fanout)
        var children = Array(repeating: 0, count: count)
        for vertex in 1..<max(1, count) {
            guard let parent = layout.parents[vertex] else {
                Issue.record("\(vertex) has no parent")
                continue
            }
            children[parent] += 1
            #expect((layout.depths[parent] ?? -1) + 1 == layout.depths[vertex])
        }
        #expect(children.allSatisfy { $0 <= fanout })
        let least = TreeLayout.depth(Array(repeating: true, count: count - 1), fanout)
        #expect((layout.depths.compactMap { $0 }.max() ?? 0) <= least)
        let again = TreeLayout(root: 0, Self.vertices(layout.parents, zones: zones), fanout: fanout)
        #expect(again.parents == layout.parents, "seed \(seed)")
    }

    @Test("A star moves whoever does not hang below the root itself, and nobody else")
    func star() {
        let layout = TreeLayout(root: 0, Self.vertices([nil, 0, 1, 4, 3, nil]), fanout: nil)
        #expect(layout.parents == [nil, 0, 0, 0, 0, 0])
    }
}
