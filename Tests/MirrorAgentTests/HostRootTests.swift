import CXattr
import KubeCore
import MirrorAgent
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A directory of its own that goes with the value.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/p2pmirror-test-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit { Self.remove(path) }

    func put(_ name: String, _ content: String, mode: mode_t = 0o644) throws {
        let file = try #require(fopen("\(path)/\(name)", "w"))
        fputs(content, file)
        fclose(file)
        chmod("\(path)/\(name)", mode)
    }

    func makeDirectory(_ name: String) { mkdir("\(path)/\(name)", 0o755) }

    func link(_ name: String, to target: String) { symlink(target, "\(path)/\(name)") }

    func mode(_ name: String) -> mode_t {
        var status = stat()
        lstat("\(path)/\(name)", &status)
        return status.st_mode & 0o777
    }

    private static func remove(_ path: String) {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                guard name != ".", name != ".." else { continue }
                var status = stat()
                lstat("\(path)/\(name)", &status)
                if status.st_mode & S_IFMT == S_IFDIR { remove("\(path)/\(name)") } else { unlink("\(path)/\(name)") }
            }
            closedir(directory)
        }
        rmdir(path)
    }
}

/// An extended attribute of real files.
struct Labels {
    private let name: String

    init(_ name: String) { self.name = name }

    /// Answers whether this process may set it.
    func set(_ value: String, _ path: String) throws -> Bool {
        if lsetxattr(path, name, value, value.utf8.count, 0) == 0 { return true }
        // Only root sets attributes of security modules; anybody sets those of users.
        try #require(
            errno == EPERM && name.hasPrefix("security."),
            "\(name) of \(path): \(String(cString: strerror(errno)))"
        )
        return false
    }

    func get(_ path: String) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = lgetxattr(path, name, &buffer, buffer.count)
        return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
    }
}

@Suite("The real host's files")
struct HostRootTests {
    private func text(_ content: [UInt8]?) -> String? { content.map { String(decoding: $0, as: UTF8.self) } }

    @Test("a file is written whole, for its owner only, its directories made, and nothing is left beside it")
    func writes() throws {
        let root = try TemporaryDirectory()
        let files = HostRoot(root.path)
        let durable = DurableFile(files)
        try durable.write(Array("one".utf8), to: "/var/lib/p2pmirror/m/journal.json", directoryMode: 0o700)
        try durable.write(Array("two".utf8), to: "/var/lib/p2pmirror/m/journal.json", directoryMode: 0o700)
        #expect(text(try files.read("/var/lib/p2pmirror/m/journal.json", limit: 99, followingLink: false)) == "two")
        #expect(root.mode("var/lib/p2pmirror/m/journal.json") == 0o600)
        #expect(root.mode("var/lib/p2pmirror") == 0o700)
        #expect(try files.list("/var/lib/p2pmirror/m") == [HostEntry(name: "journal.json", isDirectory: false)])
        try durable.probe("/var/lib/p2pmirror/m/other", size: 4_096, directoryMode: 0o700)
        #expect(try files.list("/var/lib/p2pmirror/m")?.count == 1)
        try durable.remove("/var/lib/p2pmirror/m/journal.json")
        try durable.remove("/var/lib/p2pmirror/m/journal.json")
        try durable.remove("/nowhere/at/all")
        #expect(try files.list("/var/lib/p2pmirror/m") == [])
    }

    @Test("what is absent is no error")
    func toleratesAbsence() throws {
        let root = try TemporaryDirectory()
        let files = HostRoot(root.path)
        #expect(try files.read("/a/b", limit: 1, followingLink: true) == nil)
        #expect(try files.list("/a") == nil)
        #expect(try files.hasDirectory("/a") == false)
        #expect(try files.hasDirectory("/") == true)
    }

    @Test("links lead within the host's root, as they do for the host itself")
    func followsLinksWithinTheRoot() throws {
        let root = try TemporaryDirectory()
        root.makeDirectory("data")
        root.makeDirectory("data/rancher")
        root.makeDirectory("etc")
        try root.put("data/rancher/config.yaml", "inside")
        root.link("etc/rancher", to: "/data/rancher")
        root.link("etc/up", to: "../../../../data/rancher")
        root.link("etc/config.yaml", to: "up/config.yaml")
        root.link("etc/loop", to: "loop")
        let files = HostRoot(root.path)
        for path in ["/etc/rancher/config.yaml", "/etc/up/config.yaml", "/etc/config.yaml"] {
            #expect(text(try files.read(path, limit: 99, followingLink: true)) == "inside")
        }
        #expect(try files.hasDirectory("/etc/rancher"))
        let entries = try #require(try files.list("/etc"))
        #expect(entries.allSatisfy { !$0.isDirectory })
        let error = #expect(throws: HostError.self) { try files.read("/etc/loop", limit: 9, followingLink: true) }
        #expect(error?.code == .symbolicLink)
    }

    @Test("a link out of the root in the place of our own file is neither read nor written through")
    func refusesLinksInOurPlace() throws {
        let root = try TemporaryDirectory()
        let outside = try TemporaryDirectory()
        try outside.put("victim", "untouched")
        root.link("journal.json", to: "\(outside.path)/victim")
        let files = HostRoot(root.path)
        let error = #expect(throws: HostError.self) { try files.read("/journal.json", limit: 9, followingLink: false) }
        #expect(error?.code == .symbolicLink)
        #expect(error?.description.contains("replace the link") == true)
        // Within the root the target does not exist.
        #expect(try files.read("/journal.json", limit: 99, followingLink: true) == nil)
        try DurableFile(files).write(Array("ours".utf8), to: "/journal.json", directoryMode: 0o700)
        #expect(text(try files.read("/journal.json", limit: 99, followingLink: false)) == "ours")
        #expect(text(try HostRoot(outside.path).read("/victim", limit: 99, followingLink: false)) == "untouched")
    }

    @Test("a file that is too large, or is none, is an error that says so")
    func refusesWhatIsNoPlainFile() throws {
        let root = try TemporaryDirectory()
        try root.put("big", String(repeating: "x", count: 100))
        root.makeDirectory("directory")
        let files = HostRoot(root.path)
        #expect(throws: HostError.self) { try files.read("/big", limit: 99, followingLink: true) }
        #expect(throws: HostError.self) { try files.read("/directory", limit: 99, followingLink: true) }
        #expect(throws: HostError.self) { try files.read("/big/x", limit: 99, followingLink: true) }
        #expect(text(try files.read("/big", limit: 100, followingLink: true))?.count == 100)
    }

    @Test("what an agent left that was killed while writing is replaced")
    func replacesLeftovers() throws {
        let root = try TemporaryDirectory()
        try root.put(".p2pmirror-x.tmp", "half")
        let files = HostRoot(root.path)
        try DurableFile(files).write(Array("whole".utf8), to: "/x", directoryMode: 0o700)
        #expect(try files.list("/") == [HostEntry(name: "x", isDirectory: false)])
        #expect(TemporaryFile.isTemporary(".p2pmirror-x.tmp") && !TemporaryFile.isTemporary("x.tmp"))
    }

    @Test("the lock is one process's until that ends")
    func locks() throws {
        let root = try TemporaryDirectory()
        let other = HostRoot(root.path)
        do {
            let first = HostRoot(root.path)
            #expect(try first.lock("/agent.lock"))
            #expect(try first.lock("/agent.lock"))
            #expect(try !other.lock("/agent.lock"))
        }
        #expect(try other.lock("/agent.lock"))
    }

    @Test("a file that takes the place of another keeps its mode; a new one is for its owner only")
    func keepsTheMode() throws {
        let root = try TemporaryDirectory()
        try root.put("x", "old", mode: 0o640)
        let durable = DurableFile(HostRoot(root.path))
        for name in ["/x", "/y"] { try durable.write([0x61], to: name, directoryMode: 0o700) }
        #expect(root.mode("x") == 0o640 && root.mode("y") == 0o600)
    }

    @Test(
        "a file that takes the place of another keeps its label, and a new one has that of its directory",
        arguments: ["security.selinux", "user.p2pmirror"]
    )
    func keepsTheLabel(name: String) throws {
        let root = try TemporaryDirectory()
        let labels = Labels(name)
        try root.put("x", "old")
        guard try labels.set("file_t", "\(root.path)/x"), try labels.set("directory_t", root.path) else {
            return print("\(name): this process may not set it")
        }
        let durable = DurableFile(HostRoot(root.path, label: name))
        for name in ["/x", "/y"] { try durable.write([0x61], to: name, directoryMode: 0o700) }
        #expect(labels.get("\(root.path)/x") == "file_t" && labels.get("\(root.path)/y") == "directory_t")
        print("\(name): a replaced file kept file_t, a new one got directory_t")
    }

    @Test(
        "where nothing has a label, and where the file system knows none, the file is written without",
        arguments: ["user.absent", "unsupported.label"]
    )
    func writesWithoutLabels(name: String) throws {
        let root = try TemporaryDirectory()
        let files = HostRoot(root.path, label: name)
        try DurableFile(files).write([0x61], to: "/x", directoryMode: 0o700)
        #expect(text(try files.read("/x", limit: 9, followingLink: false)) == "a")
    }

    @Test("what is known of a file without opening it")
    func tellsAttributes() throws {
        let root = try TemporaryDirectory()
        try root.put("x", "old")
        root.link("l", to: "x")
        let files = HostRoot(root.path)
        #expect(try files.attributes("/x")?.isLink == false && files.attributes("/l")?.isLink == true)
        #expect(try files.attributes("/y") == nil)
        let age = WallClock.now().timestamp - (try #require(try files.attributes("/x")).changedAt)
        #expect((0...3_600).contains(age))
    }

    @Test("a directory that is not empty is not removed")
    func removesEmptyDirectories() throws {
        let root = try TemporaryDirectory()
        root.makeDirectory("d")
        let files = HostRoot(root.path)
        try root.put("d/x", "1")
        try files.removeDirectory("/d")
        #expect(try files.hasDirectory("/d"))
        try files.remove("/d/x")
        try files.removeDirectory("/d")
        try files.removeDirectory("/d")
        #expect(try !files.hasDirectory("/d"))
    }

    @Test("a full disk leaves the old content, nothing beside it, and says what to do")
    func survivesAFullDisk() throws {
        // The one device that is full on every Linux.
        let full = try #require(fopen("/dev/full", "w"))
        defer { fclose(full) }
        let root = try TemporaryDirectory()
        try root.put("x", "old")
        let files = HostRoot(root.path)
        let error = #expect(throws: HostError.self) {
            try files.write([1], to: TemporaryFile(path: "/x", handle: fileno(full)))
        }
        #expect(error?.code == .noSpace)
        #expect(
            error?.description
                == "write /x: No space left on device; free space on that file system; nothing was written"
        )
        #expect(text(try files.read("/x", limit: 9, followingLink: false)) == "old")
    }
}
