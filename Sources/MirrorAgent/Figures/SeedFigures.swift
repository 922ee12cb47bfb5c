import KubeCore
import KubeRuntime
import Logging
import MirrorAPI
import MirrorPlanner

/// How the host of one seed fares, as this process has measured it.
struct SeedFigures {
    var sampler: FigureSampler
    var measuredAt: Duration
    /// What could not be read at the last look: each cause is logged once.
    var faults: Set<String> = []
}

extension NodeAgent {
    /// Measures the host of a seed, where that is due.
    func measure(_ mirrorNode: MirrorNode, _ distribution: RancherDistribution, _ input: inout AgentInput) {
        guard let measures, mirrorNode.spec.announceIntervalSeconds != nil else {
            observations[input.mirror]?.figures = nil
            return
        }
        let now = time.now
        let known = observations[input.mirror]?.figures
        // A look that a change has brought forward takes what is known.
        if let known, now - known.measuredAt < options.figureInterval / 2 {
            input.host.figures = known.sampler.figures
            return
        }
        let merged = try? ConfigDirectory.merge(input.host.files)
        let directory = HostReader.contentDirectory(
            dataDirectory: merged?.value(of: "data-dir") ?? merged?.value(of: "d"),
            distribution
        )
        var reading = HostReader(measures).read(directory: directory, processID: input.unit?.mainPID ?? 0)
        reading.cleanUp = merged.flatMap { ImageCleanUp($0) }
        let reported = mirrorNode.status?.agent?.figures ?? HostFigures()
        var figures = known ?? SeedFigures(sampler: FigureSampler(reported: reported), measuredAt: now)
        input.host.figures = figures.sampler.add(reading, at: now)
        figures.measuredAt = now
        for fault in Set(reading.faults).subtracting(figures.faults).sorted() {
            log.warning("a figure of the host is not known: \(fault)", metadata: ["mirror": "\(input.mirror)"])
        }
        figures.faults = Set(reading.faults)
        observations[input.mirror, default: Observation()].figures = figures
    }
}
