import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("Spegel is installed, changed and taken away")
struct InstallationTests {
    private static func kinds(_ actions: [Write]) -> [String] {
        actions.compactMap { action -> String? in
            let (kind, name) = (action.target.resource.kind, action.target.key.name)
            return switch action.purpose {
            case .setFinalizers: "finalizers"
            case .applyObject: "apply \(kind) \(name)"
            case .deleteObject: "delete \(kind) \(name)"
            case .replacePod(let node): "replace \(node)"
            case .labelPod: "label \(name)"
            default: nil
            }
        }
    }

    @Test("From nothing: the finalizer first, then what the pods need, then the pods; and then nothing more")
    func installs() throws {
        var world = SpegelWorld(nodes: 4)
        world.pass(60)
        #expect(
            Self.kinds(world.done) == [
                "finalizers", "apply ServiceAccount peers-spegel", "apply Service peers-spegel-bootstrap",
                "apply Service peers-spegel-registry", "apply Service peers-spegel", "apply DaemonSet peers-spegel",
            ]
        )
        let plan = try #require(world.plan)
        #expect(plan.actions == [])
        #expect(plan.seedWrites == [])
        for type in [MirrorConditionType.ready, .peersConnected, .candidatesAvailable, .nodesCurrent, .highlyAvailable]
        {
            #expect(world.condition(type)?.status == .true, "\(type): \(world.condition(type)?.message ?? "")")
        }
        let selector = world.object("Service", "peers-spegel-bootstrap")?.body[path: "spec", "selector"]
        #expect(selector?[LabelKey.candidate] == "true")
        #expect(world.pods.allSatisfy { $0.metadata.labels[LabelKey.candidate] == "true" }, "born candidates")
    }

    @Test("A selector that matches much less waits for a confirmation, and no pod moves meanwhile", arguments: [0, 2])
    func selectionShrank(left: Int) throws {
        var world = SpegelWorld(nodes: 5)
        for index in world.snapshot.nodes.indices {
            world.snapshot.nodes[index].metadata.labels["pool"] = "blue"
            if index < left { world.snapshot.nodes[index].metadata.labels["half"] = "yes" }
        }
        world.pass(60)
        #expect(world.snapshot.mirrorNodes.count == 5)
        world.snapshot.mirrors[0].spec.selector = LabelSelector(matchLabels: ["half": "yes"])
        world.snapshot.mirrors[0].metadata.generation = 2
        let plan = try #require(world.plan)
        #expect(plan.actions == [])
        #expect(plan.seedWrites == [])
        #expect(plan.status.conditions.first(ofType: "Stalled")?.reason == "SelectionShrank")
        #expect(plan.notes.contains { $0.reason.rawValue == "SelectionShrank" })
        world.snapshot.mirrors[0].metadata.annotations["p2pmirror.io/confirm-selection"] = "2"
        world.pass(60)
        #expect(world.snapshot.mirrorNodes.count == left)
    }

    @Test("A foreign change of an owned field comes back, and a foreign field is no reason to write")
    func foreignChanges() throws {
        var world = SpegelWorld(nodes: 3)
        world.pass(60)
        let index = try #require(world.evidence.objects.firstIndex { $0.key.name == "peers-spegel-bootstrap" })
        world.evidence.objects[index].body["metadata"]?["labels"]?["team"] = "a"
        world.evidence.objects[index].body["spec"]?["sessionAffinity"] = "None"
        #expect(world.plan?.actions == [])
        world.evidence.objects[index].body["spec"]?["selector"]?[LabelKey.candidate] = nil
        #expect(Self.kinds(world.plan?.actions ?? []) == ["apply Service peers-spegel-bootstrap"])
    }

    @Test("Fields that Kubernetes fills in and containers that others add do not count")
    func completedFields() throws {
        var world = SpegelWorld(nodes: 3)
        world.pass(60)
        let index = try #require(world.evidence.objects.firstIndex { $0.resource == DaemonSetKind.resource })
        var body = world.evidence.objects[index].body
        var pod = body[path: "spec", "template", "spec"] ?? [:]
        var containers = pod["containers"]?.arrayValue ?? []
        containers[0]["terminationMessagePath"] = "/dev/termination-log"
        containers[0]["ports"] = .array((containers[0]["ports"]?.arrayValue ?? []).reversed())
        pod["containers"] = .array([["name": "sidecar", "image": "b"]] + containers)
        pod["dnsPolicy"] = "ClusterFirst"
        body["spec"]?["template"]?["spec"] = pod
        world.evidence.objects[index].body = body
        #expect(world.plan?.actions == [])
        containers[0]["image"] = "somebody/else"
        pod["containers"] = .array(containers)
        world.evidence.objects[index].body["spec"]?["template"]?["spec"] = pod
        #expect(Self.kinds(world.plan?.actions ?? []) == ["apply DaemonSet peers-spegel"])
    }

    @Test("A setting that is no longer asked for is taken back, though the object has all that is asked for")
    func droppedSetting() throws {
        var world = SpegelWorld(nodes: 3) { $0.spegel?.install?.resources.limits.cpu = "2" }
        world.pass(60)
        world.install.resources.limits.cpu = nil
        #expect(Self.kinds(world.plan?.actions ?? []) == ["apply DaemonSet peers-spegel"])
    }

    @Test("What is wanted no more goes, and what an earlier mirror of that name left behind stays")
    func prunes() throws {
        var world = SpegelWorld(nodes: 3) { $0.spegel?.install?.serviceMonitor = true }
        world.pass(60)
        var orphan = try #require(world.object("ServiceMonitor", "peers-spegel"))
        orphan.body["metadata"]?["name"] = "other-spegel"
        orphan.body["metadata"]?["ownerReferences"] = []
        world.evidence.objects.append(orphan)
        world.install.serviceMonitor = false
        #expect(Self.kinds(world.plan?.actions ?? []) == ["delete ServiceMonitor peers-spegel"])
    }

    @Test("Observe, a pause, doubt and a release that is too old each touch nothing", arguments: 0..<4)
    func touchesNothing(what: Int) throws {
        var world = SpegelWorld(nodes: 3)
        switch what {
        case 0: world.mirror.spec.mode = .observe
        case 1: world.mirror.spec.pauseRequests = ["upgrade"]
        case 2: world.evidence.staleness = "the list has not been read yet"
        default: world.install.version = "v0.4.0"
        }
        world.pass(60)
        #expect(Self.kinds(world.done) == [])
        #expect(world.condition(.ready)?.status == [.true, .false, .unknown, .false][what])
    }

    @Test("Deletion takes the pods away, puts containerd's files back on every node, and lets the mirror go")
    func farewell() throws {
        var world = SpegelWorld(nodes: 3)
        world.pass(60)
        let before = world.done.count
        world.mirror.metadata.deletionTimestamp = world.snapshot.now
        world.pass(60)
        #expect(
            Self.kinds(Array(world.done.dropFirst(before))).prefix(3) == [
                "delete DaemonSet peers-spegel", "apply DaemonSet peers-spegel-cleanup", "finalizers",
            ]
        )
        #expect(world.mirror.metadata.finalizers == [])
    }

    @Test("A node that is away holds up the deletion of nothing, and is named")
    func farewellWithoutOne() throws {
        var world = SpegelWorld(nodes: 3)
        world.pass(60)
        world.snapshot.nodes[1].status?.conditions = [Node.Condition(type: "Ready", status: "Unknown")]
        world.mirror.metadata.deletionTimestamp = world.snapshot.now
        world.pass(30)
        #expect(world.mirror.metadata.finalizers == [])
        #expect(world.notes.contains { $0.reason == .cleanUpIncomplete && $0.message.contains("node-2") })
    }

    @Test("Deleted with --cascade=orphan, all of it stays")
    func orphans() throws {
        var world = SpegelWorld(nodes: 3)
        world.pass(60)
        let before = world.done.count
        world.mirror.metadata.finalizers.append("orphan")
        world.mirror.metadata.deletionTimestamp = world.snapshot.now
        world.operate()
        #expect(Self.kinds(Array(world.done.dropFirst(before))) == ["finalizers"])
        #expect(world.mirror.metadata.finalizers == ["orphan"])
    }

    @Test("All of it stays too where the garbage collector has done its part before we look")
    func orphansUnseen() throws {
        var world = SpegelWorld(nodes: 3)
        world.pass(60)
        let before = world.done.count
        for index in world.evidence.objects.indices {
            world.evidence.objects[index].body["metadata"]?["ownerReferences"] = nil
        }
        world.mirror.metadata.deletionTimestamp = world.snapshot.now
        world.pass(30)
        #expect(Self.kinds(Array(world.done.dropFirst(before))) == ["finalizers"])
        #expect(world.mirror.metadata.finalizers == [])
        #expect(world.object("DaemonSet", "peers-spegel") != nil)
    }

    @Test(
        "The same settings have the same revision whatever is rendered from them",
        arguments: [
            ("registries", "*"), ("logLevel", ""), ("debugUntil", ""),
        ]
    )
    func revisions(setting: String, value: String) {
        let spec = P2PMirrorSpec(provider: .spegel)
        let install = P2PMirrorSpec.Install()
        var (otherSpec, other) = (spec, install)
        switch setting {
        case "registries": otherSpec.registries = [value]
        case "logLevel": other.logLevel = .info
        default: other.debugUntil = SpegelWorld.epoch
        }
        let revision = SpegelSettings(spec, install, now: SpegelWorld.epoch).revision
        #expect(SpegelSettings(otherSpec, other, now: SpegelWorld.epoch).revision == revision)
        other.logLevel = .debug
        #expect(SpegelSettings(otherSpec, other, now: SpegelWorld.epoch).revision != revision)
    }

    @Test("Each agent is told what containerd must be told, and what it finds stands in NodesCurrent")
    func containerd() throws {
        var world = SpegelWorld(nodes: 3) {
            $0.registries = ["registry.k8s.io", "docker.io"]
            $0.spegel?.nodeConfiguration = .repair
        }
        world.pass(60)
        let wish = try #require(world.snapshot.mirrorNodes.first?.spec.containerd)
        #expect(wish.registries == ["docker.io", "registry.k8s.io"])
        #expect(wish.mirrorPorts == [30_020, 30_021])
        #expect(wish.registryConfigPath == "/etc/containerd/certs.d")
        #expect(wish.installed && wish.repair)
        #expect(world.condition(.nodesCurrent)?.status == .true)
        let index = try #require(world.snapshot.mirrorNodes.firstIndex { $0.spec.nodeName == "node-2" })
        let finding = ContainerdReport.Finding(reason: Reason.configPathUnset.rawValue, message: "it is not set")
        world.snapshot.mirrorNodes[index].status = MirrorNodeStatus(
            agent: .init(phase: .idle, containerd: ContainerdReport(findings: [finding]), version: "1")
        )
        let current = try #require(world.condition(.nodesCurrent))
        #expect(current.status == .false)
        #expect(current.reason == Reason.configPathUnset.rawValue)
        #expect(current.message.contains("node-2: it is not set"))
    }

    @Test("The debug log begins and ends by itself, each in waves")
    func debugEnds() throws {
        var world = SpegelWorld(nodes: 3)
        world.pass(60)
        let usual = world.pods.map { $0.metadata.labels[LabelKey.revision] }
        world.install.debugUntil = world.snapshot.now + 300
        world.pass(200)
        #expect(world.pods.allSatisfy { !usual.contains($0.metadata.labels[LabelKey.revision]) })
        #expect(world.plan?.nextDeadline.map { $0 <= SpegelWorld.epoch + 360 } == true)
        world.pass(300)
        #expect(world.pods.map { $0.metadata.labels[LabelKey.revision] } == usual)
    }
}
