import Foundation
import KubeCore
import MirrorPlanner
import Testing

/// Bytes from a network that nobody guards: whatever they are, they are read or refused, and nothing crashes.
///
/// `FUZZ_RUNS` says how many there are, `FUZZ_SEED` from which seed on (a run has the seed after the one before it):
/// one run alone is `FUZZ_SEED=17 FUZZ_RUNS=1`. `hack/grpc --fuzz` makes a million.
@Suite("Random frames, trailers and messages")
struct WireFuzzTests {
    private static func number(_ variable: String) -> Int? {
        ProcessInfo.processInfo.environment[variable].flatMap(Int.init)
    }

    private static let runs = max(1, number("FUZZ_RUNS") ?? 20_000)
    private static let seed = number("FUZZ_SEED") ?? .random(in: 0..<1 << 30)

    @Test("are read or refused", arguments: [seed])
    func survive(seed: Int) throws {
        var counts: [String: Int] = [:]
        for index in 0..<Self.runs {
            var input = WireInput(seed: UInt64(seed &+ index))
            let outcome: String
            do {
                outcome = try input.run()
            } catch {
                Issue.record("seed \(seed + index): \(error)")
                continue
            }
            counts[outcome, default: 0] += 1
        }
        let lines = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        print("\(Self.runs) runs from seed \(seed): \(lines.joined(separator: ", "))")
        // Where nothing is read, or nothing is refused, little was tried.
        #expect(Self.runs < 1000 || WireInput.kinds.allSatisfy { counts["\($0) read"] != nil })
        #expect(Self.runs < 1000 || WireInput.kinds.allSatisfy { counts["\($0) refused"] != nil })
    }
}

/// One input, drawn from its seed.
struct WireInput {
    static let kinds = ["frame", "trailers", "host", "list", "task", "schedulers", "health", "protobuf"]

    private var dice: Dice

    init(seed: UInt64) { dice = Dice(seed: seed) }

    struct Difference: Error { var what: String }

    /// Feeds it to what reads its kind, and says what became of it.
    ///
    /// - Throws: `Difference` where what was read is not read again from what it is written as.
    mutating func run() throws -> String {
        let kind = dice.pick(Self.kinds)
        let isRead =
            switch kind {
            case "frame": frame()
            case "trailers": trailers()
            case "host": try message(DragonflyHost.self, host().protobuf)
            case "list": try message(DragonflyHostList.self, list().protobuf)
            case "task": try message(DragonflyLocalTask.self, task().protobuf)
            case "schedulers": try message(DragonflySchedulerList.self, schedulers().protobuf)
            case "health": try message(GRPCHealthAnswer.self, [8, 1])
            default: try fields()
            }
        return "\(kind) \(isRead ? "read" : "refused")"
    }

    private mutating func bytes(_ limit: Int) -> [UInt8] {
        (0..<dice.below(limit)).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
    }

    /// The same bytes, others in their place, some less or some more; one in eight is left as it is.
    private mutating func mutated(_ original: [UInt8]) -> [UInt8] {
        if dice.roll(12) { return original }
        if dice.roll(10) { return bytes(64) }
        var mutated = original
        for _ in 0...dice.below(6) {
            let position = dice.below(mutated.count + 1)
            switch dice.below(6) {
            case 0: mutated.insert(UInt8(truncatingIfNeeded: dice.next()), at: position)
            case 1: mutated.removeLast(min(mutated.count, dice.below(8)))
            case 2: mutated.insert(contentsOf: mutated.prefix(dice.below(32)), at: position)
            case 3: mutated.insert(contentsOf: [UInt8](repeating: 0xFF, count: dice.below(12)), at: position)
            default:
                guard position < mutated.count else { continue }
                mutated[position] ^= dice.roll(50) ? 1 << UInt8(dice.below(8)) : UInt8(truncatingIfNeeded: dice.next())
            }
        }
        return mutated
    }

    private mutating func frame() -> Bool {
        let whole = mutated(GRPCFrame.encoded(bytes(200)) ?? [])
        var reader = GRPCFrameReader(limit: dice.below(300))
        do throws(GRPCFrameReader.Fault) {
            var rest = whole[...]
            while !rest.isEmpty {
                let count = 1 + dice.below(rest.count)
                try reader.push(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            return try reader.end() != nil
        } catch {
            return false
        }
    }

    private static let lines = [
        "HTTP/2 200\r\n", "HTTP/1.1 503 a\r\n", "content-type: application/grpc\r\n", "\r\n", "grpc-status: 0\r\n",
        "grpc-status: 14\r\n", "grpc-message: %C3%9C%\r\n", ":", "HTTP/", "grpc-status",
    ]

    private mutating func trailers() -> Bool {
        var head = GRPCHead()
        if dice.roll(80) { head.push(Self.lines[0].utf8) }
        for _ in 0..<dice.below(12) { head.push(mutated(Array(dice.pick(Self.lines).utf8))) }
        guard case .status(_, let message) = head.verdict(hasMessage: dice.roll(50)) else { return false }
        return GRPCFault(.status(.unknown), address: "", message: message).message.utf8.count <= 300
    }

    /// Reads it, and where that can be done reads it again from what it is written as.
    private mutating func message<Message: ProtobufMessage>(_: Message.Type, _ original: [UInt8]) throws -> Bool {
        let bytes = mutated(original)
        guard let read = try? Message(protobuf: bytes) else { return false }
        // By their bytes: what is no number is not equal to itself.
        let written = read.protobuf
        guard try Message(protobuf: written).protobuf == written else {
            throw Difference(what: "\(Message.self) from \(bytes)")
        }
        return true
    }

    /// Follows every field that may be a message.
    private mutating func fields() throws -> Bool {
        func walk(_ reader: inout ProtobufReader) throws(KubeError) {
            while let field = try reader.next() {
                guard var inner = try field.message() else { continue }
                // Most bytes are no message, and that is no fault of the outer one.
                do throws(KubeError) { try walk(&inner) } catch { continue }
            }
        }
        let bytes = dice.roll(50) ? mutated(list().protobuf) : self.bytes(400)
        do throws(KubeError) {
            var reader = try ProtobufReader(bytes)
            try walk(&reader)
            return true
        } catch {
            return false
        }
    }

    private mutating func host() -> DragonflyHost {
        var host = DragonflyHost()
        host.id = "10.0.0.\(dice.below(256))-node"
        host.kind = .init(number: UInt32(dice.below(4)))
        host.hostname = dice.pick(["node", "ü🙂", ""])
        host.port = Int32(truncatingIfNeeded: dice.next())
        if dice.roll(50) {
            var disk = DragonflyHost.Disk()
            (disk.total, disk.usedPercent) = (dice.next(), Double(bitPattern: dice.next()))
            host.disk = disk
        }
        if dice.roll(50) {
            var network = DragonflyHost.Network()
            (network.idc, network.receiveBandwidth) = ("", dice.next())
            host.network = network
        }
        if dice.roll(50) { host.memory = .init() }
        if dice.roll(50) { host.build = .init() }
        host.schedulerClusterID = dice.next()
        return host
    }

    private mutating func list() -> DragonflyHostList {
        var hosts: [DragonflyHost] = []
        for _ in 0..<dice.below(4) { hosts.append(host()) }
        return DragonflyHostList(hosts)
    }

    private mutating func task() -> DragonflyLocalTask {
        var task = DragonflyLocalTask()
        (task.id, task.contentLength) = ("t", dice.next())
        task.finished = ProtobufDuration(.seconds(1))
        return task
    }

    private mutating func schedulers() -> DragonflySchedulerList {
        var scheduler = DragonflyScheduler()
        (scheduler.ip, scheduler.port, scheduler.state) = ("10.0.0.1", 8002, "active")
        return DragonflySchedulerList([DragonflyScheduler](repeating: scheduler, count: dice.below(4)))
    }
}
