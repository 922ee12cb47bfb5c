/// What a fleet's servers did in one window of time.
package struct FleetWindow: Hashable, Sendable {
    package struct Server: Hashable, Sendable {
        package var name: String
        /// Requests for peers that arrived at its listener, a second.
        package var requestsPerSecond: Double
        /// Processor time of its process, in percent of one core.
        package var processorPercent: Double
        package var logLinesPerSecond: Double
    }

    package var servers: [Server]

    package var requestsPerSecond: Double { servers.map(\.requestsPerSecond).reduce(0, +) }
    package var logLinesPerSecond: Double { servers.map(\.logLinesPerSecond).reduce(0, +) }
    package var processorPercent: Double { servers.map(\.processorPercent).max() ?? 0 }

    /// What changed between two readings; a server that was not read at both ends is left out.
    package init(from start: FleetReading, to end: FleetReading, seconds: Double) {
        servers = end.figures.keys.sorted().compactMap { name in
            guard let before = start.figures[name], let after = end.figures[name] else { return nil }
            let processor = (end.processorSeconds[name] ?? 0) - (start.processorSeconds[name] ?? 0)
            return Server(
                name: name,
                requestsPerSecond: Double(after.peerRequests - before.peerRequests) / seconds,
                processorPercent: processor / seconds * 100,
                logLinesPerSecond: Double(after.logLines - before.logLines) / seconds
            )
        }
    }
}

/// The counters of a fleet's servers at one moment.
package struct FleetReading: Hashable, Sendable {
    package var figures: [String: DaemonFigures]
    package var processorSeconds: [String: Double]

    package init(figures: [String: DaemonFigures], processorSeconds: [String: Double]) {
        self.figures = figures
        self.processorSeconds = processorSeconds
    }
}

extension SimulatedFleet {
    /// Measures a window that begins with one search for peers by each server: equal windows have equal triggers.
    package func measure(seconds: Double) async throws -> FleetWindow {
        let clock = ContinuousClock()
        let begin = clock.now
        let start = await reading()
        await trigger()
        try await Task.sleep(for: .seconds(seconds))
        let end = await reading()
        let elapsed = begin.duration(to: clock.now)
        return FleetWindow(from: start, to: end, seconds: elapsed / .seconds(1))
    }

    private func reading() async -> FleetReading {
        FleetReading(figures: await figures(), processorSeconds: processorSeconds())
    }
}
