import Testing

@testable import KubeCore

@Suite("A document is weighed before it is read")
struct JSONWeightTests {
    @Test(
        "Values and names outside of strings count",
        arguments: [
            ("[]", 1), ("[[],[]]", 4), (#"{"a":1}"#, 4), (#"{"a":{"b":[1,2]}}"#, 10), (#""[{,:\"[{,:""#, 0),
            (#"["\\",1]"#, 2),
            (#"["\\\"",1]"#, 2), (#"""#, 0),
        ]
    )
    func weight(_ example: (text: String, weight: Int)) {
        #expect(JSONWeight.weigh(Array(example.text.utf8)) == example.weight)
    }

    @Test(
        "A document of too many values is refused, whatever is to become of it",
        arguments: ["[],", "0,", #"{"a":0},"#]
    )
    func refused(unit: String) throws {
        let text = "[" + String(repeating: unit, count: JSONWeight.limit) + "0]"
        #expect { try JSONCoding.decode(JSONValue.self, from: Array(text.utf8)) } throws: { error in
            (error as? KubeError)?.code == .tooLarge
        }
        #expect { try JSONCoding.decode([Int].self, from: Array(text.utf8)) } throws: { error in
            (error as? KubeError)?.code == .tooLarge
        }
    }

    @Test("A long text, and a page of real objects, are read")
    func accepted() throws {
        let text = "[\"" + String(repeating: "{,:[", count: 1 << 20) + "\"]"
        #expect(try JSONCoding.decode([String].self, from: Array(text.utf8)).first?.utf8.count == 4 << 20)
        let image =
            #"{"names":["registry.example/a/b@sha256:0123456789abcdef","registry.example/a/b:v1"],"sizeBytes":1234567}"#
        let node =
            #"{"metadata":{"name":"n"},"status":{"images":["#
            + Array(repeating: image, count: 100).joined(separator: ",")
            + "]}}"
        let page = "[" + Array(repeating: node, count: 500).joined(separator: ",") + "]"
        #expect(page.utf8.count > 5 << 20)
        #expect(JSONWeight.weigh(Array(page.utf8)) < JSONWeight.limit)
    }

    @Test("What is in memory already is not weighed: a snapshot of a fleet is larger than any answer")
    func inMemory() throws {
        let value = JSONValue.array(Array(repeating: 1, count: JSONWeight.limit + 1))
        #expect(try JSONCoding.decode([Int].self, from: value).count == JSONWeight.limit + 1)
        #expect(try JSONCoding.value(of: value).arrayValue?.count == JSONWeight.limit + 1)
    }
}
