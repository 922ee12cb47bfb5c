import CCurl
import KubeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The one thread that carries all probes; others only leave commands and wake it.
///
/// It has a thread of its own, so that a thousand endpoints that misbehave cost the API client nothing. libcurl's own
/// poll is enough here: whoever schedules the probes bounds how many are under way, so that the set is always small.
final class ProbeLoop: @unchecked Sendable /* the active transfers are the thread's, the inbox has a lock */ {
    private enum Command {
        case add(ProbeTransfer)
        case cancel(ProbeTransfer)
    }

    private struct Inbox {
        var commands: [Command] = []
        var isStopped = false
    }

    private let inbox = Mutex(Inbox())
    private let multi: UnsafeMutableRawPointer
    private var active: [UnsafeMutableRawPointer: ProbeTransfer] = [:]

    /// Starts the thread, which ends after `stop`.
    init() throws(KubeError) {
        try CurlLibrary.prepare()
        guard let multi = curl_multi_init() else { throw KubeError(.connection, "no memory for libcurl") }
        self.multi = multi
        try DetachedThread.start("probes") { self.run() }
    }

    deinit { curl_multi_cleanup(multi) }

    /// Gives a probe to the thread.
    func add(_ transfer: ProbeTransfer) { leave(.add(transfer)) }

    /// Gives a probe up, also one that is still on its way to the thread.
    func cancel(_ transfer: ProbeTransfer) {
        transfer.isCancelled.store(true, ordering: .releasing)
        leave(.cancel(transfer))
    }

    /// Ends the thread; probes that are left end as cancelled.
    func stop() {
        inbox.withLock { $0.isStopped = true }
        curl_multi_wakeup(multi)
    }

    private func leave(_ command: Command) {
        let isStopped = inbox.withLock { inbox in
            if !inbox.isStopped { inbox.commands.append(command) }
            return inbox.isStopped
        }
        if !isStopped {
            curl_multi_wakeup(multi)
        } else if case .add(let transfer) = command {
            transfer.finishCancelled()
        }
    }
}

extension ProbeLoop {
    private func run() {
        while let commands = take() {
            for command in commands { carryOut(command) }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            // A probe that follows a redirect was given to libcurl again, which must work on it before it waits.
            guard !finishCompleted() else { continue }
            // libcurl ends the wait at its own next deadline.
            curl_multi_poll(multi, nil, 0, 60_000, nil)
        }
        for transfer in active.values {
            curl_multi_remove_handle(multi, transfer.pointer)
            transfer.finishCancelled()
        }
        active = [:]
    }

    /// The commands left since the last time, nil once the loop is to end.
    private func take() -> [Command]? {
        inbox.withLock { inbox in
            let commands = inbox.commands
            inbox.commands = []
            guard inbox.isStopped else { return commands }
            for case .add(let transfer) in commands { transfer.finishCancelled() }
            return nil
        }
    }

    private func carryOut(_ command: Command) {
        switch command {
        case .add(let transfer):
            guard !transfer.isCancelled.load(ordering: .acquiring) else { return transfer.finishCancelled() }
            active[transfer.pointer] = transfer
            start(transfer)
        case .cancel(let transfer):
            guard active.removeValue(forKey: transfer.pointer) != nil else { return }
            curl_multi_remove_handle(multi, transfer.pointer)
            transfer.finishCancelled()
        }
    }

    private func start(_ transfer: ProbeTransfer) {
        let code = curl_multi_add_handle(multi, transfer.pointer)
        guard code != CURLM_OK else { return }
        active[transfer.pointer] = nil
        let message = "it cannot be probed: \(String(cString: curl_multi_strerror(code)))"
        let address = transfer.request.address
        transfer.finish(ProbeOutcome(fault: .configuration, address: address, message: message))
    }

    /// Ends what is over; true where a probe goes on elsewhere.
    private func finishCompleted() -> Bool {
        var goesOn = false
        var waiting: Int32 = 0
        while let message = curl_multi_info_read(multi, &waiting) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            let code = message.pointee.data.result
            // Closes the connection, also one that was only to be made.
            curl_multi_remove_handle(multi, handle)
            guard let transfer = active[handle] else { continue }
            if transfer.complete(code) {
                goesOn = true
                start(transfer)
            } else {
                active[handle] = nil
            }
        }
        return goesOn
    }
}
