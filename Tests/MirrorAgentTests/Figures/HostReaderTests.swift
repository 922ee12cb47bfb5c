import MirrorAgent
import Testing

@Suite("A look at the host's counters")
struct HostReaderTests {
    private static let directory = MadeUpHost.directory

    @Test("All of it is read")
    func everything() {
        let reading = HostReader(MadeUpHost.full).read(directory: Self.directory, processID: 77)
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
        var host = MadeUpHost.full
        host.refused = ["/proc/77/fd"]
        let reading = HostReader(host).read(directory: Self.directory, processID: 77)
        #expect(reading.serviceFiles == nil)
        #expect(reading.volume != nil)
        #expect(reading.faults.count == 1)
        #expect(reading.faults.first?.contains("/proc/77/fd") == true)
    }

    @Test("A directory that is not there yet is measured by its parents, and never by the root")
    func parents() {
        var host = MadeUpHost.full
        let volume = host.volumes[Self.directory]
        host.volumes = ["/var/lib/rancher/rke2": Volume(total: 1, free: 1, available: 1, inodes: 0, freeInodes: 0)]
        #expect(HostReader(host).read(directory: Self.directory, processID: 0).volume?.usedPercent == 0)
        host.volumes = ["/": volume ?? Volume(total: 1, free: 1, available: 1, inodes: 0, freeInodes: 0)]
        #expect(HostReader(host).read(directory: "/data/agent/containerd", processID: 0).volume == nil)
    }

    @Test("Where no interface is a device's, all but loopback count")
    func virtual() {
        var host = MadeUpHost.full
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
