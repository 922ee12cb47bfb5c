import KubeCore
import MirrorSandbox
import Testing

@Suite("API server: OpenAPI")
struct APIServerOpenAPITests {
    @Test("documents tell which parameters patches take, in every form that kubectl asks for")
    func documents() async throws {
        let bench = try await Bench.withGadgets()
        let index = try await bench.get("/openapi/v3")
        let url = index["paths", "apis/example.com/v1alpha1", "serverRelativeURL"]?.stringValue ?? ""
        let document = try await bench.get(String(url.prefix { $0 != "?" }))
        let object = "\(Bench.gadgets)/{name}"
        let parameters = document["paths", object, "patch", "parameters"]?.arrayValue ?? []
        #expect(parameters.contains { $0["name"] == "fieldValidation" })
        let schema = document["components", "schemas", "com.example.v1alpha1.Gadget"]
        #expect(schema?["description"] == "A thing to try the API server with.")
        #expect(try await bench.get("/openapi/v2")["paths", object, "patch"] != nil)
        let old = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
        let binary = try await bench.ask(.get, "/openapi/v2", accept: old)
        #expect(binary.headers["content-type"] == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
        #expect(binary.body.starts(with: [0x0A, 3, 0x32, 0x2E, 0x30]))
        #expect(try await bench.get("/openapi/v3/apis/nothing/v1").status == 404)
    }

    @Test("a document is found by its hash, and an old hash leads to the present document")
    func hashes() async throws {
        let bench = try await Bench.withGadgets()
        func url(_ group: String) async throws -> String {
            try await bench.get("/openapi/v3")["paths", group, "serverRelativeURL"]?.stringValue ?? ""
        }
        let before = try await url("apis/example.com/v1alpha1")
        let hash = String(before.split(separator: "=").last ?? "")
        let path = "/openapi/v3/apis/example.com/v1alpha1"
        let found = try await bench.get(path, ["hash": hash])
        #expect(found.status == 200)
        #expect(found.headers["cache-control"] == "public, immutable")
        #expect(try await bench.get(path).headers["cache-control"] == nil)
        var definition = try Fixture.value("gadgets.crd.json")
        let key = "\(Bench.definitions)/gadgets.example.com"
        definition["metadata"]?["resourceVersion"] = .string(try await bench.get(key).version)
        var versions = definition["spec"]?["versions"]?.arrayValue ?? []
        versions[0]["schema"]?["openAPIV3Schema"]?["description"] = "Another thing."
        definition["spec"]?["versions"] = .array(versions)
        #expect(try await bench.put(key, definition).status == 200)
        let moved = try await bench.get(path, ["hash": hash])
        #expect(moved.status == 301)
        #expect(moved.headers["location"] == (try await url("apis/example.com/v1alpha1")))
        #expect(try await url("api/v1").hasPrefix("/openapi/v3/api/v1?hash="))
    }

    @Test("OpenAPI v2 leaves out what its readers do not know, and keeps names, types and what lists are")
    func version2() async throws {
        let bench = try await Bench.withGadgets()
        let document = try await bench.get("/openapi/v2")
        let gadget = document["definitions", "com.example.v1alpha1.Gadget"]
        #expect(gadget?["x-kubernetes-group-version-kind"]?.arrayValue?.first?["kind"] == "Gadget")
        #expect(gadget?["required"] == ["spec"])
        let reference: JSONValue = "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
        #expect(gadget?["properties"]?["metadata"]?["$ref"] == reference)
        let spec = gadget?["properties"]?["spec"]?["properties"]
        let declared = try Fixture.value("gadgets.crd.json")["spec"]?["versions"]?.arrayValue?.first
        let fields = declared?["schema"]?["openAPIV3Schema"]?["properties"]?["spec"]?["properties"]
        #expect(spec?.objectValue?.keys.sorted() == fields?.objectValue?.keys.sorted())
        for (name, field) in fields?.objectValue ?? [:] where field["nullable"] == true {
            #expect(spec?[name]?["type"] == nil, "\(name) may be null, which a type forbids")
        }
        #expect(spec?["probes"]?["x-kubernetes-list-type"] == fields?["probes"]?["x-kubernetes-list-type"])
        let text = spec.map { "\($0)" } ?? ""
        for word in ["default", "anyOf", "nullable", "x-kubernetes-validations"] { #expect(!text.contains(word)) }
        let lease = document["definitions", "io.k8s.api.coordination.v1.Lease", "properties", "spec", "properties"]
        #expect(lease?["holderIdentity"]?["type"] == "string")
        // Kinds of any shape have no schema: a reader would refuse what the server takes.
        #expect(document["definitions", "io.k8s.api.core.v1.Node"] == nil)
    }

    @Test("nothing but the documents' own media types is answered")
    func mediaTypes() async throws {
        let bench = try await Bench.withGadgets()
        let wanted = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf"
        let path = "/openapi/v3/apis/example.com/v1alpha1"
        #expect(try await bench.ask(.get, path, accept: wanted).status == 406)
        #expect(try await bench.ask(.post, "/openapi/v2", body: [:]).status == 405)
    }
}
