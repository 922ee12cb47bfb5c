import CCurl
import KubeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Owner of libcurl's multi handle.
private struct MultiHandle: ~Copyable {
    let pointer: UnsafeMutableRawPointer

    init() throws(KubeError) {
        try CurlLibrary.prepare()
        guard let pointer = curl_multi_init() else { throw KubeError(.connection, "no memory for libcurl") }
        self.pointer = pointer
        // Connections that wait for their next use; those in use are not counted.
        ccurl_multi_set_long(pointer, CURLMOPT_MAXCONNECTS, 32)
    }

    deinit { curl_multi_cleanup(pointer) }
}

/// The one thread that carries all transfers of a client.
///
/// Others only leave commands and wake it; all of libcurl but `curl_multi_wakeup`, which is made for that, is called
/// here. Waiting and working are apart, so that an event loop of ours could take the place of `curl_multi_poll`.
final class TransferLoop: @unchecked Sendable /* the multi handle is the thread's, wakeup is safe from any thread */ {
    private enum Command {
        case add(Transfer)
        case cancel(Transfer)
        case resume(Transfer)
    }

    private struct Inbox {
        var commands: [Command] = []
        var isStopped = false
    }

    private let inbox = Mutex(Inbox())
    private let multi: MultiHandle
    /// Transfers that libcurl has, by the address of their handle; the thread's.
    private var active: [UnsafeMutableRawPointer: Transfer] = [:]

    /// Starts the thread, which ends after `stop`.
    init() throws(KubeError) {
        multi = try MultiHandle()
        try Self.spawn(self)
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

    /// Ends the thread; transfers that are left end as cancelled.
    func stop() {
        inbox.withLock { $0.isStopped = true }
        curl_multi_wakeup(multi.pointer)
    }

    private func leave(_ command: Command) {
        let isStopped = inbox.withLock { inbox in
            if !inbox.isStopped { inbox.commands.append(command) }
            return inbox.isStopped
        }
        guard isStopped else {
            curl_multi_wakeup(multi.pointer)
            return
        }
        if case .add(let transfer) = command { transfer.sink.finish(Self.closed) }
    }

    private static let closed = KubeError(.cancelled, "the client was closed")

    private static func spawn(_ loop: TransferLoop) throws(KubeError) {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(loop)
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                ccurl_name_thread("kube-client")
                Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            context.toOpaque()
        )
        guard code == 0 else {
            context.release()
            throw KubeError(.connection, "no thread for the client: \(String(cString: strerror(code)))")
        }
        pthread_detach(thread)
    }
}

extension TransferLoop {
    private func run() {
        while let commands = take() {
            for command in commands { carryOut(command) }
            var running: Int32 = 0
            curl_multi_perform(multi.pointer, &running)
            finishCompleted()
            let deadline = expire(at: .now)
            var events: Int32 = 0
            curl_multi_poll(multi.pointer, nil, 0, Self.milliseconds(until: deadline), &events)
        }
        for transfer in Array(active.values) { end(transfer) { $0.sink.finish(Self.closed) } }
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
            let code = curl_multi_add_handle(multi.pointer, transfer.pointer)
            guard code != CURLM_OK else { return }
            active[transfer.pointer] = nil
            transfer.finish(.configuration, String(cString: curl_multi_strerror(code)))
        case .cancel(let transfer):
            if active[transfer.pointer] === transfer { end(transfer) { $0.finishCancelled() } }
        case .resume(let transfer):
            if active[transfer.pointer] === transfer { transfer.resume() }
        }
    }

    private func finishCompleted() {
        var waiting: Int32 = 0
        while let message = curl_multi_info_read(multi.pointer, &waiting) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            // The message is gone once the handle is removed.
            let code = message.pointee.data.result
            if let transfer = active[handle] { end(transfer) { $0.finish(code) } }
        }
    }

    /// Ends what is past its deadline and returns the next deadline.
    private func expire(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        var next: ContinuousClock.Instant?
        for transfer in Array(active.values) {
            guard let deadline = transfer.watchdog.deadline(isPaused: transfer.isPaused) else { continue }
            if deadline <= now {
                end(transfer) { $0.finish(.timeout, $0.watchdog.verdict) }
            } else {
                next = min(next ?? deadline, deadline)
            }
        }
        return next
    }

    /// Takes a transfer from libcurl, which closes its connection unless the transfer was over, and reports its end.
    private func end(_ transfer: Transfer, _ report: (Transfer) -> Void) {
        active[transfer.pointer] = nil
        curl_multi_remove_handle(multi.pointer, transfer.pointer)
        report(transfer)
    }

    private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return 60_000 }
        return Int32(min(60_000, max(Duration.zero, deadline - .now).wholeMilliseconds))
    }
}

extension Transfer {
    fileprivate func finishCancelled() {
        sink.finish(KubeError(.cancelled, "\(plan.name): cancelled"))
    }
}

/// Keeps the loop's thread alive; the thread ends when the last holder has gone.
final class LoopLease: Sendable {
    let loop: TransferLoop

    init() throws(KubeError) {
        loop = try TransferLoop()
    }

    deinit { loop.stop() }
}
