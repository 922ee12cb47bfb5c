import MirrorAgent
import MirrorPlanner
import Testing

@Suite("The kernel's files")
struct KernelFilesTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("Pressure is the share of the last minute")
    func pressure() {
        let text = """
            some avg10=12.00 avg60=37.25 avg300=4.12 total=36904642
            full avg10=2.00 avg60=9.50 avg300=1.00 total=5898527

            """
        #expect(KernelFiles.pressure(bytes(text)) == Pressure(some: 37.25, full: 9.5))
        #expect(KernelFiles.pressure(bytes("some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"))?.full == nil)
    }

    @Test(
        "Pressure that can't be read is not known",
        arguments: ["", "\n", "full avg60=1.00\n", "some avg10=0.00\n", "some avg60=nan\n", "some avg60=700\n"]
    )
    func noPressure(text: String) {
        #expect(KernelFiles.pressure(bytes(text)) == nil)
    }

    @Test("Available memory is what can be had without swapping")
    func memory() {
        let text = "MemTotal:       24684096 kB\nMemFree:          100000 kB\nMemAvailable:    6171024 kB\n"
        #expect(KernelFiles.memoryAvailablePercent(bytes(text)) == 25)
        #expect(KernelFiles.memoryAvailablePercent(bytes("MemTotal: 100 kB\nMemFree: 50 kB\n")) == nil)
        #expect(KernelFiles.memoryAvailablePercent(bytes("MemTotal: 0 kB\nMemAvailable: 0 kB\n")) == nil)
        #expect(KernelFiles.memoryAvailablePercent(bytes("MemTotal: 1 kB\nMemAvailable: 2 kB\n")) == nil)
    }

    @Test("Interfaces count packets and errors both ways")
    func interfaces() {
        let text = """
            Inter-|   Receive                            |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls
                lo: 3144877985 2664432 0 0 0 0 0 0 3144877985 2664432 0 0 0 0 0 0
              eth0:9876543210 1000 7 99 0 0 0 0 1234 500 3 0 0 0 0 0
            eth0:1: 1 2 3 0 0 0 0 0 1 4 5 0 0 0 0 0
             short: 1 2 3

            """
        let interfaces = KernelFiles.interfaces(bytes(text))
        #expect(interfaces?["eth0"] == PacketCounters(packets: 1500, errors: 10))
        #expect(interfaces?["eth0:1"] == PacketCounters(packets: 6, errors: 8))
        #expect(interfaces?["lo"] == PacketCounters(packets: 5_328_864, errors: 0))
        #expect(interfaces?["short"] == nil)
        #expect(KernelFiles.interfaces([]) == nil)
    }

    @Test("Open files of the host and of a process")
    func files() {
        #expect(KernelFiles.openFiles(bytes("1783\t0\t2466183\n")) == FileCounts(open: 1783, limit: 2_466_183))
        // Since the kernel's counter is 64 bits wide the limit may be its largest number.
        #expect(KernelFiles.openFiles(bytes("1\t0\t9223372036854775807\n"))?.usedPercent.map { $0 < 1 } == true)
        #expect(KernelFiles.openFiles(bytes("1783\n")) == nil)
        let limits = """
            Limit                     Soft Limit           Hard Limit           Units
            Max processes             unlimited            unlimited            processes
            Max open files            1048576              1048576              files

            """
        #expect(KernelFiles.openFilesLimit(bytes(limits)) == 1_048_576)
        #expect(KernelFiles.openFilesLimit(bytes("Max open files            unlimited  unlimited  files\n")) == nil)
        #expect(KernelFiles.openFilesLimit(bytes("")) == nil)
    }

    @Test("A disk is found by its numbers")
    func disks() {
        let text = """
               7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
             259       0 nvme0n1 1000 2 3 4 500 6 7 8 0 123456 9 0 0 0 0 0 0
             253       1 dm-1 1 2 3 4 5 6 7 8 0 99 9

            """
        let disk = KernelFiles.disk(bytes(text), major: 259, minor: 0)
        #expect(disk == DiskCounters(operations: 1500, busyMilliseconds: 123_456))
        #expect(KernelFiles.disk(bytes(text), major: 253, minor: 1)?.busyMilliseconds == 99)
        #expect(KernelFiles.disk(bytes(text), major: 8, minor: 0) == nil)
    }

    @Test("The content is containerd's, below the data directory")
    func directory() {
        let given: [(String?, String)] = [
            (nil, "/var/lib/rancher/rke2/agent/containerd"), ("/data/rke2/", "/data/rke2/agent/containerd"),
            ("", "/var/lib/rancher/rke2/agent/containerd"), ("relative", "/var/lib/rancher/rke2/agent/containerd"),
        ]
        for (directory, expected) in given {
            #expect(HostReader.contentDirectory(dataDirectory: directory, .rke2) == expected)
        }
    }
}
