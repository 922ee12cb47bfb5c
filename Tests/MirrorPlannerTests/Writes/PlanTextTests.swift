import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("A plan as text")
struct PlanTextTests {
    @Test("An eviction is printed whole: the memory of the set, the live look with the label, the record of the seed")
    func eviction() throws {
        var snapshot = SeedsInPlansTests.snapshot()
        snapshot.nodes[3].status?.conditions?.append(Node.Condition(type: "DiskPressure", status: "True"))
        let plan = try #require(Planner.plan(mirror: "embedded", snapshot))
        let lines = PlanText(plan).lines.filter { $0.hasPrefix("  would:") }
        #expect(
            lines == [
                "  would: remember the candidate set (P2PMirror embedded): 3 of 4 seeds are published "
                    + "(at least 2 must be)",
                "  would: take the seed server-4 out of the candidate set (Node server-4), if a live look shows that 2 "
                    + "stay: server-4 is out of the set: its node is under DiskPressure; it comes back after 120 s of "
                    + "health",
                "  would: remember Evicted of the seed server-4 (MirrorNode embedded.server-4), DiskPressure: "
                    + "server-4 is out of the set: its node is under DiskPressure; it comes back after 120 s of health",
            ]
        )
    }
}
