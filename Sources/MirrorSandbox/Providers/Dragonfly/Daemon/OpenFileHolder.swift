import Glibc
import Synchronization

/// Holds files open until so many percent of what the process may have are.
final class OpenFileHolder: Sendable {
    private struct State {
        var files: [Int32] = []
        var limit: rlim_t?
    }

    /// What the process may have open while it holds any: a share of a million takes long to open.
    private static let limit: rlim_t = 400

    private let state = Mutex(State())

    /// Opens what is missing; nil closes all.
    func hold(percent: Int?) {
        state.withLock { state in
            guard let percent else { return Self.release(&state) }
            if state.limit == nil { state.limit = Self.setLimit(Self.limit) }
            while OpenFileCount.now * 100 < Int(Self.limit) * percent {
                let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
                guard file >= 0 else { return }
                state.files.append(file)
            }
        }
    }

    private static func release(_ state: inout State) {
        for file in state.files { close(file) }
        if let limit = state.limit { _ = setLimit(limit) }
        state = State()
    }

    /// - Returns: the limit before.
    private static func setLimit(_ wanted: rlim_t) -> rlim_t {
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        getrlimit(kind, &limit)
        let before = limit.rlim_cur
        limit.rlim_cur = min(wanted, limit.rlim_max)
        setrlimit(kind, &limit)
        return before
    }
}
