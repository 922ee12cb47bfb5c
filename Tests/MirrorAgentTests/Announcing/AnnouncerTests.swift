import MirrorAgent
import Testing

@Suite("When a seed announces itself")
struct AnnouncerTests {
    /// A seed in virtual time, and what it wrote.
    private struct Life {
        var announcer: Announcer
        var now: Duration
        var renewals: [Duration] = []
        var goodbyes: [Duration] = []
        private var generator: SplitMix

        init(seed: UInt64, age: Duration? = nil, goodbye: String? = nil, now: Duration = .zero) {
            generator = SplitMix(state: seed)
            self.now = now
            announcer = Announcer(
                interval: .seconds(30),
                age: age,
                goodbye: goodbye,
                now: now,
                using: &generator
            )
        }

        /// Goes on until `end`; the API server answers where `isUp` says so.
        mutating func go(
            until end: Duration,
            isUp: (Duration) -> Bool = { _ in true },
            _ look: (Duration) -> Announcer.Look
        ) {
            while now < end {
                let action = announcer.take(look(now), now: now)
                if action != .none {
                    let isWritten = isUp(now)
                    if isWritten, action == .renew { renewals.append(now) }
                    if isWritten, action != .renew { goodbyes.append(now) }
                    announcer.wrote(isWritten, now: now, using: &generator)
                }
                now = announcer.nextLook(now: now)
            }
        }

        var longestGap: Duration {
            zip(renewals.dropFirst(), renewals).map { $0 - $1 }.max() ?? .zero
        }
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = state
            value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
            return value ^ (value >> 31)
        }
    }

    private static let stopped = ServicePresence.stopped("rke2-server.service is stopped: inactive.")

    @Test(
        "A seed that is alive renews once an interval, never late and not much more often",
        arguments: 0..<20 as Range<UInt64>
    )
    func renews(seed: UInt64) {
        var life = Life(seed: seed)
        life.go(until: .seconds(3600)) { _ in .alive }
        #expect(life.renewals.first.map { $0 < .seconds(30) } == true)
        #expect(life.longestGap <= .seconds(30))
        #expect((120...151).contains(life.renewals.count))
        #expect(life.goodbyes.isEmpty)
    }

    @Test("Seeds that begin together do not write together")
    func spread() {
        let first = (0..<300).map { seed in
            var life = Life(seed: UInt64(seed))
            life.go(until: .seconds(31)) { _ in .alive }
            return life.renewals.first ?? .seconds(99)
        }
        for second in 0..<30 {
            let count = first.count { $0 >= .seconds(second) && $0 < .seconds(second + 1) }
            #expect(count < 30)
        }
    }

    @Test("A daemon that hangs is not announced; once it answers again it is, at once")
    func hangs() {
        var life = Life(seed: 1)
        life.go(until: .seconds(600)) { now in
            (Duration.seconds(100)..<Duration.seconds(300)).contains(now) ? .silent(.running) : .alive
        }
        #expect(life.renewals.allSatisfy { !(Duration.seconds(100)..<Duration.seconds(300)).contains($0) })
        #expect(life.renewals.contains { (Duration.seconds(300)...Duration.seconds(305)).contains($0) })
        #expect(life.goodbyes.isEmpty)
    }

    @Test("One probe that fails costs no interval")
    func oneFailure() {
        var life = Life(seed: 2)
        life.go(until: .seconds(3600)) { now in Int(now / .seconds(5)) % 7 == 0 ? .silent(.running) : .alive }
        #expect(life.longestGap <= .seconds(36))
    }

    @Test("A service that was stopped says goodbye at once and only once; one that comes back says so at once")
    func goodbye() {
        var life = Life(seed: 3)
        life.go(until: .seconds(400)) { now in
            (Duration.seconds(101)..<Duration.seconds(203)).contains(now) ? .silent(Self.stopped) : .alive
        }
        #expect(life.goodbyes.count == 1)
        #expect(life.goodbyes.first.map { $0 >= .seconds(101) && $0 <= .seconds(106) } == true)
        #expect(life.renewals.allSatisfy { !(Duration.seconds(101)..<Duration.seconds(203)).contains($0) })
        #expect(life.renewals.contains { $0 >= .seconds(203) && $0 <= .seconds(208) })
    }

    @Test(
        "A restart of the service, or a manager that can't be asked, is no goodbye",
        arguments: [
            ServicePresence.changing, .running, .unknown,
        ]
    )
    func noGoodbye(presence: ServicePresence) {
        var life = Life(seed: 4)
        life.go(until: .seconds(300)) { $0 > .seconds(100) ? .silent(presence) : .alive }
        #expect(life.goodbyes.isEmpty)
    }

    @Test("An API server that is away changes nothing but the time of the next try", arguments: 0..<20 as Range<UInt64>)
    func outage(seed: UInt64) {
        var life = Life(seed: seed)
        life.go(until: .seconds(1000), isUp: { !(Duration.seconds(100)..<Duration.seconds(700)).contains($0) }) { _ in
            .alive
        }
        let back = life.renewals.first { $0 >= .seconds(700) }
        // Before it expires for those who begin to count anew: twice the interval.
        #expect(back.map { $0 <= .seconds(720) } == true)
        #expect(life.longestGap >= .seconds(600))
    }

    @Test("A goodbye that could not be written is written later, and not where the service is back")
    func lateGoodbye() {
        var life = Life(seed: 5)
        life.go(until: .seconds(300), isUp: { !(Duration.seconds(90)..<Duration.seconds(150)).contains($0) }) {
            $0 > .seconds(100) ? .silent(Self.stopped) : .alive
        }
        #expect(life.goodbyes.count == 1)
        #expect(life.goodbyes.first.map { $0 >= .seconds(150) && $0 <= .seconds(170) } == true)
        var back = Life(seed: 6)
        back.go(until: .seconds(300), isUp: { !(Duration.seconds(90)..<Duration.seconds(150)).contains($0) }) {
            (Duration.seconds(100)..<Duration.seconds(140)).contains($0) ? .silent(Self.stopped) : .alive
        }
        #expect(back.goodbyes.isEmpty)
    }

    @Test("An agent that was restarted renews in time", arguments: 0..<20 as Range<UInt64>)
    func successor(seed: UInt64) {
        for age in stride(from: 0, through: 58, by: 2) {
            var life = Life(seed: seed, age: .seconds(age), now: .seconds(1000))
            life.go(until: .seconds(1100)) { _ in .alive }
            let silence = life.renewals.first.map { $0 - .seconds(1000) + .seconds(age) }
            #expect(silence.map { $0 <= .seconds(max(30, age)) } == true)
        }
    }

    @Test("A Lease of long ago, of the future, or that says goodbye, is renewed at once")
    func oldLease() {
        for age in [Duration.seconds(61), .seconds(86_400), .seconds(-500)] {
            var life = Life(seed: 7, age: age)
            life.go(until: .seconds(1)) { _ in .alive }
            #expect(life.renewals == [.zero])
        }
        var life = Life(seed: 8, age: .seconds(5), goodbye: "stopped")
        life.go(until: .seconds(1)) { _ in .alive }
        #expect(life.renewals == [.zero])
    }

    @Test("While a write is under way nothing else is written")
    func oneWrite() {
        var generator = SplitMix(state: 9)
        var announcer = Announcer(interval: .seconds(30), age: .seconds(70), now: .zero, using: &generator)
        #expect(announcer.take(.alive, now: .zero) == .renew)
        #expect(announcer.take(.silent(Self.stopped), now: .seconds(40)) == .none)
        announcer.wrote(true, now: .seconds(41), using: &generator)
        guard case .sayGoodbye = announcer.take(.silent(Self.stopped), now: .seconds(42)) else {
            Issue.record("no goodbye")
            return
        }
    }

    @Test(
        "A unit is stopped only where it stays so by itself",
        arguments: [
            ("active", "running", false, ServicePresence.running),
            ("activating", "auto-restart", false, .changing),
            ("activating", "start", true, .changing),
            ("deactivating", "stop-sigterm", true, .changing),
            ("active", "running", true, .changing),
            ("inactive", "dead", false, .stopped("k3s.service is stopped: inactive.")),
            // What `systemctl stop k3s` leaves.
            ("failed", "failed", false, .stopped("k3s.service is stopped: failed (exit-code).")),
        ]
    )
    func presence(active: String, sub: String, hasJob: Bool, expected: ServicePresence) {
        let state = UnitState(
            activeState: active,
            subState: sub,
            result: active == "failed" ? "exit-code" : "success",
            invocationID: "a",
            hasJob: hasJob
        )
        #expect(ServicePresence("k3s.service", state) == expected)
        #expect(ServicePresence("k3s.service", nil) == .unknown)
    }

    @Test(
        "With another interval the first renewal comes within the one that the Lease promises",
        arguments: [5, 3_600]
    )
    func otherInterval(_ seconds: Int) {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<100 {
            var announcer = Announcer(
                interval: .seconds(seconds),
                age: .seconds(20),
                promised: .seconds(30),
                now: .zero,
                using: &generator
            )
            let latest = Duration.seconds(min(30, seconds)) / 2
            #expect(announcer.take(.alive, now: latest) == .renew)
        }
    }
}
