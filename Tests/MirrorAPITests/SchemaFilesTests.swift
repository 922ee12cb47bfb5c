import KubeCore
import MirrorAPI
import MirrorAPITesting
import Testing

@Suite("The CRD files, the schema in Swift and the Swift types say the same")
struct SchemaFilesTests {
    @Test("The files are what hack/generate writes", arguments: KindSchema.all, [true, false])
    func filesAreCurrent(kind: KindSchema, withRules: Bool) throws {
        let file = try CRDFile(kind.resource.plural, withoutCEL: !withRules)
        let definition = kind.definition(withRules: withRules)
        #expect(differences(file.value, definition) == [], "run hack/generate")
        #expect(try file.text == kind.definitionText(withRules: withRules), "run hack/generate")
    }

    @Test("What only servers with CEL know is the rules", arguments: KindSchema.all)
    func onlyRulesDiffer(kind: KindSchema) {
        let full = kind.definition(withRules: true)
        let plain = kind.definition(withRules: false)
        #expect(full != plain)
        #expect(differences(without("x-kubernetes-validations", full), plain) == [])
    }

    @Test("The schema has each property of the Swift types, and no other", arguments: KindSchema.all)
    func typesEqualSchema(kind: KindSchema) throws {
        let sample = try Samples.wire(kind)
        #expect(unmatched(kind.spec, sample["spec"] ?? .null, at: "spec") == sectionsLeftOut(kind))
        #expect(unmatched(kind.status, sample["status"] ?? .null, at: "status") == [])
    }

    @Test("A property that only one side has is found")
    func unmatchedPropertyIsFound() throws {
        var sample = try Samples.wire(.mirrorNode)["spec"] ?? .null
        sample["revision"] = nil
        sample["foo"] = 1
        #expect(unmatched(KindSchema.mirrorNode.spec, sample, at: "spec") == ["spec.foo", "spec.revision"])
    }

    // Only one provider's section can be set; the other one has the same type.
    private func sectionsLeftOut(_ kind: KindSchema) -> [String] {
        kind.resource.kind == "P2PMirror" ? ["spec.dragonfly", "spec.k3s", "spec.namespace", "spec.spegel"] : []
    }

    @Test("The section of Spegel has each property of the Swift types, and no other")
    func spegelEqualsSchema() throws {

        let both = union([Samples.installed, Samples.adopted].compactMap { try? $0.wireValue()["spec"]?["spegel"] })
        #expect(unmatched(KindSchema.spegel, both, at: "spegel") == [])

    }

    @Test("The section of Dragonfly has each property of the Swift types, and no other")
    func dragonflyEqualsSchema() throws {
        let section = try Samples.dragonfly.wireValue()["spec"]?["dragonfly"] ?? .null
        #expect(unmatched(KindSchema.dragonfly, section, at: "dragonfly") == [])
    }

    private func unmatched(_ schema: FieldSchema, _ value: JSONValue, at path: String) -> [String] {
        switch (schema.form, value) {
        case (.object(let fields, _, _), .object(let members)):
            Set(fields.keys).union(members.keys).sorted().flatMap { name -> [String] in
                guard let field = fields[name], let member = members[name] else { return ["\(path).\(name)"] }
                return unmatched(field, member, at: "\(path).\(name)")
            }
        case (.list(let item, _, _), .array(let items)):
            // Between them the items have every field: of some no item may have all.
            items.isEmpty ? [] : unmatched(item, union(items), at: "\(path)[]")
        default:
            []
        }
    }

    private func union(_ items: [JSONValue]) -> JSONValue {
        items.reduce(.null) { all, item in
            guard case .object(let members) = item else { return item }
            return .object((all.objectValue ?? [:]).merging(members) { first, _ in first })
        }
    }

    @Test(
        "Each default of the schema is what decoding an empty object gives",
        arguments: [
            ["provider": "Spegel", "spegel": ["install": ["resources": ["requests": [:], "limits": [:]]]]],
            ["provider": "Spegel", "spegel": ["install": ["containerd": [:], "tolerations": [[:]]]]],
            ["provider": "Spegel", "spegel": ["adopt": [:]]], ["provider": "Dragonfly", "dragonfly": [:]],
            ["provider": "RKE2"], ["provider": "K3s", "k3s": [:]], ["provider": "RKE2", "rke2": [:], "topology": [:]],
            [
                "provider": "RKE2", "candidates": [:], "liveness": [:],
                "health": [
                    "disk": [:], "inodes": [:], "memory": [:], "io": [:], "network": [:], "fileDescriptors": [:],
                    "probes": [["name": "a", "grpc": ["port": 1]], ["name": "b", "httpGet": ["port": 2]]],
                ],
            ],
        ] as [JSONValue]
    )
    func defaultsAreEqual(spec: JSONValue) throws {
        let decoded = try JSONCoding.decode(P2PMirrorSpec.self, from: spec)
        #expect(try JSONCoding.value(of: decoded) == KindSchema.p2pMirror.spec.completed(spec))
    }

    @Test("What the schema lets through can be read", arguments: KindSchema.all)
    func requiredEqualsSwift(kind: KindSchema) throws {
        for mutant in try Samples.wireValues(kind).flatMap({ Mutant.removals(of: kind, $0) })
        where kind.violations(of: mutant.object) == [] {
            let isReadable = kind.resource.kind == "P2PMirror" ? mutant.isP2PMirror : mutant.isMirrorNode
            #expect(isReadable, "\(mutant.path) is required by the Swift type and not by the schema")
        }
    }
}
