import KubeCore
import KubectlTesting
import MirrorAPI
import Testing

extension RealCluster {
    /// Installations of the upstream chart that the operator looks after.
    @Suite(.enabled(if: Kubectl.isThere)) struct SpegelAdoptions {

        private static func adopt(_ release: String, takeOver: Bool) -> JSONValue {
            ["adopt": ["release": .string(release), "takeOverBootstrap": .bool(takeOver)]]
        }

        private static func record(_ trial: SpegelTrial) async throws -> ReleaseRecord {
            try await ReleaseRecord.take(trial.api, namespace: trial.namespace)
        }

        private static func untilObserved(_ trial: SpegelTrial) async throws {
            try await trial.until("the mirror has seen all peers") {
                let candidates = try await trial.mirror()[path: "status", "candidates"]
                return candidates?["total"] == 3 ? nil : "\(candidates ?? [:])"
            }
        }

        @Test(arguments: SpegelTrial.charts)
        func `an adopted release is observed, and not a byte of its objects changes`(
            _ version: SpegelChart.Version,
            _ release: String
        ) async throws {
            try await SpegelTrial.released(version, release) { trial, _ in
                let before = try await Self.record(trial)
                try await trial.operating {
                    try await trial.apply(spegel: Self.adopt(release, takeOver: false))
                    try await Self.untilObserved(trial)
                    try await Task.sleep(for: .seconds(10))
                }
                let after = try await Self.record(trial)
                #expect(after.differences(from: before) == [])
                let written = trial.recorder.writes.filter { $0.request.path.contains("/\(trial.namespace)/") }
                #expect(written.map(\.description).filter { !$0.contains("/events") } == [])
                #expect(after.managed(by: SpegelTrial.ours) == [])
            }
        }

        @Test(arguments: SpegelTrial.charts)
        func `the bootstrap Service is narrowed to pods that were labelled before, and by one key alone`(
            _ version: SpegelChart.Version,
            _ release: String
        ) async throws {
            try await SpegelTrial.released(version, release) { trial, chart in
                let before = try await Self.record(trial)
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
            _ before: ReleaseRecord
        ) async throws {
            let bootstrap = "Service \(chart.fullName)-bootstrap"
            let after = try await record(trial)
            let pods = try await selectedPods(trial)
            #expect(pods.count == 3)
            let expected = [bootstrap] + pods.map { "Pod \($0.name)" }
            #expect(after.differences(from: before) == expected.sorted())
            let service = after.objects[bootstrap] ?? [:]
            #expect(service[path: "spec", "selector", SpegelTrial.candidate] == "true")
            #expect(
                service.content.without("spec", "selector", SpegelTrial.candidate) == before.objects[bootstrap]?.content
            )
            expectOneKeyOwned(service, before.objects[bootstrap] ?? [:])
            for pod in pods {
                #expect(pod.labels[SpegelTrial.candidate] == "true")
                let rest = pod.content.without("metadata", "labels", SpegelTrial.candidate)
                #expect(rest == before.objects["Pod \(pod.name)"]?.content)
            }
            expectOrder(trial)
        }

        /// Servers from 1.21 on know one writer of a selector as a whole, and those before one of each key.
        private static func expectOneKeyOwned(_ service: JSONValue, _ before: JSONValue) {
            let ours = service.managed(by: SpegelTrial.ours)
            #expect(ours.count == 1)
            let owned = (ours.first?["fieldsV1"]?.paths ?? []).filter { !$0.hasSuffix("/.") }
            if owned == [wholeSelector] {
                let theirs = before.managed(by: "helm").first?["fieldsV1"]?.paths ?? []
                let left = service.managed(by: "helm").first?["fieldsV1"]?.paths ?? []
                #expect(theirs.subtracting(left) == [wholeSelector])
            } else {
                #expect(owned == ["\(wholeSelector)/f:\(SpegelTrial.candidate)"])
                #expect(service.managed(by: "helm") == before.managed(by: "helm"))
            }
        }

        private static let wholeSelector = "f:spec/f:selector"

        /// The pods of the nodes that the mirror selects.
        private static func selectedPods(_ trial: SpegelTrial) async throws -> [JSONValue] {
            try await trial.pods(component: "spegel").filter {
                trial.nodes.contains($0[path: "spec", "nodeName"]?.stringValue ?? "")
            }
        }

        /// The Service was written after the last of the pods.
        private static func expectOrder(_ trial: SpegelTrial) {
            let writes = trial.recorder.writes
            let pods = writes.lastIndex { $0.isOf(BareKind.pods, in: trial.namespace) }
            let service = writes.firstIndex { $0.isOf(BareKind.services, in: trial.namespace) }
            #expect(trial.writes(BareKind.services).count == 1)
            if let pods, let service { #expect(pods < service) } else { Issue.record("\(writes)") }
        }

        /// A pod that the DaemonSet makes anew has the template's labels alone; it becomes a candidate, or one that
        /// comes back after the probation of the one that somebody deleted.
        private static func expectNewcomerLabelled(_ trial: SpegelTrial) async throws {
            let gone = try #require(try await selectedPods(trial).first)
            try await trial.api.deleteBare(BareKind.pods, trial.key(gone.name))
            try await trial.until("the new pod is looked after") {
                let pods = try await selectedPods(trial)
                let isReplaced = pods.count == 3 && !pods.contains { $0.uid == gone.uid }
                let unlabelled = pods.filter { $0.labels[SpegelTrial.candidate] == nil }
                return isReplaced && unlabelled.isEmpty ? nil : "\(unlabelled.map(\.name))"
            }
        }

        @Test(arguments: zip(SpegelTrial.charts, [false, true]))
        func `what was taken over is given back, the Service first`(
            _ chart: (version: SpegelChart.Version, release: String),
            _ byDeletion: Bool
        ) async throws {
            let release = chart.release
            try await SpegelTrial.released(chart.version, release) { trial, chart in
                let before = try await Self.record(trial)
                try await trial.operating {
                    try await trial.apply(spegel: Self.adopt(release, takeOver: true))
                    try await Self.untilTaken(trial, chart)
                    try await trial.untilQuiet()
                    let taken = trial.recorder.writes.count
                    if byDeletion {
                        try await trial.kubectl("delete p2pm \(SpegelTrial.mirror) --wait=false")
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

        /// Waits until the objects say again what they said, and no field is ours that could be given back: of a
        /// selector with one writer as a whole, the last one stays named.
        private static func untilGivenBack(_ trial: SpegelTrial, _ before: ReleaseRecord) async throws {
            try await trial.until("all is as it was") {
                let after = try await record(trial)
                let changed = after.changes(from: before)
                let held = after.objects.filter { object in
                    object.value.managed(by: SpegelTrial.ours).contains { $0["fieldsV1"]?.paths != [wholeSelector] }
                }
                return changed.isEmpty && held.isEmpty ? nil : "changed: \(changed), held: \(held.keys)"
            }
        }
    }
}
