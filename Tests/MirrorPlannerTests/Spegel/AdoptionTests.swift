import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("A release of the chart is adopted")
struct AdoptionTests {
    private static let labels: [String: JSONValue] = [
        "app.kubernetes.io/name": "spegel", "app.kubernetes.io/instance": "mirror",
        "app.kubernetes.io/managed-by": "Helm",
    ]

    /// What the chart makes, and the pods of its DaemonSet.
    private static func world(takesOver: Bool) -> SpegelWorld {
        var world = SpegelWorld(nodes: 3) {
            $0.namespace = "spegel"
            $0.spegel = .init(adopt: .init(release: "mirror", takeOverBootstrap: takesOver))
        }
        var selector = labels
        selector["app.kubernetes.io/managed-by"] = nil
        selector["app.kubernetes.io/component"] = "spegel"
        let metadata: (String) -> JSONValue = { name in
            [
                "name": .string(name), "namespace": "spegel", "generation": 1,
                "labels": .object(labels.merging(["app.kubernetes.io/component": "spegel"]) { $1 }),
            ]
        }
        world.evidence.objects = [
            ManagedObject(
                DaemonSetKind.resource,
                [
                    "metadata": metadata("mirror-spegel"),
                    "spec": [
                        "template": [
                            "metadata": ["labels": .object(selector)],
                            "spec": [
                                "containers": [["name": "registry", "image": "ghcr.io/spegel-org/spegel:v0.7.4"]]
                            ],
                        ]
                    ],
                ]
            ),
            ManagedObject(
                ServiceKind.resource,
                [
                    "metadata": metadata("mirror-spegel-bootstrap"),
                    "spec": ["clusterIP": "None", "selector": .object(selector)],
                ]
            ),
        ]
        return world
    }

    private static func written(_ world: SpegelWorld) -> [Action] {
        world.done.filter { action in
            if case .applyMirrorNode = action { false } else { true }
        }
    }

    @Test("Nothing of it is touched, and what is found is said")
    func observes() throws {
        var world = Self.world(takesOver: false)
        world.pass(60)
        #expect(Self.written(world) == [])
        #expect(world.condition(.ready)?.status == .true)
        #expect(world.condition(.peersConnected)?.status == .true)
        #expect(world.condition(.evictionEffective)?.reason == Reason.bootstrapNotTakenOver.rawValue)
        #expect(world.condition(.versionsSupported)?.message.contains("v0.7.4") == true)
    }

    @Test("A release that is not there stalls the mirror, and says where it was looked for")
    func missing() throws {
        var world = Self.world(takesOver: false)
        world.mirror.spec.spegel?.adopt?.release = "other"
        world.pass(5)
        let stalled = try #require(world.condition(.stalled))
        #expect(stalled.reason == Reason.releaseNotFound.rawValue)
        #expect(stalled.message.contains("spegel") && stalled.message.contains("other"))
    }

    @Test("Taking over: the finalizer, every pod, and only then the one key; and back in the other order")
    func takesOver() throws {
        var world = Self.world(takesOver: true)
        world.pass(60)
        let kinds = Self.written(world).map { action in
            switch action {
            case .setFinalizers: "finalizers"
            case .labelPod: "label"
            case .applyObject(let object, _): object.key.name
            default: "\(action)"
            }
        }
        #expect(kinds == ["finalizers", "label", "label", "label", "mirror-spegel-bootstrap"])
        guard case .applyObject(let intent, _)? = Self.written(world).last else {
            Issue.record("no Service is applied")
            return
        }
        #expect(intent.body["spec"] == ["selector": [LabelKey.candidate: "true"]], "one key alone")
        #expect(world.condition(.evictionEffective)?.status == .true)
        let before = Self.written(world).count
        world.mirror.spec.spegel?.adopt?.takeOverBootstrap = false
        world.operate()
        world.operate()
        let back = Self.written(world).dropFirst(before)
        #expect(back.count == 2)
        if case .applyObject(let intent, _)? = back.first { #expect(intent.body["spec"] == nil) }
        #expect(world.mirror.metadata.finalizers == [])
    }

    @Test("A mirror that goes gives the Service back first")
    func farewell() throws {
        var world = Self.world(takesOver: true)
        world.pass(60)
        world.mirror.metadata.deletionTimestamp = world.snapshot.now
        world.operate()
        #expect(world.mirror.metadata.finalizers == [Finalizer.spegel])
        world.operate()
        #expect(world.mirror.metadata.finalizers == [])
    }
}
