#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The names that a process of the sandbox resolves: a file in the place of `/etc/hosts`, in a mount namespace of its
/// own where nothing else is asked. So no question leaves the machine, and a name that is not in it has no address.
struct NameFile: Sendable {
    let directory: String

    private var hosts: String { "\(directory)/names" }
    private var order: String { "\(directory)/name-order" }

    /// Writes it in its place: what is mounted is the file and not its name.
    func write(_ addresses: [String: [String]]) throws {
        let lines = addresses.sorted { $0.key < $1.key }.flatMap { name, all in all.map { "\($0) \(name)\n" } }
        try Data((["127.0.0.1 localhost\n"] + lines).joined().utf8).write(to: URL(filePath: hosts))
        try Data("hosts: files\n".utf8).write(to: URL(filePath: order))
    }

    /// A command line that runs with it.
    func inside(_ command: [String]) -> [String] {
        let script = """
            set -e
            mount --bind "$0" /etc/hosts
            mount --bind "$1" /etc/nsswitch.conf
            shift
            exec "$@"
            """
        return ["/usr/bin/unshare", "-Urm", "sh", "-c", script, hosts, order] + command
    }
}
