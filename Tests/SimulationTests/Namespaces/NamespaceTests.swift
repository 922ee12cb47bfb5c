import MirrorAPI
import MirrorPlanner
import Testing

/// The real agent before real file systems that fail.
///
/// Where namespaces are refused (`unshare -Urm`) these tests fail: what they show is shown by nothing else.
@Suite(.timeLimit(.minutes(30))) struct NamespaceTests {
    private static let dropIn = NamespaceFiles.distribution.dropInFile
    private static let registries = NamespaceFiles.distribution.registriesFile
    private static let old = NamespaceFiles.oldRegistries
    private static let new = NamespaceFiles.newRegistries
    /// A small file system of its own for the configuration; the journal has room.
    private static let smallTmpfs = """
        cp -a "$HOST/etc/rancher" "$HOST/etc/copy"
        mount -t tmpfs -o size=64k,mode=755 tmpfs "$HOST/etc/rancher"
        cp -a "$HOST/etc/copy/." "$HOST/etc/rancher/"
        """

    private enum Files: String {
        case old, new, foreign

        static func of(_ node: NamespaceNode) -> Files {
            let dropIn = node.read(NamespaceTests.dropIn)
            let registries = node.read(NamespaceTests.registries)
            if dropIn == NamespaceFiles.oldDropIn, registries == NamespaceTests.old { return .old }
            let server = dropIn.flatMap { DropIn.settings(in: Array($0.utf8))?.server?.url }
            return server == NamespaceFiles.newURL && registries == NamespaceTests.new ? .new : .foreign
        }
    }

    /// What was seen at the end of a row, as a line; and that no secret is in the status or the log.
    private static func tell(_ row: String, _ node: NamespaceNode, _ files: String, restarts: Int) async throws {
        let agent = try #require(try await node.agent)
        #expect(node.restarts == restarts, "\(node.log)")
        #expect(!node.log.contains(NamespaceFiles.secret) && agent.message?.contains(NamespaceFiles.secret) != true)
        print(
            "\(row): both files \(files), restarts \(node.restarts), \(agent.phase.rawValue) "
                + "\(agent.reason ?? "-"): \(agent.message ?? "")"
        )
    }

    private static func isAtEnd(_ node: NamespaceNode, _ phase: MirrorNodeStatus.Phase) async throws -> Bool {
        try await node.agent?.phase == phase
    }

    @Test func `undisturbed, both files are new after one restart`() async throws {
        let node = try await NamespaceNode()
        try await node.run {
            try await node.wait(for: "Applied", registries: [Self.old, Self.new]) {
                try await Self.isAtEnd(node, .applied)
            }
            #expect(Files.of(node) == .new)
            try await Self.tell("undisturbed", node, "new", restarts: 1)
        }
    }

    @Test func `a full small tmpfs is refused before anything is touched`() async throws {
        let node = try await NamespaceNode()
        let full = Self.smallTmpfs + "\ndd if=/dev/zero of=\"$HOST/etc/rancher/filler\" bs=1k 2>/dev/null || true"
        try await node.run(mounts: full) {
            try await node.wait(for: "Refused", registries: [Self.old]) { try await Self.isAtEnd(node, .refused) }
            #expect(Files.of(node) == .old)
            #expect(try await node.agent?.reason == "HostNotWritable")
            #expect(try await node.agent?.message?.contains("free space on that file system") == true)
            try await Self.tell("a full small tmpfs", node, "old", restarts: 0)
        }
    }

    @Test func `a tmpfs that is full when the step is rolled back is named, and the rollback ends once there is room`()
        async throws
    {
        let node = try await NamespaceNode(deadline: 20)
        try node.hang(with: NamespaceFiles.newURL)
        try await node.run(mounts: Self.smallTmpfs) {
            try await node.wait(for: "a restart", registries: [Self.old, Self.new]) { node.restarts == 1 }
            try node.fill("/etc/rancher")
            try await node.wait(for: "a word about the disk", registries: [Self.new]) {
                try await node.agent?.message?.contains("free space on that file system") == true
            }
            #expect(Files.of(node) == .new)
            try await Self.tell("a tmpfs that filled up during the step", node, "new", restarts: 1)
            try node.remove("/etc/rancher/filler")
            try await node.wait(for: "Failed", registries: [Self.old, Self.new]) {
                try await Self.isAtEnd(node, .failed)
            }
            #expect(Files.of(node) == .old)
            try await Self.tell("and once there was room", node, "old", restarts: 2)
        }
    }

    @Test func `a read-only directory is refused before anything is touched`() async throws {
        let node = try await NamespaceNode()
        let readOnly = """
            mount --bind "$HOST/etc/rancher" "$HOST/etc/rancher"
            mount -o remount,bind,ro "$HOST/etc/rancher"
            """
        try await node.run(mounts: readOnly) {
            try await node.wait(for: "Refused", registries: [Self.old]) { try await Self.isAtEnd(node, .refused) }
            #expect(Files.of(node) == .old)
            #expect(try await node.agent?.reason == "HostNotWritable")
            #expect(try await node.agent?.message?.contains("mount that file system read-write") == true)
            try await Self.tell("a read-only directory", node, "old", restarts: 0)
        }
    }

    @Test func `a file that is edited under the agent stays as it was edited`() async throws {
        let node = try await NamespaceNode(deadline: 20)
        try node.hang(with: NamespaceFiles.newURL)
        let edited = Self.new + "# mine\n"
        try await node.run {
            try await node.wait(for: "a restart", registries: [Self.old, Self.new]) { node.restarts == 1 }
            try node.write(Self.registries, edited)
            try await node.wait(for: "Failed", registries: [edited]) { try await Self.isAtEnd(node, .failed) }
            #expect(node.read(Self.registries) == edited)
            #expect(node.read(Self.dropIn) == NamespaceFiles.oldDropIn)
            #expect(try await node.agent?.message?.contains("is left as it is: correct it") == true)
            try await Self.tell(
                "a file edited under it",
                node,
                "whole: ours put back, the edited one kept",
                restarts: 1
            )
        }
    }

    @Test func `a unit that never becomes ready is rolled back byte for byte with one more restart`() async throws {
        let node = try await NamespaceNode(deadline: 20)
        try node.hang(with: NamespaceFiles.newURL)
        try await node.run {
            try await node.wait(for: "Failed", registries: [Self.old, Self.new]) {
                try await Self.isAtEnd(node, .failed)
            }
            #expect(Files.of(node) == .old)
            #expect(try await node.agent?.reason == "ServiceNotActive")
            try await Self.tell("a unit that never becomes ready", node, "old", restarts: 2)
        }
    }

    @Test func `an API server that is gone keeps nothing from being rolled back`() async throws {
        let node = try await NamespaceNode(deadline: 20)
        try node.hang(with: NamespaceFiles.newURL)
        try await node.run {
            try await node.wait(for: "a restart", registries: [Self.old, Self.new]) { node.restarts == 1 }
            await node.stopServer()
            try await node.wait(for: "a second restart", registries: [Self.old, Self.new]) { node.restarts == 2 }
            #expect(Files.of(node) == .old)
            #expect(try await node.agent?.phase == .restarting)
            try await Self.tell("the API gone during the rollback", node, "old", restarts: 2)
            try await node.startServer()
            try await node.wait(for: "Failed", registries: [Self.old]) { try await Self.isAtEnd(node, .failed) }
            #expect(Files.of(node) == .old)
            try await Self.tell("and with the API there again", node, "old", restarts: 2)
        }
    }
}
