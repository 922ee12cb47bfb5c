import KubeCore
import MirrorPlanner
import Testing

@Suite("Messages of Dragonfly's daemons")
struct WireTests {
    @Test(
        "A task is named by 64 hexadecimal digits in lower case, and by nothing else",
        arguments: [
            (String(repeating: "a", count: 64), true), (String(repeating: "0", count: 64), true), ("", false),
            (String(repeating: "a", count: 63), false), (String(repeating: "a", count: 65), false),
            (String(repeating: "A", count: 64), false), (String(repeating: "g", count: 64), false),
            (String(repeating: "ü", count: 32), false), ("sha256:" + String(repeating: "a", count: 57), false),
        ]
    )
    func taskID(text: String, isOne: Bool) {
        #expect((DragonflyTaskID(text)?.text == text) == isOne)
    }

    @Test("Four numbers make a task's name, small ones too")
    func taskIDFromNumbers() {
        let id = DragonflyTaskID(0, 1, .max, 0xABC)
        #expect(id.text == "0000000000000000" + "0000000000000001" + "ffffffffffffffff" + "0000000000000abc")
        #expect(DragonflyTaskID(id.text) == id)
    }

    @Test("What asks a daemon about a task holds all of its name")
    func taskQueries() throws {
        let id = DragonflyTaskID(1, 2, 3, 4)
        #expect(DragonflyTaskQuery(id).protobuf == [0x0A, 64] + Array(id.text.utf8))
        let query = DragonflySchedulerTaskQuery(hostID: "h", id)
        #expect(query.protobuf == [0x0A, 1, 0x68, 0x12, 64] + Array(id.text.utf8))
        #expect(try DragonflyTaskQuery.task(in: DragonflyTaskQuery(id).protobuf) == id.text)
        #expect(try DragonflySchedulerTaskQuery.task(in: query.protobuf) == id.text)
        #expect(try DragonflyTaskQuery.task(in: [0x0A, 2, 0x61, 0x62]) == "ab")
    }

    // An empty body is what every release takes.
    @Test("All hosts are asked for without a body")
    func listRequest() {
        let request = DragonflyCall.listHosts.request(ProtobufEmpty(), host: "::1", port: 8002, timeout: .seconds(2))
        #expect(request.message == [])
        #expect(request.path == "/scheduler.v2.Scheduler/ListHosts")
        #expect(request.address == "[::1]:8002")
    }

    @Test("Fields 5 to 8 of a network, which had other meanings, are not read")
    func oldNetwork() throws {
        let network = try DragonflyHost.Network(protobuf: [0x28, 1, 0x30, 2, 0x38, 3, 0x40, 4, 0x48, 5])
        var expected = DragonflyHost.Network()
        expected.maxReceiveBandwidth = 5
        #expect(network == expected)
    }

    @Test("A host of a later type is kept as what it is")
    func laterType() throws {
        let host = try DragonflyHost(protobuf: [0x10, 7])
        #expect(host.kind == .other(7) && !host.isSeed)
        #expect(host.protobuf == [0x10, 7])
        #expect(try DragonflyHost(protobuf: [0x10, 1]).isSeed)
    }

    @Test("A host that can't be read hides no other one")
    func unreadableHosts() throws {
        var good = DragonflyHost()
        good.id = "good"
        var long = DragonflyHost()
        long.name = String(repeating: "a", count: DragonflyHostList.textLimit + 1)
        var endless = good
        endless.disk = DragonflyHost.Disk()
        endless.disk?.usedPercent = .nan
        var bytes = DragonflyHostList([good, long, endless]).protobuf
        // A text that is no UTF-8, and a field that is longer than the host.
        bytes += [0x0A, 3, 0x0A, 1, 0xFF] + [0x0A, 2, 0x0A, 9]
        bytes += DragonflyHostList([good]).protobuf
        let list = try DragonflyHostList(protobuf: bytes)
        #expect(list.hosts == [good, good])
        #expect(list.unreadable == 4)
    }

    @Test("An answer has so many hosts and no more")
    func hostLimit() throws {
        let empty: [UInt8] = [0x0A, 0]
        let most = (0..<DragonflyHostList.hostLimit).flatMap { _ in empty }
        #expect(try DragonflyHostList(protobuf: most).hosts.count == DragonflyHostList.hostLimit)
        let error = #expect(throws: KubeError.self) { try DragonflyHostList(protobuf: most + empty) }
        #expect(error?.code == .tooLarge)
    }

    @Test("An answer that is no such message is a fault of the server")
    func noMessage() {
        let request = DragonflyCall.listHosts.request(ProtobufEmpty(), host: "a", port: 1, timeout: .seconds(1))
        let fault = #expect(throws: GRPCFault.self) {
            try DragonflyCall.listHosts.answer(.answered([0x0A, 9]), to: request)
        }
        #expect(fault?.kind == .protocolViolation)
        #expect(fault?.message == "the protobuf message is broken: a field is longer than what is left of it")
    }

    @Test("An announcement keeps its interval, and one from outside that is out of bounds is held to them")
    func announcement() throws {
        var host = DragonflyHost()
        host.id = "10.0.0.1-a-seed"
        let announcement = DragonflyAnnouncement(host, interval: .milliseconds(60_500))
        let read = try DragonflyAnnouncement(protobuf: announcement.protobuf)
        #expect(read == announcement)
        #expect(read.interval?.duration == .milliseconds(60_500))
        var endless = ProtobufDuration()
        (endless.seconds, endless.nanoseconds) = (.max, .max)
        #expect(endless.duration < .seconds(315_576_000_003))
        #expect(ProtobufDuration(endless.duration).seconds > 0)
    }
}
