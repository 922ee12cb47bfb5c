import KubeCore

extension SpegelTrial {
    /// Two versions of the chart, one under a name that makes other names of its objects.
    static let charts = [(SpegelChart.Version.v060, "spegel"), (.v074, "p2p")]

    /// Runs a body on a release of the chart whose pods all run: on the three nodes that the mirror selects, and on the
    /// one that it does not.
    static func released(
        _ version: SpegelChart.Version,
        _ release: String,
        _ body: (SpegelTrial, SpegelChart) async throws -> Void
    ) async throws {
        try await run(nodes: 3) { trial in
            let chart = SpegelChart(version: version, release: release, namespace: trial.namespace)
            for object in chart.objects { try await trial.api.createBare(object, manager: "helm") }
            try await trial.until("all pods are ready") {
                let pods = try await trial.pods(component: "spegel")
                let set = try await trial.get(BareKind.daemonSets, chart.fullName)
                let ready = set[path: "status", "numberReady"]?.intValue ?? 0
                return pods.count == 4 && pods.allSatisfy(\.isReadyPod) && ready == 4 ? nil : "\(ready) are"
            }
            // The controllers write their last figures.
            try await Task.sleep(for: .seconds(2))
            try await body(trial, chart)
        }
    }
}
