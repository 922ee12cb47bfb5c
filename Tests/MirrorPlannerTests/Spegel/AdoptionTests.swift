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
    static func world(takesOver: Bool) -> SpegelWorld {
        var world = SpegelWorld(nodes: 3) {
            $0.namespace = "spegel"
            $0.spegel = .init(adopt: .init(release: "mirror", takeOverBootstrap: takesOver))
        }
        var selector = labels
        selector["app.kubernetes.io/managed-by"] = nil
        selector["app.kubernetes.io/component"] = "spegel"
        let metadata: (String) -> JSONValue = { name in
            [
                "name": .string(name), "namespace": "spegel", "generation": 1, "resourceVersion": "1",
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

    private static func written(_ world: SpegelWorld) -> [Write] {
        world.done.filter { $0.purpose != .applyMirrorNode && $0.purpose != .clearMirrorNode }
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

    private static func kinds(_ actions: some Sequence<Write>) -> [String] {
        actions.map { action in
            switch action.purpose {
            case .setFinalizers: "finalizers"
            case .labelPod: "label"
            case .changeObject:
                action.target.resource == Pod.resource ? "bare" : "\(action.target.key.name) \(action.change.content)"
            default: action.sentence
            }
        }
    }

    @Test("Taking over: the finalizer, every pod, and only then the one key; and back in the other order")
    func takesOver() throws {
        var world = Self.world(takesOver: true)
        world.pass(60)
        let taking = #"mirror-spegel-bootstrap {"spec":{"selector":{"p2pmirror.io/candidate":"true"}}}"#
        #expect(Self.kinds(Self.written(world)) == ["finalizers", "label", "label", "label", taking])
        #expect(world.condition(.evictionEffective)?.status == .true)
        let before = Self.written(world).count
        world.mirror.spec.spegel?.adopt?.takeOverBootstrap = false
        world.pass(5)
        let giving = #"mirror-spegel-bootstrap {"spec":{"selector":{"p2pmirror.io/candidate":null}}}"#
        let back = Self.kinds(Self.written(world).dropFirst(before))
        #expect(back == [giving, "bare", "bare", "bare", "finalizers"])
        #expect(world.mirror.metadata.finalizers == [])
        #expect(world.pods.allSatisfy { $0.metadata.labels[LabelKey.candidate] == nil })
    }

    @Test("A pod that we took out of the set is given back without our mark, and one that somebody else took out stays")
    func givesBackEvicted() throws {
        var world = Self.world(takesOver: true)
        world.pass(60)
        for (index, mark) in [SpegelWorld.name, nil].enumerated() {
            world.pods[index].metadata.labels[LabelKey.candidate] = "false"
            world.pods[index].metadata.annotations[AnnotationKey.evictedBy] = mark
        }
        world.mirror.spec.spegel?.adopt?.takeOverBootstrap = false
        world.pass(5)
        #expect(world.pods.map { $0.metadata.labels[LabelKey.candidate] } == [nil, "false", nil])
        #expect(world.pods.allSatisfy { $0.metadata.annotations[AnnotationKey.evictedBy] == nil })
    }

    @Test("A selector that somebody else narrowed is left alone")
    func foreignKey() throws {
        var world = Self.world(takesOver: false)
        let index = try #require(world.evidence.objects.firstIndex { $0.resource == ServiceKind.resource })
        world.evidence.objects[index].body["spec"]?["selector"]?[LabelKey.candidate] = "true"
        world.pass(10)
        world.mirror.metadata.deletionTimestamp = world.snapshot.now
        world.pass(10)
        #expect(Self.kinds(Self.written(world)) == [])
    }

    @Test("A mirror that goes gives the Service back first")
    func farewell() throws {
        var world = Self.world(takesOver: true)
        world.pass(60)
        world.mirror.metadata.deletionTimestamp = world.snapshot.now
        for finalizers in [[Finalizer.spegel], [Finalizer.spegel], []] {
            world.operate()
            #expect(world.mirror.metadata.finalizers == finalizers)
        }
    }
}

extension JSONValue {
    fileprivate var content: String {
        (try? JSONCoding.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

extension Write {
    /// The merge patch that it is.
    fileprivate var change: JSONValue {
        guard case .merge(.value(let change)) = body else { return [:] }
        return change
    }
}
