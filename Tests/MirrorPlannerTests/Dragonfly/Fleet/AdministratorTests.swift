import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("What an administrator says of one seed of Dragonfly, on its pod")
struct AdministratorTests {
    private static let seed = "dragonfly-seed-client-1"

    private func annotate(_ world: inout DragonflyWorld, _ key: String, _ value: String?) {
        world.change(Self.seed) { $0.metadata.annotations[key] = value }
    }

    private func since(_ world: DragonflyWorld) -> String {
        world.mirror.status?.seeds?.first { $0.name == Self.seed }?.candidate.since.description ?? "never"
    }

    @Test("A seed that is excluded leaves at once, whatever it says, and comes back when the annotation is gone")
    func exclude() {
        var world = DragonflyWorld { $0.candidates.healthyForSeconds = 60 }
        world.pass(60)
        annotate(&world, AnnotationKey.exclude, "spinning disk")
        world.pass(5)
        #expect(world.quarantined == [Self.seed])
        let eviction = world.mirror.status?.evictions?.first
        #expect(eviction?.reason == "Excluded")
        #expect(eviction?.message.contains("an administrator excludes it (spinning disk)") == true)
        world.pass(600)
        #expect(world.quarantined == [Self.seed])
        annotate(&world, AnnotationKey.exclude, nil)
        world.pass(50)
        #expect(world.quarantined == [Self.seed], "its probation is 60 s")
        world.pass(30)
        #expect(world.quarantined.isEmpty)
    }

    @Test("An exclusion says nothing of the pod that takes its place, and of no other seed")
    func replaced() {
        var world = DragonflyWorld { $0.candidates.healthyForSeconds = 20 }
        world.pass(60)
        annotate(&world, AnnotationKey.exclude, "")
        world.pass(5)
        #expect(world.quarantined == [Self.seed])
        world.replace(Self.seed)
        world.pass(120)
        #expect(world.quarantined.isEmpty)
    }

    @Test("A Node's exclusion goes on to hold for the seed on it")
    func node() {
        var world = DragonflyWorld()
        world.pass(60)
        // Behind three schedulers: the second seed is on the fifth node.
        world.snapshot.nodes[4].metadata.annotations[AnnotationKey.exclude] = "old rack"
        world.pass(5)
        #expect(world.quarantined == [Self.seed])
        #expect(world.mirror.status?.evictions?.first?.message.contains("old rack") == true)
    }

    @Test("The last seed stays though it is excluded: clients would go to the source")
    func last() {
        var world = DragonflyWorld(seeds: 1)
        world.pass(60)
        world.change("dragonfly-seed-client-0") { $0.metadata.annotations[AnnotationKey.exclude] = "" }
        world.pass(300)
        #expect(world.quarantined.isEmpty)
        #expect(world.calls.isEmpty)
    }

    @Test("A seed that is well again comes back at once where its eviction is named, and where another is it waits")
    func readmit() {
        var world = DragonflyWorld { $0.candidates.healthyForSeconds = 900 }
        world.pass(60)
        world.disks[Self.seed] = 91
        world.pass(60)
        #expect(world.quarantined == [Self.seed])
        annotate(&world, AnnotationKey.readmit, since(world))
        world.pass(60)
        #expect(world.quarantined == [Self.seed], "it is not well yet")
        annotate(&world, AnnotationKey.readmit, "2020-01-01T00:00:00Z")
        world.disks[Self.seed] = 40
        world.pass(60)
        #expect(world.quarantined == [Self.seed])
        annotate(&world, AnnotationKey.readmit, since(world))
        world.pass(5)
        #expect(world.quarantined.isEmpty)
        #expect(world.mirror.status?.seeds?.first { $0.name == Self.seed }?.candidate.ejections ?? 0 == 0)
    }
}
