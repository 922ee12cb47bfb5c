import KubeCore
import MirrorSandbox
import Testing

@Suite("API server: definitions of kinds")
struct APIServerDefinitionTests {
    @Test("a definition is established at once and its kind discovered")
    func established() async throws {
        let bench = try await Bench.withGadgets()
        let definition = try await bench.get("\(Bench.definitions)/gadgets.example.com")
        let conditions = definition["status", "conditions"]?.arrayValue ?? []
        #expect(conditions.compactMap { $0["type"]?.stringValue } == ["NamesAccepted", "Established"])
        #expect(definition["status", "storedVersions"] == ["v1alpha1"])
        #expect(definition["spec", "names", "listKind"] == "GadgetList")
        let resources = try await bench.get("/apis/example.com/v1alpha1")
        #expect(resources["resources", "0", "shortNames"] == ["gd"])
        #expect(resources["resources", "1", "name"] == "gadgets/status")
        let groups = try await bench.get("/apis")
        #expect(groups["groups"]?.arrayValue?.contains { $0["name"] == "example.com" } == true)
        _ = try await bench.post(Bench.gadgets, Bench.gadget("a"))
        #expect(try await bench.delete("\(Bench.definitions)/gadgets.example.com").status == 200)
        #expect(try await bench.get(Bench.gadgets).status == 404)
        let again = try await bench.post(Bench.definitions, Fixture.value("gadgets.crd.json"))
        #expect(again.status == 201)
        #expect(try await bench.get(Bench.gadgets).items.isEmpty)
    }

    @Test(
        "a value that breaks the schema is refused in the server's words",
        arguments: [
            (["mode": "Off"], "spec.mode: Unsupported value: \"Off\": supported values: \"Observe\", \"Enforce\""),
            ([:], "spec.mode: Required value"),
            (
                ["mode": "Observe", "size": 0],
                "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"
            ),
            (
                ["mode": "Observe", "size": 10],
                "spec.size: Invalid value: 10: spec.size in body should be less than or equal to 9"
            ),
            (
                ["mode": "Observe", "size": "x"],
                "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\""
            ),
            (
                ["mode": "Observe", "share": true],
                "spec.share: Invalid value: \"boolean\": spec.share in body must be of type integer,string: "
                    + "\"boolean\""
            ),
            (["mode": "Observe", "code": "abcde"], "spec.code: Too long: may not be more than 4 bytes"),
            (
                ["mode": "Observe", "code": "a"],
                "spec.code: Invalid value: \"a\": spec.code in body should be at least 2 chars long"
            ),
            (
                ["mode": "Observe", "code": "A1"],
                "spec.code: Invalid value: \"A1\": spec.code in body should match '^[a-z]+$'"
            ),
            (
                ["mode": "Observe", "holds": ["a", "b", "c", "d"]], "spec.holds: Too many: 4: must have at most 3 items"
            ),
            (["mode": "Observe", "holds": ["a", "a"]], "spec.holds[1]: Duplicate value: \"a\""),
            (
                ["mode": "Observe", "order": []],
                "spec.order: Invalid value: []: spec.order in body should have at least 1 items"
            ),
            (
                ["mode": "Observe", "labels": ["a": "1", "b": "2", "c": "3"]],
                "spec.labels: Too many: 3: must have at most 2 items"
            ),
            (["mode": "Observe", "probes": [["port": 1]]], "spec.probes[0].name: Required value"),
        ] as [(JSONValue, String)]
    )
    func validation(spec: JSONValue, fault: String) async throws {
        let bench = try await Bench.withGadgets()
        let answer = try await bench.post(Bench.gadgets, Bench.gadget("a", spec))
        #expect(answer.status == 422)
        #expect(answer.reason == "Invalid")
        #expect(answer.message == "Gadget.example.com \"a\" is invalid: \(fault)")
        let field = answer["details", "causes", "0", "field"]?.stringValue ?? ""
        #expect(fault.hasPrefix("\(field): "))
    }

    @Test("several faults are listed together")
    func severalFaults() async throws {
        let bench = try await Bench.withGadgets()
        let answer = try await bench.post(Bench.gadgets, Bench.gadget("a", ["mode": "Off", "size": 0]))
        #expect(answer.message.contains("is invalid: [spec.mode: "))
        #expect(answer["details", "causes"]?.arrayValue?.count == 2)
    }

    @Test("values that the schema allows are taken", arguments: ["5%", 5] as [JSONValue])
    func accepted(share: JSONValue) async throws {
        let bench = try await Bench.withGadgets()
        let spec: JSONValue = ["mode": "Enforce", "share": share, "note": .null, "free": ["any": ["thing": 1]]]
        let answer = try await bench.post(Bench.gadgets, Bench.gadget("a", spec))
        #expect(answer.status == 201)
        #expect(answer["spec", "free", "any", "thing"] == 1)
        #expect(answer["spec", "note"] == .some(.null))
    }

    @Test("unknown fields are dropped with a warning, or refused where that is asked for")
    func pruning() async throws {
        let bench = try await Bench.withGadgets()
        let gadget = Bench.gadget("a", ["mode": "Observe", "sise": 1])
        let strict = try await bench.post(Bench.gadgets, gadget, ["fieldValidation": "Strict"])
        #expect(strict.status == 400)
        #expect(strict.message == "strict decoding error: unknown field \"spec.sise\"")
        let warned = try await bench.post(Bench.gadgets, gadget)
        #expect(warned.status == 201)
        #expect(warned["spec", "sise"] == nil)
        #expect(warned.headers["warning"] == "299 - \"unknown field \\\"spec.sise\\\"\"")
        let silent = try await bench.put("\(Bench.gadgets)/a", warned.value, ["fieldValidation": "Ignore"])
        #expect(silent.headers["warning"] == nil)
    }

    @Test("a definition may bound the names of its objects")
    func boundedNames() async throws {
        let bench = try await Bench.withGadgets()
        let path = "/spec/versions/0/schema/openAPIV3Schema/properties/metadata/properties"
        let bound: JSONValue = ["name": ["type": "string", "maxLength": 4]]
        let definition = "\(Bench.definitions)/gadgets.example.com"
        #expect(try await bench.json(definition, [.add(path: path, value: bound)]).status == 200)
        var short = Bench.gadget("four")
        short["metadata"]?["labels"] = ["kept": "yes"]
        let taken = try await bench.apply("\(Bench.gadgets)/four", short, by: "one")
        #expect(taken["metadata", "labels", "kept"] == "yes")
        let long = try await bench.post(Bench.gadgets, Bench.gadget("fiver"))
        let text = "metadata.name: Too long: may not be more than 4 bytes"
        #expect(long.message == "Gadget.example.com \"fiver\" is invalid: \(text)")
    }

    @Test("a default that comes later shows in objects that were stored before")
    func lateDefaults() async throws {
        let bench = try await Bench.withGadgets()
        _ = try await bench.post(Bench.gadgets, Bench.gadget("a"))
        let late = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/code/default"
        let path = "\(Bench.definitions)/gadgets.example.com"
        let changed = try await bench.json(path, [.add(path: late, value: "abc")])
        #expect(changed.status == 200)
        #expect(changed["metadata", "generation"] == 2)
        #expect(try await bench.get("\(Bench.gadgets)/a")["spec", "code"] == "abc")
        #expect(try await bench.get(Bench.gadgets)["items", "0", "spec", "code"] == "abc")
    }

    @Test(
        "what a definition asks for and this server cannot do is refused",
        arguments: [
            ("/spec/versions/0/subresources/scale", [:]),
            ("/spec/versions/0/schema/openAPIV3Schema/properties/spec/oneOf", []),
            ("/spec/conversion", ["strategy": "Webhook"]),
            ("/spec/versions/0/selectableFields", [["jsonPath": ".spec.mode"]]), ("/spec/scope", "Namespaced"),
            ("/spec/versions/0/additionalPrinterColumns/0/jsonPath", ".spec.probes[?(@.port>1)].name"),
        ] as [(String, JSONValue)]
    )
    func refused(path: String, value: JSONValue) async throws {
        let bench = try await Bench.withGadgets()
        let definition = "\(Bench.definitions)/gadgets.example.com"
        #expect(try await bench.json(definition, [.add(path: path, value: value)]).status == 422)
    }

    @Test("tables have the columns of the definition, and ages as kubectl writes them")
    func tables() async throws {
        let bench = try await Bench.withGadgets()
        _ = try await bench.post(Bench.gadgets, Bench.gadget("a"))
        let ready: JSONValue = ["conditions": [["type": "Ready", "status": "True", "reason": "Fine"]]]
        _ = try await bench.merge("\(Bench.gadgets)/a/status", ["status": ready])
        bench.clock.advance(seconds: 400)
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
        let table = try await bench.ask(.get, Bench.gadgets, accept: accept)
        let columns = table["columnDefinitions"]?.arrayValue ?? []
        #expect(columns.compactMap { $0["name"]?.stringValue } == ["Name", "Mode", "Size", "Ready", "Reason", "Age"])
        #expect(columns.compactMap { $0["priority"]?.intValue } == [0, 0, 0, 0, 1, 0])
        #expect(table["rows", "0", "cells"] == ["a", "Observe", 3, "True", "Fine", "6m40s"])
        #expect(table["rows", "0", "object", "kind"] == "PartialObjectMetadata")
        let role = "node-role.kubernetes.io/control-plane"
        _ = try await bench.post("/api/v1/nodes", Bench.node("n", labels: [role: "true"]))
        _ = try await bench.merge("/api/v1/nodes/n", ["spec": ["unschedulable": true]])
        let nodes = try await bench.ask(.get, "/api/v1/nodes", accept: accept)
        let cells: JSONValue = [
            "n", "Ready,SchedulingDisabled", "control-plane", "0s", "v1.32.3+rke2r1", "<none>", "<none>", "<unknown>",
            "<unknown>", "<unknown>",
        ]
        #expect(nodes["rows", "0", "cells"] == cells)
        var tape = try await WatchTape(bench, "/api/v1/nodes", [:], accept: accept)
        let event = try #require(try await tape.next())
        #expect(event[path: "object", "kind"] == "Table")
        #expect(event[path: "object", "rows"]?.arrayValue?.first?["cells"] == cells)
    }
}
