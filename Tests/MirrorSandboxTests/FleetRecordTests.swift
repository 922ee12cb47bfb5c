import Foundation
import KubeCore
import MirrorSandbox
import Testing

@Suite struct FleetRecordTests {
    private static let before = FleetRecord(
        files: ["a": ["/etc/x": HostInventory.Entry(inode: 1, modified: 1, mode: 0o644, content: [1])]],
        services: ["a/service": FleetRecord.Service(invocation: "one", starts: 2)],
        objects: ["nodes/a": FleetRecord.Object(uid: "u", generation: 1, metadata: ["labels": ["k": "v"]])],
        disruptionEpoch: 7
    )

    @Test func `what is equal has no difference`() {
        #expect(Self.before.difference(from: Self.before).isEmpty)
    }

    @Test(arguments: [
        ("another content", HostInventory.Entry(inode: 1, modified: 1, mode: 0o644, content: [2])),
        ("put in anew", HostInventory.Entry(inode: 2, modified: 1, mode: 0o644, content: [1])),
        ("written again", HostInventory.Entry(inode: 1, modified: 2, mode: 0o644, content: [1])),
        ("another mode", HostInventory.Entry(inode: 1, modified: 1, mode: 0o600, content: [1])), ("is gone", nil),
    ])
    func `a file that was touched is named`(_ words: String, _ entry: HostInventory.Entry?) {
        var after = Self.before
        after.files["a"]?["/etc/x"] = entry
        let difference = after.difference(from: Self.before)
        #expect(difference.files.count == 1)
        #expect(difference.files.first?.hasPrefix("a/etc/x: ") == true)
        #expect(difference.files.first?.hasSuffix(words) == true)
        #expect(difference.restarts.isEmpty && difference.writes.isEmpty)
    }

    @Test func `a service that runs anew, a write and a step are named`() {
        var after = Self.before
        after.services["a/service"] = FleetRecord.Service(invocation: "two", starts: 3)
        after.objects["nodes/a"]?.metadata = [:]
        after.objects["mirrornodes/m.a"] = FleetRecord.Object(uid: "v", generation: 1, metadata: [:])
        after.disruptionEpoch = 8
        let difference = after.difference(from: Self.before)
        #expect(difference.restarts == ["a/service: start 2 (one) -> start 3 (two)"])
        #expect(
            difference.writes == [
                "mirrornodes/m.a: is new", "nodes/a: metadata were written",
                "epoch of the disruption Lease: 7 -> 8",
            ]
        )
        #expect(difference.files.isEmpty)
    }

    @Test func `a field that a release adds without effect is one write, and a second one is named`() {
        func record(_ interval: JSONValue?, generation: Int64) -> FleetRecord {
            var spec: JSONValue = ["revision": "1-a"]
            spec["announceIntervalSeconds"] = interval
            let object: JSONValue = ["metadata": ["uid": "u", "generation": .int(generation)], "spec": spec]
            return FleetRecord(objects: ["mirrornodes/m.a": FleetRecord.Object(object)])
        }
        let before = record(nil, generation: 4)
        let after = record(30, generation: 5)
        let expected = before.expecting(after)
        #expect(after.difference(from: expected).isEmpty)
        #expect(!after.difference(from: before).isEmpty)
        let twice = record(30, generation: 6)
        #expect(twice.difference(from: before.expecting(twice)).writes == ["mirrornodes/m.a: generation 5 -> 6"])
        #expect(twice.difference(from: expected.expecting(twice)).writes == ["mirrornodes/m.a: generation 5 -> 6"])
        let back = record(nil, generation: 6)
        #expect(back.difference(from: expected.expecting(back)).isEmpty)
    }

    @Test func `an object is compared by identity, generation and metadata, not by its version or status`() {
        let object: JSONValue = [
            "metadata": ["uid": "u", "generation": 3, "resourceVersion": "9", "labels": ["k": "v"]], "status": ["a": 1],
        ]
        let expected = FleetRecord.Object(uid: "u", generation: 3, metadata: ["labels": ["k": "v"]])
        #expect(FleetRecord.Object(object) == expected)
    }

    @Test func `a file that is replaced by an equal one is another entry`() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "inventory-\(UUID().uuidString)").path()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let host = HostDirectory(root: root)
        try host.write([("/etc/rancher/one", "same"), ("/var/two", "other")])
        let before = try HostInventory.entries(below: root)
        #expect(before["/etc/rancher/one"]?.content == Array("same".utf8))
        #expect(before["/etc/rancher"]?.content == nil)
        #expect(try HostInventory.entries(below: root) == before)
        // The kernel's counters are on no disk.
        try FileManager.default.createDirectory(atPath: "\(root)/sys/fs/cgroup", withIntermediateDirectories: true)
        try Data("usage_usec 1".utf8).write(to: URL(filePath: "\(root)/sys/fs/cgroup/cpu.stat"))
        let shown = try HostInventory.entries(below: root).keys.filter { $0.hasPrefix("/sys") }
        #expect(shown.isEmpty)
        try FileManager.default.copyItem(atPath: "\(root)/etc/rancher/one", toPath: "\(root)/etc/rancher/new")
        try FileManager.default.removeItem(atPath: "\(root)/etc/rancher/one")
        try FileManager.default.moveItem(atPath: "\(root)/etc/rancher/new", toPath: "\(root)/etc/rancher/one")
        let after = try HostInventory.entries(below: root)
        #expect(after["/etc/rancher/one"] != before["/etc/rancher/one"])
        #expect(after["/var/two"] == before["/var/two"])
    }
}
