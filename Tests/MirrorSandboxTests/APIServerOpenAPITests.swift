import KubeCore
import MirrorSandbox
import Testing

@Suite("API server: OpenAPI")
struct APIServerOpenAPITests {
    @Test("documents tell which parameters patches take, in every form that kubectl asks for")
    func documents() async throws {
        let bench = try await Bench.withGadgets()
        let index = try await bench.get("/openapi/v3")
        let path = index["paths", "apis/example.com/v1alpha1", "serverRelativeURL"]?.stringValue ?? ""
        let document = try await bench.get(path)
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
}
