import KubeCore
import KubectlTesting
import MirrorAPI
import Testing

extension RealCluster {
    /// The end of an installation.
    @Suite(.enabled(if: Kubectl.isThere)) struct SpegelDeletions {
        private static let cleanup = "\(SpegelTrial.daemonSet)-cleanup"
        private static let spegel: JSONValue = ["install": ["version": "v0.7.4", "maxUnavailable": "100%"]]

        /// Runs a body on an installation, with what there was before it.
        private static func installed(
            rollout: [String: JSONValue] = [:],
            _ body: (SpegelTrial, Set<String>) async throws -> Void
        ) async throws {
            try await SpegelTrial.run(nodes: 3) { trial in
                let before = try await Inventory.take(trial.api, namespace: trial.namespace)
                try await trial.operating {
                    try await trial.apply(spegel: spegel, rollout: rollout)
                    try await trial.untilInstalled(version: "v0.7.4")
                    try await trial.untilQuiet()
                }
                try await body(trial, before)
            }
        }

        private static func untilNothingIsLeft(_ trial: SpegelTrial, _ before: Set<String>) async throws {
            try await trial.until("nothing is left behind", within: .seconds(60)) {
                let left = try await Inventory.take(trial.api, namespace: trial.namespace).subtracting(before)
                return left.isEmpty ? nil : left.sorted().joined(separator: ", ")
            }
        }

        private static func isGone(_ trial: SpegelTrial) async throws -> Bool {
            try await trial.api.bare(P2PMirror.resource, ObjectKey(name: SpegelTrial.mirror)) == nil
        }

        @Test func `a deletion cleans every node up, and nothing is left behind`() async throws {
            try await Self.installed { trial, before in
                trial.kubelet.withheld = [trial.nodes[0]]
                try await trial.operating {
                    try await trial.kubectl("delete p2pm \(SpegelTrial.mirror) --wait=false")
                    try await trial.until("the clean-up runs") {
                        let pods = try await trial.pods()
                        let spegel = pods.filter { $0.labels["app.kubernetes.io/component"] == "spegel" }
                        let others = pods.count - spegel.count
                        if !spegel.isEmpty, others > 0 { Issue.record("Spegel still runs beside its clean-up") }
                        return others == 3 && spegel.isEmpty ? nil : "\(others), and \(spegel.count) of Spegel"
                    }
                    let set = try await trial.get(BareKind.daemonSets, Self.cleanup)
                    let containers = set[path: "spec", "template", "spec", "containers"]?.arrayValue ?? []
                    let arguments = containers.first?["args"]?.arrayValue ?? []
                    #expect(arguments.first == "cleanup")
                    #expect(arguments.contains("--containerd-registry-config-path=/etc/containerd/certs.d"))
                    try await Task.sleep(for: .seconds(3))
                    #expect(try await !Self.isGone(trial), "one node is not cleaned up yet")
                    trial.kubelet.withheld = []
                    try await Self.untilNothingIsLeft(trial, before)
                }
            }
        }

        @Test func `a node that never cleans up holds the end back for no longer than its deadline`() async throws {
            try await Self.installed(rollout: ["progressDeadlineSeconds": 10]) { trial, before in
                trial.kubelet.withheld = [trial.nodes[0]]
                try await trial.operating {
                    let start = ContinuousClock.now
                    try await trial.kubectl("delete p2pm \(SpegelTrial.mirror) --wait=false")
                    try await Self.untilNothingIsLeft(trial, before)
                    #expect(start.duration(to: .now) > .seconds(9))
                }
            }
        }

        @Test(arguments: [true, false])
        func `a deletion that orphans leaves all as it is`(_ operatorRuns: Bool) async throws {
            try await Self.installed { trial, _ in
                let pods = try await trial.pods().map(\.uid)
                let delete = "delete p2pm \(SpegelTrial.mirror) --cascade=orphan --wait=false"
                if operatorRuns {
                    try await trial.operating { try await Self.orphan(trial, delete) }
                } else {
                    // The garbage collector has done its part before the operator sees the deletion.
                    try await trial.kubectl(delete)
                    try await trial.until("the owner is forgotten") {
                        let set = try await trial.get(BareKind.daemonSets, SpegelTrial.daemonSet)
                        return set[path: "metadata", "ownerReferences"] == nil ? nil : "it is not"
                    }
                    try await Task.sleep(for: .seconds(1))
                    try await trial.operating { try await Self.orphan(trial, nil) }
                }
                let set = try await trial.get(BareKind.daemonSets, SpegelTrial.daemonSet)
                #expect(set[path: "metadata", "ownerReferences"] == nil)
                for name in ["", "-registry", "-bootstrap"] {
                    _ = try await trial.get(BareKind.services, SpegelTrial.daemonSet + name)
                }
                _ = try await trial.get(BareKind.serviceAccounts, SpegelTrial.daemonSet)
                #expect(try await trial.pods().map(\.uid) == pods)
                #expect(try await trial.api.bare(BareKind.daemonSets, trial.key(Self.cleanup)) == nil)
            }
        }

        private static func orphan(_ trial: SpegelTrial, _ command: String?) async throws {
            if let command { try await trial.kubectl(command) }
            try await trial.until("the mirror is gone") { try await isGone(trial) ? nil : "it is there" }
            try await Task.sleep(for: .seconds(2))
        }
    }
}
