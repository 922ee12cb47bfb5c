import CCurl
import KubeCore
import Synchronization

/// What an `EasyLoop` carries: one transfer of libcurl and whoever waits for it.
protocol EasyTransfer: AnyObject, Sendable {
    /// libcurl's handle.
    var pointer: UnsafeMutableRawPointer { get }

    /// Whether it was given up before the loop's thread came to it; set from any thread.
    var isCancelled: Bool { get }

    func cancel()

    /// Ends it as given up.
    func finishCancelled()

    /// Ends it as one that libcurl does not take, for the reason given.
    func finishUnstarted(_ reason: String)

    /// Whether bytes came since the last time that this was asked.
    func takeProgress() -> Bool

    /// Takes libcurl's verdict.
    ///
    /// - Returns: whether it goes on, and is to be given to libcurl again.
    func complete(_ code: CURLcode) -> Bool
}

/// A thread that carries transfers, each with a connection of its own; others only leave commands and wake it.
///
/// It has a thread of its own, so that a thousand endpoints that misbehave cost the API client nothing. libcurl's own
/// poll is enough here: whoever starts the transfers bounds how many are under way, so that the set is always small.
final class EasyLoop: @unchecked Sendable /* the active transfers are the thread's, the inbox has a lock */ {
    private enum Command {
        case add(any EasyTransfer)
        case cancel(any EasyTransfer)
    }

    private struct Inbox {
        var commands: [Command] = []
        var isStopped = false
    }

    private let inbox = Mutex(Inbox())
    private let multi: UnsafeMutableRawPointer
    private var active: [UnsafeMutableRawPointer: any EasyTransfer] = [:]

    /// Starts the thread, which ends after `stop`.
    ///
    /// - Parameter name: of the thread, at most 15 bytes.
    init(_ name: String) throws(KubeError) {
        try CurlLibrary.prepare()
        guard let multi = curl_multi_init() else { throw KubeError(.connection, "no memory for libcurl") }
        self.multi = multi
        try DetachedThread.start(name) { self.run() }
    }

    deinit { curl_multi_cleanup(multi) }

    /// Gives a transfer to the thread.
    func add(_ transfer: any EasyTransfer) { leave(.add(transfer)) }

    /// Gives a transfer up, also one that is still on its way to the thread.
    func cancel(_ transfer: any EasyTransfer) {
        transfer.cancel()
        leave(.cancel(transfer))
    }

    /// Ends the thread; transfers that are left end as cancelled.
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

extension EasyLoop {
    private func run() {
        while let commands = take() {
            for command in commands { carryOut(command) }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            // One that goes on was given to libcurl again, which must work on it before it waits.
            guard !finishCompleted() else { continue }
            // libcurl ends the wait at its own next deadline. It reads so many pieces of an answer and no more at a
            // time, and what it has left in its own buffer makes no socket ready: where anything came, there may be
            // more.
            let hasProgress = active.values.reduce(false) { $1.takeProgress() || $0 }
            curl_multi_poll(multi, nil, 0, hasProgress ? 0 : 60_000, nil)
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
            guard !transfer.isCancelled else { return transfer.finishCancelled() }
            active[transfer.pointer] = transfer
            start(transfer)
        case .cancel(let transfer):
            guard active.removeValue(forKey: transfer.pointer) != nil else { return }
            curl_multi_remove_handle(multi, transfer.pointer)
            transfer.finishCancelled()
        }
    }

    private func start(_ transfer: any EasyTransfer) {
        let code = curl_multi_add_handle(multi, transfer.pointer)
        guard code != CURLM_OK else { return }
        active[transfer.pointer] = nil
        transfer.finishUnstarted(String(cString: curl_multi_strerror(code)))
    }

    /// Ends what is over; true where one goes on.
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
