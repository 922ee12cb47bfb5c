import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("That a release is not found does not say that it was removed")
struct ReleaseMemoryTests {
    private static func world(
        _ objects: [ManagedObject] = [ChartFixture.old, ChartFixture.bootstrap(nil)],
        takesOver: Bool = false,
        policy: NodeConfigurationPolicy = .repair
    ) -> SpegelWorld {
        var world = SpegelWorld(nodes: 2) {
            $0.namespace = ChartFixture.namespace
            $0.spegel = .init(
                adopt: .init(release: ChartFixture.release, takeOverBootstrap: takesOver),
                nodeConfiguration: policy
            )
        }
        world.evidence.objects = objects
        return world
    }

    private static func wishes(_ world: SpegelWorld) -> [ContainerdWish?] {
        world.snapshot.mirrorNodes.sorted { $0.metadata.name < $1.metadata.name }.map(\.spec.containerd)
    }

    private static func uninstall(_ world: inout SpegelWorld) {
        world.evidence.objects = []
        world.pods = []
    }

    @Test("A release of a chart before v0.4.0, which puts no component on anything, is adopted")
    func oldChart() throws {
        var world = Self.world()
        world.pass(30)
        #expect(world.condition(.stalled)?.status == .false)
        #expect(world.condition(.ready)?.status == .true)
        #expect(world.plan?.status.nodes?.selected == 2)
        #expect(world.pods.count == 2)
        #expect(world.condition(.peersConnected)?.status == .true, "\(world.condition(.peersConnected)?.message ?? "")")
        let wish = try #require(Self.wishes(world).first ?? nil)
        #expect(wish.installed && wish.release == "spegel/images" && wish.mirrorPorts == [30_020, 30_021])
    }

    @Test("Its pods are labelled and its Service narrowed as those of any other")
    func oldChartTakenOver() throws {
        var world = Self.world(takesOver: true)
        world.pass(60)
        let service = try #require(world.object("Service", "images-spegel-bootstrap"))
        #expect(service.body[path: "spec", "selector"]?[LabelKey.candidate] == "true")
        #expect(world.pods.allSatisfy { $0.metadata.labels[LabelKey.candidate] == "true" })
    }

    @Test("What puts containerd's files back is no peer of an old release")
    func cleanUp() {
        var world = Self.world()
        world.evidence.objects.insert(ChartFixture.daemonSet("cleanup", ["containers": []]), at: 0)
        world.pass(10)
        #expect(world.condition(.stalled)?.status == .false)
    }

    @Test("A release that was never seen leads to no word to any agent", arguments: 0..<3)
    func neverSeen(number: Int) throws {
        var world = Self.world()
        switch number {
        case 0: world.mirror.spec.spegel?.adopt?.release = "image"
        case 1: world.mirror.spec.namespace = "other"
        default: world.evidence.objects = []
        }
        world.evidence.isReleaseGone = true
        world.pass(60)
        #expect(Self.wishes(world) == [nil, nil])
        let stalled = try #require(world.condition(.stalled))
        #expect(stalled.reason == Reason.releaseNotFound.rawValue)
        #expect(stalled.message.contains("Nothing is taken for removed"))
        if number == 0 { #expect(stalled.message.contains("releases there are images")) }
    }

    @Test("What an older operator wrote of a release that it did not find is taken back")
    func olderOperator() throws {
        var world = Self.world([])
        world.pass(1)
        let before = ContainerdWish(
            registryConfigPath: "/etc/containerd/certs.d",
            mirrorPorts: [30_020, 30_021],
            installed: false,
            repair: true
        )
        for index in world.snapshot.mirrorNodes.indices { world.snapshot.mirrorNodes[index].spec.containerd = before }
        world.evidence.isReleaseGone = true
        world.pass(5)
        #expect(Self.wishes(world) == [nil, nil])
    }

    @Test("A name that is mistyped later changes nothing on nodes, and putting it right goes on as before")
    func mistypedLater() throws {
        var world = Self.world()
        world.pass(30)
        let before = Self.wishes(world)
        world.mirror.spec.spegel?.adopt?.release = "image"
        world.evidence.isReleaseGone = true
        world.pass(60)
        #expect(Self.wishes(world) == before)
        world.mirror.spec.spegel?.adopt?.release = "images"
        world.pass(5)
        #expect(Self.wishes(world) == before)
    }

    @Test("A release that was seen is gone only once a live look found nothing; a look that failed changes nothing")
    func seenThenGone() throws {
        var world = Self.world()
        world.pass(30)
        Self.uninstall(&world)
        world.pass(60)
        #expect(Self.wishes(world).allSatisfy { $0?.installed == true })
        world.evidence.isReleaseGone = false
        world.pass(5)
        #expect(Self.wishes(world).allSatisfy { $0?.installed == true })
        world.evidence.isReleaseGone = true
        world.pass(5)
        #expect(Self.wishes(world).allSatisfy { $0?.isGone == true && $0?.repair == true })
        #expect(Self.wishes(world).first??.mirrorPorts == [30_020, 30_021], "as the release had them")
        world.evidence.isReleaseGone = nil
        world.pass(5)
        #expect(Self.wishes(world).allSatisfy { $0?.isGone == true })
    }

    @Test("While a pod or a Service of it is there a release is not gone", arguments: [true, false])
    func traces(isPod: Bool) throws {
        var world = Self.world()
        world.pass(30)
        let pods = world.pods
        Self.uninstall(&world)
        if isPod { world.pods = pods } else { world.evidence.objects = [ChartFixture.bootstrap(nil)] }
        world.evidence.isReleaseGone = true
        world.pass(60)
        #expect(Self.wishes(world).allSatisfy { $0?.installed == true })
    }

    @Test("What an earlier mirror of the same name saw is not remembered")
    func earlierMirror() throws {
        var world = Self.world()
        world.pass(30)
        Self.uninstall(&world)
        world.mirror.metadata.uid = "another"
        world.evidence.isReleaseGone = true
        world.pass(10)
        #expect(Self.wishes(world) == [nil, nil])
    }

    @Test("An installation of our own says nothing to agents before it is there, and never that it is gone")
    func installation() throws {
        var world = SpegelWorld(nodes: 2) { $0.spegel?.nodeConfiguration = .repair }
        world.mirror.spec.mode = .observe
        world.pass(30)
        #expect(Self.wishes(world) == [nil, nil], "a release that lives on the same ports is none of ours")
        world.mirror.spec.mode = .enforce
        world.pass(60)
        #expect(Self.wishes(world).allSatisfy { $0?.installed == true && $0?.release == nil })
        world.evidence.objects.removeAll { $0.resource == DaemonSetKind.resource }
        world.operate()
        #expect(Self.wishes(world).allSatisfy { $0?.installed == true })
    }

    @Test("Registries and ports are those of the release, and a registry that it does not mirror is said")
    func custom() throws {
        var world = Self.world([ChartFixture.custom, ChartFixture.bootstrap("spegel")])
        world.pass(30)
        let wish = try #require(Self.wishes(world).first ?? nil)
        #expect(wish.registries == ["docker.io", "ghcr.io"])
        #expect(wish.mirrorPorts == [29_999, 31_999])
        #expect(world.condition(.nodesCurrent)?.status == .true)
        world.mirror.spec.registries = ["docker.io", "quay.io"]
        #expect(world.condition(.nodesCurrent)?.message.contains("quay.io, which the release does not mirror") == true)
    }

    @Test("A selector that Helm took back by force is taken over again, and what is adopted no more is given back")
    func forced() throws {
        var world = Self.world(takesOver: true)
        world.pass(60)
        let index = try #require(world.evidence.objects.firstIndex { $0.resource == ServiceKind.resource })
        #expect(world.evidence.objects[index].body[path: "spec", "selector"]?[LabelKey.candidate] == "true")
        world.evidence.objects[index] = ChartFixture.bootstrap(nil)
        world.notes.removeAll()
        world.pass(5)
        #expect(world.evidence.objects[index].body[path: "spec", "selector"]?[LabelKey.candidate] == "true")
        let note = try #require(world.notes.first { $0.reason == .takesOverBootstrap })
        #expect(note.message.contains("conflicts with \"p2pmirror-spegel\" on .spec.selector"))
        #expect(note.message.contains("--force-conflicts"))
        var other = ChartFixture.daemonSet(nil, release: "other", ["containers": []])
        other.body["metadata"]?["name"] = "other-spegel"
        world.evidence.objects += [other, ChartFixture.bootstrap(nil, release: "other")]
        world.mirror.spec.spegel?.adopt?.release = "other"
        world.pass(60)
        let before = try #require(world.object("Service", "images-spegel-bootstrap"))
        #expect(before.body[path: "spec", "selector"]?[LabelKey.candidate] == nil)
    }

    @Test("Pods that can't be made are named with the reason, where an installation waits for them")
    func refusedPods() throws {
        var world = SpegelWorld(nodes: 2)
        world.pass(60)
        world.pods = []
        world.evidence.podRefusal = "a pod is forbidden: violates PodSecurity \"restricted:latest\""
        let message = try #require(world.condition(.reconciling)?.message)
        #expect(
            message.contains("peers-spegel can make no pods (FailedCreate)") && message.contains("restricted:latest")
        )
        #expect(world.condition(.peersConnected)?.message.contains("FailedCreate") == true)
        #expect(world.plan?.nextDeadline == world.snapshot.now + 10)
    }
}
