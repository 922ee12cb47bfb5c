import KubeCore
import KubeRuntime
import Logging
import MirrorAPI
import MirrorPlanner

/// The measurements of one host by one process.
struct HostMeasurements {
    var sampler: FigureSampler
    /// When the last one was taken.
    var takenAt: Duration?
    /// Why something could not be measured then.
    var faults: Set<String> = []
}

extension NodeAgent {
    /// Whether the host is measured for some mirror.
    var isMeasuring: Bool { observations.values.contains { $0.measurements != nil } }

    /// Measures the host where the node is a seed, unless that was done only just now: a burst of passes needs no
    /// figure anew. What can't be measured is not known, and is no fault of the pass.
    func measure(_ distribution: RancherDistribution, _ input: inout AgentInput) {
        // An API server that is away says nothing about whether the node is a seed.
        guard let live = input.live, let measures else { return }
        guard let mirrorNode = live.mirrorNode, mirrorNode.spec.announceIntervalSeconds != nil else {
            observations[input.mirror]?.measurements = nil
            return
        }
        var seen = observations[input.mirror] ?? Observation()
        var measurements =
            seen.measurements
            ?? HostMeasurements(sampler: FigureSampler(reported: mirrorNode.status?.agent?.figures ?? HostFigures()))
        let now = time.now
        // A pause may be a quarter shorter than its interval.
        if measurements.takenAt.map({ now - $0 >= options.figuresInterval / 2 }) != false {
            let reading = read(measures, distribution, input)
            note(reading.faults, after: measurements.faults, input.mirror)
            measurements.faults = Set(reading.faults)
            measurements.takenAt = now
            input.host.figures = measurements.sampler.add(reading, at: now)
        } else {
            input.host.figures = measurements.sampler.figures
        }
        seen.measurements = measurements
        observations[input.mirror] = seen
    }

    private func read(
        _ measures: any HostMeasures,
        _ distribution: RancherDistribution,
        _ input: AgentInput
    ) -> HostReading {
        // With files that can't be read the service runs on with what its Node shows.
        let merged = try? ConfigDirectory.merge(input.host.files)
        let directory = dataDirectory(distribution, merged ?? MergedConfiguration(), input)
        var reading = HostReader(measures).read(
            directory: HostReader.contentDirectory(dataDirectory: directory, distribution),
            processID: input.unit?.mainPID ?? 0
        )
        reading.cleanUp = merged.flatMap(ImageCleanUp.init)
        return reading
    }

    /// Logs what can't be measured, once for each cause.
    private func note(_ faults: [String], after known: Set<String>, _ mirror: String) {
        for fault in faults where !known.contains(fault) {
            log.warning(
                "a figure of the host is not known: \(fault)",
                metadata: ["mirror": "\(mirror)", "node": "\(options.nodeName)"]
            )
        }
    }
}
