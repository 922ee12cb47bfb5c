import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

/// An operator with a fault in its lever, and the rule that must find it.
struct LeverDefect: CustomTestStringConvertible, Sendable {
    var name: String
    /// What a violation must begin with.
    var finding: String
    /// How the faulty operator sees the world.
    var sight: @Sendable (inout Snapshot) -> Void = { _ in }
    /// What it makes of the right writes.
    var act: @Sendable (inout [Write]) -> Void = { _ in }

    var testDescription: String { name }

    static let all = [
        LeverDefect(
            name: "takes for granted that each scheduler knows all seeds, and removes the last one",
            finding: "last seed:",
            sight: { snapshot in
                change(&snapshot) { evidence in
                    let seeds = evidence.pods.filter { $0.component == .seed }.map(DragonflyWorld.host)
                    for index in evidence.schedulers.indices where evidence.schedulers[index].hosts != nil {
                        let known = Set(evidence.schedulers[index].seeds.map(\.id))
                        evidence.schedulers[index].hosts? += seeds.filter { !known.contains($0.id) }
                    }
                }
            }
        ),
        LeverDefect(
            name: "does not see whom it has told, and calls DeleteHost twice",
            finding: "twice:",
            sight: { snapshot in
                change(&snapshot) { evidence in
                    for index in evidence.quarantines.indices { tell([], &evidence.quarantines[index]) }
                }
            }
        ),
        LeverDefect(
            name: "does not write down whom it has told",
            finding: "twice:",
            act: { writes in writes.removeAll { if case .recordCall = $0.purpose { true } else { false } } }
        ),
        LeverDefect(
            name: "does not wait for the schedulers' next look",
            finding: "too soon:",
            sight: { snapshot in
                change(&snapshot) { evidence in
                    for index in evidence.quarantines.indices {
                        let begin = evidence.quarantines[index].metadata.creationTimestamp ?? DragonflyWorld.epoch
                        evidence.quarantines[index].body["metadata"]?["creationTimestamp"] = .string("\(begin + -10)")
                    }
                }
            }
        ),
        LeverDefect(
            name: "shuts a seed off from schedulers too, by a rule of egress",
            finding: "egress:",
            act: { writes in
                for index in writes.indices {
                    guard case .create(.value(var body)) = writes[index].body else { continue }
                    body["spec"]?["policyTypes"] = ["Ingress", "Egress"]
                    writes[index].body = .create(.value(body))
                }
            }
        ),
        LeverDefect(
            name: "does not see that a seed is on the host's network",
            finding: "host network:",
            sight: { snapshot in
                change(&snapshot) { evidence in
                    for index in evidence.pods.indices { evidence.pods[index].spec.hostNetwork = false }
                }
            }
        ),
        LeverDefect(
            name: "forgets to tell one scheduler",
            finding: "untold:",
            sight: { snapshot in
                change(&snapshot) { evidence in
                    let first = evidence.pods.first { $0.component == .scheduler }?.metadata.uid ?? ""
                    for index in evidence.quarantines.indices {
                        let known = evidence.quarantines[index].metadata.annotations[DragonflyNames.toldAnnotation]
                        let told = Set((known ?? "").split(separator: ",").map(String.init))
                        tell(told.union([first]).sorted(), &evidence.quarantines[index])
                    }
                }
            }
        ),
        LeverDefect(
            name: "never lets a seed back in",
            finding: "stays out:",
            act: { writes in writes.removeAll { if case .publishSeed = $0.purpose { true } else { false } } }
        ),
    ]

    private static func change(_ snapshot: inout Snapshot, _ body: (inout DragonflyEvidence) -> Void) {
        guard var evidence = snapshot.dragonfly(of: DragonflyWorld.name) else { return }
        body(&evidence)
        snapshot.evidence[DragonflyWorld.name] = .dragonfly(evidence)
    }

    private static func tell(_ schedulers: [String], _ quarantine: inout ManagedObject) {
        let value = JSONValue.string(schedulers.joined(separator: ","))
        quarantine.body["metadata"]?["annotations"]?[DragonflyNames.toldAnnotation] = value
    }
}
