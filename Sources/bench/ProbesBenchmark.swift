import ArgumentParser
import Foundation
import KubeClient
import KubeCore
import KubeRuntime
import MirrorOperator
import MirrorPlanner
import MirrorSandbox

/// What probing a large fleet costs the operator: its own prober, real sockets and real time.
struct ProbesBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probes",
        abstract: "Many probes against endpoints that are another process."
    )

    @Option(help: "Port of the endpoints, on every address of loopback.")
    var port: Int
    @Option(help: "Probes.")
    var probes = 5000
    @Option(help: "Seconds from one start of a probe to the next.")
    var period = 10
    @Option(help: "Periods for which figures are taken, after a first one.")
    var periods = 2
    @Option(help: "Endpoints of a hundred that never answer.")
    var hanging = 4
    @Option(help: "Sockets at most.")
    var limit = 256

    func run() async throws {
        let failures = Shared(0)
        let prober = Prober(
            try CurlProber(userAgent: "kube-bench"),
            limit: limit,
            time: MonotonicTime(ContinuousClock()),
            report: { key, outcome in
                if !outcome.isSuccess, key.name == EndpointFarm.Kind.well.rawValue { failures.change { $0 += 1 } }
            }
        )
        await prober.replace((0..<probes).map(probe))
        let run = Task { await prober.run() }
        try await Task.sleep(for: .seconds(period))
        let started = await prober.statistics.started
        let before = try ProcessFigures.now()
        let start = ContinuousClock.now
        var sockets = 0
        while ContinuousClock.now < start + .seconds(period * periods) {
            try await Task.sleep(for: .milliseconds(500))
            sockets = max(sockets, try ProcessFigures.now().sockets)
        }
        let after = try ProcessFigures.now()
        let time = ContinuousClock.now - start
        let statistics = await prober.statistics
        run.cancel()
        await run.value
        let lines = [
            ("probes", "\(probes) in \(period) s, \(hanging) % hang for 2 s"),
            ("started", Self.text(Double(statistics.started - started) / (time / .seconds(1)), "a second")),
            ("waited for a socket", "\(statistics.deferred)"),
            ("failed though well", "\(failures.value)"),
            ("most sockets seen", "\(sockets)"),
            ("most under way ever", "\(statistics.mostUnderWay)"),
            ("threads", "\(after.threads)"),
            ("resident memory", Self.text(Double(after.memory) / 1024, "MiB")),
            ("processor", Self.text((after.cpu - before.cpu) / time * 100, "% of a core")),
        ]
        for (name, value) in lines { print("\(name)\t\(value)") }
    }

    private func probe(_ number: Int) -> ScheduledProbe {
        let kind: EndpointFarm.Kind = number % 100 < hanging ? .hanging : .well
        return ScheduledProbe(
            key: ScheduledProbe.Key(mirror: "embedded", node: "node-\(number)", name: kind.rawValue),
            request: ProbeRequest(
                // An address for each, so that none of them runs out of ports.
                host: "127.1.\(number / 250).\(number % 250 + 1)",
                port: port,
                check: .httpGet(scheme: .http, path: EndpointFarm.path(kind, number)),
                timeout: .seconds(2)
            ),
            period: .seconds(period)
        )
    }

    private static func text(_ value: Double, _ unit: String) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(unit)"
    }
}

/// The endpoints that `probes` asks, as a process of their own, so that what they use does not count.
struct ProbeEndpoints: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "endpoints",
        abstract: "Prints a port and serves there until its standard input ends."
    )

    func run() throws {
        let farm = try EndpointFarm(everywhere: true)
        try FileHandle.standardOutput.write(contentsOf: Data("\(farm.port)\n".utf8))
        while readLine() != nil {}
    }
}
