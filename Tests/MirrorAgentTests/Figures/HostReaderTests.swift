import MirrorAgent
import Testing

/// A host whose files a test makes up.
struct MadeUpHost: HostMeasures {
    var files: [String: String] = [:]
    var counts: [String: Int] = [:]
    var directories: Set<String> = []
    var volumes: [String: Volume] = [:]
    var refused: Set<String> = []

    private func check(_ path: String) throws(HostError) {
        if refused.contains(path) { throw HostError(.notPermitted, "read", path, "Permission denied") }
    }

    func content(_ path: String) throws(HostError) -> [UInt8]? {
        try check(path)
        return files[path].map { Array($0.utf8) }
    }

    func entryCount(_ directory: String) throws(HostError) -> Int? {
        try check(directory)
        return counts[directory]
    }

    func hasDirectory(_ path: String) throws(HostError) -> Bool { directories.contains(path) }

    func volume(of directory: String) throws(HostError) -> Volume? {
        try check(directory)
        return volumes[directory]
    }
}

@Suite("A look at the host's counters")
struct HostReaderTests {
    private static let directory = "/var/lib/rancher/rke2/agent/containerd"

    private func host() -> MadeUpHost {
        var host = MadeUpHost()
        host.files = [
            "/proc/pressure/io": "some avg10=0.00 avg60=3.00 avg300=0.00 total=0\n",
            "/proc/meminfo": "MemTotal: 100 kB\nMemAvailable: 40 kB\n",
            "/proc/sys/fs/file-nr": "10\t0\t1000\n",
            "/proc/1/net/dev": "lo: 1 9 9 0 0 0 0 0 1 9 9 0 0 0 0 0\neth0: 1 5 1 0 0 0 0 0 1 5 1 0 0 0 0 0\n"
                + "cali1: 1 7 7 0 0 0 0 0 1 7 7 0 0 0 0 0\n",
            "/proc/diskstats": " 8 1 sda1 1 0 0 0 2 0 0 0 0 30 0\n",
            "/proc/77/limits": "Max open files            200  200  files\n",
        ]
        host.counts = ["/proc/77/fd": 50]
        host.directories = ["/sys/class/net/eth0/device"]
        host.volumes = [
            Self.directory: Volume(
                total: 100,
                free: 20,
                available: 10,
                inodes: 10,
                freeInodes: 5,
                major: 8,
                minor: 1
            )
        ]
        return host
    }

    @Test("All of it is read")
    func everything() {
        let reading = HostReader(host()).read(directory: Self.directory, processID: 77)
        #expect(reading.faults == [])
        #expect(reading.volume?.usedPercent.map { Int($0) } == 88)
        #expect(reading.volume?.usedInodesPercent == 50)
        #expect(reading.pressure?.some == 3)
        #expect(reading.memoryAvailablePercent == 40)
        #expect(reading.interfaces == ["eth0": PacketCounters(packets: 10, errors: 2)])
        #expect(reading.hostFiles?.usedPercent == 1)
        #expect(reading.serviceFiles?.usedPercent == 25)
        #expect(reading.disk == DiskCounters(operations: 3, busyMilliseconds: 30))
    }

    @Test("What is absent is not known, and nothing is zero for want of a file")
    func absent() {
        var host = MadeUpHost()
        host.volumes = [:]
        let reading = HostReader(host).read(directory: Self.directory, processID: 0)
        #expect(reading.volume == nil)
        #expect(reading.pressure == nil)
        #expect(reading.memoryAvailablePercent == nil)
        #expect(reading.interfaces == nil)
        #expect(reading.hostFiles == nil)
        #expect(reading.serviceFiles == nil)
        #expect(reading.disk == nil)
        #expect(reading.faults.count == 1)
    }

    @Test("What may not be read is said, and does not hide the rest")
    func refused() {
        var host = host()
        host.refused = ["/proc/77/fd"]
        let reading = HostReader(host).read(directory: Self.directory, processID: 77)
        #expect(reading.serviceFiles == nil)
        #expect(reading.volume != nil)
        #expect(reading.faults.count == 1)
        #expect(reading.faults.first?.contains("/proc/77/fd") == true)
    }

    @Test("A directory that is not there yet is measured by its parents, and never by the root")
    func parents() {
        var host = host()
        let volume = host.volumes[Self.directory]
        host.volumes = ["/var/lib/rancher/rke2": Volume(total: 1, free: 1, available: 1, inodes: 0, freeInodes: 0)]
        #expect(HostReader(host).read(directory: Self.directory, processID: 0).volume?.usedPercent == 0)
        host.volumes = ["/": volume ?? Volume(total: 1, free: 1, available: 1, inodes: 0, freeInodes: 0)]
        #expect(HostReader(host).read(directory: "/data/agent/containerd", processID: 0).volume == nil)
    }

    @Test("Where no interface is a device's, all but loopback count")
    func virtual() {
        var host = host()
        host.directories = []
        let reading = HostReader(host).read(directory: Self.directory, processID: 0)
        #expect(reading.interfaces.map { Set($0.keys) } == ["eth0", "cali1"])
    }

    @Test("A real host is measured")
    func realHost() throws {
        let directory = try TemporaryDirectory()
        for name in ["a", "b", "c"] { try directory.put(name, "") }
        directory.link("link", to: "/inside")
        directory.makeDirectory("inside")
        let host = HostRoot(directory.path)
        #expect(try host.entryCount("/") == 5)
        #expect(try host.entryCount("/absent") == nil)
        #expect(try host.volume(of: "/link") == host.volume(of: "/inside"))
        #expect(try host.volume(of: "/absent") == nil)
        let volume = try #require(try host.volume(of: "/"))
        #expect(volume.total > 0)
        let machine = HostReader(HostRoot("/")).read(directory: directory.path, processID: 0)
        #expect(machine.volume?.major == volume.major)
        #expect(machine.memoryAvailablePercent.map { (0...100).contains($0) } == true)
        #expect(machine.hostFiles != nil)
    }
}
