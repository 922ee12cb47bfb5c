import KubeCore
import MirrorAPI
import MirrorAPITesting
import Testing

@Suite("Rules of the API, checked without a server")
struct ValidationTests {
    @Test("A sample with every field set is right", arguments: KindSchema.all)
    func samplesAreRight(kind: KindSchema) throws {
        for sample in try Samples.wireValues(kind) {
            #expect(kind.violations(of: sample, old: sample) == [])
            #expect(kind.unknownFields(of: sample) == [])
        }
    }

    @Test("Each bound of the schema is enforced, and the finding names the field", arguments: KindSchema.all)
    func boundsAreEnforced(kind: KindSchema) throws {
        let mutants = try Samples.wireValues(kind).flatMap { Mutant.breaches(of: kind, $0) }
        #expect(mutants.count > 100)
        for mutant in mutants {
            let found = kind.violations(of: mutant.object)
            #expect(found.contains { $0.path == mutant.path }, "\(mutant.path) is not among \(found)")
        }
    }

    @Test("Each CEL rule is enforced in Swift with the same message", arguments: RuleSample.all)
    func rulesAreEnforced(sample: RuleSample) throws {
        let (new, old) = try sample.objects()
        let kind = try #require(KindSchema.all.first { $0.resource.kind == sample.kind })
        #expect(kind.violations(of: new, old: old) == [FieldViolation(path: sample.path, message: sample.message)])
    }

    @Test("Each CEL rule has a sample that breaks it")
    func everyRuleHasASample() throws {
        let inFiles = try CRDFile.kinds.map { try CRDFile($0) }.flatMap { file in
            SchemaNode.all(in: file.schema).flatMap { node in
                node.value["x-kubernetes-validations"]?.arrayValue ?? []
            }
        }
        let messages = Set(inFiles.compactMap { $0["message"]?.stringValue })
        #expect(messages == Set(RuleSample.all.map(\.message)))
        // One rule may stand in two places: both selectors have the same.
        #expect(Set(inFiles).count == messages.count, "a message that two rules share does not say which one is broken")
    }

    @Test("A value that is none of the choices is named with the field and the choices")
    func unknownChoiceIsExplained() {
        let found = AdmissionRules.p2pMirror(new: ["metadata": ["name": "a"], "spec": ["provider": "Foo"]])
        #expect(
            found.map(\.description) == [
                "spec.provider: provider must be one of RKE2, K3s, Spegel, Dragonfly, not \"Foo\""
            ]
        )
    }

    @Test("A URL that is wrong is not repeated, because it may hold a password")
    func urlIsNotRepeated() {
        var spec = Samples.mirrorNode.spec
        spec.desired = .init(server: ServerSetting(action: .point, url: "https://user:secret@10.0.0.1:9345"))
        let found = spec.violations(old: nil)
        #expect(found.map(\.path) == ["spec.desired.server.url"])
        #expect(!found.description.contains("secret"))
    }

    @Test(
        "Server URLs",
        arguments: [
            ("https://10.0.0.1:9345", true), ("https://[fd00::1]:6443", true), ("https://rke2.example.org:9345", true),
            ("http://10.0.0.1:9345", false), ("https://10.0.0.1", false), ("https://10.0.0.1:9345/", false),
            ("https://10.0.0.1:9345\nagent: true", false), ("https://10.0.0.1:09345", false), ("", false),
        ]
    )
    func serverURLs(url: String, isRight: Bool) {
        #expect(TextForm.serverURL.matches(url) == isRight)
    }

    @Test("The name of a mirror is one DNS label", arguments: [("embedded", true), ("a.b", false), ("A", false)])
    func mirrorName(name: String, isRight: Bool) {
        let found = Samples.p2pMirror.spec.violations(name: name)
        #expect(found.map(\.path) == (isRight ? [] : ["metadata.name"]))
    }

    @Test("Fields that no schema names are found, and are no violation")
    func unknownFieldsAreFound() throws {
        var sample = try Samples.wire(.p2pMirror)
        sample["spec"]?["topology"]?["colour"] = 8
        sample["spec"]?["colour"] = "red"
        #expect(KindSchema.p2pMirror.unknownFields(of: sample) == ["spec.colour", "spec.topology.colour"])
        #expect(AdmissionRules.p2pMirror(new: sample) == [])
    }

    @Test("Condition types and reasons have the form that conditions demand")
    func wordsHaveTheirForm() {
        #expect(MirrorConditionType.allCases.allSatisfy { TextForm.labelKey.matches($0.rawValue) })
        #expect(MirrorConditionType.allCases.count <= 32)
        #expect(
            Reason.allCases.allSatisfy { TextForm.conditionReason.matches($0.rawValue) && $0.rawValue.count <= 128 }
        )
    }
}

@Suite("Reading P2PMirrors that may be anything")
struct LenientReadingTests {
    @Test("A list with one unreadable mirror is read, and the mirror says what is wrong")
    func listSurvives() throws {
        let good = try Samples.wire(.p2pMirror)
        var bad = good
        bad["spec"]?["provider"] = "Foo"
        let list: JSONValue = ["metadata": ["resourceVersion": "1"], "items": [good, bad]]
        let items = try JSONCoding.decode(ObjectList<LenientP2PMirror>.self, from: list).items
        #expect(items.map(\.reading).first == .readable(Samples.p2pMirror))
        let message = "provider must be one of RKE2, K3s, Spegel, Dragonfly, not \"Foo\""
        #expect(
            items.map(\.reading).last
                == .unreadable(ObjectMeta(name: "embedded"), [FieldViolation(path: "spec.provider", message: message)])
        )
    }

    @Test("A missing specification is a violation, and a status of another form is none")
    func partsMissing() {
        let empty = LenientP2PMirror(metadata: ObjectMeta(name: "a"), spec: nil)
        #expect(
            empty.reading
                == .unreadable(
                    ObjectMeta(name: "a"),
                    [FieldViolation(path: "spec", message: "spec is required")]
                )
        )
        let odd = LenientP2PMirror(metadata: ObjectMeta(name: "a"), spec: ["provider": "K3s"], status: ["nodes": 3])
        #expect(
            odd.reading == .readable(P2PMirror(metadata: ObjectMeta(name: "a"), spec: P2PMirrorSpec(provider: .k3s)))
        )
    }
}
