/// Whether the service that the daemon is part of is there, as far as its service manager tells.
package enum ServicePresence: Hashable, Sendable {
    /// Running.
    case running
    /// Starting, stopping, or to be started again by itself.
    case changing
    /// Not running, and it stays so until somebody starts it; with what its manager says.
    case stopped(String)
    /// The manager can't be asked, or knows no such unit.
    case unknown

    /// A unit that is settled and not active has been stopped for good: the units of the distributions have
    /// `Restart=always`, so a crash shows as `activating (auto-restart)`. What it is stopped as says little: a service
    /// that ends with status 1 when it is told to stop is left `failed (Result: exit-code)` and not `inactive` by
    /// `systemctl stop`, as theirs does.
    package init(_ unit: String, _ state: UnitState?) {
        guard let state else {
            self = .unknown
            return
        }
        guard state.isSettled else {
            self = .changing
            return
        }
        guard !state.isActive else {
            self = .running
            return
        }
        let result = state.activeState == "failed" ? " (\(state.result))" : ""
        self = .stopped("\(unit) is stopped: \(state.activeState)\(result).")
    }
}
