package import KubeCore
package import KubeRuntime
import MirrorAPI

/// Looks at the daemon of a seed and announces it, until the task is cancelled; that is no goodbye.
package struct SeedAnnouncer: Sendable {
    private let writer: AnnouncementWriter
    private let announcement: SeedLease
    private let isAlive: @Sendable () async -> Bool
    private let service: @Sendable () async -> ServicePresence
    private let time: MonotonicTime
    private let report: @Sendable (KubeError?) -> Void

    /// - Parameters:
    ///   - isAlive: the daemon's own probe, with a deadline of its own.
    ///   - service: asked only where that fails.
    ///   - report: is told of each write; nil where it was carried out.
    package init(
        _ announcement: SeedLease,
        writer: AnnouncementWriter,
        isAlive: @escaping @Sendable () async -> Bool,
        service: @escaping @Sendable () async -> ServicePresence,
        time: MonotonicTime,
        report: @escaping @Sendable (KubeError?) -> Void = { _ in }
    ) {
        self.announcement = announcement
        self.writer = writer
        self.isAlive = isAlive
        self.service = service
        self.time = time
        self.report = report
    }

    package func run() async {
        var generator = SystemRandomNumberGenerator()
        guard var announcer = await begin(using: &generator) else { return }
        while !Task.isCancelled {
            let look: Announcer.Look = await isAlive() ? .alive : .silent(await service())
            // A look that was cut short says nothing.
            guard !Task.isCancelled else { return }
            let action = announcer.take(look, now: time.now)
            if action != .none {
                announcer.wrote(await isWritten(action), now: time.now, using: &generator)
            }
            let now = time.now
            try? await time.sleep(for: announcer.nextLook(now: now) - now)
        }
    }

    private func begin(using generator: inout SystemRandomNumberGenerator) async -> Announcer? {
        let interval = Duration.seconds(announcement.intervalSeconds)
        var backoff = Backoff.watching
        while !Task.isCancelled {
            do throws(KubeError) {
                let (age, promised, goodbye) = try await writer.standing(announcement)
                return Announcer(
                    interval: interval,
                    age: age,
                    promised: promised,
                    goodbye: goodbye,
                    now: time.now,
                    using: &generator
                )
            } catch {
                report(error)
                try? await time.sleep(for: backoff.next(using: &generator))
            }
        }
        return nil
    }

    private func isWritten(_ action: Announcer.Action) async -> Bool {
        do throws(KubeError) {
            try await writer.carryOut(action, announcement)
            report(nil)
            return true
        } catch {
            report(error)
            return false
        }
    }
}
