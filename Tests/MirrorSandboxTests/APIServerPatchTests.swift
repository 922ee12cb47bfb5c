import KubeCore
import MirrorSandbox
import Testing

@Suite("API server: patches and apply")
struct APIServerPatchTests {
    private static let path = "\(Bench.gadgets)/a"

    private func bench(_ spec: JSONValue = ["mode": "Observe", "holds": ["x"]]) async throws -> Bench {
        let bench = try await Bench.withGadgets()
        _ = try await bench.post(Bench.gadgets, Bench.gadget("a", spec))
        return bench
    }

    private func config(_ spec: JSONValue) -> JSONValue { Bench.gadget("a", spec) }

    @Test("a JSON patch is carried out wholly or not at all")
    func json() async throws {
        let bench = try await bench()
        let done = try await bench.json(
            Self.path,
            [
                .test(path: "/spec/mode", value: "Observe"), .add(path: "/spec/holds/-", value: "y"),
                .add(path: "/spec/holds/0", value: "w"), .replace(path: "/spec/size", value: 4),
                .add(path: "/metadata/labels", value: [:]),
                .add(path: JSONPatchOperation.pointer("metadata", "labels", "a/b~c"), value: "d"),
                .remove(path: "/spec/limits"),
            ]
        )
        #expect(done.status == 422)
        let valid = try await bench.json(
            Self.path,
            [
                .add(path: "/spec/holds/-", value: "y"), .add(path: "/spec/holds/0", value: "w"),
                .add(path: "/metadata/labels", value: [:]),
                .add(path: JSONPatchOperation.pointer("metadata", "labels", "a/b"), value: "d"),
                .remove(path: "/spec/limits"),
            ]
        )
        #expect(valid["spec", "holds"] == ["w", "x", "y"])
        #expect(valid["metadata", "labels", "a/b"] == "d")
        #expect(valid["spec", "limits"] == ["disk": 85])
        let tested = try await bench.json(
            Self.path,
            [.replace(path: "/spec/size", value: 9), .test(path: "/spec/mode", value: "Enforce")]
        )
        #expect(tested.status == 422)
        #expect(tested.reason == "Invalid")
        #expect(tested.message == "the server rejected our request due to an error in our request")
        #expect(try await bench.json(Self.path, [.remove(path: "/spec/note")]).status == 422)
        #expect(try await bench.get(Self.path)["spec", "size"] == 3)
    }

    @Test("a merge patch adds, replaces and removes members")
    func merge() async throws {
        let bench = try await bench()
        let patch: JSONValue = ["spec": ["holds": .null, "labels": ["a": "b"]], "metadata": ["labels": ["x": "y"]]]
        let done = try await bench.merge(Self.path, patch)
        #expect(done["spec", "holds"] == nil)
        #expect(done["spec", "labels"] == ["a": "b"])
        #expect(try await bench.merge(Self.path, ["metadata": ["name": "b"]]).status == 400)
        #expect(try await bench.merge(Self.path, ["kind": "Other"]).status == 400)
    }

    @Test("apply creates, owns what it names, and takes back what it no longer names")
    func applyOwnership() async throws {
        let bench = try await Bench.withGadgets()
        var wanted = config(["mode": "Observe", "holds": ["x", "y"], "size": 4])
        wanted["metadata"]?["labels"] = ["team": "red"]
        let made = try await bench.apply(Self.path, wanted, by: "one")
        #expect(made.status == 201)
        let entry = try #require(made["metadata", "managedFields", "0"])
        #expect(entry["manager"] == "one")
        #expect(entry["operation"] == "Apply")
        let fields: JSONValue = [
            "f:metadata": ["f:labels": ["f:team": [:]]],
            "f:spec": ["f:mode": [:], "f:size": [:], "f:holds": ["v:\"x\"": [:], "v:\"y\"": [:]]],
        ]
        #expect(entry["fieldsV1"] == fields)
        bench.clock.advance(seconds: 9)
        #expect(try await bench.apply(Self.path, wanted, by: "one").version == made.version)
        let less = try await bench.apply(Self.path, config(["mode": "Observe", "holds": ["y"]]), by: "one")
        #expect(less["spec", "holds"] == ["y"])
        #expect(less["spec", "size"] == 3)
        #expect(less["metadata", "labels"] == nil)
    }

    @Test("a field of another manager is a conflict that is named, until it is taken by force")
    func conflicts() async throws {
        let bench = try await bench()
        _ = try await bench.apply(Self.path, config(["mode": "Observe", "size": 5]), by: "one", force: true)
        let refused = try await bench.apply(Self.path, config(["mode": "Enforce", "size": 5]), by: "two")
        #expect(refused.status == 409)
        #expect(refused.reason == "Conflict")
        let hand = "conflicts with \"bench\" using example.com/v1alpha1 at 2027-01-15T08:00:00Z:\n- .spec.mode"
        let message = "Apply failed with 2 conflicts: conflicts with \"one\":\n- .spec.mode\n\(hand)"
        #expect(refused.message == message)
        #expect(refused["details", "causes", "0", "reason"] == "FieldManagerConflict")
        #expect(refused["details", "causes", "0", "field"] == ".spec.mode")
        let forced = try await bench.apply(Self.path, config(["mode": "Enforce"]), by: "two", force: true)
        #expect(forced["spec", "mode"] == "Enforce")
        let back = try await bench.apply(Self.path, config(["size": 5]), by: "one")
        #expect(back["spec", "mode"] == "Enforce")
        let updated = try await bench.merge(Self.path, ["spec": ["mode": "Observe"]], ["fieldManager": "hand"])
        let managers = updated["metadata", "managedFields"]?.arrayValue?.compactMap { $0["manager"]?.stringValue }
        #expect(Set(managers ?? []) == ["one", "bench", "hand"])
        let late = try await bench.apply(Self.path, config(["mode": "Enforce"]), by: "two")
        #expect(late.message.contains("conflict with \"hand\" using example.com/v1alpha1 at 2027-01-15T08:00:00Z"))
    }

    @Test("elements of keyed lists belong to different managers")
    func keyedLists() async throws {
        let bench = try await bench()
        let first: JSONValue = ["mode": "Observe", "probes": [["name": "a", "port": 1], ["name": "b", "port": 2]]]
        _ = try await bench.apply(Self.path, config(first), by: "one", force: true)
        let second: JSONValue = ["probes": [["name": "c", "port": 3], ["name": "a", "path": "/x"]]]
        let both = try await bench.apply(Self.path, config(second), by: "two")
        let expected: JSONValue = [
            ["name": "a", "port": 1, "path": "/x"], ["name": "b", "port": 2], ["name": "c", "port": 3],
        ]
        #expect(both["spec", "probes"] == expected)
        let fewer = try await bench.apply(Self.path, config(["mode": "Observe"]), by: "one")
        #expect(fewer["spec", "probes"] == [["name": "a", "path": "/x"], ["name": "c", "port": 3]])
        let twice: JSONValue = ["probes": [["name": "c"], ["name": "c"]]]
        #expect(try await bench.merge(Self.path, ["spec": twice]).status == 422)
    }

    @Test("status is applied at its own endpoint, under its own name")
    func status() async throws {
        let bench = try await bench()
        func status(_ value: JSONValue) -> JSONValue {
            ["apiVersion": "example.com/v1alpha1", "kind": "Gadget", "metadata": ["name": "a"], "status": value]
        }
        let ready: JSONValue = ["type": "Ready", "status": "True"]
        let done = try await bench.apply("\(Self.path)/status", status(["conditions": [ready]]), by: "ctl")
        #expect(done["status", "conditions"] == [ready])
        let entry = done["metadata", "managedFields"]?.arrayValue?.first { $0["manager"] == "ctl" }
        #expect(entry?["subresource"] == "status")
        let key = "k:{\"type\":\"Ready\"}"
        #expect(entry?[path: "fieldsV1", "f:status", "f:conditions", key, "f:status"] == [:])
        let other: JSONValue = ["type": "Paused", "status": "False"]
        let both = try await bench.apply("\(Self.path)/status", status(["conditions": [other]]), by: "agent")
        #expect(both["status", "conditions"] == [ready, other])
        let gone = try await bench.apply("\(Self.path)/status", status([:]), by: "ctl")
        #expect(gone["status", "conditions"] == [other])
        #expect(gone["metadata", "generation"] == 1)
    }

    @Test("apply is refused without a manager, with unknown fields, and where its lists are not known")
    func refusals() async throws {
        let bench = try await bench()
        let type = "application/apply-patch+yaml"
        let nobody = try await bench.ask(.patch, Self.path, body: config(["mode": "Observe"]), type: type)
        #expect(nobody.status == 422)
        let unknown = try await bench.apply(Self.path, config(["mode": "Observe", "sise": 1]), by: "one")
        #expect(unknown.status == 500)
        #expect(unknown.message.hasSuffix(".spec.sise: field not declared in schema"))
        let event: JSONValue = ["apiVersion": "v1", "kind": "Event", "metadata": ["name": "e"]]
        #expect(try await bench.apply("/api/v1/namespaces/default/events/e", event, by: "one").status == 415)
    }

    @Test("a Lease and a Node's labels can be applied")
    func builtIns() async throws {
        let bench = Bench()
        _ = try await bench.post("/api/v1/nodes", Bench.node("n", labels: ["a": "b"]))
        let label: JSONValue = [
            "apiVersion": "v1", "kind": "Node", "metadata": ["name": "n", "labels": ["c": "d"]],
        ]
        let node = try await bench.apply("/api/v1/nodes/n", label, by: "op")
        #expect(node["metadata", "labels"] == ["a": "b", "c": "d"])
        #expect(node["status", "nodeInfo", "kubeletVersion"] == "v1.32.3+rke2r1")
        let lease: JSONValue = [
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "l"],
            "spec": ["holderIdentity": "me", "renewTime": "2027-01-15T08:00:00.000000Z"],
        ]
        let path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l"
        #expect(try await bench.apply(path, lease, by: "me").status == 201)
        #expect(try await bench.apply(path, lease, by: "me").status == 200)
        let wrong: JSONValue = ["spec": ["leaseDurationSeconds": 0]]
        #expect(try await bench.merge(path, wrong).status == 422)
    }
}
