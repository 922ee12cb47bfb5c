import KubeCore
import MirrorSandbox
import Testing

/// What client libraries of other languages do, found with unmodified ones: Python's `kubernetes`, kubectl.
@Suite("API server: other clients")
struct APIServerClientTests {
    private static let leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"

    @Test("a built-in object may be sent without its kind and version, a custom one may not")
    func headers() async throws {
        let bench = try await Bench.withGadgets()
        let lease = try await bench.post(Self.leases, ["metadata": ["name": "l"], "spec": ["holderIdentity": "a"]])
        #expect(lease.status == 201)
        #expect(lease["kind"] == "Lease")
        #expect(lease["apiVersion"] == "coordination.k8s.io/v1")
        let replacement: JSONValue = [
            "metadata": ["name": "l", "resourceVersion": .string(lease.version)], "spec": ["holderIdentity": "b"],
        ]
        #expect(try await bench.put("\(Self.leases)/l", replacement)["spec", "holderIdentity"] == "b")
        let event: JSONValue = [
            "metadata": ["generateName": "e."], "reason": "R", "type": "Normal",
            "involvedObject": ["kind": "Gadget", "name": "g", "namespace": "default"],
        ]
        #expect(try await bench.post("/api/v1/namespaces/default/events", event).status == 201)
        #expect(try await bench.post(Self.leases, ["kind": "Node", "metadata": ["name": "m"]]).status == 400)
        let gadget: JSONValue = ["metadata": ["name": "g"], "spec": ["mode": "Observe"]]
        #expect(try await bench.post(Bench.gadgets, gadget).status == 400)
    }

    @Test("a Node has every field of nodeInfo, as typed clients demand")
    func nodeInfo() async throws {
        let bench = Bench()
        #expect(try await bench.post("/api/v1/nodes", Bench.node("n")).status == 201)
        let info = try await bench.get("/api/v1/nodes/n")["status", "nodeInfo"]?.objectValue ?? [:]
        #expect(info.count == 10)
        #expect(info["kubeletVersion"] == "v1.32.3+rke2r1")
        #expect(info["bootID"] == "")
        let bare: JSONValue = ["metadata": ["name": "bare"]]
        #expect(try await bench.post("/api/v1/nodes", bare)["status", "nodeInfo"] == nil)
    }

    @Test("a subresource that a definition does not have is an object that is not found")
    func scale() async throws {
        let bench = try await Bench.withGadgets()
        _ = try await bench.post(Bench.gadgets, Bench.gadget("a"))
        let answer = try await bench.get("\(Bench.gadgets)/a/scale")
        #expect(answer.status == 404)
        #expect(answer.message == #"gadgets.example.com "a" not found"#)
    }

    private static func owned(_ name: String, by owner: Answer, blocks: Bool) -> JSONValue {
        var gadget = Bench.gadget(name)
        gadget["metadata"]?["ownerReferences"] = [
            [
                "apiVersion": "example.com/v1alpha1", "kind": "Gadget", "name": owner["metadata", "name"] ?? "",
                "uid": owner["metadata", "uid"] ?? "", "blockOwnerDeletion": .bool(blocks),
            ]
        ]
        return gadget
    }

    @Test("in the foreground an owner waits for what blocks it, and goes after the last of that")
    func foreground() async throws {
        let bench = try await Bench.withGadgets()
        let owner = try await bench.post(Bench.gadgets, Bench.gadget("a"))
        var held = Self.owned("held", by: owner, blocks: true)
        held["metadata"]?["finalizers"] = ["example.com/held"]
        _ = try await bench.post(Bench.gadgets, held)
        _ = try await bench.post(Bench.gadgets, Self.owned("free", by: owner, blocks: true))
        let version = try await bench.get(Bench.gadgets)["metadata", "resourceVersion"]?.stringValue ?? ""
        var tape = try await WatchTape(bench, Bench.gadgets, ["resourceVersion": version])
        let answer = try await bench.delete("\(Bench.gadgets)/a", ["propagationPolicy": "Foreground"])
        #expect(answer["kind"] == "Gadget")
        #expect(answer["metadata", "finalizers"] == ["foregroundDeletion"])
        #expect(try await bench.get(Bench.gadgets).names == ["a", "held"])
        _ = try await bench.merge("\(Bench.gadgets)/held", ["metadata": ["finalizers": .null]])
        #expect(try await bench.get(Bench.gadgets).names == [])
        var lines: [String] = []
        while lines.last != "DELETED a", let line = try await tape.nextLine() { lines.append(line) }
        #expect(
            lines == [
                "MODIFIED a", "DELETED free", "MODIFIED held", "MODIFIED held", "DELETED held", "DELETED a",
            ]
        )
    }

    @Test("in the foreground what does not block an owner is deleted and not waited for")
    func foregroundWithoutBlocking() async throws {
        let bench = try await Bench.withGadgets()
        let owner = try await bench.post(Bench.gadgets, Bench.gadget("a"))
        var held = Self.owned("held", by: owner, blocks: false)
        held["metadata"]?["finalizers"] = ["example.com/held"]
        _ = try await bench.post(Bench.gadgets, held)
        _ = try await bench.delete("\(Bench.gadgets)/a", ["propagationPolicy": "Foreground"])
        #expect(try await bench.get(Bench.gadgets).names == ["held"])
        #expect(try await bench.get("\(Bench.gadgets)/held")["metadata", "deletionTimestamp"] != nil)
    }

    @Test("what another owner keeps is not deleted in the foreground, and what is orphaned loses its owner only")
    func severalOwners() async throws {
        let bench = try await Bench.withGadgets()
        let first = try await bench.post(Bench.gadgets, Bench.gadget("a"))
        let second = try await bench.post(Bench.gadgets, Bench.gadget("b"))
        var both = Self.owned("both", by: first, blocks: false)
        let other = Self.owned("both", by: second, blocks: true)
        let references = [both, other].flatMap { $0["metadata"]?["ownerReferences"]?.arrayValue ?? [] }
        both["metadata"]?["ownerReferences"] = .array(references)
        _ = try await bench.post(Bench.gadgets, both)
        _ = try await bench.delete("\(Bench.gadgets)/a", ["propagationPolicy": "Foreground"])
        #expect(try await bench.get(Bench.gadgets).names == ["b", "both"])
        let answer = try await bench.delete("\(Bench.gadgets)/b", ["propagationPolicy": "Orphan"])
        #expect(answer["metadata", "finalizers"] == ["orphan"])
        #expect(try await bench.get(Bench.gadgets).names == ["both"])
    }

    @Test("the wide columns of Pods and Events are those that kubectl shows")
    func wideTables() async throws {
        let bench = Bench()
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
        let pods = "/api/v1/namespaces/default/pods"
        let pod: JSONValue = [
            "metadata": ["name": "p"], "spec": ["nodeName": "n", "containers": [["name": "a"], ["name": "b"]]],
        ]
        _ = try await bench.post(pods, pod)
        let status: JSONValue = [
            "phase": "Running", "podIP": "10.0.0.1",
            "containerStatuses": [
                ["name": "a", "ready": true, "restartCount": 2, "state": ["running": [:]]],
                [
                    "name": "b", "ready": false, "restartCount": 1,
                    "state": ["waiting": ["reason": "CrashLoopBackOff"]],
                ],
            ],
        ]
        _ = try await bench.merge("\(pods)/p/status", ["status": status])
        let table = try await bench.ask(.get, pods, accept: accept)
        let cells: JSONValue = [
            "p", "1/2", "CrashLoopBackOff", 3, "0s", "10.0.0.1", "n", "<none>", "<none>",
        ]
        #expect(table["rows", "0", "cells"] == cells)
        #expect(
            table["columnDefinitions"]?.arrayValue?.compactMap { $0["priority"]?.intValue } == [
                0, 0, 0, 0, 0, 1, 1, 1, 1,
            ]
        )
        let event: JSONValue = [
            "metadata": ["name": "e"], "reason": "R", "message": "M", "type": "Warning", "count": 3,
            "involvedObject": ["kind": "Node", "name": "n", "namespace": "default", "fieldPath": "spec"],
            "source": ["component": "kubelet", "host": "h"], "firstTimestamp": "2027-01-15T06:00:00Z",
            "lastTimestamp": "2027-01-15T07:00:00Z",
        ]
        _ = try await bench.post("/api/v1/namespaces/default/events", event)
        let events = try await bench.ask(.get, "/api/v1/events", accept: accept)
        let shown: JSONValue = [
            "60m", "Warning", "R", "node/n", "spec", "kubelet, h", "M", "120m", 3, "e",
        ]
        #expect(events["rows", "0", "cells"] == shown)
    }
}
