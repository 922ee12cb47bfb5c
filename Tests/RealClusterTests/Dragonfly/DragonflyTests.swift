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

        @Test func `releases of three charts are observed for 30 s, and not a byte of their objects changes`()
            async throws
        {
            try await DragonflyTrial.run(TestRelease.all[0]) { first in
                try await DragonflyTrial.run(TestRelease.all[1]) { second in
                    try await DragonflyTrial.run(TestRelease.all[2]) { third in
                        try await Self.observe([first, second, third])
                    }
                }
            }
        }

        /// One operator looks at all of them.
        private static func observe(_ trials: [DragonflyTrial]) async throws {
            let first = trials[0]
            first.daemons.fill(1, to: 95)
            var before: [[String: JSONValue]] = []
            for trial in trials { before.append(try await trial.record()) }
            try await first.operating {
                for trial in trials { try await trial.apply(mode: "Observe") }
                for trial in trials { try await observed(trial) }
                try await Task.sleep(for: .seconds(30))
                for trial in trials {
                    let held = try await trial.condition("CandidatesAvailable")
                    #expect("\(held)".contains("dragonfly-seed-client-1 would leave the set"), "\(held)")
                }
            }
            for (trial, before) in zip(trials, before) {
                #expect(try await trial.record() == before)
                let written = first.recorder.writes.map(\.description).filter { $0.contains("/\(trial.namespace)/") }
                #expect(written.filter { !$0.contains("/events") && !$0.contains("/p2pmirrors/") } == [])
                let status = try await trial.status()
                #expect(!"\(status)".contains("a-secret"))
            }
            #expect(first.daemons.forgotten == [])
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
                    trial.daemons.fill(2, to: 95)
                    try await trial.until("the next seed is shut in") {
                        try await trial.policies().count == 1 ? nil : "no policy"
                    }
                    try await trial.deleteMirror()
                    try await trial.until("the seed is let in with the mirror's end", within: .seconds(60)) {
                        try await trial.policies().isEmpty ? nil : "there is a policy"
                    }
                    #expect(try await trial.record() == before)
                }
            }
        }
    }
}
