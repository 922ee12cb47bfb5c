import KubeCore
import MirrorAPI
import Testing

extension RealCluster {
    /// That what the tests of Spegel rest on does what it is there for, without an operator.
    @Suite struct SpegelSupport {
        @Test(arguments: SpegelTrial.charts)
        func `the pods of a chart run on every Linux node, and are made anew`(
            _ version: SpegelChart.Version,
            _ release: String
        ) async throws {
            try await SpegelTrial.released(version, release) { trial, chart in
                let before = try await trial.pods(component: "spegel")
                let nodes = before.compactMap { $0[path: "spec", "nodeName"]?.stringValue }
                #expect(nodes.sorted() == trial.nodes + ["\(trial.namespace)-other"])
                #expect(Set(before.compactMap { $0[path: "status", "podIP"] }).count == 4)
                trial.kubelet.withheld = Set(nodes)
                let gone = try #require(before.first)
                try await trial.api.deleteBare(BareKind.pods, trial.key(gone.name))
                try await trial.until("there is a new pod, which is not ready") {
                    let pods = try await trial.pods(component: "spegel").filter { !$0.isDeleting }
                    let new = pods.filter { pod in !before.contains { $0.uid == pod.uid } }
                    let runs = new.first?[path: "status", "phase"] == "Running"
                    return pods.count == 4 && new.count == 1 && runs && new.allSatisfy { !$0.isReadyPod }
                        ? nil : "\(new.count) are new"
                }
                trial.kubelet.withheld = []
                try await trial.until("it becomes ready") {
                    let set = try await trial.get(BareKind.daemonSets, chart.fullName)
                    return set[path: "status", "numberReady"] == 4 ? nil : "it is not"
                }
            }
        }

        @Test func `one label on one pod is found by the comparison of a release`() async throws {
            try await SpegelTrial.released(.v074, "spegel") { trial, _ in
                let before = try await ReleaseRecord.take(trial.api, namespace: trial.namespace)
                try await Task.sleep(for: .seconds(3))
                let quiet = try await ReleaseRecord.take(trial.api, namespace: trial.namespace)
                #expect(quiet.differences(from: before) == [], "controllers and kubelets leave all as it is")
                let pod = try #require(try await trial.pods().first)
                let key = trial.key(pod.name)
                let label = SpegelTrial.candidate
                try await trial.api.meddle(BareKind.pods, key, ["metadata": ["labels": [label: "true"]]])
                try await trial.api.meddle(BareKind.pods, key, ["metadata": ["labels": [label: nil]]])
                let after = try await ReleaseRecord.take(trial.api, namespace: trial.namespace)
                #expect(after.differences(from: before) == ["Pod \(pod.name)"])
                #expect(after.changes(from: before) == [])
            }
        }

        @Test func `one object too many is found by the inventory`() async throws {
            try await SpegelTrial.run(nodes: 1) { trial in
                let before = try await Inventory.take(trial.api, namespace: trial.namespace)
                let lease = Lease(metadata: ObjectMeta(name: "left-over", namespace: trial.namespace))
                try await trial.api.create(lease, manager: "test")
                let after = try await Inventory.take(trial.api, namespace: trial.namespace)
                #expect(after.subtracting(before) == ["leases left-over"])
            }
        }
    }
}
