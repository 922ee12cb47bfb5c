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
    /// How the host of a seed fares, where that is due, else as it was; nil where the node is no seed.
    ///
    /// - Parameters:
    ///   - directory: the mirror's content.
    ///   - processID: the service's main process; 0 where it is not known.
    func measure(
        _ mirrorNode: MirrorNode,
        directory: String,
        processID: Int = 0,
        cleanUp: ImageCleanUp? = nil
    ) -> HostFigures? {
        let mirror = mirrorNode.spec.mirrorName
        guard let measures, mirrorNode.spec.announceIntervalSeconds != nil else {
            observations[mirror]?.figures = nil
            return nil
        }
        let now = time.now
        let known = observations[mirror]?.figures
        // A look that a change has brought forward takes what is known.
        if let known, now - known.measuredAt < options.figureInterval / 2 { return known.sampler.figures }
        var reading = HostReader(measures).read(directory: directory, processID: processID)
        reading.cleanUp = cleanUp
        let reported = mirrorNode.status?.agent?.figures ?? HostFigures()
        var figures = known ?? SeedFigures(sampler: FigureSampler(reported: reported), measuredAt: now)
        let result = figures.sampler.add(reading, at: now)
        figures.measuredAt = now
        for fault in Set(reading.faults).subtracting(figures.faults).sorted() {
            log.warning("a figure of the host is not known: \(fault)", metadata: ["mirror": "\(mirror)"])
        }
        figures.faults = Set(reading.faults)
        observations[mirror, default: Observation()].figures = figures
        return result
    }
}
