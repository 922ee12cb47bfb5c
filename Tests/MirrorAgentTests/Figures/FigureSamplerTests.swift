import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("Figures")
struct FigureSamplerTests {
    private func reading(
        errors: UInt64 = 0,
        packets: UInt64 = 0,
        operations: UInt64 = 0,
        busy: UInt64 = 0
    ) -> HostReading {
        var reading = HostReading()
        reading.interfaces = ["eth0": PacketCounters(packets: packets, errors: errors)]
        reading.disk = DiskCounters(operations: operations, busyMilliseconds: busy)
        return reading
    }

    @Test("Differences are over a minute or more")
    func windows() {
        var sampler = FigureSampler()
        #expect(sampler.add(reading(), at: .zero).networkErrorPercent == nil)
        let early = sampler.add(reading(errors: 90, packets: 1000), at: .seconds(30))
        #expect(early.networkErrorPercent == nil)
        let due = sampler.add(
            reading(errors: 100, packets: 2000, operations: 6000, busy: 33_000),
            at: .seconds(60)
        )
        #expect(due.networkErrorPercent == 5)
        #expect(due.diskOperationsPerSecond == 100)
        #expect(due.diskBusyPercent == 50)
        // Within the next window the last figures stand.
        #expect(sampler.add(reading(errors: 5000, packets: 9000), at: .seconds(90)) == due)
    }

    @Test("Of few packets no percentage is made, nor of a counter that began anew, nor over too long a time")
    func unknown() {
        var sampler = FigureSampler()
        _ = sampler.add(reading(), at: .zero)
        #expect(sampler.add(reading(errors: 5, packets: 10), at: .seconds(60)).networkErrorPercent == nil)
        #expect(sampler.add(reading(errors: 505, packets: 5010), at: .seconds(120)).networkErrorPercent == 10)
        #expect(sampler.add(reading(errors: 0, packets: 9), at: .seconds(180)).networkErrorPercent == nil)
        let gap = sampler.add(reading(errors: 9000, packets: 90_000, operations: 1, busy: 1), at: .seconds(10_000))
        #expect(gap.networkErrorPercent == nil)
        #expect(gap.diskBusyPercent == nil)
    }

    @Test("What can no longer be read is no longer known")
    func lost() {
        var sampler = FigureSampler()
        var reading = HostReading()
        reading.memoryAvailablePercent = 50
        #expect(sampler.add(reading, at: .zero).memoryAvailablePercent == 50)
        #expect(sampler.add(HostReading(), at: .seconds(1)) == HostFigures())
    }

    @Test("Open files are those of the service or of the host, whichever is nearer to its limit")
    func files() {
        var sampler = FigureSampler()
        var reading = HostReading()
        reading.serviceFiles = FileCounts(open: 91, limit: 100)
        reading.hostFiles = FileCounts(open: 10, limit: 100)
        #expect(sampler.add(reading, at: .zero).fileDescriptorsUsedPercent == 91)
        reading.serviceFiles = nil
        #expect(sampler.add(reading, at: .zero).fileDescriptorsUsedPercent == 10)
    }

    @Test("Where the kubelet removes images is passed on")
    func cleanUp() {
        var sampler = FigureSampler()
        var reading = HostReading()
        reading.cleanUp = ImageCleanUp(beginsAtPercent: 85, endsAtPercent: 80)
        #expect(sampler.add(reading, at: .zero).cleanUpBeginsAtPercent == 85)
        #expect(sampler.figures.cleanUpEndsAtPercent == 80)
    }

    @Test("A successor goes on from what was reported")
    func successor() {
        var reported = HostFigures()
        reported.ioPressurePercent = 20
        var sampler = FigureSampler(reported: reported)
        var reading = HostReading()
        reading.pressure = Pressure(some: 17, full: nil)
        #expect(sampler.add(reading, at: .zero) == reported)
    }

    @Test("On the way to the worse a threshold is reached in the report when it is reached on the host")
    func thresholds() {
        var reported: Int?
        for tenth in stride(from: 700, through: 1000, by: 1) {
            let value = Double(tenth) / 10
            reported = Rounding.used.report(value, after: reported)
            #expect(((reported ?? 0) >= 85) == (value >= 85))
        }
        reported = nil
        for tenth in stride(from: 300, through: 0, by: -1) {
            let value = Double(tenth) / 10
            reported = Rounding.memory.report(value, after: reported)
            #expect(((reported ?? 100) <= 5) == (value <= 5))
        }
    }

    @Test(
        "A figure that wavers is written once",
        arguments: [("disk", 84.5), ("pressure", 62), ("memory", 33), ("files", 40), ("rate", 4230)]
    )
    func wavers(name: String, value: Double) throws {
        let all = [
            "disk": (Rounding.used, 0.45), "pressure": (.pressure, 2), "memory": (.memory, 2), "files": (.files, 2),
            "rate": (.rate, 400),
        ]
        let (rounding, waver) = try #require(all[name])
        var reports: Set<Int?> = []
        var reported: Int? = rounding.report(value, after: nil)
        for step in 0..<1000 {
            reported = rounding.report(value + waver * Double(step % 9 - 4) / 4, after: reported)
            reports.insert(reported)
        }
        #expect(reports.count == 1)
    }

    @Test("What is no number is not known")
    func noNumber() {
        #expect(Rounding.used.report(nil, after: 5) == nil)
        #expect(Rounding.used.report(.nan, after: 5) == nil)
        #expect(Rounding.rate.report(.infinity, after: nil) == nil)
        #expect(Rounding.rate.report(4230, after: nil) == 4200)
        #expect(Rounding.rate.report(7, after: nil) == 7)
    }
}
