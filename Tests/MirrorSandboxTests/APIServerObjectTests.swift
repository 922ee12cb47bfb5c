import KubeCore
import MirrorSandbox
import Testing

@Suite("API server: objects")
struct APIServerObjectTests {
    @Test("a created object gets an identity, a version, a generation and a time, and loses the status it came with")
    func create() async throws {
        let bench = try await Bench.withGadgets()
        let gadget = try await bench.api.create(Gadget("a", status: ["count": 1]), manager: "test")
        #expect(gadget.metadata.uid?.count == 36)
        #expect(gadget.metadata.generation == 1)
        #expect(gadget.metadata.creationTimestamp == bench.clock.now.timestamp)
        #expect(gadget.status == nil)
        #expect(gadget.spec == ["mode": "Observe", "size": 3, "limits": ["disk": 85]])
        #expect(try await bench.api.get(Gadget.self, gadget.key) == gadget)
    }

    @Test("names are taken once, are generated on demand and must be valid")
    func names() async throws {
        let bench = try await Bench.withGadgets()
        #expect(try await bench.post(Bench.gadgets, Bench.gadget("a")).status == 201)
        let again = try await bench.post(Bench.gadgets, Bench.gadget("a"))
        #expect(again.status == 409)
        #expect(again.reason == "AlreadyExists")
        #expect(again.message == "gadgets.example.com \"a\" already exists")
        var generated = Bench.gadget("")
        generated["metadata"] = ["generateName": "g-"]
        let made = try await bench.post(Bench.gadgets, generated)
        #expect(made["metadata", "name"]?.stringValue?.count == 7)
        let bad = try await bench.post(Bench.gadgets, Bench.gadget("No_Good"))
        #expect(bad.status == 422)
        #expect(bad["details", "causes", "0", "field"] == "metadata.name")
    }

    @Test("what is not there is answered with 404 that names it")
    func missing() async throws {
        let bench = try await Bench.withGadgets()
        let object = try await bench.get("\(Bench.gadgets)/nope")
        #expect(object.status == 404)
        #expect(object.message == "gadgets.example.com \"nope\" not found")
        #expect(try await bench.get("/apis/nothing.example.com/v1/things").status == 404)
        #expect(try await bench.get("/api/v1/endpoints").status == 404)
        let lease: JSONValue = ["apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "l"]]
        let path = "/apis/coordination.k8s.io/v1/namespaces/nowhere/leases"
        #expect(try await bench.post(path, lease).message == "namespaces \"nowhere\" not found")
    }

    @Test("a replacement needs the version it replaces, and an old one is a conflict")
    func conflicts() async throws {
        let bench = try await Bench.withGadgets()
        var gadget = try await bench.api.create(Gadget("a"), manager: "test")
        let old = gadget
        gadget.spec["size"] = 4
        gadget = try await bench.api.replace(gadget, manager: "test")
        #expect(gadget.metadata.generation == 2)
        await #expect(throws: KubeError.self) { try await bench.api.replace(old, manager: "test") }
        let path = "\(Bench.gadgets)/a"
        let stale = try await bench.put(path, old.wireValue())
        #expect(stale.status == 409)
        #expect(stale.reason == "Conflict")
        let unversioned = try await bench.put(path, Bench.gadget("a"))
        #expect(unversioned.status == 422)
        let text = "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update"
        #expect(unversioned.message == "Gadget.example.com \"a\" is invalid: \(text)")
        let patched = try await bench.merge(path, ["metadata": ["resourceVersion": "7"]])
        #expect(patched.status == 409)
    }

    @Test("a write that changes nothing keeps the version, and a rehearsal changes nothing")
    func noOps() async throws {
        let bench = try await Bench.withGadgets()
        let gadget = try await bench.post(Bench.gadgets, Bench.gadget("a"))
        let revision = bench.server.revision
        let path = "\(Bench.gadgets)/a"
        bench.clock.advance(seconds: 60)
        #expect(try await bench.merge(path, ["spec": ["mode": "Observe"]]).version == gadget.version)
        #expect(try await bench.put(path, gadget.value).version == gadget.version)
        let dry = try await bench.merge(path, ["spec": ["mode": "Enforce"]], ["dryRun": "All"])
        #expect(dry["spec", "mode"] == "Enforce")
        #expect(try await bench.post(Bench.gadgets, Bench.gadget("b"), ["dryRun": "All"]).status == 201)
        #expect(try await bench.get("\(Bench.gadgets)/b").status == 404)
        #expect(bench.server.revision == revision)
    }

    @Test("status and the rest are written at their own endpoints only")
    func status() async throws {
        let bench = try await Bench.withGadgets()
        _ = try await bench.post(Bench.gadgets, Bench.gadget("a"))
        let path = "\(Bench.gadgets)/a"
        let main = try await bench.merge(path, ["spec": ["size": 5], "status": ["count": 9]])
        #expect(main["status"] == nil)
        #expect(main["metadata", "generation"] == 2)
        let patch: JSONValue = ["spec": ["size": 6], "status": ["count": 9], "metadata": ["labels": ["a": "b"]]]
        let status = try await bench.merge("\(path)/status", patch)
        #expect(status["status", "count"] == 9)
        #expect(status["spec", "size"] == 5)
        #expect(status["metadata", "labels"] == nil)
        #expect(status["metadata", "generation"] == 2)
        #expect(try await bench.get("\(path)/scale").status == 404)
    }

    @Test("a deletion holds to its preconditions, and finalizers hold it up")
    func deletion() async throws {
        let bench = try await Bench.withGadgets()
        let gadget = try await bench.post(Bench.gadgets, Bench.gadget("a"))
        let path = "\(Bench.gadgets)/a"
        #expect(try await bench.delete(path, ["preconditions": ["uid": "other"]]).status == 409)
        #expect(try await bench.delete(path, ["preconditions": ["resourceVersion": "1"]]).status == 409)
        let held = try await bench.merge(path, ["metadata": ["finalizers": ["example.com/hold"]]])
        #expect(held.status == 200)
        let marked = try await bench.delete(path)
        #expect(marked["metadata", "deletionTimestamp"] != nil)
        let more = try await bench.merge(path, ["metadata": ["finalizers": ["example.com/hold", "example.com/x"]]])
        #expect(more.status == 422)
        #expect(try await bench.merge(path, ["metadata": ["finalizers": .null]]).status == 200)
        #expect(try await bench.get(path).status == 404)
        _ = try await bench.post(Bench.gadgets, Bench.gadget("a"))
        let gone = try await bench.delete(path)
        #expect(gone["status"] == "Success")
        #expect(gone["details", "uid"] != gadget["metadata", "uid"])
    }

    @Test("what an object owns goes with it, unless it is orphaned")
    func garbage() async throws {
        let bench = try await Bench.withGadgets()
        func owned(_ name: String, by owner: JSONValue?) -> JSONValue {
            var gadget = Bench.gadget(name)
            gadget["metadata"]?["ownerReferences"] = [
                [
                    "apiVersion": "example.com/v1alpha1", "kind": "Gadget", "name": "a",
                    "uid": owner ?? "gone",
                ]
            ]
            return gadget
        }
        let owner = try await bench.post(Bench.gadgets, Bench.gadget("a"))
        let child = try await bench.post(Bench.gadgets, owned("b", by: owner["metadata", "uid"]))
        #expect(child.status == 201)
        _ = try await bench.post(Bench.gadgets, owned("c", by: child["metadata", "uid"]))
        #expect(try await bench.post(Bench.gadgets, owned("d", by: nil)).status == 201)
        #expect(try await bench.get(Bench.gadgets).names == ["a", "b", "c"])
        _ = try await bench.delete("\(Bench.gadgets)/b", ["propagationPolicy": "Orphan"])
        #expect(try await bench.get(Bench.gadgets).names == ["a", "c"])
        _ = try await bench.post(Bench.gadgets, owned("e", by: owner["metadata", "uid"]))
        _ = try await bench.delete("\(Bench.gadgets)/a")
        #expect(try await bench.get(Bench.gadgets).names == ["c"])
    }

    @Test("a namespace takes its content with it, and the first two stay")
    func namespaces() async throws {
        let bench = Bench()
        let space: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "team"]]
        let made = try await bench.post("/api/v1/namespaces", space)
        #expect(made["status", "phase"] == "Active")
        #expect(made["metadata", "labels", "kubernetes.io/metadata.name"] == "team")
        _ = try await bench.api.create(Lease(metadata: ObjectMeta(name: "l", namespace: "team")), manager: "t")
        #expect(try await bench.delete("/api/v1/namespaces/team").status == 200)
        #expect(try await bench.api.list(Lease.self).isEmpty)
        #expect(try await bench.delete("/api/v1/namespaces/default").status == 403)
        #expect(try await bench.get("/api/v1/namespaces").names == ["default", "kube-system"])
    }

    @Test(
        "what is not implemented is refused",
        arguments: [
            (KubeRequest.Method.delete, Bench.gadgets, 405), (.post, "\(Bench.gadgets)/a", 405),
            (.put, Bench.gadgets, 405), (.delete, "\(Bench.gadgets)/a/status", 405), (.post, "/version", 405),
            (.get, "/api/v1/namespaces/default/pods/p/log", 404), (.get, "/metrics", 404),
            (.post, "/api/v1/namespaces/default/pods/p/eviction", 404), (.get, "/api/v2", 404),
        ]
    )
    func refused(method: KubeRequest.Method, path: String, status: Int) async throws {
        let bench = try await Bench.withGadgets()
        let answer = try await bench.ask(method, path, body: method == .get ? nil : Bench.gadget("a"))
        #expect(answer.status == status)
    }

    @Test("media types that are not spoken are refused")
    func mediaTypes() async throws {
        let bench = try await Bench.withGadgets()
        let protobuf = "application/vnd.kubernetes.protobuf"
        #expect(try await bench.ask(.get, Bench.gadgets, accept: protobuf).status == 406)
        #expect(try await bench.ask(.get, Bench.gadgets, accept: "\(protobuf), */*").status == 200)
        let body = Bench.gadget("a")
        #expect(try await bench.ask(.post, Bench.gadgets, body: body, type: protobuf).status == 415)
        _ = try await bench.post(Bench.gadgets, body)
        let strategic = "application/strategic-merge-patch+json"
        let path = "\(Bench.gadgets)/a"
        #expect(try await bench.ask(.patch, path, body: ["spec": [:]], type: strategic).status == 415)
        _ = try await bench.post("/api/v1/nodes", Bench.node("n"))
        let node = "/api/v1/nodes/n"
        let cordon: JSONValue = ["spec": ["unschedulable": true]]
        #expect(try await bench.ask(.patch, node, body: cordon, type: strategic)["spec", "unschedulable"] == true)
        let listed: JSONValue = ["spec": ["taints": [["key": "a", "effect": "NoSchedule"]]]]
        #expect(try await bench.ask(.patch, node, body: listed, type: strategic).status == 415)
    }

    @Test("metadata alone can be asked for")
    func partial() async throws {
        let bench = Bench()
        _ = try await bench.post("/api/v1/nodes", Bench.node("n", labels: ["a": "b"]))
        let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
        let list = try await bench.ask(.get, "/api/v1/nodes", accept: accept)
        #expect(list["kind"] == "PartialObjectMetadataList")
        #expect(list["items", "0", "metadata", "labels", "a"] == "b")
        #expect(list["items", "0", "status"] == nil)
    }

    @Test("equal servers give equal answers")
    func determinism() async throws {
        let first = try await Bench.withGadgets().post(Bench.gadgets, Bench.gadget("a"))
        let second = try await Bench.withGadgets().post(Bench.gadgets, Bench.gadget("a"))
        #expect(first.body == second.body)
    }
}
