import Synchronization

/// Brings a transfer and its cancellation together, whichever comes first.
final class EasyCancellation: Sendable {
    private enum State {
        case open
        case armed(any EasyTransfer)
        case cancelled
    }

    private let state = Mutex(State.open)

    /// Whether it was cancelled before.
    func arm(_ transfer: any EasyTransfer) -> Bool {
        state.withLock { state in
            if case .cancelled = state { return true }
            state = .armed(transfer)
            return false
        }
    }

    /// What is to be cancelled; nil where nothing was armed yet.
    func cancel() -> (any EasyTransfer)? {
        state.withLock { state in
            defer { state = .cancelled }
            guard case .armed(let transfer) = state else { return nil }
            return transfer
        }
    }
}
