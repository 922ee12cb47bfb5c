package import KubeCore
package import KubeRuntime
import Logging
package import MirrorAPI
package import MirrorPlanner
import Synchronization

/// Writes and deletes MirrorNodes, many at a time.
///
/// Nothing else in a plan rests on them: a step begins only on a MirrorNode that the snapshot shows as it is wished
/// for. So they come last in a pass, after the status, and a pass takes a share of them: a seed that falls ill
/// meanwhile is seen to by the next one.
///
/// # Guarantees
/// - At most `inFlight` requests are under way. Those that the server puts off (429 and Retry-After) hold their places
///   meanwhile, so that a busy server is asked for less.
/// - One that is refused stops no other one, and is tried again after them.
/// - What is true of all of them (the server is away or overloaded, this process leads no longer, the mirror has been
///   changed) lets no further one begin.
package final class MirrorNodeWriter: Sendable {
    package enum Outcome: Hashable, Sendable {
        /// This pass's share was carried out.
        case done
        /// The world is not, or may not be, as the plan saw it: look again soon.
        case lookAgain
        /// Some were refused for what they are. Others were written, and there may be more to write.
        case refused(KubeError, wroteOthers: Bool)
    }

    package static let standardInFlight = 16
    package static let standardShare = 256
    /// So many refusals in a row are one about all of them.
    private static let refusalsInARow = 16
    /// So few are logged one by one.
    private static let few = 5

    private let sender: WriteSender
    private let inFlight: Int
    private let share: Int
    private let memory = Mutex<[String: Memory]>([:])

    /// What is known of a mirror's writes until none is left.
    private struct Memory {
        /// Answers of the server, by the name of the MirrorNode.
        var refusals: [String: KubeError] = [:]
        var written = 0
        var deleted = 0
    }

    package init(
        _ api: KubeAPI,
        applier: Applier,
        ownWrites: OwnWrites,
        inFlight: Int = MirrorNodeWriter.standardInFlight,
        share: Int = MirrorNodeWriter.standardShare
    ) {
        // No Lease is written here, so neither its namespace nor its time is needed.
        sender = WriteSender(
            api,
            applier: applier,
            ownWrites: ownWrites,
            leaseNamespace: "",
            now: { MicroTimestamp(microseconds: 0) }
        )
        self.inFlight = inFlight
        self.share = share
    }

    /// What the server has refused of what the plan still asks for, as one error; nil where it has refused nothing.
    package func refusal(of plan: Plan) -> KubeError? {
        let names = Set(plan.records.map(\.target.key.name))
        let refusals = memory.withLock { $0[plan.mirror]?.refusals ?? [:] }.filter { names.contains($0.key) }
        return Self.combined(refusals)
    }

    /// Drops what is remembered of a mirror that is gone.
    package func forget(_ mirror: String) { memory.withLock { $0[mirror] = nil } }

    /// Carries out a share of the plan's records.
    ///
    /// - Parameters:
    ///   - present: what the plan was made from.
    ///   - isMeant: asked before each one: whether the mirror is still as the plan saw it.
    /// - Throws: `KubeError` for what is no matter of one MirrorNode and may be over soon.
    package func write(
        _ plan: Plan,
        present: [MirrorNode],
        while isMeant: @escaping @Sendable () -> Bool
    ) async throws(KubeError) -> Outcome {
        let records = Record.records(plan.records)
        guard !records.isEmpty else {
            forget(plan.mirror)
            return .done
        }
        let batch = share(of: records, plan.mirror)
        let names = Set(batch.map(\.name))
        let present = Dictionary(
            present.filter { names.contains($0.metadata.name) }.map { ($0.metadata.name, $0) },
            uniquingKeysWith: { $1 }
        )
        let isFew = records.count <= Self.few
        var tally = Tally()
        await withTaskGroup(of: (Int, KubeError?).self) { group in
            var next = 0
            func begin() {
                let (number, record) = (next, batch[next])
                next += 1
                let level: Logger.Level = isFew ? .info : .debug
                Logger.current.log(level: level, "Carrying out a write", metadata: record.last.logMetadata)
                group.addTask { (number, await self.carryOut(record, present[record.name])) }
            }
            while next < min(inFlight, batch.count), isMeant() { begin() }
            for await (number, error) in group {
                tally.take(batch[number], error)
                guard next < batch.count, tally.goesOn else { continue }
                if isMeant() { begin() } else { tally.isOutdated = true }
            }
            if next < batch.count, tally.goesOn { tally.isOutdated = true }
        }
        return try conclude(tally, plan.mirror, records, isFew: isFew)
    }

    /// Those that were refused before come last.
    private func share(of records: [Record], _ mirror: String) -> [Record] {
        let refused = memory.withLock { Set($0[mirror]?.refusals.keys.map { $0 } ?? []) }
        guard !refused.isEmpty else { return Array(records.prefix(share)) }
        let isRefused = { (record: Record) in refused.contains(record.name) }
        return Array((records.filter { !isRefused($0) } + records.filter(isRefused)).prefix(share))
    }

    private func conclude(
        _ tally: Tally,
        _ mirror: String,
        _ records: [Record],
        isFew: Bool
    ) throws(KubeError) -> Outcome {
        let left = Set(records.map(\.name)).subtracting(tally.doneNames)
        let sum = memory.withLock { memory in
            var sum = memory[mirror] ?? Memory()
            sum.written += tally.written
            sum.deleted += tally.deleted
            sum.refusals.merge(tally.refusals) { $1 }
            sum.refusals = sum.refusals.filter { left.contains($0.key) }
            memory[mirror] = left.isEmpty ? nil : sum
            return sum
        }
        if left.isEmpty, !isFew {
            Logger.current.info(
                "The MirrorNodes are as they should be",
                metadata: ["written": "\(sum.written)", "deleted": "\(sum.deleted)"]
            )
        }
        if let failure = tally.failure { throw failure }
        if let refusal = Self.combined(sum.refusals), !tally.refusals.isEmpty {
            return .refused(refusal, wroteOthers: !tally.doneNames.isEmpty)
        }
        return tally.isOutdated ? .lookAgain : .done
    }

    /// One error for all refusals: that of the first by name, and how many there are.
    private static func combined(_ refusals: [String: KubeError]) -> KubeError? {
        guard let first = refusals.min(by: { $0.key < $1.key }) else { return nil }
        let more = refusals.count > 1 ? "; \(refusals.count - 1) more MirrorNodes are refused" : ""
        let message = "MirrorNode \(first.key): \(first.value.message)\(more)"
        return KubeError(first.value.code, message, status: first.value.status)
    }
}

extension MirrorNodeWriter {
    /// What became of a share.
    private struct Tally {
        var written = 0
        var deleted = 0
        var doneNames: [String] = []
        var refusals: [String: KubeError] = [:]
        var isOutdated = false
        /// What ended it.
        var failure: KubeError?
        private var refusedInARow = 0

        var goesOn: Bool { failure == nil && !isOutdated && refusedInARow < MirrorNodeWriter.refusalsInARow }

        mutating func take(_ record: Record, _ error: KubeError?) {
            let (name, write) = (record.name, record.last)
            guard let error else {
                if write.purpose == .deleteMirrorNode { deleted += 1 } else { written += 1 }
                doneNames.append(name)
                refusedInARow = 0
                OperatorMetrics.acted(write.purpose.name, "done")
                return
            }
            switch MirrorNodeWriter.meaning(of: error, write) {
            case .outdated(let reason):
                OperatorMetrics.acted(write.purpose.name, reason)
                isOutdated = true
                let metadata = write.logMetadata.merging(["error": "\(error)"]) { $1 }
                Logger.current.info("Write skipped: state has changed; reconciling again", metadata: metadata)
            case .refused:
                OperatorMetrics.acted(write.purpose.name, "error")
                refusals[name] = error
                refusedInARow += 1
            case .failed:
                OperatorMetrics.acted(write.purpose.name, "error")
                failure = failure ?? error
            }
        }
    }

    private enum Meaning {
        case outdated(String)
        case refused
        case failed
    }

    private static func meaning(of error: KubeError, _ write: Write) -> Meaning {
        if let reason = write.reasonToLookAgain(error) { return .outdated(reason) }
        let isRefused = error.code == .status && (!error.isTransient || error.namesUndeclaredField)
        return isRefused ? .refused : .failed
    }

    // MARK: One of them

    private func carryOut(_ record: Record, _ present: MirrorNode?) async -> KubeError? {
        do throws(KubeError) {
            let current = try present?.wireValue()
            for write in record.writes { try await sender.send(write, current: current) }
            return nil
        } catch {
            return error
        }
    }

    /// What is done to one MirrorNode, in order.
    private struct Record: Sendable {
        let name: String
        private(set) var writes: [Write]
        /// What it comes to.
        private(set) var last: Write

        /// Writes of one MirrorNode stand together.
        static func records(_ writes: [Write]) -> [Record] {
            var records: [Record] = []
            records.reserveCapacity(writes.count)
            for write in writes {
                let name = write.target.key.name
                if let index = records.indices.last, records[index].name == name {
                    records[index].writes.append(write)
                    records[index].last = write
                } else {
                    records.append(Record(name: name, writes: [write], last: write))
                }
            }
            return records
        }
    }
}
