import KubeCore
import MirrorPlanner

/// The probes that the mirrors want, and what their results amount to so far.
struct ProbeMemory {
    /// What a result changes for those who decide.
    enum News: Equatable {
        /// It fails now, or passes again.
        case verdict
        /// The first verdict, or the first error or success after others: most probes that err at once are doubted.
        case trend
    }

    fileprivate struct Entry {
        var probe: SeedProbe
        var tally = ProbeTally()
    }

    /// By mirror and node, in the order of the mirror's probes.
    private var entries: [String: [String: [Entry]]] = [:]
    /// How many fail, by mirror.
    private(set) var failing: [String: Int] = [:]

    /// What is to be made, of all mirrors.
    var scheduled: [ScheduledProbe] {
        entries.values.flatMap { $0.values.flatMap { $0.map(\.probe.scheduled) } }
    }

    /// Replaces the probes of a mirror. One that asks something else, or counts otherwise, begins anew.
    ///
    /// - Returns: whether anything has changed.
    mutating func replace(_ mirror: String, by probes: [SeedProbe]) -> Bool {
        let old = entries[mirror] ?? [:]
        guard old.values.reduce(0, { $0 + $1.count }) != probes.count || !probes.allSatisfy({ old.has($0) }) else {
            return false
        }
        var next: [String: [Entry]] = [:]
        for probe in probes {
            let known = old[probe.scheduled.key.node]?.first { $0.probe == probe }
            next[probe.scheduled.key.node, default: []].append(known ?? Entry(probe: probe))
        }
        entries[mirror] = next.isEmpty ? nil : next
        failing[mirror] = next.isEmpty ? nil : next.values.joined().count { $0.tally.isFailing == true }
        return true
    }

    /// Takes a result; nil where it changes nothing for those who decide, or is of a probe that was replaced.
    mutating func take(_ key: ScheduledProbe.Key, _ outcome: ProbeOutcome, at now: Moment) -> News? {
        guard outcome.fault != .cancelled,
            let place = entries[key.mirror]?[key.node]?.firstIndex(where: { $0.probe.scheduled.key == key }),
            var entry = entries[key.mirror]?[key.node]?[place],
            // It may have been under way while the probe was replaced.
            entry.probe.scheduled.request.address == outcome.address
        else { return nil }
        let before = entry.reading
        entry.tally.take(error: outcome.isSuccess ? nil : outcome.message, at: now, entry.probe.probe)
        entries[key.mirror]?[key.node]?[place] = entry
        let after = entry.reading
        if before?.isFailing != after?.isFailing {
            failing[key.mirror, default: 0] += (after?.isFailing == true ? 1 : 0) - (before?.isFailing == true ? 1 : 0)
            return before?.isFailing == nil && after?.isFailing == false ? .trend : .verdict
        }
        return (before?.lastError == nil) == (after?.lastError == nil) ? nil : .trend
    }

    /// The evidence of each node of a mirror that is probed. A probe without a result is there, and says nothing: a
    /// seed that is out must not come back for want of anybody who asks.
    func readings(of mirror: String) -> [String: [ProbeReading]] {
        (entries[mirror] ?? [:]).mapValues { $0.map { $0.reading ?? $0.silence } }
    }

    /// Begins anew: nothing was probed for a while.
    mutating func beginAnew() {
        entries = entries.mapValues { $0.mapValues { $0.map { Entry(probe: $0.probe) } } }
        failing = failing.mapValues { _ in 0 }
    }
}

extension ProbeMemory.Entry {
    fileprivate var reading: ProbeReading? {
        tally.reading(probe.probe, target: probe.scheduled.request.address)
    }

    fileprivate var silence: ProbeReading {
        .silent(probe.probe, target: probe.scheduled.request.address)
    }
}

extension [String: [ProbeMemory.Entry]] {
    fileprivate func has(_ probe: SeedProbe) -> Bool {
        self[probe.scheduled.key.node]?.contains { $0.probe == probe } ?? false
    }
}
