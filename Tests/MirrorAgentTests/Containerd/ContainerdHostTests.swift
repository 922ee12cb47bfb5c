import KubeCore
import MirrorPlanner
import Testing

@testable import MirrorAgent

@Suite("What is read of a real host about containerd, and moved on it")
struct ContainerdHostTests {
    @Test("A directory moves with all that is in it, only to a name that is free, and through no link")
    func moves() throws {
        let host = try TemporaryDirectory()
        for name in ["etc", "etc/_backup", "etc/_backup/docker.io", "etc/taken"] { host.makeDirectory(name) }
        try host.put("etc/_backup/docker.io/hosts.toml", "server = 'x'")
        let root = HostRoot(host.path)
        #expect(throws: HostError.self) { try root.move("/etc/_backup/docker.io", to: "/etc/taken") }
        host.link("etc/link", to: "/nowhere")
        #expect(throws: HostError.self) { try root.move("/etc/_backup/docker.io", to: "/etc/link") }
        try root.move("/etc/_backup/docker.io", to: "/etc/docker.io")
        let text = try root.read("/etc/docker.io/hosts.toml", limit: 100, followingLink: false)
        #expect(text == Array("server = 'x'".utf8))
        #expect(try root.list("/etc/_backup") == [])
        // Twice is as good as once.
        try root.move("/etc/_backup/docker.io", to: "/etc/elsewhere")
        #expect(try root.list("/etc/elsewhere") == nil)
    }

    @Test("Imports are followed by patterns, each file once, and links of registries are looked through")
    func reads() throws {
        let host = try TemporaryDirectory()
        for name in ["etc", "etc/containerd", "etc/containerd/conf.d", "etc/containerd/certs.d", "srv", "srv/registry"]
        {
            host.makeDirectory(name)
        }
        try host.put("etc/containerd/config.toml", "version = 2\nimports = ['conf.d/*.toml', 'conf.d/[b-z]*.toml']")
        try host.put("etc/containerd/conf.d/b.toml", "imports = ['../config.toml']")
        try host.put("etc/containerd/conf.d/a.toml", "")
        try host.put("etc/containerd/conf.d/c.yaml", "")
        try host.put("srv/registry/hosts.toml", "[host.'http://10.0.0.1:30020']")
        host.link("etc/containerd/certs.d/docker.io", to: "/srv/registry")
        let files = ContainerdFiles(files: HostRoot(host.path))
        let reading = files.configuration(ContainerdPlaces(kubeletVersion: "v1.33.1"))
        #expect(reading.faults == [])
        #expect(
            reading.tree?.ordered.map(\.path) == [
                "/etc/containerd/config.toml", "/etc/containerd/conf.d/a.toml", "/etc/containerd/conf.d/b.toml",
            ]
        )
        let root = try files.root("/etc/containerd/certs.d", registries: ["docker.io", "ghcr.io"])
        #expect(root.directories.keys.sorted() == ["docker.io"])
        // Nothing that a link leads to is taken for the mirror's own.
        #expect(try files.root("/etc/containerd/certs.d", registries: nil).directories.isEmpty)
        #expect(try !files.root("/etc/other", registries: nil).isThere)
    }

    @Test("The start of the host's containerd is read from /proc, whatever its name holds")
    func processes() {
        #expect(ContainerdProcess.bootTime("cpu  1\nbtime 1700000000\n") == 1_700_000_000)
        #expect(ContainerdProcess.bootTime("cpu  1\n") == nil)
        let fields = "S 1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 9 0 4242 1 1"
        #expect(ContainerdProcess.startTicks("812 (containerd) \(fields)") == 4242)
        #expect(ContainerdProcess.startTicks("812 (a) b) \(fields)") == 4242)
        #expect(ContainerdProcess.startTicks("812 (containerd) \(fields.replacing("S 1 ", with: "S 77 "))") == nil)
        #expect(ContainerdProcess.startTicks("812 (containerd) S 1") == nil)
        #expect(ContainerdProcess.startTicks("") == nil)
    }

    @Test(
        "A record of a path that is not ours is not acted on",
        arguments: ["/etc/passwd", "/etc/containerd/../zz-p2pmirror.toml"]
    )
    func unsafeRecord(path: String) {
        #expect(!ContainerdRecord(dropIn: path, mirrorUID: "", restores: true).isSafe)
        #expect(ContainerdRecord(dropIn: ContainerdFixture.ours, mirrorUID: "", restores: true).isSafe)
    }
}
