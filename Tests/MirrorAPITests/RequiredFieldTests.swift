import KubeCore
import MirrorAPI
import MirrorAPITesting
import Testing

@Suite("Nothing is required that server-side apply takes away")
struct RequiredFieldTests {
    /// Required fields that a server drops once the last of what their owner applied is taken out: lists whose items
    /// are told apart, maps, and objects without a required field of their own (structured-merge-diff
    /// `typed/remove.go`, which leaves a list or a map out when it is empty). Atomic ones stay, as they are.
    static func faults(in schema: JSONValue) -> [String] {
        SchemaNode.all(in: schema).flatMap { node -> [String] in
            let required = (node.value["required"]?.arrayValue ?? []).compactMap(\.stringValue)
            return required.filter { mayVanish(node.value[path: "properties", $0] ?? .null) }
                .map { "\(node.path).\($0)" }
        }
    }

    private static func mayVanish(_ field: JSONValue) -> Bool {
        switch field["type"] {
        case "array": field["x-kubernetes-list-type"] != "atomic"
        case "object":
            field["x-kubernetes-map-type"] != "atomic" && (field["required"]?.arrayValue ?? []).isEmpty
        default: false
        }
    }

    @Test("No definition requires such a field, with rules and without", arguments: CRDFile.kinds)
    func definitions(plural: String) throws {
        #expect(Self.faults(in: try CRDFile(plural).schema) == [])
        #expect(Self.faults(in: try CRDFile(plural, withoutCEL: true).schema) == [])
        for kind in KindSchema.all { #expect(Self.faults(in: kind.openAPI(withRules: true)) == []) }
    }

    @Test("Each kind of such a field is found, and one that stays is none")
    func planted() {
        let list: (JSONValue) -> JSONValue = { ["type": "array", "x-kubernetes-list-type": $0] }
        let schema: JSONValue = [
            "type": "object", "required": ["set", "keyed", "plain", "map", "bare", "kept", "whole", "text", "firm"],
            "properties": [
                "set": list("set"), "keyed": list("map"), "plain": ["type": "array"], "kept": list("atomic"),
                "map": ["type": "object", "additionalProperties": ["type": "string"]],
                "bare": ["type": "object", "properties": ["a": ["type": "string"]]],
                "whole": ["type": "object", "x-kubernetes-map-type": "atomic"], "text": ["type": "string"],
                "firm": ["type": "object", "required": ["a"], "properties": ["a": ["type": "string"]]],
            ],
        ]
        #expect(Self.faults(in: schema) == [".set", ".keyed", ".plain", ".map", ".bare"])
    }

    @Test("A stored wish whose lists were emptied is read, and is the wish that was applied")
    func emptied() throws {
        let stored: JSONValue = [
            "registryConfigPath": "/etc/containerd/certs.d", "mirrorPorts": [30_021, 30_020], "installed": false,
            "repair": false,
        ]
        let wish = ContainerdWish(
            registryConfigPath: "/etc/containerd/certs.d",
            mirrorPorts: [30_020, 30_021],
            installed: false,
            repair: false
        )
        #expect(try JSONCoding.decode(ContainerdWish.self, from: stored) == wish)
        var bare = stored
        bare["mirrorPorts"] = nil
        #expect(try JSONCoding.decode(ContainerdWish.self, from: bare).mirrorPorts == [])
    }

    @Test("Definitions of the first release take a wish that says nothing new, and read what older operators wrote")
    func older() throws {
        let wish = ContainerdWish(registryConfigPath: "/a", mirrorPorts: [1], installed: true, repair: false)
        let sent = try JSONCoding.value(of: wish)
        #expect(
            sent.objectValue?.keys.sorted() == [
                "installed", "mirrorPorts", "registries", "registryConfigPath", "repair",
            ]
        )
        #expect(!wish.isGone)
        #expect(!ContainerdWish(registryConfigPath: "/a", mirrorPorts: [1], installed: false, repair: true).isGone)
    }
}
