import KubeCore
import MirrorAPI

/// The condition `HighlyAvailable`: three schedulers or more, apart from each other and from the seeds, that a drain
/// does not take all at once.
struct Placement {
    private let fleet: DragonflyFleet

    init(_ fleet: DragonflyFleet) { self.fleet = fleet }

    static let least = 3

    var finding: MirrorStatus.Finding {
        if let missing = fleet.missing { return (.unknown, missing) }
        let ready = fleet.schedulers.filter(\.isReady)
        guard ready.count >= Self.least else {
            let message =
                "\(PeerDiagnosis.count(ready.count, "scheduler")) \(Sentences.form(ready.count, "is", "are")) Ready, "
                + "and \(Self.least) are wanted: set scheduler.replicas to \(Self.least)"
            return (.false, Verdict(.fewerThanThreeSchedulers, message))
        }
        let faults = [sharedNode, sharedWithSeed, unguarded].compactMap(\.self)
        guard faults.isEmpty else {
            return (.false, Verdict(.placedTogether, faults.joined(separator: ". ")))
        }
        return (.true, Verdict(.highlyAvailable, "\(ready.count) schedulers are Ready, on nodes of their own"))
    }

    private var sharedNode: String? {
        let byNode = Dictionary(grouping: fleet.schedulers.filter { $0.node != nil }) { $0.node ?? "" }
        guard let (node, together) = byNode.filter({ $0.value.count > 1 }).min(by: { $0.key < $1.key }) else {
            return nil
        }
        return "\(Sentences.list(together.map(\.name))) are on one node (\(node)): set a podAntiAffinity on "
            + "kubernetes.io/hostname in scheduler.affinity"
    }

    private var sharedWithSeed: String? {
        let schedulers = Dictionary(
            fleet.schedulers.compactMap { one in one.node.map { ($0, one.name) } },
            uniquingKeysWith: { first, _ in first }
        )
        let pairs = fleet.seeds.compactMap { seed -> String? in
            guard let node = seed.daemon?.node, let scheduler = schedulers[node] else { return nil }
            return "\(scheduler) and \(seed.name) (\(node))"
        }
        guard !pairs.isEmpty else { return nil }
        return "A scheduler and a seed share a node, whose full disk hurts both: \(Sentences.list(pairs)). Set a "
            + "podAntiAffinity between component=scheduler and component=seed-client"
    }

    private var unguarded: String? {
        guard let budgets = fleet.evidence.budgets else { return nil }
        let components: [(String, [Pod])] = [
            ("schedulers", fleet.schedulers.map(\.pod)), ("seeds", fleet.seeds.compactMap(\.pod)),
        ]
        let open = components.filter { _, pods in
            guard let pod = pods.first else { return false }
            return !budgets.contains { Self.guards($0, pod.metadata.labels) }
        }.map(\.0)
        guard !open.isEmpty else { return nil }
        return
            "No PodDisruptionBudget guards the \(open.joined(separator: " and the ")), so that drains may take all at "
            + "once: make one for each with maxUnavailable 1 (the chart has none)"
    }

    private static func guards(_ budget: ManagedObject, _ labels: [String: String]) -> Bool {
        guard let value = budget.body[path: "spec", "selector"],
            let selector = try? JSONCoding.decode(LabelSelector.self, from: value)
        else { return false }
        return selector.matches(labels)
    }
}
