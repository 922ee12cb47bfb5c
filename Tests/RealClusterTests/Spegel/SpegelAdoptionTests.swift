import KubeCore
import KubectlTesting
import MirrorAPI
import Testing

extension RealCluster {
    /// Installations of the upstream chart that the operator looks after.
    @Suite(.enabled(if: Kubectl.isThere)) struct SpegelAdoptions {
        /// Two versions of the chart, one under a name that makes other names of its objects.
        private static let charts = [(SpegelChart.Version.v060, "spegel"), (.v074, "p2p")]
        private static let kinds = [
            BareKind.daemonSets, BareKind.services, BareKind.serviceAccounts, BareKind.pods,
        ]

        private static func adopt(_ release: String, takeOver: Bool) -> JSONValue {
            ["adopt": ["release": .string(release), "takeOverBootstrap": .bool(takeOver)]]
        }

        /// Runs a body on a release whose pods all run.
        private static func released(
            _ version: SpegelChart.Version,
            _ release: String,
            _ body: (SpegelTrial, SpegelChart) async throws -> Void
        ) async throws {
            try await SpegelTrial.run(nodes: 3) { trial in
                let chart = SpegelChart(version: version, release: release, namespace: trial.namespace)
                for object in chart.objects { try await trial.api.createBare(object, manager: "helm") }
                // The chart's pods run on every Linux node, also on the one that the mirror does not select.
                try await trial.until("all pods are ready") {
                    let pods = try await trial.pods(component: "spegel")
                    let set = try await trial.get(BareKind.daemonSets, chart.fullName)
                    let ready = set[path: "status", "numberReady"]?.intValue ?? 0
                    return pods.count >= 4 && pods.allSatisfy(\.isReadyPod) && ready == pods.count ? nil : "\(ready)"
                }
                // The DaemonSet's controller writes its last figures.
                try await Task.sleep(for: .seconds(2))
                try await body(trial, chart)
            }
        }

        /// Every object of the namespace, whole: with versions and with who wrote what when.
        private static func objects(_ trial: SpegelTrial) async throws -> [String: JSONValue] {
            var found: [String: JSONValue] = [:]
            for kind in kinds {
                for object in try await trial.api.allBare(kind, trial.namespace) {
                    found["\(kind.kind) \(object.name)"] = object
                }
            }
            return found
        }

        private static func untilObserved(_ trial: SpegelTrial) async throws {
            try await trial.until("the mirror has seen all peers") {
                let candidates = try await trial.mirror()[path: "status", "candidates"]
                return candidates?["total"] == 3 ? nil : "\(candidates ?? [:])"
            }
        }

        @Test(arguments: charts)
        func `an adopted release is observed, and not a byte of its objects changes`(
            _ version: SpegelChart.Version,
            _ release: String
        ) async throws {
            try await Self.released(version, release) { trial, _ in
                let before = try await Self.objects(trial)
                try await trial.operating {
                    try await trial.apply(spegel: Self.adopt(release, takeOver: false))
                    try await Self.untilObserved(trial)
                    try await Task.sleep(for: .seconds(10))
                }
                let after = try await Self.objects(trial)
                #expect(after.keys.sorted() == before.keys.sorted())
                for (name, object) in before { #expect(after[name] == object, "\(name)") }
                let written = trial.recorder.writes.filter { $0.request.path.contains("/\(trial.namespace)/") }
                #expect(written.map(\.description).filter { !$0.contains("/events") } == [])
                #expect(before.values.allSatisfy { $0.managed(by: SpegelTrial.ours).isEmpty })
            }
        }

        @Test(arguments: charts)
        func `the bootstrap Service is narrowed to pods that were labelled before, and by one key alone`(
            _ version: SpegelChart.Version,
            _ release: String
        ) async throws {
            try await Self.released(version, release) { trial, chart in
                let before = try await Self.objects(trial)
                try await trial.operating {
                    try await trial.apply(spegel: Self.adopt(release, takeOver: true))
                    try await Self.untilTaken(trial, chart)
                    try await trial.untilQuiet()
                    try await Self.expectTaken(trial, chart, before)
                    try await Self.expectNewcomerLabelled(trial)
                }
            }
        }

        private static func untilTaken(_ trial: SpegelTrial, _ chart: SpegelChart) async throws {
            try await trial.until("the Service selects candidates") {
                let service = try await trial.get(BareKind.services, "\(chart.fullName)-bootstrap")
                let selector = service[path: "spec", "selector"] ?? [:]
                return selector[SpegelTrial.candidate] == "true" ? nil : "\(selector)"
            }
        }

        private static func expectTaken(
            _ trial: SpegelTrial,
            _ chart: SpegelChart,
            _ before: [String: JSONValue]
        ) async throws {
            let bootstrap = "Service \(chart.fullName)-bootstrap"
            let after = try await objects(trial)
            #expect(after.keys.sorted() == before.keys.sorted())
            for (name, object) in before where name != bootstrap && !name.hasPrefix("Pod ") {
                #expect(after[name] == object, "\(name)")
            }
            let new = after[bootstrap] ?? [:]
            let old = before[bootstrap] ?? [:]
            #expect(new.content.paths.subtracting(old.content.paths) == ["spec/selector/\(SpegelTrial.candidate)"])
            #expect(old.content.paths.isSubset(of: new.content.paths))
            #expect(
                new[path: "spec", "selector"]?.objectValue?.filter { $0.key != SpegelTrial.candidate } == chart.selector
            )
            let ours = new.managed(by: SpegelTrial.ours)
            #expect(ours.count == 1)
            let owned = (ours.first?["fieldsV1"]?.paths ?? []).filter { !$0.hasSuffix("/.") }
            #expect(owned == ["f:spec/f:selector/f:\(SpegelTrial.candidate)"])
            #expect(new.managed(by: "helm") == old.managed(by: "helm"))

            let pods = try await trial.pods(component: "spegel")
            let labelled = pods.filter { $0.labels[SpegelTrial.candidate] == "true" }
            #expect(labelled.count == pods.count, "the pods of nodes that are not selected bootstrap others too")
            for pod in pods {
                let old = before["Pod \(pod.name)"]?.content.paths ?? []
                #expect(pod.content.paths.symmetricDifference(old) == ["metadata/labels/\(SpegelTrial.candidate)"])
            }
            expectOrder(trial)
        }

        /// The Service was written after the last of the pods.
        private static func expectOrder(_ trial: SpegelTrial) {
            let writes = trial.recorder.writes
            let pods = writes.lastIndex { $0.isOf(BareKind.pods, in: trial.namespace) }
            let service = writes.firstIndex { $0.isOf(BareKind.services, in: trial.namespace) }
            #expect(trial.writes(BareKind.services).count == 1)
            if let pods, let service { #expect(pods < service) } else { Issue.record("\(writes)") }
        }

        /// A pod that the DaemonSet makes anew has the template's labels alone.
        private static func expectNewcomerLabelled(_ trial: SpegelTrial) async throws {
            let gone = try #require(try await trial.pods(component: "spegel").first)
            try await trial.api.deleteBare(BareKind.pods, trial.key(gone.name))
            try await trial.until("the new pod is a candidate") {
                let pods = try await trial.pods(component: "spegel")
                let isReplaced = pods.count == 4 && !pods.contains { $0.uid == gone.uid }
                let unlabelled = pods.filter { $0.labels[SpegelTrial.candidate] != "true" }
                return isReplaced && unlabelled.isEmpty ? nil : "\(unlabelled.map(\.name))"
            }
        }

        @Test(arguments: [(charts[0].0, charts[0].1, false), (charts[1].0, charts[1].1, true)])
        func `what was taken over is given back, the Service first`(
            _ version: SpegelChart.Version,
            _ release: String,
            _ byDeletion: Bool
        ) async throws {
            try await Self.released(version, release) { trial, chart in
                let before = try await Self.objects(trial)
                try await trial.operating {
                    try await trial.apply(spegel: Self.adopt(release, takeOver: true))
                    try await Self.untilTaken(trial, chart)
                    try await trial.untilQuiet()
                    let taken = trial.recorder.writes.count
                    if byDeletion {
                        try await trial.kubectl("delete p2pmirror \(SpegelTrial.mirror) --wait=false")
                        try await trial.until("the mirror is gone") {
                            let mirror = ObjectKey(name: SpegelTrial.mirror)
                            return try await trial.api.bare(P2PMirror.resource, mirror) == nil ? nil : "it is there"
                        }
                    } else {
                        try await trial.apply(spegel: Self.adopt(release, takeOver: false))
                    }
                    try await Self.untilGivenBack(trial, before)
                    let writes = trial.recorder.writes.dropFirst(taken)
                    let service = writes.firstIndex { $0.isOf(BareKind.services, in: trial.namespace) }
                    let pods = writes.firstIndex { $0.isOf(BareKind.pods, in: trial.namespace) }
                    if let service, let pods { #expect(service < pods) } else { Issue.record("\(writes)") }
                }
            }
        }

        /// Waits until the objects say again what they said, and no field of them is ours.
        private static func untilGivenBack(_ trial: SpegelTrial, _ before: [String: JSONValue]) async throws {
            try await trial.until("all is as it was") {
                let after = try await objects(trial)
                let changed = before.filter { after[$0.key]?.content != $0.value.content }.map(\.key)
                let held = after.filter { !$0.value.managed(by: SpegelTrial.ours).isEmpty }.map(\.key)
                let isSame = changed.isEmpty && held.isEmpty && after.count == before.count
                return isSame ? nil : "changed: \(changed), held: \(held)"
            }
        }
    }
}
