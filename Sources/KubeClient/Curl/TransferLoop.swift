import CCurl
import KubeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The one thread that carries all transfers of a client; others only leave commands and wake it.
///
/// Exchanges and streams have pools of their own: libcurl 7.88 gives a request that may share a connection one of
/// HTTP/1.1 that a stream is using, if the same server also has connections of HTTP/2 in the pool, and both break.
final class TransferLoop: @unchecked Sendable /* pools and transfers are the thread's, the inbox has a lock */ {
    private enum Command {
        case add(Transfer)
        case cancel(Transfer)
        case resume(Transfer)
        case retire(before: Int, within: Duration)
    }

    private struct Inbox {
        var commands: [Command] = []
        var isStopped = false
    }

    private let inbox = Mutex(Inbox())
    private let poller: Poller
    private let exchanges: ConnectionPool
    private let streams: ConnectionPool
    /// Made readable by whoever leaves a command.
    private let bell: Int32
    /// Transfers that libcurl has, by the address of their handle; the thread's.
    private var active: [UnsafeMutableRawPointer: Transfer] = [:]
    /// Those of them that have a deadline of ours, by their number.
    private var guarded: [UInt64: Transfer] = [:]
    private var deadlines = Deadlines()
    private var retirement = Retirement()

    private static let bellOwner: UInt32 = 0

    /// Starts the thread, which ends after `stop`.
    init() throws(KubeError) {
        poller = try Poller()
        exchanges = try ConnectionPool(poller, owner: 1)
        streams = try ConnectionPool(poller, owner: 2)
        bell = ccurl_event_descriptor()
        guard bell >= 0 else {
            throw KubeError(.connection, "no event descriptor for the client: \(String(cString: strerror(errno)))")
        }
        poller.watch(Poller.Key(owner: Self.bellOwner, file: bell), for: .read)
        try DetachedThread.start("kube-client") { self.run() }
    }

    deinit { close(bell) }

    private func ring() {
        var one: UInt64 = 1
        _ = write(bell, &one, MemoryLayout<UInt64>.size)
    }

    /// Gives a transfer to the thread.
    func add(_ transfer: Transfer) { leave(.add(transfer)) }

    /// Ends a transfer as cancelled, also one that is still on its way to the thread.
    func cancel(_ transfer: Transfer) {
        transfer.isCancelled.store(true, ordering: .releasing)
        leave(.cancel(transfer))
    }

    /// Goes on with a transfer that its sink had paused.
    func resume(_ transfer: Transfer) { leave(.resume(transfer)) }

    /// Ends the watches whose credentials are older than those of this number, spread over a time, each between two
    /// of its lines.
    func retire(before number: Int, within spread: Duration) { leave(.retire(before: number, within: spread)) }

    /// Ends the thread; transfers that are left end as cancelled.
    func stop() {
        inbox.withLock { $0.isStopped = true }
        ring()
    }

    private func leave(_ command: Command) {
        let isStopped = inbox.withLock { inbox in
            if !inbox.isStopped { inbox.commands.append(command) }
            return inbox.isStopped
        }
        guard isStopped else {
            ring()
            return
        }
        if case .add(let transfer) = command { transfer.sink.finish(Self.closed) }
    }

    private static let closed = KubeError(.cancelled, "the client was closed")
}

extension TransferLoop {
    private func run() {
        while let commands = take() {
            for command in commands { carryOut(command) }
            for pool in [exchanges, streams] { pool.actOnTimer(at: .now) }
            finishCompleted()
            let next = [expire(at: .now), exchanges.timer, streams.timer].compactMap { $0 }.min()
            wait(until: next)
        }
        for transfer in Array(active.values) { end(transfer) { $0.sink.finish(Self.closed) } }
    }

    /// Waits for commands, sockets or the deadline, and lets libcurl work on the sockets that are ready.
    private func wait(until deadline: ContinuousClock.Instant?) {
        for ready in poller.wait(milliseconds: Self.milliseconds(until: deadline)) {
            switch ready.key.owner {
            case Self.bellOwner:
                var count: UInt64 = 0
                _ = read(bell, &count, MemoryLayout<UInt64>.size)
            case 1: exchanges.act(on: ready)
            default: streams.act(on: ready)
            }
        }
        finishCompleted()
    }

    /// The commands left since the last time, nil once the loop is to end.
    private func take() -> [Command]? {
        inbox.withLock { inbox in
            let commands = inbox.commands
            inbox.commands = []
            guard inbox.isStopped else { return commands }
            for case .add(let transfer) in commands { transfer.sink.finish(Self.closed) }
            return nil
        }
    }

    private func carryOut(_ command: Command) {
        switch command {
        case .add(let transfer):
            guard !transfer.isCancelled.load(ordering: .acquiring) else { return transfer.finishCancelled() }
            active[transfer.pointer] = transfer
            let code = pool(of: transfer).add(transfer.pointer)
            guard code == CURLM_OK else {
                active[transfer.pointer] = nil
                return transfer.finish(.configuration, String(cString: curl_multi_strerror(code)))
            }
            transfer.deadlineMovedUp = { [weak self] in self?.schedule($0) }
            schedule(transfer)
            retire(transfer)
        case .cancel(let transfer):
            if active[transfer.pointer] === transfer { end(transfer) { $0.finishCancelled() } }
        case .resume(let transfer):
            guard active[transfer.pointer] === transfer else { return }
            transfer.resume()
            schedule(transfer)
        case .retire(let number, let spread):
            retirement.begin(before: number, within: spread)
            for transfer in active.values { retire(transfer) }
        }
    }

    /// Has a watch end whose certificates were replaced.
    private func retire(_ transfer: Transfer) {
        let instant = retirement.instant(for: transfer.identity, at: .now, part: .random(in: 0...1))
        guard transfer.isWatch, let instant else { return }
        transfer.retire(at: instant)
        schedule(transfer)
    }

    private func pool(of transfer: Transfer) -> ConnectionPool { transfer.isStream ? streams : exchanges }

    private func finishCompleted() {
        for pool in [exchanges, streams] {
            while let (handle, code) = pool.nextCompleted() {
                if let transfer = active[handle] { end(transfer) { $0.finish(code) } }
            }
        }
    }

    /// Has a transfer looked at when its deadline comes.
    private func schedule(_ transfer: Transfer) {
        guard let deadline = transfer.deadline, active[transfer.pointer] === transfer else { return }
        guarded[transfer.number] = transfer
        deadlines.note(deadline, for: transfer.number)
    }

    /// Ends what is past its deadline and returns when to look again.
    private func expire(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        while let number = deadlines.takeDue(at: now) {
            guard let transfer = guarded[number] else { continue }
            if let verdict = transfer.verdict(at: now) { end(transfer) { $0.finish(verdict) } }
            schedule(transfer)
        }
        return deadlines.next
    }

    /// Takes a transfer from libcurl, which closes its connection unless the transfer was over, and reports its end.
    private func end(_ transfer: Transfer, _ report: (Transfer) -> Void) {
        active[transfer.pointer] = nil
        guarded[transfer.number] = nil
        deadlines.forget(transfer.number)
        transfer.deadlineMovedUp = nil
        pool(of: transfer).remove(transfer.pointer)
        report(transfer)
    }

    private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let left = deadline - .now
        return left <= .zero ? 0 : Int32(min(60_000, left.wholeMilliseconds))
    }
}

extension Transfer {
    fileprivate func finishCancelled() {
        sink.finish(KubeError(.cancelled, "\(plan.name): cancelled"))
    }
}
