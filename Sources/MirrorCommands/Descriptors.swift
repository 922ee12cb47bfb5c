import Glibc

/// The descriptors that a process begins with, and how many it may have.
enum Descriptors {
    /// What operator and agent need: sockets, pipes and timers of the runtime, the client's and the server's own, the
    /// watches, and a command that asks systemd.
    static let needed = 64

    /// Why the process can't work; nil where it can. The soft limit is raised to what is needed where the hard one
    /// allows it.
    static func shortage() -> String? {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < rlim_t(needed) else { return nil }
        let allowed = limit.rlim_cur
        limit.rlim_cur = min(limit.rlim_max, rlim_t(needed))
        if limit.rlim_cur >= rlim_t(needed), setrlimit(resource, &limit) == 0 { return nil }
        return "this process may have \(allowed) file descriptors and needs \(needed): raise the limit (ulimit -n)"
    }

    /// Opens /dev/null in place of those of standard input, output and error that are closed, so that nothing that is
    /// opened later gets their numbers, and with them what is meant for a terminal. To be called before anything else.
    static func fillStandard() {
        for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
        where fcntl(number, F_GETFD) == -1 && errno == EBADF {
            // The lowest free number is given, which is this one.
            _ = open("/dev/null", O_RDWR)
        }
    }

    /// Makes a reader that goes away an error of the write, and not the end of the process. A handler, for what is
    /// ignored would stay so in every program that is started.
    static func outliveReaders() {
        signal(SIGPIPE) { _ in }
    }
}
