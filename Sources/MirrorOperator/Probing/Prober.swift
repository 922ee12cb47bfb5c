package import KubeCore
package import KubeRuntime
package import MirrorPlanner

/// Makes the probes of all mirrors: one schedule, one bounded number of sockets.
///
/// Results are told one at a time, as they come. Nothing is told of a probe that was replaced meanwhile.
package actor Prober {
    /// Starts are gathered for so long, so that a schedule of thousands is no wake-up for each.
    private static let granularity = Duration.milliseconds(10)

    private let transport: any ProbeTransport
    private let time: MonotonicTime
    private let report: @Sendable (ScheduledProbe.Key, ProbeOutcome) -> Void
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation
    private var schedule: ProbeSchedule
    /// When the timer rings that was set last.
    private var alarm: Duration?

    /// - Parameters:
    ///   - limit: sockets that are open at once, at most.
    ///   - report: is told each result; it must not block.
    package init(
        _ transport: any ProbeTransport,
        limit: Int = 256,
        time: MonotonicTime,
        report: @escaping @Sendable (ScheduledProbe.Key, ProbeOutcome) -> Void
    ) {
        self.transport = transport
        self.time = time
        self.report = report
        schedule = ProbeSchedule(limit: limit)
        (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Replaces the probes; one that is under way keeps its socket until it ends.
    package func replace(_ probes: [ScheduledProbe]) {
        schedule.replace(probes, now: time.now)
        ring.yield()
    }

    package var statistics: ProbeSchedule.Statistics { schedule.statistics }

    /// Probes until the task is cancelled; then what is under way is given up, and awaited.
    package func run() async {
        await withDiscardingTaskGroup { group in
            var rings = bell.makeAsyncIterator()
            repeat {
                for start in schedule.start(now: time.now) {
                    group.addTask { await self.make(start) }
                }
                setAlarm(in: &group)
            } while await rings.next(isolation: self) != nil
            group.cancelAll()
        }
    }

    private func make(_ start: ProbeSchedule.Start) async {
        let outcome = await transport.probe(start.request)
        if let key = schedule.finish(start.id, outcome, now: time.now) { report(key, outcome) }
        if schedule.hasOverdue || isDueBeforeAlarm { ring.yield() }
    }

    private var isDueBeforeAlarm: Bool {
        guard let next = schedule.wakeUp else { return false }
        return alarm.map { next < $0 } ?? true
    }

    private func setAlarm(in group: inout DiscardingTaskGroup) {
        guard let next = schedule.wakeUp else { return }
        let now = time.now
        let due = max(next, now + Self.granularity)
        if let alarm, alarm > now, alarm <= due { return }
        alarm = due
        group.addTask {
            try? await self.time.sleep(for: due - now)
            await self.ringAlarm(due)
        }
    }

    private func ringAlarm(_ due: Duration) {
        if alarm == due { alarm = nil }
        ring.yield()
    }
}
