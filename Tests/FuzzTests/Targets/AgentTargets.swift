import KubeCore
import MirrorAPI

@testable import MirrorAgent
@testable import MirrorPlanner

/// What the agent finds on its host beside the files of the service.
enum AgentTargets {
    private static let now = Timestamp(seconds: 1_800_000_000)
    private static let options = AgentOptions(nodeName: "a", leaseNamespace: "n", version: "1")

    /// A journal is written as it is read, and each decision about it is one.
    static func journal(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        _ = try? JSONCoding.decode(ContainerdRecord.self, from: bytes).isSafe
        guard let journal = try? Journal(bytes) else { return .refused }
        guard let written = try? JSONCoding.encode(journal), let again = try? Journal(written), again == journal else {
            return .wrong("it is not written as it was read")
        }
        let drops = [nil, journal.step?.previous.map { Array($0.utf8) }, Array("server: https://a:9345\n".utf8)]
        let units = [
            nil, UnitState(activeState: "active", invocationID: "1"),
            UnitState(activeState: "failed", invocationID: "2"),
        ]
        for boot in [nil, BootTime(boot: "b", seconds: 80)] {
            for (drop, unit) in zip(drops, units) {
                var host = HostView(journal: journal)
                host.dropIn = drop
                host.files = drop.map { [("zz-p2pmirror.yaml", $0)] } ?? []
                var input = AgentInput(now: now, options: options, mirror: "m", host: host, unit: unit)
                input.boot = boot
                _ = AgentDecision.decide(input)
                input.live = LiveView(mirrorNode: nil)
                _ = AgentDecision.decide(input)
            }
        }
        return .read
    }

    /// Files of the kernel: two looks at each.
    static func kernel(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let parts = Sections(bytes)
        var sampler = FigureSampler()
        var isAny = false
        for (index, content) in parts.all.prefix(2).enumerated() {
            let text = String(decoding: content, as: UTF8.self)
            var reading = HostReading()
            reading.pressure = KernelFiles.pressure(content)
            reading.memoryAvailablePercent = KernelFiles.memoryAvailablePercent(content)
            reading.hostFiles = KernelFiles.openFiles(content)
            reading.serviceFiles = KernelFiles.openFilesLimit(content).map { FileCounts(open: 7, limit: $0) }
            reading.interfaces = KernelFiles.interfaces(content)
            reading.disk = KernelFiles.disk(content, major: 8, minor: 0)
            let numbers = content.prefix(6).map { UInt64($0) << (UInt64($0) % 60) } + [0, 0, 0, 0, 0, 0]
            reading.volume = Volume(
                total: numbers[0],
                free: numbers[1],
                available: numbers[2],
                inodes: numbers[3],
                freeInodes: numbers[4],
                major: 8,
                minor: 0
            )
            _ = sampler.add(reading, at: .seconds(index * 60))
            let boot = ContainerdProcess.bootTime(text)
            let start = ContainerdProcess.startTicks(text)
            _ = Timestamp(seconds: (boot ?? 0).adding((start ?? 0) / 100))
            isAny = isAny || reading.pressure != nil || reading.disk != nil || boot != nil || start != nil
            isAny = isAny || reading.memoryAvailablePercent != nil || reading.hostFiles != nil
            isAny = isAny || reading.serviceFiles != nil || reading.interfaces?.isEmpty == false
        }
        return .read(if: isAny)
    }

    /// What `systemctl show` prints.
    static func unit(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let clocks = BootClocks(timeOfDay: MicroTimestamp(now), sinceBoot: 10_000_000)
        let text = String(decoding: bytes, as: UTF8.self)
        return .read(if: (try? SystemdServiceManager.parse(text, unit: "a.service", clocks)) != nil)
    }
}
