package import Glibc

/// How many files this process may have open.
package enum FileLimit {
    /// Raises that limit where it may be, and says whether it is so many then.
    package static func raise(to count: rlim_t) -> Bool {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return false }
        if limit.rlim_cur >= count { return true }
        limit.rlim_cur = min(count, limit.rlim_max)
        return setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 && limit.rlim_cur >= count
    }
}
