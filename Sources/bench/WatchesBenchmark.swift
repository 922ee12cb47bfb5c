import ArgumentParser
import Synchronization

/// Many watches and many requests at once: sockets, threads, memory and processor of the client.
struct WatchesBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watches",
        abstract: "Many watches and requests at once against a server that is another process."
    )

    enum Way: String, ExpressibleByArgument, CaseIterable {
        case transport
        case threads
    }

    @Option(help: "URL of the server.")
    var server: String
    @Option(help: "File of the authority that signed its certificate.")
    var authority: String
    @Option(help: "How the load is carried.")
    var way: Way
    @Option(help: "Watches that are open all the time.")
    var watches = 1000
    @Option(help: "Requests a second, every second one a write.")
    var requests = 200
    @Option(help: "Seconds for which figures are taken, once all watches are open.")
    var seconds = 20

    private struct Counts {
        var opened = 0
        var pieces = 0
        var bytes = 0
        var answered = 0
        var failed = 0
        var latencies: [Duration] = []
    }

    func run() async throws {
        let target = LoadServer(url: server, authority: authority)
        let client: any LoadClient =
            switch way {
            case .transport: try TransportClient(target)
            case .threads: ThreadedClient(target)
            }
        let counts = Shared(Counts())
        for number in 0..<watches {
            client.follow("/apis/p2pmirror.io/v1alpha1/mirrornodes/\(number)") {
                counts.change { $0.opened += 1 }
            } heard: { count in
                counts.change {
                    $0.pieces += 1
                    $0.bytes += count
                }
            }
        }
        let limit = ContinuousClock.now + .seconds(180)
        while counts.value.opened < watches {
            guard ContinuousClock.now < limit else {
                throw ValidationError(
                    "only \(counts.value.opened) of \(watches) watches were opened within three minutes"
                )
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        // What opening the watches cost is over; requests find their connections.
        try await load(client, counts, for: .seconds(2))
        counts.change { $0 = Counts(opened: $0.opened) }
        let before = try ProcessFigures.now()
        let start = ContinuousClock.now
        try await load(client, counts, for: .seconds(seconds))
        report(counts.value, before, try ProcessFigures.now(), ContinuousClock.now - start)
    }

    private func load(_ client: any LoadClient, _ counts: Shared<Counts>, for time: Duration) async throws {
        let start = ContinuousClock.now
        let total = Int(time / .seconds(1) * Double(requests))
        for number in 0..<total {
            let due = start + .seconds(1) * number / requests
            if due > .now { try await Task.sleep(until: due, tolerance: .zero, clock: .continuous) }
            let asked = ContinuousClock.now
            client.ask(isWrite: !number.isMultiple(of: 2)) { status in
                let latency = ContinuousClock.now - asked
                counts.change {
                    if status == 200 { $0.answered += 1 } else { $0.failed += 1 }
                    $0.latencies.append(latency)
                }
            }
        }
        try await Task.sleep(until: start + time, clock: .continuous)
    }

    /// A name and a value a line, which `hack/bench` puts side by side.
    private func report(_ counts: Counts, _ before: ProcessFigures, _ after: ProcessFigures, _ time: Duration) {
        let latencies = counts.latencies.sorted()
        func percentile(_ part: Double) -> String {
            guard !latencies.isEmpty else { return "none" }
            return Self.text(latencies[Int(Double(latencies.count - 1) * part)] / .milliseconds(1), "ms")
        }
        let cpu = (after.cpu - before.cpu) / time * 100
        let switches = Double(after.contextSwitches - before.contextSwitches) / (time / .seconds(1))
        let lines = [
            ("watches open", "\(counts.opened)"),
            ("watch events", "\(counts.pieces), \(counts.bytes / 1024) KiB"),
            ("requests answered", "\(counts.answered)"),
            ("requests failed", "\(counts.failed)"),
            ("request p50", percentile(0.5)),
            ("request p99", percentile(0.99)),
            ("sockets", "\(after.sockets)"),
            ("threads", "\(after.threads)"),
            ("resident memory", Self.text(Double(after.memory) / 1024, "MiB")),
            ("its peak", Self.text(Double(after.peakMemory) / 1024, "MiB")),
            ("processor", Self.text(cpu, "% of a core")),
            ("context switches", Self.text(switches, "a second")),
        ]
        for (name, value) in lines { print("\(name)\t\(value)") }
    }

    private static func text(_ value: Double, _ unit: String) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(unit)"
    }
}

/// A value that threads change.
final class Shared<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) { state = Mutex(value) }

    var value: Value { state.withLock { $0 } }

    func change(_ body: (inout Value) -> Void) { state.withLock { body(&$0) } }
}
