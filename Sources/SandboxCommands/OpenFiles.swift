import Glibc

/// The number of files, and so of connections, that a process may hold open.
enum OpenFiles {
    /// Raises the soft limit to the hard one: a ring holds a thousand connections open at each of its servers.
    static func raiseLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
