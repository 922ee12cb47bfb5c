import KubeCore
import MirrorSandbox
import Testing

@Suite("API server: bodies")
struct APIServerBodyTests {
    @Test(
        "any JSON text comes back as the same value",
        arguments: [
            #""plain""#, #""\u00e9\n\t\"\\\/ \ud83d\ude00""#, "-12", "1.5e3", "9223372036854775807", "true", "null",
            #"[1,[2,{"a":[]}],{}]"#, #" { "b" : 1 , "a" : [ true , false ] } "#, #""\u0001""#, "92233720368547758080",
        ]
    )
    func roundTrip(text: String) async throws {
        let bench = try await Bench.withGadgets()
        let body =
            #"{"apiVersion":"example.com/v1alpha1","kind":"Gadget","metadata":{"name":"a"},"#
            + #""spec":{"mode":"Observe","free":{"x":\#(text)}}}"#
        let answer = try await send(body, bench)
        #expect(answer.status == 201)
        let wanted = try JSONCoding.decode(JSONValue.self, from: Array("[\(text)]".utf8))
        let stored = try JSONCoding.decode(JSONValue.self, from: answer.body)
        #expect(stored["spec"]?["free"]?["x"] == wanted.arrayValue?.first)
    }

    @Test(
        "what is no JSON object is refused",
        arguments: [
            "", "{", "{\"a\":}", "{\"a\":1,}", "[1 2]", "\"x\"", "{} x", "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}",
            "{\"a\":01x}", String(repeating: "[", count: 100_000), "apiVersion: v1",
        ]
    )
    func malformed(text: String) async throws {
        #expect(try await send(text, Bench.withGadgets()).status == 400)
    }

    private func send(_ text: String, _ bench: Bench) async throws -> KubeResponse {
        try await bench.transport.send(
            KubeRequest(.post, Bench.gadgets, contentType: "application/json", body: Array(text.utf8))
        )
    }
}
