import KubeCore
import Testing

@Suite("Resource types")
struct ResourceTypeTests {
    @Test("an apiVersion is split into group and version", arguments: ["v1", "apps/v1", "example.org/v1alpha1"])
    func apiVersion(text: String) {
        let resource = ResourceType(apiVersion: text, plural: "things", kind: "Thing", namespaced: true)
        #expect(resource.apiVersion == text)
        #expect(resource.group == (text == "v1" ? "" : text.split(separator: "/").first.map(String.init)))
        let root = text == "v1" ? "/api/v1" : "/apis/\(text)"
        #expect(resource.path(namespace: "ns") == "\(root)/namespaces/ns/things")
    }
}
