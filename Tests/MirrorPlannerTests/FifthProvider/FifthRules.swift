import KubeCore
import MirrorAPI

@testable import MirrorPlanner

/// A provider that is not shipped, and that no other part knows: its seeds are pods of its own, and what carries one
/// into the set and out of it is an annotation of the pod. Its name in the closed list of providers is borrowed.
struct FifthRules: ProviderRules {
    static let mirror = "fifth"
    static let namespace = "fifth-system"
    /// `yes` on a pod that is handed out.
    static let serves = "fifth.example/serves"
    private static let servesPath = JSONPatchOperation.pointer("metadata", "annotations", serves)
    private static let markPath = JSONPatchOperation.pointer("metadata", "annotations", AnnotationKey.evictedBy)

    /// What there is of it in the cluster; one that is shipped would have a case of `ProviderEvidence` for that.
    var pods: [Pod] = []
    /// What is known of its seeds; their levers are read from the pods.
    var input: CandidateInput?

    // MARK: What it claims

    func claims(_ node: Node) -> Bool { true }
    var nodeAnnotations: Set<String> { [] }
    var nodeAnnotationPrefixes: [String] { [] }
    func mask(_ annotations: inout [String: String]) {}

    // MARK: Its seeds

    let lever = CandidateSettings.Lever(
        name: "the annotation \(FifthRules.serves)",
        effect: "The annotation \(FifthRules.serves) is \"no\" on the pods that are out",
        reason: .newBootstrapsOnly,
        drift: "a new pod is born with it"
    )
    var leastPublished: Int { 1 }
    var watchedPods: WatchedPods? { nil }

    func probeTargets(of mirror: P2PMirror, _ snapshot: Snapshot) -> ProbeTargets {
        ProbeTargets(addresses: [:], probes: [])
    }

    static func lever(of pod: Pod) -> Seed.Lever {
        guard pod.metadata.annotations[serves] != "yes" else { return .published }
        return .withdrawn(isOurs: pod.metadata.annotations[AnnotationKey.evictedBy] == mirror)
    }

    func seedMoves(
        _ isPublished: [String: Bool],
        of mirror: P2PMirror,
        _ snapshot: Snapshot
    ) -> [String: SeedMove] {
        var moves: [String: SeedMove] = [:]
        for pod in pods {
            guard let name = pod.spec.nodeName, let isPublished = isPublished[name] else { continue }
            let operations = isPublished ? Self.publication(of: pod) : Self.withdrawal(of: pod)
            moves[name] = operations.map { SeedMove(Pod.resource, pod.metadata, .json($0)) }
        }
        return moves
    }

    private static func publication(of pod: Pod) -> [JSONPatchOperation]? {
        guard lever(of: pod) == .withdrawn(isOurs: true) else { return nil }
        return [
            .test(path: markPath, value: .string(mirror)), .replace(path: servesPath, value: "yes"),
            .remove(path: markPath),
        ]
    }

    private static func withdrawal(of pod: Pod) -> [JSONPatchOperation]? {
        guard lever(of: pod) == .published else { return nil }
        return [
            .test(path: servesPath, value: "yes"), .add(path: markPath, value: .string(mirror)),
            .replace(path: servesPath, value: "no"),
        ]
    }

    func publishedSeeds(of mirror: P2PMirror, _ snapshot: Snapshot) -> PublishedSeedsQuery {
        let seeds = pods.compactMap { pod in pod.metadata.uid.flatMap { uid in pod.spec.nodeName.map { (uid, $0) } } }
        return PublishedSeedsQuery(
            Pod.resource,
            ListOptions(namespace: Self.namespace, labelSelector: "app=fifth", limit: 1_000),
            annotations: [Self.serves: "yes"],
            seeds: Dictionary(seeds, uniquingKeysWith: { first, _ in first })
        )
    }

    func publication(of node: Node, by mirror: String) -> SeedMove? { nil }
    func strays(of mirror: P2PMirror, _ snapshot: Snapshot) -> [String] { [] }

    // MARK: Its plan

    func hasRecovered(_ node: Node) -> Bool { false }

    func plan(_ mirror: P2PMirror, _ snapshot: Snapshot) -> Plan {
        var status = P2PMirrorStatus(observedGeneration: 1, conditions: [])
        guard var input else { return Plan(mirror: mirror.metadata.name, status: status) }
        let levers = Dictionary(
            pods.map { ($0.spec.nodeName ?? "", Self.lever(of: $0)) },
            uniquingKeysWith: { first, _ in first }
        )
        for index in input.seeds.indices { input.seeds[index].lever = levers[input.seeds[index].name] ?? .gone }
        let decision = CandidatePlanner.decide(input)
        status.conditions = [
            decision.conditions.available.condition(.candidatesAvailable),
            decision.conditions.effective.condition(.evictionEffective),
            decision.conditions.storm.condition(.stormActive),
        ]
        status.candidates = decision.memory.candidates
        status.evictions = decision.memory.evictions
        status.storm = decision.memory.storm
        return Plan(
            mirror: mirror.metadata.name,
            writes: SetWrites(mirror, snapshot, self).carryingOut(decision, status: status),
            status: status,
            notes: decision.notes,
            candidates: decision
        )
    }
}

extension CandidateConditions.Finding {
    fileprivate func condition(_ type: MirrorConditionType) -> Condition {
        Condition(
            type: type.rawValue,
            status: status,
            observedGeneration: 1,
            reason: verdict.reason.rawValue,
            message: verdict.message
        )
    }
}
