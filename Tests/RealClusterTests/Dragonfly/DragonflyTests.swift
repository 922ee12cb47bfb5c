import KubeCore
import MirrorAPI
import MirrorPlanner
import Testing

extension RealCluster {
    /// Releases of Dragonfly that the operator looks after, as the ServiceAccount of the manifests.
    @Suite struct Dragonfly {
        private static func observed(_ trial: DragonflyTrial) async throws {
            try await trial.until("the mirror has seen all seeds") {
                let candidates = try await trial.status()["candidates"]
                return candidates?["total"] == 3 ? nil : "\(candidates ?? [:])"
            }
            try await trial.until("the daemons were asked") {
                let condition = try await trial.condition("PeersConnected")
                return condition["status"] == "True" ? nil : "\(condition)"
            }
        }

        @Test(arguments: TestRelease.all)
        func `a release is observed for 30 s, and not a byte of its objects changes`(_ release: TestRelease)
            async throws
        {
            try await DragonflyTrial.run(release) { trial in
                trial.daemons.fill(1, to: 95)
                let before = try await trial.record()
                try await trial.operating {
                    try await trial.apply(mode: "Observe")
                    try await Self.observed(trial)
                    try await Task.sleep(for: .seconds(30))
                    let held = try await trial.condition("CandidatesAvailable")
                    #expect("\(held)".contains("95 % full"), "\(held)")
                }
                #expect(try await trial.record() == before)
                let written = trial.recorder.writes.map(\.description).filter { $0.contains("/\(trial.namespace)/") }
                #expect(written.filter { !$0.contains("/events") } == [])
                #expect(trial.daemons.forgotten == [])
                let status = try await trial.status()
                #expect(!"\(status)".contains("a-secret"))
            }
        }

        @Test
        func `a full seed is shut in, forgotten once by each scheduler, let in again, and given back with the mirror`()
            async throws
        {
            try await DragonflyTrial.run(TestRelease.all[1]) { trial in
                let before = try await trial.record()
                try await trial.operating {
                    try await trial.apply(mode: "Enforce")
                    try await Self.observed(trial)
                    trial.daemons.fill(1, to: 95)
                    try await trial.until("the seed is shut in") {
                        try await trial.policies().count == 1 ? nil : "no policy"
                    }
                    trial.daemons.shut(1)
                    let policy = try #require(try await trial.policies().first)
                    let selected = policy[path: "spec", "podSelector", "matchLabels"]
                    #expect(selected == ["statefulset.kubernetes.io/pod-name": "dragonfly-seed-client-1"])
                    #expect(policy[path: "spec", "policyTypes"] == ["Ingress"])
                    try await trial.until("every scheduler was told", within: .seconds(60)) {
                        trial.daemons.forgotten.count == 3 ? nil : "\(trial.daemons.forgotten)"
                    }
                    try await Task.sleep(for: .seconds(10))
                    let host = "198.18.30.2-dragonfly-seed-client-1-seed"
                    let told = (0...2).map { "\(TestRelease.address("scheduler", $0)) \(host)" }
                    #expect(trial.daemons.forgotten.sorted() == told)
                    trial.daemons.fill(1, to: 40)
                    try await trial.until("the seed is let in again", within: .seconds(60)) {
                        try await trial.policies().isEmpty ? nil : "there is a policy"
                    }
                    trial.daemons.shut()
                    #expect(try await trial.record() == before)
                }
            }
        }
    }
}
